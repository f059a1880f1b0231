"""Scripts that move repeats, run on names that no shell may read as commands, and on files that have changed."""

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging import ProcessConfig, classify_images, process_dataset
from image_tagging.errors import InputError, OutputError
from image_tagging.pipeline import ClassifyConfig, find_repeats, write_script
from image_tagging.pipeline.repeats.shells import Move, powershell_quote, powershell_script, sh_quote

SHELLS = [shell for shell in ("sh", "bash", "dash", "busybox", "zsh") if shutil.which(shell)]

pytestmark = pytest.mark.skipif(not SHELLS or os.name == "nt", reason="there is no shell here")

#: Names of files, and of folders, each of which would do something where it were read by a shell.
NAMES = [
    "it's.png",
    "''.png",
    '"quoted".png',
    "$(touch pwned).png",
    "`touch pwned`.png",
    "; touch pwned; #.png",
    "& touch pwned &.png",
    "line\nend.png",
    "line\r\ntouch pwned\n.png",
    "'\ntouch pwned\n'.png",
    "-rf.png",
    "--help.png",
    "*.png",
    "[a-z]?.png",
    "~root.png",
    "$HOME.png",
    "!!.png",
    "back\\slash\\.png",
    "end \\\n.png",
    "tab\t.png",
    "‘touch pwned’.png",
    "\x1b[31mred.png",
    "日本 🏰.png",
    "%s%n.png",
    "a/-x/b\n/c.png",
    "$(touch pwned)/it's/new\n/line.png",
]


#: The picture that is kept, since its name comes first.
KEPT = "\x01'kept'$(touch pwned)\n.png"


def in_shell(shell, script, cwd):
    command = [shell, "sh", str(script)] if shell == "busybox" else [shell, str(script)]
    return subprocess.run(command, cwd=cwd, check=False, capture_output=True, encoding="utf-8", timeout=120)


def process(folder, output):
    process_dataset(ProcessConfig(input_folder=str(folder), output_folder=str(output), clip_model="builtin"))
    return find_repeats(output)


def files_in(folder):
    return {os.fsdecode(path) for path in _walk(os.fsencode(folder))}


def _walk(folder):
    for root, _, names in os.walk(folder):
        yield from (os.path.relpath(os.path.join(root, name), folder) for name in names)


@pytest.fixture
def place(tmp_path, drawing):
    """A folder with one picture, which is kept."""
    drawing(tmp_path / "in" / KEPT, "charts", 7)
    return tmp_path


def repeat(place, *names):
    for name in names:
        path = os.path.join(os.fsencode(place / "in"), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write((place / "in" / KEPT).read_bytes())


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_names_are_moved_as_they_are_and_never_run(place, shell):
    names = [*NAMES, os.fsdecode(b"no text \xff\xfe.png")]
    repeat(place, *names)
    found = process(place / "in", place / "out")
    (group,) = found.groups
    assert group.kept.ref.file.endswith(KEPT)
    script = write_script(found, place / "r.sh", place / "to 'there'\n$(touch pwned)")
    assert (script.moved, script.stays) == (len(names), 0)
    (place / "cwd").mkdir()
    done = in_shell(shell, script.path, place / "cwd")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(names)} moved, 0 stayed.\n"
    assert files_in(script.folder) == set(names)
    assert files_in(place / "in") == {KEPT}
    assert not list(place.rglob("pwned"))
    again = in_shell(shell, script.path, place / "cwd")
    assert (again.returncode, again.stdout) == (0, done.stdout)


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_replaced_and_no_file_is_moved_whose_kept_one_is_gone(place, shell):
    repeat(place, "a.png", "b.png", "c.png", "d.png", "e.png")
    script = write_script(process(place / "in", place / "out"), place / "r.sh", place / "to")
    (place / "to").mkdir()
    (place / "to" / "a.png").write_text("mine")
    (place / "to" / "b.png").mkdir()
    os.symlink("nowhere", place / "to" / "c.png")
    (place / "in" / "d.png").unlink()
    done = in_shell(shell, script.path, place)
    assert (done.returncode, done.stdout) == (1, "1 moved, 4 stayed.\n")
    assert done.stderr.count("something has its new place") == 3
    assert "it is not there" in done.stderr
    assert (place / "to" / "a.png").read_text() == "mine"
    assert sorted(os.listdir(place / "to")) == ["a.png", "b.png", "c.png", "e.png"]
    assert list((place / "to" / "b.png").iterdir()) == []
    (place / "in" / KEPT).unlink()
    done = in_shell(shell, script.path, place)
    assert done.stderr.count("the file that is kept is not there") == 3
    assert (place / "in" / "b.png").is_file()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_link_and_what_the_kept_one_is_a_link_to_stay(place, shell):
    repeat(place, "a.png", "b.png")
    script = write_script(process(place / "in", place / "out"), place / "r.sh", place / "to")
    (place / "in" / "a.png").unlink()
    os.symlink(KEPT, place / "in" / "a.png")
    (place / "in" / KEPT).unlink()
    os.symlink("b.png", place / "in" / KEPT)
    done = in_shell(shell, script.path, place)
    assert (done.returncode, done.stdout) == (1, "0 moved, 2 stayed.\n")
    assert "it is a link" in done.stderr
    assert "the file that is kept is a link to it" in done.stderr
    assert not (place / "to").exists()


