"""Every image keeps its own file in the folders of its bins."""

from __future__ import annotations

import errno
import os
import sys
from collections import Counter
from itertools import permutations

import pytest

from image_tagging.errors import InputError, OutputError
from image_tagging.exporters import placing as placing_module
from image_tagging.exporters.placing import PLACES, Placer, file_name, require_place
from image_tagging.files import numbered_name
from samples import at


@pytest.mark.parametrize(
    ("name", "windows", "expected"),
    [
        ("cat.png", True, "cat.png"),
        ('C:it\'s "a" cat?.png', False, 'C:it\'s "a" cat?.png'),
        ("C:cat.png", True, "C_cat.png"),
        ("cat.png:stream", True, "cat.png_stream"),
        ("..\\cat.png", True, ".._cat.png"),
        ("new\nline.png", True, "new_line.png"),
        ("../cat.png\0", False, ".._cat.png_"),
        ("..", False, ".._"),
        ("", False, "_"),
    ],
)
def test_no_name_leads_out_of_its_folder(name, windows, expected):
    assert file_name(name, windows=windows) == expected


def test_numbered_names_keep_the_suffix():
    assert [numbered_name("cat.png", number) for number in (1, 2, 3)] == ["cat.png", "cat (2).png", "cat (3).png"]
    assert numbered_name("no suffix", 2) == "no suffix (2)"
    assert numbered_name(".png", 2) == ".png (2)"


# --- placing ----------------------------------------------------------------------------------------------


def contents(folder):
    return {
        os.path.relpath(os.path.join(where, name), folder): open_bytes(os.path.join(where, name))
        for where, _, names in os.walk(folder)
        for name in names
    }


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def only(paths):
    (path,) = paths
    return path


@pytest.fixture
def source(tmp_path):
    """An image file that is placed."""
    path = tmp_path / "source.png"
    path.write_bytes(b"file")
    return str(path)


@pytest.fixture
def out(tmp_path):
    """The folder that images are placed below."""
    return tmp_path / "out"


@pytest.mark.parametrize("name", ["cat.png", "it's.png", "猫🐱.png", "a\\b.png", "x" * 251 + ".png"])
def test_bytes_and_files_are_placed_under_their_names(out, source, name):
    placer = Placer(str(out))
    assert placer.place(at("kind/tag/0.1", "kind/tag/0.2"), name, b"bytes") == [
        str(out / "kind/tag/0.1" / name),
        str(out / "kind/tag/0.2" / name),
    ]
    placer.place(at("kind/tag/0.3"), name, source)
    assert contents(out) == {
        f"kind/tag/0.1/{name}": b"bytes",
        f"kind/tag/0.2/{name}": b"bytes",
        f"kind/tag/0.3/{name}": b"file",
    }
    assert open_bytes(source) == b"file"


@pytest.mark.parametrize("held", [0, 3, 4, 64])
def test_a_file_is_copied_whole_whether_it_is_held_or_not(out, source, monkeypatch, held):
    monkeypatch.setattr(placing_module, "_HELD_BYTES", held)
    Placer(str(out)).place(at("a", "b"), "cat.png", source)
    assert contents(out) == {"a/cat.png": b"file", "b/cat.png": b"file"}


def test_an_empty_file_is_copied(out, tmp_path):
    (tmp_path / "empty.png").touch()
    Placer(str(out)).place(at("a"), "cat.png", str(tmp_path / "empty.png"))
    assert contents(out) == {"a/cat.png": b""}


