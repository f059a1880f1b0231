"""What the commands in the sentences of the pages stand for, and lines of pages that no test runs."""

from __future__ import annotations

from documented.desks import Desk, World
from documented.filled import sorted_pictures
from documented.worlds import at_port, posix


def renamed(desk: Desk) -> None:
    (desk.folder / "mountain").rename(desk.folder / "elsewhere")


def any_results(desk: Desk) -> None:
    sorted_pictures(desk)
    desk.words["/tmp/out"] = "./out"  # of the container


_IN_CONTAINER = "docker run --rm --read-only --tmpfs /tmp image-tagging doctor /tmp/out"

#: Commands in sentences, each with one that it stands for: words in capitals, and dots, are filled in.
STANDS_FOR = {
    "image-tagging COMMAND --help": "image-tagging sort --help",
    "image-tagging duplicates OUTPUT": "image-tagging duplicates ./sorted",
    "image-tagging search … --hide_repeats": "image-tagging search path:cats* --output ./sorted --hide_repeats",
    "image-tagging export FORMAT": "image-tagging export csv --output ./sorted",
    "image-tagging search QUERY… --output ./sorted": "image-tagging search ./examples/cats/1.png --output ./sorted",
    "image-tagging review OUTPUT": "image-tagging review ./sorted",
    "image-tagging inputs OUTPUT --moved OLD NEW": "image-tagging inputs ./sorted --moved ./mountain ./elsewhere",
    "image-tagging forget TAG --output OUTPUT": "image-tagging forget cats --output ./sorted",
    _IN_CONTAINER: _IN_CONTAINER,
    "image-tagging --help": "image-tagging --help",
    "image-tagging --version": "image-tagging --version",
}

#: The desk where they run.
IN_SENTENCES = World(
    "sentences",
    any_results,
    before={STANDS_FOR["image-tagging inputs OUTPUT --moved OLD NEW"]: renamed},
    says={
        "--help": "Usage",
        "doctor": "builtin",
        "--version": "Python",
        "--moved": "elsewhere",
        "search|duplicates": "picture",
    },
    needs=("starlette", "uvicorn", "jinja2"),
    marks=(at_port, posix),
)

#: Tests of pages that run all the lines of their page that are in a list of the module.
RUN_BY = {
    "README.md": ("test_readme_commands", "test_the_commands_of_the_readme_run_one_after_the_other", "COMMANDS"),
    "docs/tutorial.md": ("test_tutorial", "test_a_fresh_machine_follows_the_tutorial_word_for_word", "LINES"),
}

_ENDS_OTHERS = "it would meddle with the Ray clusters of other programs on this machine"

#: Lines and commands in sentences that no test runs, and why.
NOT_RUN = {
    "image-tagging --install-completion": "it changes the settings of a shell: tests/cli/test_completion.py",
    "docker build --tag image-tagging .": "no daemon: `make container` builds it by buildah",
    "docker stop -t 30 NAME": "no daemon: tests/hostile/test_signals.py ends the first process of a container so",
    "powershell -ExecutionPolicy Bypass -File move.ps1": "tests/hostile/test_repeats_scripts.py reads what it runs",
    "ray job logs ID --follow": "a job needs the dashboard of a cluster, and its command is run without",
    "ray job stop ID": "a job needs the dashboard of a cluster, and its command is run without",
    "ray start --head": _ENDS_OTHERS,
    "ray start --address=HEAD:6379": _ENDS_OTHERS,
    "ray stop": _ENDS_OTHERS,
    "ray up cluster.yaml": "it takes machines of AWS",
    "ray down cluster.yaml": "it takes machines of AWS",
    "git tag v0.2.0 && git push origin v0.2.0": "it publishes a release",
}
