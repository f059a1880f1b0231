"""What the pages have typed besides the program: installers, make, scripts, containers and clusters take it so."""

from __future__ import annotations

import argparse
import functools
import re
import runpy
import shlex
import shutil
import subprocess
import sys

import pytest

from documented.prose import NOT_RUN, RUN_BY
from documented.reading import PAGES, ROOT, program_words
from documented.worlds import WORLDS

PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

#: The first words of what is typed; a block without a language may be a drawing, and of a sentence a part.
TYPED = {"image-tagging", "python", "python3", "pip", "make", "docker", "ray", "git", "sh", "echo", "powershell"}


def typed(*first: str) -> list[str]:
    """What pages have typed that begins with one of these words, each once; parts joined by && are apart."""
    lines = [line for page in PAGES for line in (*page.lines, *page.code_in_prose)]
    parts = [part for line in lines for part in line.split(" && ")]
    return sorted({part for part in parts if part.split()[0] in first and len(part.split()) > 1})


def is_accounted_for(page, line: str) -> bool:
    """Whether a line of a shell block is run, or is of a kind that a test below reads."""
    run = {line for world in WORLDS for line in world.lines}
    kinds = {"python", "pip", "make", "docker", "ray"}
    return (
        bool(program_words(line))
        or line in run
        or line in NOT_RUN
        or page.name in RUN_BY
        or all(part.split()[0] in kinds or part in OF_DEVELOPERS for part in line.split(" && "))
    )


#: How developers begin, and the tools by which `make check` looks at the code.
OF_DEVELOPERS = [
    "python3 -m venv .venv-dev",
    ". .venv-dev/bin/activate",
    "python3 -m venv .venv-distillation",
    ". .venv-distillation/bin/activate",
    "ruff check .",
    "ruff format .",
    "mypy",
    "lint-imports",
]


@pytest.mark.parametrize("page", [page for page in PAGES if page.lines], ids=lambda page: page.name)
def test_every_line_of_a_page_is_accounted_for(page):
    in_shells = {line for block in page.blocks("sh", "bash", "powershell") for line in block.splitlines()}
    starts = {line.split()[0] for line in in_shells if line.strip()}
    lines = [line for line in page.lines if line.split()[0] in starts | TYPED]
    assert [line for line in lines if not is_accounted_for(page, line)] == []


def test_tools_of_developers_are_those_of_make_check():
    for tool in ("ruff check .", "ruff format .", "mypy", "lint-imports"):
        assert f"/bin/{tool}\n" in MAKEFILE


@pytest.mark.parametrize("line", typed("make"))
def test_make_has_the_target(line):
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)[1].split()
    for word in line.split()[1:]:
        name, given, _ = word.partition("=")
        assert re.search(rf"^{name} \?=", MAKEFILE, re.M) if given else name in phony


@pytest.mark.parametrize(
    "line", typed("pip") + re.findall(r"^RUN (pip .*)$", "\n".join(page.text for page in PAGES), re.M)
)
def test_pip_takes_the_line_and_the_extras_are_there(line):
    create_command = pytest.importorskip("pip._internal.commands").create_command
    name, *words = shlex.split(line)[1:]
    options, packages = create_command(name).parse_args(words)
    table = PROJECT.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    extras = re.findall(r"^(\w+) = \[", table, re.M)
    for package in [*packages, *options.editables]:
        path, _, wanted = package.rstrip("]").partition("[")
        ours = path.rpartition("/")[2] in {".", "image-tagging-tools", "image-tagging"}
        assert not wanted or ours, f"{package} is not of this project"
        assert not wanted or {*wanted.split(",")} <= {*extras}
    assert all((ROOT / path).exists() for path in options.requirements)


class Parsed(BaseException):
    """A script has read its arguments."""


