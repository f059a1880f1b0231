"""An output folder is a collection of inputs: a run over another one adds to what is there."""

from __future__ import annotations

import json
import shutil

import pytest

from collected import Collected
from embedding_runs import embed
from fakes import MeanColours
from image_tagging.cli import app as cli
from image_tagging.errors import NoImagesError, OutputError
from image_tagging.exporters import read_results, read_table
from image_tagging.records import EncoderSpec
from image_tagging.store import STORE_NAME
from samples import png, written


@pytest.fixture
def made(tmp_path, trained):
    return Collected(tmp_path, trained.models)


@pytest.fixture
def inputs(made):
    return made.folder


@pytest.fixture
def out(made):
    return made.out


@pytest.fixture
def process(made):
    return made.process


@pytest.fixture
def classify(made):
    return made.classify


def records(out):
    return json.loads((out / "input-metadata.json").read_text(encoding="utf-8"))


def files(out):
    """Every file of results with its bytes."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith("image-tagging.")
    }


# --- stage 1 -----------------------------------------------------------------------------------------------


def test_a_second_data_set_adds_to_the_first(process, inputs, out):
    process("a")
    summary = process("b")
    assert [record["file_name"] for record in records(out).values()] == ["0.png", "1.png", "2.png", "3.png"]
    assert (summary.tags, summary.embedding.images, summary.embedding.pictures) == (
        {"cat": 3, "cow": 1, "dog": 1},
        5,
        4,
    )
    assert [each.source for each in summary.embedding.inputs] == [str(inputs / "b"), str(inputs / "a")]
    assert (summary.embedding.new, summary.embedding.gone, summary.embedding.computed) == (2, 0, 1)
    lists = json.loads((out / "input-tag-to-image-hash-list.json").read_text(encoding="utf-8"))
    assert {tag: len(hashes) for tag, hashes in lists.items()} == summary.tags


def test_each_record_and_row_says_of_which_input_it_is(process, inputs, out):
    process("a")
    process("b")
    found = [(record["input"], record["path_in_input"]) for record in records(out).values()]
    assert found == [
        (str(inputs / where), path)
        for where, path in (("a", "cat/0.png"), ("a", "cat/1.png"), ("a", "dog/2.png"), ("b", "cow/3.png"))
    ]
    assert [row.input for row in read_table(out / "stage1.db")] == [str(inputs / "a")] * 3 + [str(inputs / "b")] * 2


def test_one_input_gives_files_without_a_word_of_inputs(process, out):
    process("a")
    assert not any("input" in record or "path_in_input" in record for record in records(out).values())
    assert {row.input for row in read_table(out / "stage1.db")} == {""}


def test_the_same_input_again_replaces_its_part_alone(process, inputs, out):
    for source in ("a", "b"):
        process(source)
    (inputs / "a" / "cat" / "0.png").unlink()
    written(inputs / "a" / "cat" / "9.png", png(9))
    summary = process("a")
    assert [record["file_name"] for record in records(out).values()] == ["1.png", "9.png", "2.png", "3.png"]
    assert (summary.embedding.new, summary.embedding.gone, summary.embedding.computed) == (1, 1, 1)


def test_runs_again_leave_the_same_bytes_and_write_nothing(process, out, monkeypatch):
    for source in ("a", "b"):
        process(source)
    before, times = files(out), {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    for source in ("a", "b", "b", "a"):
        assert process(source).embedding.unchanged
    assert files(out) == before
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.json")} == {
        path: time for path, time in times.items() if path.suffix == ".json"
    }


def test_fresh_replaces_everything(process, inputs, out, tmp_path):
    process("a")
    summary = process("b", fresh=True)
    alone = process("b", output_folder=str(tmp_path / "alone"))
    assert files(out) == files(tmp_path / "alone")
    assert (summary.embedding.new, summary.embedding.gone, alone.embedding.gone) == (2, 3, 0)


def test_an_input_of_one_that_is_there_is_one_of_two_until_that_runs_again(process, inputs, out):
    process("a")
    whole = files(out)
    process("a/cat", tag_level="parent")
    assert len(records(out)) == 3
    assert {record["input"] for record in records(out).values()} == {str(inputs / "a"), str(inputs / "a" / "cat")}
    process("a")
    assert files(out) == whole


def test_an_input_without_images_changes_nothing_of_the_others(process, inputs, out):
    process("a")
    before = files(out)
    (inputs / "empty").mkdir()
    for source, exclude in (("empty", ()), ("a", ("*.png",))):
        with pytest.raises(NoImagesError):
            process(source, exclude=exclude)
    assert process("a").embedding.unchanged
    assert files(out) == before


def test_an_empty_folder_of_an_earlier_input_stays_a_tag(process, inputs, out):
    (inputs / "a" / "horse").mkdir()
    process("a")
    assert process("b").empty_tags == ("horse",)


def test_an_input_by_another_path_is_the_same(process, inputs, out):
    process("a")
    (inputs / "link").symlink_to(inputs / "a")
    summary = process("link")
    assert (len(summary.embedding.inputs), summary.embedding.images) == (1, 3)


def test_parquet_says_of_which_input_a_record_is(process, inputs, out):
    parquet = pytest.importorskip("pyarrow.parquet")
    for source in ("a", "b"):
        process(source, metadata_format="both")
    columns = parquet.read_table(out / "input-metadata.parquet").to_pydict()
    assert columns["input"] == [record["input"] for record in records(out).values()]
    assert columns["path_in_input"] == [record["path_in_input"] for record in records(out).values()]


# --- stages 3 and 4 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", ".zip"], ids=["stage 3", "stage 4"])
def test_a_second_input_adds_to_the_results(classify, inputs, out, ending):
    classify(f"a{ending}")
    first = [score.probability for picture in read_results(out / "output.json") for score in picture.scores]
    summary = classify(f"b{ending}")
    pictures = list(read_results(out / "output.json"))
    assert [len(picture.file_paths) for picture in pictures] == [1, 1, 2, 1]
    assert [picture.input for picture in pictures] == [str(inputs / f"{name}{ending}") for name in "aaab"]
    assert [score.probability for picture in pictures[:3] for score in picture.scores] == pytest.approx(first)
    assert (summary.embedding.images, summary.embedding.new, summary.dropped) == (5, 2, 0)
    table = out / ("stage4.db" if ending else "stage3.db")
    assert {row.input for row in read_table(table)} == {str(inputs / f"{name}{ending}") for name in "ab"}
    archives = [row.file_name for row in read_table(table) if row.hash_id is None]
    assert archives == (["a.zip", "b.zip"] if ending else [])


def test_both_stages_keep_their_inputs_in_one_file(classify, inputs, out):
    for source in ("a", "a.zip", "b.zip"):
        classify(source)
    sources = ("a", "a.zip", "b", "b.zip")
    classify("b")
    both = (out / "output.json").read_bytes()
    assert [len(picture.file_paths) for picture in read_results(out / "output.json")] == [2, 2, 4, 2]
    for source in (*sources, *reversed(sources)):
        classify(source)
        assert (out / "output.json").read_bytes() == both
    entries = json.loads(both)
    assert [entry["path_in_input"] for entry in entries.values()] == [
        "cat/0.png",
        "cat/1.png",
        "dog/2.png",
        "cow/3.png",
    ]


def test_images_of_one_stage_alone_keep_the_input_that_they_have(classify, inputs, out):
    for source in ("a.zip", "b.zip", "a"):
        classify(source)
    found = {picture.file_paths[0]: picture.input for picture in read_results(out / "output.json")}
    assert found[f"{inputs / 'b.zip'}/cow/3.png"] == str(inputs / "b.zip")
    assert found[str(inputs / "a" / "cat" / "0.png")] == ""
    classify("b.zip", fresh=True)
    assert {picture.input for picture in read_results(out / "output.json")} == {""}


def test_all_is_scored_by_the_models_of_the_last_run(classify, inputs, out, trained):
    models = shutil.copytree(trained.models, inputs / "models")
    classify("a", model=str(models))
    for path in models.glob("*sprites*"):
        path.unlink()
    classify("b", model=str(models))
    tags = {score.tag for picture in read_results(out / "output.json") for score in picture.scores}
    assert tags == {"isometric", "tiles"}


def test_an_input_that_is_not_there_keeps_its_results(classify, inputs, out):
    classify("a")
    shutil.move(inputs / "a", inputs / "unplugged")
    summary = classify("b")
    assert len(list(read_results(out / "output.json"))) == 4
    assert [(each.source, each.images, each.is_there) for each in summary.embedding.inputs[1:]] == [
        (str(inputs / "a"), 3, False)
    ]
    assert summary.embedding.failures == ()
    assert (summary.place_failed, summary.place_failures) == (0, ())


def test_results_of_an_unknown_input_are_not_replaced(classify, process, out):
    classify("a")
    process("a")
    (out / STORE_NAME).unlink()
    before = files(out)
    for run in (classify, process):
        with pytest.raises(OutputError, match=r"holds results of another input .* --fresh"):
            run("b")
    assert files(out) == before
    for run in (classify, process):
        run("a")
    assert len(classify("b").embedding.inputs) == 2
    assert len(process("b").embedding.inputs) == 2


def test_fresh_replaces_results_of_an_unknown_input(classify, process, out):
    classify("a")
    process("a")
    (out / STORE_NAME).unlink()
    assert process("b", fresh=True).embedding.images == 2
    assert classify("b", fresh=True).embedding.images == 2


# --- both --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["embedding", "writing the metadata"])
def test_an_interrupted_second_input_is_started_again_to_the_same_bytes(process, out, tmp_path, moment):
    def interrupted(activity, done, total):
        if activity == moment:
            raise KeyboardInterrupt

    process("a")
    with pytest.raises(KeyboardInterrupt):
        process("b", watch=interrupted)
    process("b")
    for source in ("a", "b"):
        process(source, output_folder=str(tmp_path / "whole"))
    assert files(out) == files(tmp_path / "whole")


def test_another_encoder_embeds_the_earlier_inputs_again(made, tmp_path):
    other = EncoderSpec("mean-colours", "v2", 3, "none")
    assert [embed(made.folder / name, tmp_path / "store")[0].computed for name in ("a", "b")] == [3, 1]
    summary, _ = embed(made.folder / "b", tmp_path / "store", MeanColours(other))
    assert (summary.computed, summary.images) == (4, 5)


def test_images_that_cannot_be_embedded_again_are_counted(made, tmp_path):
    for name in ("a", "b"):
        embed(made.folder / name, tmp_path / "store")
    shutil.move(made.folder / "a", made.folder / "unplugged")
    encoder = MeanColours(EncoderSpec("mean-colours", "v2", 3, "none"))
    summary, _ = embed(made.folder / "b", tmp_path / "store", encoder)
    assert [(each.images, each.missing, each.is_there) for each in summary.inputs] == [(2, 0, True), (3, 2, False)]
    assert (summary.images, summary.failures) == (3, ())
    shutil.move(made.folder / "unplugged", made.folder / "a")
    summary, _ = embed(made.folder / "b", tmp_path / "store", encoder)
    assert (summary.computed, summary.images, summary.inputs[1].missing) == (2, 5, 0)


def test_files_of_an_excluded_image_leave_the_bins_and_of_a_removed_one_stay(classify, inputs, out):
    classify("b")
    classify("a")
    (inputs / "a" / "cat" / "0.png").unlink()
    summary = classify("a", exclude=("cat/1.png",))
    assert (summary.gone_removed, summary.gone_stayed) == (6, 6)
    assert (len(list(out.rglob("0.png"))), list(out.rglob("1.png"))) == (6, [])


def test_a_file_that_changed_since_its_input_ran_is_not_placed(classify, inputs, out):
    classify("a", place="none")
    written(inputs / "a" / "cat" / "0.png", png(8))
    summary = classify("b")
    assert (summary.not_as_found, summary.place_failed) == (1, 0)
    assert not list(out.rglob("0.png"))
    assert len(list(out.rglob("1.png"))) == 6


def test_the_command_counts_images_inputs_and_what_is_gone(inputs, out, capsys):
    for source in ("a", "b"):
        flags = [f"--input_folder={inputs / source}", f"--output_folder={out}", "--clip_model=builtin"]
        assert cli.main(["process", *flags]) == 0
    assert "4 pictures (5 files) of 2 inputs (2 images new), 0 skipped" in capsys.readouterr().out
    (inputs / "b" / "cow" / "3.png").unlink()
    shutil.rmtree(inputs / "a")
    assert cli.main(["process", *flags]) == 0
    said = capsys.readouterr().out
    assert "1 image of earlier runs is not there any more, and has no results now." in said
    assert f"{inputs / 'a'} is not there now: what is known of its 3 images stays." in said