def test_what_is_written_in_pieces_is_written_whole(out, monkeypatch):
    write = os.write
    monkeypatch.setattr(placing_module.os, "write", lambda file, data: write(file, data[:3]))
    Placer(str(out)).place(at("a"), "cat.png", b"0123456789")
    assert contents(out) == {"a/cat.png": b"0123456789"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_a_copy_may_be_read_by_whom_a_new_file_may(out, source, tmp_path):
    (tmp_path / "new").touch()
    path = only(Placer(str(out)).place(at("a"), "cat.png", source))
    assert os.stat(path).st_mode == os.stat(tmp_path / "new").st_mode


def test_two_files_of_one_name_never_overwrite_each_other(tmp_path):
    placer = Placer(str(tmp_path))
    for number, content in enumerate([b"first", b"second", b"third"], start=1):
        placer.place(at("0.1"), "cat.png", content, number=number)
    assert contents(tmp_path) == {
        "0.1/cat.png": b"first",
        "0.1/cat (2).png": b"second",
        "0.1/cat (3).png": b"third",
    }


NUMBERED = [("x.png", 1), ("x.png", 2), ("x (2).png", 1), ("x (2).png", 2), ("x (2) (2).png", 1), ("no suffix (1)", 1)]


@pytest.mark.parametrize("how", ["copy", "hardlink"])
@pytest.mark.parametrize("images", list(permutations(NUMBERED, 3)))
def test_a_name_that_looks_numbered_overwrites_no_numbered_one(tmp_path, images, how):
    placer = Placer(str(tmp_path), how)
    for name, number in images:
        placer.place(at("0.1"), name, f"{name} {number}".encode(), number=number)
    assert sorted(contents(tmp_path).values()) == sorted(f"{name} {number}".encode() for name, number in images)


def test_two_spellings_of_one_name_keep_apart(tmp_path):
    placer = Placer(str(tmp_path))
    placer.place(at("0.1"), "caf\u00e9.png", b"composed")
    placer.place(at("0.1"), "cafe\u0301.png", b"decomposed")
    assert sorted(contents(tmp_path).values()) == [b"composed", b"decomposed"]


def test_a_name_that_other_bytes_have_is_left_to_them(tmp_path):
    (tmp_path / "0.1").mkdir()
    (tmp_path / "0.1" / "cat.png").write_bytes(b"theirs")
    (tmp_path / "0.1" / "cat (2).png").mkdir()
    os.symlink("nowhere", tmp_path / "0.1" / "cat (3).png")
    placer = Placer(str(tmp_path))
    assert placer.place(at("0.1"), "cat.png", b"mine") == [str(tmp_path / "0.1" / "cat (4).png")]
    assert open_bytes(tmp_path / "0.1" / "cat.png") == b"theirs"


def test_a_file_in_a_folders_place_is_an_error(tmp_path):
    (tmp_path / "0.1").touch()
    with pytest.raises(OutputError, match=r"0\.1: File exists"):
        Placer(str(tmp_path)).place(at("0.1"), "cat.png", b"bytes")


@pytest.mark.parametrize("how", ["copy", "hardlink"])
def test_placing_again_in_a_later_run_changes_nothing(out, source, how):
    for _ in range(2):
        placer = Placer(str(out), how)
        placer.place(at("0.1", "0.2"), "cat.png", source)
        placer.place(at("0.1"), "dog.png", b"bytes")
        placer.place(at("0.1", "0.2"), "dog.png", b"BYTES", number=2)
    assert contents(out) == {
        "0.1/cat.png": b"file",
        "0.2/cat.png": b"file",
        "0.1/dog.png": b"bytes",
        "0.1/dog (2).png": b"BYTES",
        "0.2/dog (2).png": b"BYTES",
    }


@pytest.mark.parametrize("later", ["copy", "hardlink", "symlink"])
@pytest.mark.parametrize("earlier", ["copy", "hardlink", "symlink"])
def test_what_one_way_has_placed_another_does_not_place_again(out, source, earlier, later):
    Placer(str(out), earlier).place(at("0.1", "0.2"), "cat.png", source)
    before = {path: path.lstat() for path in out.rglob("*.png")}
    Placer(str(out), later).place(at("0.1", "0.2"), "cat.png", source)
    assert {path: path.lstat().st_ino for path in out.rglob("*.png")} == {p: s.st_ino for p, s in before.items()}


def test_thousands_of_one_name_find_their_numbers(tmp_path):
    placer = Placer(str(tmp_path))
    (tmp_path / "0.1").mkdir()
    for number in range(1, 1501):
        (tmp_path / "0.1" / numbered_name("cat.png", number)).write_bytes(b"")
    assert only(placer.place(at("0.1"), "cat.png", b"one more")).endswith("cat (1501).png")


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_an_image_that_is_gone_leaves_nothing(tmp_path, out, how):
    with pytest.raises(FileNotFoundError):
        Placer(str(out), how).place(at("0.1"), "cat.png", str(tmp_path / "gone.png"))
    assert contents(out) == {}


@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_copy_that_fails_leaves_nothing(out, source, monkeypatch, step):
    def fail(*_):
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(placing_module.os, step, fail)
    with pytest.raises(OSError, match="no room"):
        Placer(str(out)).place(at("0.1"), "cat.png", source)
    assert contents(out) == {}


# --- links ------------------------------------------------------------------------------------------------


def test_a_hard_link_is_the_file_itself(out, source):
    placed = Placer(str(out), "hardlink").place(at("0.1", "0.2"), "cat.png", source)
    assert all(os.path.samefile(path, source) and not os.path.islink(path) for path in placed)
    assert os.stat(source).st_nlink == 3


def test_of_a_link_the_file_that_it_leads_to_is_hard_linked(tmp_path, out, source):
    os.symlink("source.png", tmp_path / "link.png")
    path = only(Placer(str(out), "hardlink").place(at("0.1"), "link.png", str(tmp_path / "link.png")))
    assert os.path.samefile(path, source)
    assert not os.path.islink(path)


def test_an_image_of_an_archive_is_written_once_and_linked(out):
    placed = Placer(str(out), "hardlink").place(at("0.1", "0.2", "0.3"), "cat.png", b"bytes")
    assert {open_bytes(path) for path in placed} == {b"bytes"}
    assert os.stat(placed[0]).st_nlink == 3


def test_a_symlink_leads_to_the_image_from_anywhere(tmp_path, out, source, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = only(Placer(str(out), "symlink").place(at("kind/0.1"), "cat.png", "source.png"))
    assert os.readlink(path) == source
    assert open_bytes(path) == b"file"


@pytest.mark.parametrize("how", ["hardlink", "symlink"])
def test_a_link_leaves_a_name_that_another_image_has(out, source, how):
    (out / "0.1").mkdir(parents=True)
    (out / "0.1" / "cat.png").write_bytes(b"theirs")
    assert only(Placer(str(out), how).place(at("0.1"), "cat.png", source)).endswith("cat (2).png")
    assert contents(out) == {"0.1/cat.png": b"theirs", "0.1/cat (2).png": b"file"}


@pytest.mark.parametrize(("how", "instead"), [("hardlink", "Place copy, or symlink"), ("symlink", r"Place copy\.")])
@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_where_links_are_not_possible_the_way_out_is_named(out, source, monkeypatch, how, instead, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(placing_module.os, "link", refuse)
    monkeypatch.setattr(placing_module.os, "symlink", refuse)
    with pytest.raises(OutputError, match=instead) as caught:
        Placer(str(out), how).place(at("0.1"), "cat.png", source)
    assert "\n" not in str(caught.value)
    assert contents(out) == {}


def test_an_image_of_an_archive_cannot_be_symlinked(out):
    with pytest.raises(OutputError, match="archive"):
        Placer(str(out), "symlink").place(at("0.1"), "cat.png", b"bytes")
    assert not out.exists()


@pytest.fixture
def asked():
    """What Python asks the system to do with files, counted from now on to the end of the test."""
    counted, is_over = Counter(), []

    def hear(event, _):
        if not is_over and (event == "open" or event.startswith(("os.", "shutil."))):
            counted[event] += 1

    sys.addaudithook(hear)  # for good: a hook cannot be taken away again
    yield counted
    is_over.append(True)


@pytest.mark.parametrize(
    ("how", "calls"),
    [
        ("copy", {"open": 1 + 20, "os.utime": 20, "os.rename": 20}),  # read once; a copy is written aside and moved
        ("hardlink", {"os.link": 20}),
        ("symlink", {"os.symlink": 20}),
        ("none", {}),
    ],
)
def test_placing_asks_the_system_for_no_more_than_it_needs(out, source, tmp_path, asked, how, calls):
    folders = [f"ovr-svm/tag {number}/0.9" for number in range(20)]
    placer = Placer(str(out), how)
    placer.place(at(*folders), "first.png", source)  # which makes the folders
    (tmp_path / "second.png").write_bytes(b"another")
    asked.clear()
    placer.place(at(*folders), "second.png", str(tmp_path / "second.png"))
    assert asked == calls


def test_placing_nothing_makes_no_folder(out, source):
    assert Placer(str(out), "none").place(at("0.1"), "cat.png", source) == []
    assert not out.exists()


def test_a_way_to_place_is_checked_up_front():
    for place in PLACES:
        require_place(place, archives=False)
    with pytest.raises(InputError, match="choose one of copy, hardlink, symlink, none"):
        require_place("move", archives=False)
    with pytest.raises(InputError, match="place copy, hardlink or none"):
        require_place("symlink", archives=True)


def test_names_that_repeat_are_not_counted_through_again_for_each_image(tmp_path, monkeypatch):
    placer = Placer(str(tmp_path))
    for number in range(1, 41):
        placer.place(at("bin"), "f.png", b"%d" % number, number=number)
    looks = []
    monkeypatch.setattr(placing_module, "holds", lambda target, content: looks.append(target))
    again = Placer(str(tmp_path))
    for number in range(1, 41):  # all have changed
        again.place(at("bin"), "f.png", b"changed %d" % number, number=number)
    assert len(os.listdir(tmp_path / "bin")) == 80
    assert len(looks) < 160
