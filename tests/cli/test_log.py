"""The log of an output folder: a failure that lasts is said once, one that is new is named."""

from __future__ import annotations

import re
import shutil

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.cli import app as cli
from image_tagging.cli import log as logs
from samples import png, written, zipped


@pytest.fixture
def images(tmp_path):
    """A folder and a zip, each with images that cannot be used."""
    folder = tmp_path / "in" / "a"
    for number in range(3):
        written(folder / f"{number}.png", png(number))
        written(folder / f"bad-{number}.png", b"a letter")
    written(folder / "more.zip", zipped({"9.png": png(9), "bad-9.png": b"", "line\nend.png": b"x"}))
    written(folder / "caf\udce9.png", b"x")
    written(folder / "notes.txt", b"x")
    return tmp_path / "in"


@pytest.fixture
def run(images, tmp_path):
    """``run()`` is one more run of stage 1; the lines of the log without their dates."""

    def once(*options):
        arguments = [f"--input_folder={images}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin"]
        assert cli.main(["process", *arguments, *options]) == 0
        lines = (tmp_path / "out" / logs.LOG_NAME).read_text(encoding="utf-8").splitlines()
        assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING) ", line) for line in lines)
        return [line[24:] for line in lines]

    return once


def test_what_fails_again_is_in_the_log_once(run):
    first = run()
    assert sum("bad-" in line for line in first) == 4
    assert sum(line.startswith("WARNING skipped") for line in first) == 6
    counted = f"INFO {len(first)} messages as before, which this log holds already"
    assert run() == [*first, counted]
    assert run("--retry_failures") == [*first, counted, counted]


def test_a_new_failure_among_old_ones_is_named(run, images):
    first = run()
    written(images / "a" / "bad-new.png", b"a letter")
    (images / "a" / "bad-0.png").write_bytes(png(7))
    more = run()[len(first) :]
    assert len(more) == 2
    assert "bad-new.png" in more[0]
    assert more[1] == f"INFO {len(first) - 1} messages as before, which this log holds already"


def test_another_reason_for_the_same_file_is_named(run, images):
    first = run()
    (images / "a" / "bad-0.png").write_bytes(b"")
    assert "bad-0.png: the file is empty" in run()[len(first)]


def test_a_new_log_names_all_failures(run, tmp_path):
    first = run()
    (tmp_path / "out" / logs.LOG_NAME).unlink()
    assert run() == first


def test_a_run_that_was_interrupted_is_no_earlier_run(run, images, tmp_path):
    """Its failures are in the store, and were not in the log yet."""
    out = tmp_path / "out"
    process_dataset(ProcessConfig(input_folder=str(images), output_folder=str(out), clip_model="builtin"))
    assert not (out / logs.LOG_NAME).exists()
    assert sum("bad-" in line for line in run()) == 4


def test_stage_3_says_once_what_stage_3_said(trained, images, tmp_path):
    out = tmp_path / "scores"
    arguments = [f"--directory={images}", f"--model={trained.models}", f"--output={out}", "--place=none"]
    for _ in range(3):
        assert cli.main(["classify", *arguments]) == 0
    assert (out / logs.LOG_NAME).read_text(encoding="utf-8").count("bad-1.png") == 1


def test_stage_4_says_once_what_fails_in_an_archive(trained, images, tmp_path):
    out = tmp_path / "scores"
    (images / "a" / "caf\udce9.png").unlink()
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", images)
    arguments = [f"--directory={archive}", f"--model={trained.models}", f"--output={out}", "--place=none"]
    for _ in range(3):
        assert cli.main(["classify-zip", *arguments]) == 0
    assert (out / logs.LOG_NAME).read_text(encoding="utf-8").count("more.zip/bad-9.png") == 1


def test_of_a_very_long_log_the_end_is_searched(run, tmp_path, monkeypatch):
    first = run()
    path = tmp_path / "out" / logs.LOG_NAME
    lines = path.read_bytes().splitlines(keepends=True)
    monkeypatch.setattr(logs, "_SEARCHED", sum(map(len, lines[2:])) + 10)
    again = run()[len(first) :]
    assert again == [*first[:2], f"INFO {len(first) - 2} messages as before, which this log holds already"]


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\n\n" * 1000, b"x" * 100_000, b"2026"], ids=["noise", "one line", "short"]
)
def test_a_log_of_anything_hides_no_failure(run, tmp_path, content):
    written(tmp_path / "out" / logs.LOG_NAME, content + b"\n")
    with pytest.raises((AssertionError, UnicodeDecodeError)):  # of the lines that are no log's
        run()
    text = (tmp_path / "out" / logs.LOG_NAME).read_text(encoding="utf-8", errors="replace")
    assert text.count("WARNING skipped") == 6