def read_arguments(line: str, monkeypatch) -> argparse.Namespace:
    """Start a script or module until it has read what it is given; what is wrong with that ends it with code 2."""
    words = shlex.split(re.sub(r"[][…]", "", line))[1:]
    parse = argparse.ArgumentParser.parse_args

    def parsed(parser, *given):
        raise Parsed(parse(parser, *given))

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    is_module = words[0] == "-m"
    if is_module:
        monkeypatch.delitem(sys.modules, words[1], raising=False)  # another test may have imported it
    monkeypatch.setattr(sys, "argv", words[is_module:])
    monkeypatch.syspath_prepend(str(ROOT if is_module else ROOT / "benchmarks"))
    start = functools.partial(runpy.run_module, alter_sys=True) if is_module else runpy.run_path
    with pytest.raises(Parsed) as arguments:
        start(words[1] if is_module else str(ROOT / words[0]), run_name="__main__")
    return arguments.value.args[0]


SCRIPTS = [line for line in typed("python") if re.match(r"python (benchmarks/|-m distillation)", line)]
TRAINING = [line for line in SCRIPTS if " -m " in line]


@pytest.mark.parametrize(
    "line", [pytest.param(line, marks=pytest.mark.slow if line in TRAINING else ()) for line in SCRIPTS]
)
def test_a_script_takes_what_a_page_gives_it(line, monkeypatch):
    if line == "python -m distillation.corpus ARCHIVES work":  # which has no flags
        source = (ROOT / "distillation" / "corpus.py").read_text(encoding="utf-8")
        assert max(map(int, re.findall(r"sys\.argv\[(\d)\]", source))) == 2
        return
    try:
        read_arguments(line, monkeypatch)
    except ModuleNotFoundError as error:
        pytest.skip(f"WHAT {line} IS GIVEN WAS NOT READ: {error}")


def test_a_flag_that_a_script_does_not_have_is_found(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        read_arguments("python benchmarks/cost.py --picturess 1e7", monkeypatch)
    assert "unrecognized arguments: --picturess" in capsys.readouterr().err


def test_the_costs_of_the_page_on_scale_are_computed():
    (line,) = [line for line in SCRIPTS if line.startswith("python benchmarks/cost.py --")]
    done = subprocess.run([sys.executable, *line.split()[1:]], check=True, capture_output=True, cwd=ROOT, text=True)
    assert "10,000,000" in done.stdout


def test_what_is_tested_by_pytest_is_there():
    for line in typed("python"):
        words = shlex.split(line)
        if words[1:3] == ["-m", "pytest"]:
            assert all((ROOT / word).exists() for word in words if word.startswith("tests/"))
            assert all(f'"{word.rpartition(" ")[2]}: ' in PROJECT for word in words if word.startswith("not "))


@pytest.mark.skipif(sys.platform == "win32", reason="the page is of the client on Linux")
@pytest.mark.skipif(shutil.which("docker") is None, reason="LINES OF DOCKER WERE NOT READ: its client is not here")
@pytest.mark.parametrize("line", typed("docker"))
def test_docker_takes_the_line(line, tmp_path):
    name, *words = shlex.split(line)[1:]
    words = ["-i" if word == "-it" else word for word in words] or ["--help"]  # no terminal is here
    command = ["docker", "--host", f"unix://{tmp_path}/none", name, *words]
    done = subprocess.run(command, check=False, capture_output=True, cwd=ROOT, text=True, timeout=120)
    assert not re.search("unknown (shorthand )?flag|has been deprecated|requires (at least|exactly)", done.stderr)
    assert "docker daemon" in done.stderr.lower() or done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_takes_every_line(monkeypatch):
    pytest.importorskip("ray", reason="LINES OF RAY WERE NOT READ: it is not installed")
    from ray.scripts.scripts import cli

    lines = typed("ray")
    assert len(lines) >= 8
    for line in lines:
        command, words = cli, shlex.split(line)[1:]
        while words[0] in getattr(command, "commands", {}):
            command, words = command.commands[words[0]], words[1:]
            if not hasattr(command, "commands"):
                break
        if "cluster.yaml" in words:  # it must exist, and is written in the page
            continue
        command.make_context(command.name, words)
