"""The list of files that exports have written, damaged or made by a stranger: nothing of others is lost by it."""

from __future__ import annotations

import json
import random
from contextlib import closing, suppress

import pytest

from exported import Pictures
from image_tagging.errors import OutputError
from image_tagging.interchange import ExportOptions, sidecar_format
from image_tagging.pipeline.export.ledger import LEDGER_NAME, NEXT_TO_IMAGES, Ledger, digest_of
from image_tagging.pipeline.export.planned import PlannedFiles
from image_tagging.pipeline.export.sidecars import SidecarExport

HEADER = '["image-tagging exports", 1]'
PLACE = "txt:export/txt"


def line(name, content=b"mine\n", place=PLACE, merged=False):
    return json.dumps([place, name, digest_of(content), merged]) + "\n"


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / LEDGER_NAME


def known(folder, place=PLACE):
    ledger = Ledger(str(folder), place)
    ledger.close()
    return set(ledger.known)


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "\x00\xff",
        "5",
        "null",
        '"four"',
        "[1, 2, 3, 4]",
        '{"a": 1, "b": 2, "c": 3, "d": 4}',
        f'["{PLACE}", "bad.txt", "00", false]',
        f'["{PLACE}", "bad.txt", "{"0" * 31} ", false]',
        f'["{PLACE}", "bad.txt", "{"g" * 32}", false]',
        f'["{PLACE}", "bad.txt", "{"0" * 32}", 1]',
        f'["{PLACE}", "bad.txt", "{"0" * 32}"]',
        f'["{PLACE}", "bad\\ud800.txt", "{"0" * 32}", false]',
        "[" * 100_000,
        line("x" * (1 << 19)).strip(),
    ],
    ids=map(str, range(15)),
)
def test_a_damaged_line_is_no_note_and_the_others_hold(ledger, damaged):
    content = f"{HEADER}\n{line('a.txt')}{damaged}\n{line('b.txt')}"
    ledger.write_bytes(content.encode("latin-1"))
    assert known(ledger.parent) == {"a.txt", "b.txt"}


def test_a_ledger_cut_anywhere_holds_the_lines_before(ledger):
    content = (f"{HEADER}\n{line('a.txt')}{line('b.txt')}").encode()
    for end in range(len(HEADER), len(content)):
        ledger.write_bytes(content[:end])
        assert known(ledger.parent) <= {"a.txt", "b.txt"}


def test_flipped_bits_give_fewer_notes_or_an_error(ledger):
    content, draw = (f"{HEADER}\n{line('a.txt')}{line('b.txt')}").encode(), random.Random(0)
    for _ in range(300):
        flipped = bytearray(content)
        flipped[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        ledger.write_bytes(flipped)
        try:
            found = Ledger(str(ledger.parent), PLACE)
        except OutputError:
            continue
        assert len(found.known) <= 2


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ('["image-tagging exports", 2]', "is of another version of image-tagging"),
        ('["other", 1]', "is no ledger of exports: move it away"),
        ("a shopping list", "is no ledger of exports: move it away"),
        ("\n", None),
    ],
)
def test_what_is_no_ledger_of_this_version_is_left(ledger, first, words):
    ledger.write_text(f"{first}\n" if words else "")
    if words is None:  # a run was killed before its first line
        assert known(ledger.parent) == set()
        return
    with pytest.raises(OutputError, match=words):
        Ledger(str(ledger.parent), PLACE)
    assert ledger.read_text() == f"{first}\n"


def test_after_an_empty_ledger_exports_are_noted_again(ledger):
    ledger.write_bytes(b"")
    first = Ledger(str(ledger.parent), PLACE)
    first.note([("a.txt", digest_of(b"1"), False)])
    first.finish(lambda name: True)
    assert known(ledger.parent) == {"a.txt"}


def test_a_link_in_place_of_a_ledger_is_not_written_through(ledger, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(f"{HEADER}\n")
    ledger.symlink_to(elsewhere)
    found = Ledger(str(tmp_path), PLACE)
    with pytest.raises(OutputError):
        found.note([("a.txt", digest_of(b"1"), False)])
    assert elsewhere.read_text() == f"{HEADER}\n"


@pytest.mark.slow
def test_a_million_lines_of_one_name_are_read_in_seconds(ledger):
    ledger.write_text(f"{HEADER}\n" + line("a.txt") * 1_000_000)
    found = Ledger(str(ledger.parent), PLACE)
    assert len(found.known["a.txt"]) < 1000
    found.finish(lambda name: True)
    assert [json.loads(each) for each in ledger.read_text().splitlines()] == [
        json.loads(HEADER),
        json.loads(line("a.txt")),
    ]


@pytest.mark.parametrize(
    "name", ["../../mine.txt", "a/../../../mine.txt", "/{folder}/mine.txt", "./mine.txt", "", "..", "link/mine.txt"]
)
def test_no_file_outside_of_the_export_is_removed(tmp_path, name):
    root = tmp_path / "out" / "export" / "txt"
    (root / "a").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path)
    for folder in (tmp_path, tmp_path / "out"):
        (folder / "mine.txt").write_bytes(b"mine\n")
    stated = name.format(folder=str(tmp_path).lstrip("/"))
    (tmp_path / "out" / LEDGER_NAME).write_text(f"{HEADER}\n{line(stated)}")
    with suppress(OutputError):  # of the link
        _export_nothing(tmp_path / "out", str(root), PLACE)
    assert (tmp_path / "mine.txt").exists()
    assert (tmp_path / "out" / "mine.txt").exists()


def test_next_to_images_only_files_of_the_format_are_removed(tmp_path):
    (tmp_path / "mine.py").write_bytes(b"mine\n")
    place = f"txt{NEXT_TO_IMAGES}"
    lines = line(str(tmp_path / "mine.py"), place=place) + line("mine.txt", place=place)
    (tmp_path / LEDGER_NAME).write_text(f"{HEADER}\n{lines}")
    _export_nothing(tmp_path, "", place)
    assert (tmp_path / "mine.py").exists()


def _export_nothing(output, root, place):
    form = sidecar_format("txt", ExportOptions(", ", "", "keep", "", "none", False, 1000))
    job = SidecarExport(root, form, None, Ledger(str(output), place))
    with closing(PlannedFiles()) as planned:
        job.plan(Pictures([]), lambda *_: None, planned, replace=False)
        job.run(planned, lambda *_: None)
