"""Which scores are written, and in which formats: the same rows in each, and no file with scores of an earlier run."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing

import pytest

from collected import Collected
from image_tagging import ClassifyConfig, SortConfig, sort_images
from image_tagging.cli.summaries import show_classify
from image_tagging.errors import InputError, OutputError
from image_tagging.exporters import formats as formats_module
from image_tagging.exporters import read_results, scores_frame
from image_tagging.pipeline import forget_input
from samples import png, written

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed (dev extra)")

#: The columns that the three formats share.
SHARED = ("hash_id", "model_type", "tag_name", "tag_prob", "tagged")


@pytest.fixture
def made(tmp_path, trained):
    return Collected(tmp_path, trained.models)


def in_json(out):
    return sorted(
        (picture.hash_id, score.kind, score.tag, score.probability, score.tagged)
        for picture in read_results(out / "output.json")
        for _ in picture.file_paths
        for score in picture.scores
    )


def in_table(out, name="stage3"):
    with closing(sqlite3.connect(out / f"{name}.db")) as connection:
        columns = ", ".join(SHARED)
        return sorted(connection.execute(f"SELECT {columns} FROM {name} WHERE hash_id IS NOT NULL").fetchall())


def in_parquet(out):
    rows = parquet.read_table(out / "output.parquet").select(list(SHARED)).to_pylist()
    return sorted(tuple(row[name] for name in SHARED) for row in rows)


def results(out):
    return {name for name in os.listdir(out) if name.startswith(("output.", "stage"))}


@pytest.mark.parametrize(
    ("asked", "files"),
    [
        ("json", {"output.json"}),
        ("csv", {"output.json", "output.csv"}),
        ("parquet", {"output.parquet"}),
        ("both", {"output.json", "output.parquet"}),
        ("none", set()),
    ],
)
def test_a_run_writes_the_formats_that_it_is_asked_for_and_the_table(made, asked, files):
    summary = made.classify("a", results_format=asked, place="none")
    assert results(made.out) == files | {"stage3.db"}
    assert {os.path.basename(path) for path in summary.files} == files | {"stage3.db"}


def test_all_formats_hold_the_same_scores(made):
    made.classify("a", results_format="both", place="none")
    assert in_json(made.out) == in_table(made.out) == in_parquet(made.out)
    assert len(in_table(made.out)) == 3 * 6


def test_parquet_holds_the_columns_of_the_tables(made):
    made.classify("a.zip", results_format="parquet", place="none")
    (row, *_) = parquet.read_table(made.out / "output.parquet").to_pylist()
    assert row["file_path"] == str(made.folder / "a.zip") + "/cat/0.png"
    assert row["archive_path"] == str(made.folder / "a.zip")
    assert (row["file_name"], row["type"]) == ("0.png", ".png")


def test_parquet_of_both_stages_holds_both(made):
    made.classify("a", results_format="parquet", place="none")
    of_folder = in_parquet(made.out)
    made.classify("b.zip", results_format="parquet", place="none")
    assert in_parquet(made.out) == sorted([*of_folder, *in_table(made.out, "stage4")])
    made.classify("a", results_format="parquet", place="none")
    assert in_parquet(made.out) == sorted([*of_folder, *in_table(made.out, "stage4")])


def test_the_same_run_again_gives_the_same_bytes(made):
    made.classify("a", results_format="both", place="none")
    first = made.files()
    made.classify("a", results_format="both", place="none")
    assert made.files() == first


# --- files of earlier runs -----------------------------------------------------------------------------------


def test_a_file_in_a_format_that_is_left_out_is_removed_and_that_is_said(made, capsys):
    made.classify("a", results_format="csv", place="none")
    summary = made.classify("a", results_format="parquet", place="none")
    assert results(made.out) == {"output.parquet", "stage3.db"}
    assert summary.written.removed == ("output.json", "output.csv")
    show_classify(summary)
    assert "Removed output.json and output.csv" in " ".join(capsys.readouterr().out.split())
    assert made.classify("a", results_format="none", place="none").written.removed == ("output.parquet",)
    assert made.classify("a", results_format="none", place="none").written.removed == ()


def test_parquet_that_is_there_is_kept_up_to_date(made):
    made.classify("a", results_format="parquet", place="none")
    made.classify("b", place="none")
    assert in_parquet(made.out) == in_table(made.out) == in_json(made.out)


def test_json_without_this_stage_keeps_the_other(made):
    made.classify("a", place="none")
    made.classify("b.zip", place="none")
    before = in_json(made.out)
    made.classify("b.zip", results_format="none", place="none")
    assert len(in_json(made.out)) == 3 * 6 < len(before)
    assert in_json(made.out) == in_table(made.out)
    assert len(in_table(made.out, "stage4")) == 2 * 6


def test_a_parquet_file_of_others_is_refused_before_any_work(made):
    made.out.mkdir()
    (made.out / "output.parquet").write_bytes(b"PAR1 of somebody PAR1")
    with pytest.raises(OutputError, match=r"output\.parquet is not a file that this program wrote"):
        made.classify("a", results_format="parquet")
    assert os.listdir(made.out) == ["output.parquet"]
    made.classify("a")  # which needs no such file, and leaves it
    assert (made.out / "output.parquet").read_bytes() == b"PAR1 of somebody PAR1"


@pytest.mark.parametrize("asked", ["none", "parquet"])
def test_an_input_that_is_forgotten_leaves_the_results_of_any_format(made, asked):
    made.classify("a", results_format=asked, place="none")
    made.classify("b", results_format=asked, place="none")
    assert len({row[0] for row in in_table(made.out)}) == 4
    forget_input(made.out, made.folder / "a")
    assert len({row[0] for row in in_table(made.out)}) == 2
    if asked == "parquet":
        assert in_parquet(made.out) == in_table(made.out)
    forget_input(made.out, made.folder / "b")
    assert results(made.out) == set()


def test_a_frame_is_the_same_without_json(made):
    pytest.importorskip("pandas", reason="pandas is not installed (dev extra)")
    made.classify("a", place="none")
    made.classify("b.zip", place="none")
    frame = scores_frame(made.out, kind="ovr-svm")
    for source in ("a", "b.zip"):
        made.classify(source, results_format="none", place="none")
    assert not (made.out / "output.json").exists()
    again = scores_frame(made.out, kind="ovr-svm")
    assert again.equals(frame)


# --- which scores --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["tagged", 0.4, "0.4"])
def test_the_scores_that_are_not_wanted_are_in_no_format_and_are_counted(made, wanted, capsys):
    made.classify("a", place="none")
    everything = in_table(made.out)
    summary = made.classify("a", results_format="both", place="none", scores=wanted)
    is_wanted = (lambda row: row[4]) if wanted == "tagged" else (lambda row: row[3] >= 0.4)
    assert in_table(made.out) == [row for row in everything if is_wanted(row)]
    assert in_json(made.out) == in_table(made.out) == in_parquet(made.out)
    assert len(json.loads((made.out / "output.json").read_text())) == 3  # also pictures without a score
    assert (summary.written.scores, summary.written.left_out) == (len(in_table(made.out)), 18 - len(in_table(made.out)))
    assert 0 < summary.written.left_out < 18
    show_classify(summary)
    assert f"Written: {summary.written.scores} of 18 scores" in " ".join(capsys.readouterr().out.split())


def test_tags_whose_scores_are_not_written_are_said(made, capsys):
    summary = made.classify("a", place="none", scores=1.0)
    assert summary.written.left_out_tagged > 0
    show_classify(summary)
    assert "of a tag that the picture has, which --scores tagged writes" in " ".join(capsys.readouterr().out.split())


def test_which_scores_are_written_changes_neither_bins_nor_answers(made):
    every = made.classify("a")
    placed = {name for name in made.files() if os.sep in name}
    some = made.classify("a", scores="tagged")
    assert {name for name in made.files() if os.sep in name} == placed
    assert (some.answers, some.tagged) == (every.answers, every.tagged)


@pytest.mark.parametrize("wanted", ["most", "", -0.1, 1.5, True, None, float("nan")])
def test_what_scores_may_be_is_said(wanted):
    with pytest.raises(InputError, match="must be all, tagged, or a probability between 0 and 1"):
        ClassifyConfig(directory=".", scores=wanted)


def test_sort_takes_both_settings(tmp_path, trained):
    for number in range(4):
        written(tmp_path / "examples" / f"t{number % 2}" / f"{number}.png", png(number))
        written(tmp_path / "mountain" / f"{number}.png", png(number + 10))
    out = tmp_path / "out"
    places = {"examples": str(tmp_path / "examples"), "mountain": str(tmp_path / "mountain"), "output": str(out)}
    sort_images(SortConfig(**places, clip_model="builtin", results_format="parquet", scores=0.2))
    assert results(out) == {"output.parquet", "stage1.db", "stage3.db"}
    assert in_parquet(out) == in_table(out)
    assert all(row[3] >= 0.2 for row in in_table(out))


# --- how large -----------------------------------------------------------------------------------------------


def test_much_json_is_announced_before_it_is_written_with_what_to_do(made, monkeypatch):
    monkeypatch.setattr(formats_module, "MUCH_JSON", 1000)
    said = []
    made.classify("a", place="none", say=said.append)
    (sentence,) = said
    assert sentence.startswith("Writing the scores of 3 pictures: output.json takes about ")
    assert "--scores 0.05" in sentence
    assert "--results_format parquet" in sentence
    said.clear()
    made.classify("a", place="none", results_format="parquet", say=said.append)
    assert said == []


def test_the_announced_size_is_about_that_of_the_file(made):
    made.classify("a", place="none")
    names = [(kind, tag) for kind, tag in {row[1:3] for row in in_table(made.out)}]
    size = formats_module.ResultsSize.of(names, 3, formats_module.ResultFormats(json=True, csv=False, parquet=False))
    assert 0.5 < size.json / (made.out / "output.json").stat().st_size < 2


def test_a_disk_without_room_for_the_results_is_refused_before_scoring(made, monkeypatch):
    monkeypatch.setattr(formats_module, "free_bytes", lambda _: 100)
    monkeypatch.setattr(formats_module, "_LEAST_JUDGED", 0)
    with pytest.raises(OutputError, match=r"they take about .* and 100 bytes are free"):
        made.classify("a", place="none")
    assert results(made.out) == set()
