"""A tag is taken out of the reports; what is damaged, or no report of ours, is refused in one line."""

from __future__ import annotations

import json
import shutil

import pytest

from image_tagging.errors import OutputError
from image_tagging.reports import RunWithoutTag, text_reports_of


@pytest.fixture
def reports(trained, tmp_path):
    shutil.copytree(trained.output / "reports", tmp_path / "reports")
    return tmp_path / "reports"


def test_text_reports_of_one_tag_are_found(reports):
    assert text_reports_of(str(reports.parent), "reports", "tiles") == [
        "model-report-ovr-logistic-regression-tag-tiles.txt",
        "model-report-ovr-svm-tag-tiles.txt",
    ]
    assert text_reports_of(str(reports.parent), "missing", "tiles") == []


def test_a_tag_that_was_not_learned_is_taken_out_of_those_too(reports):
    run = json.loads((reports / "reports.json").read_text("utf-8"))
    run["skipped"] = [{"tag": "gone", "reason": "no image"}, {"tag": "kept", "reason": "no image"}]
    (reports / "reports.json").write_text(json.dumps(run), encoding="utf-8")
    without = RunWithoutTag(str(reports), "gone")
    assert without.has_tag
    without.write()
    assert json.loads((reports / "reports.json").read_text("utf-8"))["skipped"] == run["skipped"][1:]
    assert "kept" in (reports / "index.html").read_text("utf-8")


def test_folders_without_reports_hold_no_tag(tmp_path):
    assert not RunWithoutTag(str(tmp_path), "tiles").has_tag


def test_without_a_page_none_is_made(reports):
    (reports / "index.html").unlink()
    RunWithoutTag(str(reports), "tiles").write()
    assert not (reports / "index.html").exists()


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"models": 1, "skipped": []}', '{"models": [1], "skipped": []}', "[" * 100_000],
    ids=["cut", "list", "empty", "number", "numbers", "deep"],
)
def test_a_damaged_file_is_refused_in_one_line(reports, content):
    mark = '"program": "image-tagging-tools"'
    (reports / "reports.json").write_text(f"{content}\n{mark}" if content != "{}" else content + mark, encoding="utf-8")
    with pytest.raises(OutputError, match="is not what a training writes") as error:
        RunWithoutTag(str(reports), "tiles")
    assert "\n" not in str(error.value)


def test_models_that_the_page_cannot_show_are_refused_in_one_line(reports):
    run = json.loads((reports / "reports.json").read_text("utf-8"))
    run["models"][0] = {"tag": "isometric"}
    (reports / "reports.json").write_text(json.dumps(run), encoding="utf-8")
    with pytest.raises(OutputError, match="is not what a training writes"):
        RunWithoutTag(str(reports), "tiles").write()


def test_reports_of_others_are_not_touched(reports):
    (reports / "reports.json").write_text("mine")
    with pytest.raises(OutputError, match="is not a file that this program wrote"):
        RunWithoutTag(str(reports), "tiles")