@pytest.mark.parametrize("ending", [".sh", ".ps1"])
def test_members_of_archives_are_named_in_comments_of_one_line(place, trained, ending):
    repeat(place, "plain.png")
    names = ["in\ntouch pwned\n.png", "b\r; touch pwned #.png", "c\u2028Remove-Item x.png"]
    with zipfile.ZipFile(place / "more 'of'\ntouch pwned\n.zip", "w") as archive:
        for name in names:
            archive.write(place / "in" / KEPT, name)
    (place / "zips").mkdir()
    os.rename(place / "more 'of'\ntouch pwned\n.zip", place / "zips" / "more 'of'\ntouch pwned\n.zip")
    out = shutil.copytree(trained.output, place / "out")
    for folder in ("in", "zips"):
        classify_images(
            ClassifyConfig(
                directory=str(place / folder),
                output=str(out),
                model=str(out / "models"),
                place="none",
                archives=folder == "zips",
            )
        )
    found = find_repeats(out)
    script = write_script(found, place / f"r{ending}", place / "to")
    assert script.stays == 3
    lines = Path(script.path).read_bytes().splitlines()
    assert sum(line.startswith(b"# not moved, it is in an archive: ") for line in lines) == 3
    assert not [line for line in lines if line.startswith((b"touch", b"Remove"))]
    if ending == ".sh":
        assert in_shell("sh", script.path, place).returncode in {0, 1}
        assert not list(place.rglob("pwned"))


def test_a_script_is_written_again_and_nothing_of_others_is_replaced(place):
    repeat(place, "a.png")
    found = process(place / "in", place / "out")
    first = Path(write_script(found, place / "r.sh", place / "to").path).read_bytes()
    assert Path(write_script(found, place / "r.sh", place / "to").path).read_bytes() == first
    (place / "mine.sh").write_text("#!/bin/sh\necho mine\n")
    with pytest.raises(OutputError, match="is not a file that this program wrote"):
        write_script(found, place / "mine.sh", place / "to")
    assert (place / "mine.sh").read_text() == "#!/bin/sh\necho mine\n"


def test_what_is_not_as_the_last_run_found_it_is_not_in_the_script(place):
    repeat(place, "changed.png", "gone.png", "link.png", "moved.png")
    found = process(place / "in", place / "out")
    (place / "in" / "changed.png").write_text("my letters")
    (place / "in" / "gone.png").unlink()
    (place / "in" / "link.png").unlink()
    os.symlink(KEPT, place / "in" / "link.png")
    script = write_script(found, place / "r.sh", place / "to")
    assert (script.moved, script.stays) == (1, 3)
    text = Path(script.path).read_text()
    assert text.count("# not moved, it is not there or has changed since the last run: ") == 2
    assert text.count("# not moved, it is a link: ") == 1
    (place / "in" / KEPT).write_text("another picture")
    script = write_script(found, place / "r.sh", place / "to")
    assert script.moved == 0
    assert "the file that is kept is not there or has changed" in Path(script.path).read_text()


def test_a_folder_in_an_input_is_known_through_links(place):
    repeat(place, "a.png")
    found = process(place / "in", place / "out")
    os.symlink(place / "in", place / "elsewhere")
    with pytest.raises(InputError, match="is in the input"):
        write_script(found, place / "r.sh", place / "elsewhere" / "to")


def test_what_cannot_be_written_is_one_line_that_says_what_to_do(place):
    repeat(place, "a.png")
    found = process(place / "in", place / "out")
    for script, folder, message in (
        ("r.txt", "to", "end its name in .sh .* or .ps1"),
        ("r.sh", "in", "is in the input .* name another"),
        ("r.sh", "in/repeats", "is in the input .* name another"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            write_script(found, place / script, place / folder)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="is no folder of this machine"):
        write_script(found, place / "r.sh", "s3://bucket/to")
    assert not list(place.glob("r.*"))


# PowerShell, by its written rules ----------------------------------------------------------------------------

QUOTES = "'\u2018\u2019\u201a\u201b"


def read_powershell(text):
    """Read single-quoted texts as PowerShell does: a quote of any of five sorts ends one, two stand for the first."""
    found, at = [], 0
    while at < len(text):
        if text[at] not in QUOTES:
            assert text[at] == " "
            at += 1
            continue
        value, at = "", at + 1
        while text[at] not in QUOTES or text[at + 1 : at + 2] in [*QUOTES]:
            at += text[at] in QUOTES
            value += text[at]
            at += 1
        found.append(value)
        at += 1
    return found


TEXTS = st.text(st.one_of(st.sampled_from(QUOTES + '"`$()\n\r-*[]#;'), st.characters(codec="utf-8")), min_size=1)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_any_name_is_one_text_of_powershell(names):
    assert read_powershell(" ".join(map(powershell_quote, names))) == names


def test_a_script_for_powershell_has_every_name_as_it_is():
    moves = [Move(f"/in/{name}", "/in/kept.png", f"/to/{name}") for name in NAMES]
    script = b"".join(powershell_script(moves, [])).decode("utf-8-sig")
    calls = re.split(r"^Move-Repeat \d+ ", script, flags=re.M)[1:]
    assert len(calls) == len(moves)
    assert [tuple(read_powershell(call.partition('\n\n"$Moved')[0].removesuffix("\n"))) for call in calls] == [
        (move.repeat, move.kept, move.place) for move in moves
    ]


def test_a_name_that_is_no_text_is_not_moved_by_powershell(place):
    repeat(place, os.fsdecode(b"no text \xff.png"), "b.png")
    script = write_script(process(place / "in", place / "out"), place / "r.ps1", place / "to")
    assert (script.moved, script.stays) == (1, 1)
    assert b"PowerShell has no text for its name" in Path(script.path).read_bytes()


@given(st.lists(TEXTS.filter(lambda text: "\0" not in text), min_size=1, max_size=20))
def test_any_name_is_one_word_of_sh(names):
    line = f"printf '%s\\0' {' '.join(map(sh_quote, names))}"
    done = subprocess.run(["sh"], input=line.encode(), check=True, capture_output=True)
    assert done.stdout.decode().split("\0")[:-1] == names
