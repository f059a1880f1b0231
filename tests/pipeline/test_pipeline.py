"""The three use-cases from end to end: real files in, real files out, with the embedded encoder."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_tagging import (
    ClassifyConfig,
    ProcessConfig,
    TrainConfig,
    classify_images,
    load_encoder,
    load_tag_models,
    process_dataset,
    train_tag_models,
)
from image_tagging.demo import draw
from image_tagging.errors import InputError, TrainingError
from image_tagging.exporters import dataset_files
from image_tagging.images.decoders import Decoders

LR, SVM = "ovr-logistic-regression", "ovr-svm"

#: What is no result: the working store and the log.
_WORKING = ("image-tagging.store", "image-tagging.log")


def process(images, output, **settings):
    return process_dataset(
        ProcessConfig(input_folder=str(images), output_folder=str(output), clip_model="builtin", **settings)
    )


def train(output, **settings):
    return train_tag_models(
        TrainConfig(
            metadata_json=str(output / "input-metadata.json"),
            tag_to_hash_json=str(output / "input-tag-to-image-hash-list.json"),
            output=str(output),
            **settings,
        )
    )


def classify(directory, output, models, **settings):
    return classify_images(ClassifyConfig(directory=str(directory), output=str(output), model=str(models), **settings))


def read_json(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def table(path, name):
    """The names of the columns, and the rows as dictionaries."""
    with closing(sqlite3.connect(path)) as connection:
        cursor = connection.execute(f"SELECT * FROM {name}")
        columns = [column[0] for column in cursor.description]
        return columns, [dict(zip(columns, row)) for row in cursor]


def contents(folder):
    """Every file below a folder, with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()
    }


def snapshot(folder):
    """Every file below a folder, with its bytes and its time."""
    times = {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in Path(folder).rglob("*")}
    return contents(folder), times


def results(output):
    return {name: data for name, data in contents(output).items() if not name.startswith(_WORKING)}


def placed(output, kind=None, tag=None):
    """Every placed image, as (kind, tag, bin, name)."""
    found = [path.relative_to(output).parts for path in Path(output).glob("ovr-*/*/*/*")]
    return sorted(parts for parts in found if kind in {None, parts[0]} and tag in {None, parts[1]})


def png(kind, number):
    buffer = io.BytesIO()
    draw(kind, number).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def write_zip(path, members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


# Stage 1 -----------------------------------------------------------------------------------------------------


def test_stage_1_writes_the_documented_files(tmp_path, drawing):
    for number in range(2):
        drawing(tmp_path / "in" / "sprite" / f"s{number}.png", "sprites", number)
    drawing(tmp_path / "in" / "tile" / "t.JPG", "tiles", 0)
    summary = process(tmp_path / "in", tmp_path / "out")
    assert sorted(results(tmp_path / "out")) == [
        "input-image-hash-to-tag-list.json",
        "input-metadata.json",
        "input-tag-to-image-hash-list.json",
        "stage1.db",
    ]
    assert sorted(summary.files) == sorted(str(tmp_path / "out" / name) for name in results(tmp_path / "out"))
    assert (summary.embedding.images, summary.embedding.pictures, summary.embedding.computed) == (3, 3, 3)
    assert summary.tags == {"sprite": 2, "tile": 1}
    metadata = read_json(tmp_path / "out" / "input-metadata.json")
    record = next(record for record in metadata.values() if record["file_name"] == "t.JPG")
    vector = record.pop("embeddings_vector")
    width, height = draw("tiles", 0).size
    path = tmp_path / "in" / "tile" / "t.JPG"
    assert record == {
        "hash_id": next(key for key in metadata if metadata[key] is record),
        "file_path": str(path),
        "address": [str(path)],
        "file_name": "t.JPG",
        "file_type": "JPEG",
        "image_size_bytes": path.stat().st_size,
        "image_resolution": [width, height],
        "image_xsize": width,
        "image_ysize": height,
        "image_tags": ["tile"],
        "embeddings_type": "builtin",
        "model": "builtin",
        "pretrained": "learned-2",
    }
    encoder = load_encoder("builtin", "openai")
    with Image.open(path) as picture:
        expected = encoder.embed([encoder.preprocess(picture.convert("RGB"))])[0]
    np.testing.assert_array_equal(np.array(vector, np.float32), expected)


def test_a_picture_under_two_tags_has_both(tmp_path, drawing):
    first = drawing(tmp_path / "in" / "blue" / "a.png", "sprites", 1)
    drawing(tmp_path / "in" / "blue" / "b.png", "sprites", 2)
    (tmp_path / "in" / "old").mkdir()
    shutil.copy(first, tmp_path / "in" / "old" / "copy of a.png")
    summary = process(tmp_path / "in", tmp_path / "out")
    assert (summary.embedding.images, summary.embedding.pictures) == (3, 2)
    metadata = read_json(tmp_path / "out" / "input-metadata.json")
    both = next(record["hash_id"] for record in metadata.values() if record["file_name"] == "a.png")
    (other,) = set(metadata) - {both}
    assert metadata[both]["image_tags"] == ["blue", "old"]
    assert metadata[both]["file_path"] == str(first)
    assert read_json(tmp_path / "out" / "input-image-hash-to-tag-list.json") == {both: ["blue", "old"], other: ["blue"]}
    assert read_json(tmp_path / "out" / "input-tag-to-image-hash-list.json") == {"blue": [both, other], "old": [both]}
    columns, rows = table(tmp_path / "out" / "stage1.db", "stage1")
    assert columns == ["file_name", "file_path", "type", "hash_id"]
    assert [(row["file_name"], row["type"], row["hash_id"]) for row in rows] == [
        ("a.png", ".png", both),
        ("b.png", ".png", other),
        ("copy of a.png", ".png", both),
    ]


@pytest.fixture
def odd_names(tmp_path, drawing):
    """A folder of what people have: odd names, odd places, broken files."""
    folder = tmp_path / "odd"
    drawing(folder / "it's" / "it's-blue.png", "sprites", 0)
    drawing(folder / "猫" / "小猫.png", "sprites", 1)
    drawing(folder / "🐈" / "🐈‍⬛ naïve.png", "sprites", 2)
    drawing(folder / "🐈" / "LOUD.JPG", "sprites", 3)
    drawing(folder / "one" / "same.png", "sprites", 4)
    drawing(folder / "two" / "same.png", "sprites", 5)
    drawing(folder / "two" / "x.png" / "inside.png", "sprites", 6)
    drawing(folder / "two" / '100% "a"; --.png', "sprites", 7)
    (folder / "two" / "empty.png").touch()
    (folder / "two" / "text.jpg").write_text("not a picture", encoding="utf-8")
    (folder / "two" / "notes.txt").write_text("no image by its name", encoding="utf-8")
    return folder


def test_odd_names_are_right_or_reported_and_none_is_lost(odd_names, tmp_path):
    before = snapshot(odd_names)
    summary = process(odd_names, tmp_path / "out")
    assert summary.embedding.images == 8
    assert {(failure.ref.name, failure.code) for failure in summary.embedding.failures} == {
        ("empty.png", "empty"),
        ("text.jpg", "not-an-image"),
    }
    assert summary.tags == {"it's": 1, "猫": 1, "🐈": 2, "one": 1, "two": 2, "x.png": 1}
    names = {"it's-blue.png", "小猫.png", "🐈‍⬛ naïve.png", "LOUD.JPG", "same.png", "inside.png", '100% "a"; --.png'}
    _, rows = table(tmp_path / "out" / "stage1.db", "stage1")
    assert {row["file_name"] for row in rows} == names
    assert Counter(row["file_name"] for row in rows)["same.png"] == 2
    assert all(os.path.isfile(row["file_path"]) for row in rows)
    metadata = read_json(tmp_path / "out" / "input-metadata.json")
    assert len(metadata) == 8
    assert {record["file_name"] for record in metadata.values()} == names
    assert snapshot(odd_names) == before


def test_odd_names_are_placed_and_none_overwrites_another(odd_names, tmp_path, trained):
    summary = classify(odd_names, tmp_path / "out", trained.models)
    assert not summary.place_failures
    for kind, tag in summary.models:
        names = [name for *_, name in placed(tmp_path / "out", kind, tag)]
        assert len(names) == 8, (kind, tag)
        assert {"same.png", "same (2).png", "it's-blue.png", "🐈‍⬛ naïve.png", "小猫.png", "LOUD.JPG"} < set(names)
    sources = {path.read_bytes() for path in odd_names.rglob("*") if path.is_file() and path.stat().st_size > 100}
    copies = [path.read_bytes() for path in (tmp_path / "out" / SVM / "tiles").rglob("*") if path.is_file()]
    assert sorted(copies) == sorted(sources)


def test_a_folder_whose_name_is_no_text(tmp_path, drawing, trained):
    folder = os.fsencode(tmp_path / "in") + b"/caf\xe9"
    try:
        os.makedirs(folder)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    os.makedirs(os.fsencode(tmp_path / "in") + b"/empty\xff")
    drawn = drawing(tmp_path / "a.png", "sprites", 0)
    shutil.copy(drawn, folder + b"/\xff.png")
    summary = process(tmp_path / "in", tmp_path / "out")
    assert summary.tags == {"caf\\udce9": 1}
    assert summary.empty_tags == ("empty\\udcff",)
    assert classify(tmp_path / "in", tmp_path / "sorted", trained.models).embedding.images == 1
    assert len(placed(tmp_path / "sorted", SVM, "tiles")) == 1


def test_a_broken_image_does_not_shift_its_neighbours(tmp_path, drawing):
    for number in range(5):
        drawing(tmp_path / "in" / "a" / f"{number}.png", "sprites", number)
    (tmp_path / "in" / "a" / "2.png").write_bytes(b"broken")
    process(tmp_path / "in", tmp_path / "out", batch_size=2, num_threads=3)
    encoder = load_encoder("builtin", "openai")
    metadata = read_json(tmp_path / "out" / "input-metadata.json")
    assert [record["file_name"] for record in metadata.values()] == ["0.png", "1.png", "3.png", "4.png"]
    for record in metadata.values():
        with Image.open(record["file_path"]) as picture:
            expected = encoder.preprocess(picture.convert("RGB"))
        np.testing.assert_array_equal(np.array(record["embeddings_vector"], np.float32), expected)


def test_a_zip_is_read_in_place_with_the_zips_in_it(tmp_path):
    inner = zipped({"tile/t.png": png("tiles", 1), "top.png": png("tiles", 2)})
    source = write_zip(
        tmp_path / "user" / "set.zip",
        {"set/sprite/a.png": png("sprites", 0), "set/sprite/b.png": png("sprites", 1), "set/more.zip": inner},
    )
    (tmp_path / "user" / "anim.gif").write_bytes(b"GIF89a, the user's own")
    before = snapshot(tmp_path / "user")
    summary = process(source, tmp_path / "out")
    assert snapshot(tmp_path / "user") == before
    assert summary.tags == {"sprite": 2, "tile": 1, "more": 1}
    assert summary.empty_tags == ()
    assert {(archive.ref.name, archive.images) for archive in summary.embedding.archives} == {
        ("set.zip", 2),
        ("more.zip", 2),
    }
    _, rows = table(tmp_path / "out" / "stage1.db", "stage1")
    assert {row["file_path"] for row in rows} == {
        f"{source}/set/sprite/a.png",
        f"{source}/set/sprite/b.png",
        f"{source}/set/more.zip/tile/t.png",
        f"{source}/set/more.zip/top.png",
    }


@pytest.mark.parametrize("archived", [False, True])
def test_untagged_images_go_to_the_clip_cache(tmp_path, drawing, archived):
    if archived:
        source = write_zip(tmp_path / "my shots.zip", {"x/a.png": png("sprites", 0)})
    else:
        source = drawing(tmp_path / "my shots" / "a.png", "sprites", 0).parent
    summary = process(source, tmp_path / "out", tagged_dataset=False)
    assert sorted(results(tmp_path / "out")) == ["clip-cache/my shots-metadata.json", "clip-cache/stage1.db"]
    assert (summary.tags, summary.empty_tags) == ({}, ())
    (record,) = read_json(tmp_path / "out" / "clip-cache" / "my shots-metadata.json").values()
    assert "image_tags" not in record
    assert len(table(tmp_path / "out" / "clip-cache" / "stage1.db", "stage1")[1]) == 1


def test_sub_folders_without_an_image_are_named(tmp_path, drawing):
    drawing(tmp_path / "in" / "full" / "deep" / "a.png", "sprites", 0)
    for name in ("bare", "only text", ".git", "__MACOSX"):
        (tmp_path / "in" / name).mkdir()
    (tmp_path / "in" / "only text" / "a.txt").touch()
    assert process(tmp_path / "in", tmp_path / "out").empty_tags == ("bare", "only text")
    lists = read_json(tmp_path / "out" / "input-tag-to-image-hash-list.json")
    assert {tag: len(hashes) for tag, hashes in lists.items()} == {"bare": 0, "deep": 1, "only text": 0}
    assert list(lists) == sorted(lists)


def test_a_sub_folder_that_is_added_or_taken_away_changes_the_tags(tmp_path, drawing):
    drawing(tmp_path / "in" / "full" / "a.png", "sprites", 0)
    for change, expected in (("mkdir", {"bare", "full"}), ("rmdir", {"full"}), ("mkdir", {"bare", "full"})):
        getattr(tmp_path / "in" / "bare", change)()
        process(tmp_path / "in", tmp_path / "out")
        assert set(read_json(tmp_path / "out" / "input-tag-to-image-hash-list.json")) == expected


def test_a_tag_that_has_images_elsewhere_is_not_without_images(tmp_path, drawing):
    drawing(tmp_path / "in" / "more" / "cat" / "a.png", "sprites", 0)
    (tmp_path / "in" / "cat").mkdir()
    assert process(tmp_path / "in", tmp_path / "out").empty_tags == ()
    lists = read_json(tmp_path / "out" / "input-tag-to-image-hash-list.json")
    assert [(tag, len(hashes)) for tag, hashes in lists.items()] == [("cat", 1)]


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
def test_links_that_lead_nowhere_or_back_are_no_sub_folders(tmp_path, drawing):
    drawing(tmp_path / "in" / "full" / "a.png", "sprites", 0)
    for name, target in (("itself", "itself"), ("gone", "not there"), ("back", ".")):
        (tmp_path / "in" / name).symlink_to(target)
    assert process(tmp_path / "in", tmp_path / "out").empty_tags == ()


def test_a_second_run_computes_nothing_and_writes_the_same_bytes(odd_names, tmp_path):
    assert process(odd_names, tmp_path / "out").embedding.computed == 8
    first = results(tmp_path / "out")
    again = process(odd_names, tmp_path / "out")
    assert (again.embedding.computed, again.embedding.computed_on) == (0, None)
    assert len(again.embedding.failures) == 2
    assert results(tmp_path / "out") == first


def test_files_of_an_earlier_version_are_written_again(drawing, tmp_path, monkeypatch):
    drawing(tmp_path / "in" / "cat" / "1.png", "sprites", 1)

    def written():
        assert process(tmp_path / "in", tmp_path / "out").files
        return os.stat(tmp_path / "out" / "input-metadata.json").st_mtime_ns

    monkeypatch.setattr(dataset_files, "_FORMAT", 1)
    earlier = written()
    monkeypatch.undo()
    assert earlier < written() == written()


@pytest.mark.slow
def test_a_changed_image_is_computed_again_and_a_removed_one_is_gone(tmp_path, drawing):
    for number in range(3):
        drawing(tmp_path / "in" / "a" / f"{number}.png", "sprites", number)
    process(tmp_path / "in", tmp_path / "out")
    drawing(tmp_path / "in" / "a" / "1.png", "tiles", 1)
    (tmp_path / "in" / "a" / "2.png").unlink()
    assert process(tmp_path / "in", tmp_path / "out").embedding.computed == 1
    process(tmp_path / "in", tmp_path / "fresh")
    assert results(tmp_path / "out") == results(tmp_path / "fresh")


@pytest.mark.parametrize("output", ["in", "in/output", "in/output/../output"])
def test_results_inside_the_input_are_not_taken_for_input(tmp_path, drawing, trained, output):
    drawing(tmp_path / "in" / "a" / "0.png", "sprites", 0)
    classify(tmp_path / "in", tmp_path / output, trained.models)
    assert process(tmp_path / "in", tmp_path / output).tags == {"a": 1}
    assert classify(tmp_path / "in", tmp_path / output, trained.models).embedding.images == 1


# Interruptions -----------------------------------------------------------------------------------------------

#: Runs a command line and kills its own process, as kill -9 does, in the nth call of a function.
_DYING = """
import importlib, os, signal, sys
from image_tagging.cli.app import main

module, _, name = sys.argv[1].rpartition(":")
owner, _, function = name.rpartition(".")
place = importlib.import_module(module)
place = getattr(place, owner) if owner else place
real, left = getattr(place, function), [int(sys.argv[2])]

def dying(*args, **kwargs):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)

setattr(place, function, dying)
sys.exit(main(sys.argv[3:]))
"""


def run_and_die(where, call, *arguments):
    program = [sys.executable, "-c", _DYING, where, str(call), *map(str, arguments)]
    done = subprocess.run(program, check=False, capture_output=True, timeout=600)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")


@pytest.mark.slow
@needs_kill
@pytest.mark.parametrize(
    ("where", "call"),
    [
        ("image_tagging.encoders.builtin.encoder:BuiltinEncoder.embed", 2),
        ("image_tagging.datasets.metadata:as_json", 5),
        ("image_tagging.exporters.dataset_files:image_row", 5),
    ],
)
def test_stage_1_killed_and_run_again_gives_what_it_would_have_given(odd_names, tmp_path, where, call):
    options = ("--clip_model=builtin", "--batch_size=3")
    run_and_die(where, call, "process", f"--input_folder={odd_names}", f"--output_folder={tmp_path / 'out'}", *options)
    assert not {"input-metadata.json", "stage1.db"} <= set(results(tmp_path / "out"))
    resumed = process(odd_names, tmp_path / "out", batch_size=3)
    assert resumed.embedding.computed < 8
    process(odd_names, tmp_path / "whole", batch_size=3)
    assert results(tmp_path / "out") == results(tmp_path / "whole")


@pytest.mark.slow
@needs_kill
@pytest.mark.parametrize(
    ("where", "call"),
    [
        ("image_tagging.encoders.builtin.encoder:BuiltinEncoder.embed", 2),
        ("image_tagging.exporters.score_tables:ScoreTableWriter.add", 3),
    ],
)
def test_stage_3_killed_and_run_again_gives_what_it_would_have_given(odd_names, tmp_path, trained, where, call):
    options = (f"--directory={odd_names}", f"--model={trained.models}", "--batch_size=3")
    run_and_die(where, call, "classify", f"--output={tmp_path / 'out'}", *options)
    assert not {"output.json", "stage3.db"} & set(results(tmp_path / "out"))
    classify(odd_names, tmp_path / "out", trained.models, batch_size=3)
    classify(odd_names, tmp_path / "whole", trained.models, batch_size=3)
    assert results(tmp_path / "out") == results(tmp_path / "whole")


# Stage 2 -----------------------------------------------------------------------------------------------------


@pytest.fixture
def drawn_tags(tmp_path, drawing):
    """``drawn_tags(sprites=10, tiles=3)`` draws a folder per tag and runs stage 1; gives the output folder."""

    def make(tags):
        for tag, (kind, numbers) in tags.items():
            for number in numbers:
                drawing(tmp_path / "in" / tag / f"{kind}-{number}.png", kind, number)
        process(tmp_path / "in", tmp_path / "out")
        return tmp_path / "out"

    return make


def test_stage_2_writes_two_models_a_card_each_and_a_report_each(trained):
    names = [f"{kind}-tag-{tag}" for kind in (LR, SVM) for tag in ("isometric", "sprites", "tiles")]
    assert sorted(path.name for path in trained.models.iterdir()) == sorted(
        f"model-{name}{suffix}" for name in names for suffix in (".pkl", ".json")
    )
    assert sorted(path.name for path in (trained.output / "reports").iterdir()) == sorted(
        ["index.html", "reports.json", *(f"model-report-{name}.txt" for name in names)]
    )
    models = load_tag_models(str(trained.models))
    assert models.encoder is not None
    assert (models.encoder.label, models.dim) == ("builtin/learned-2", 1024)


def test_anyone_may_load_a_model_with_joblib(trained):
    import joblib

    models = load_tag_models(str(trained.models))
    records = read_json(trained.metadata).values()
    embeddings = np.array([record["embeddings_vector"] for record in records], np.float32)
    scores = models.probabilities(embeddings)
    for column, model in enumerate(models.models):
        estimator = joblib.load(model.file)
        assert list(estimator.classes_) == [0, 1]
        np.testing.assert_allclose(estimator.predict_proba(embeddings)[:, 0], scores[:, column], atol=1e-6)


@pytest.mark.slow
def test_every_image_is_learned_from_or_measured_never_both(drawn_tags):
    output = drawn_tags({"sprite": ("sprites", range(20)), "tile": ("tiles", range(10))})
    for report in train(output, test_per=0.2).reports:
        share = {"sprite": 20, "tile": 10}
        assert report.training_tag + report.validation_tag == share[report.tag]
        assert report.training_other + report.validation_other == 30 - share[report.tag]
        assert (report.validation_tag, report.validation_other) == (
            round(share[report.tag] * 0.2),
            round((30 - share[report.tag]) * 0.2),
        )


@pytest.mark.slow
def test_few_images_are_marked_and_still_learned(drawn_tags):
    output = drawn_tags({"one": ("sprites", [0]), "three": ("sprites", [1, 2, 3]), "many": ("tiles", range(60))})
    marks = {report.tag: report.marks for report in train(output).reports}
    none = "none held back of fewer than 30 images: read the average precision, out of fold"
    assert (marks["one"][0], marks["three"][0]) == (none, none)
    assert not any("held back" in mark for mark in marks["many"])
    assert len(load_tag_models(str(output / "models"))) == 6


@pytest.mark.slow
def test_training_again_gives_the_same_models(drawn_tags):
    output = drawn_tags({"sprite": ("sprites", range(12)), "tile": ("tiles", range(12))})
    train(output)
    first = results(output)
    train(output)
    again = results(output)
    assert again.keys() == first.keys()
    cards = {name for name in first if name.startswith("models") and name.endswith(".json")}
    dated = {os.path.join("reports", name) for name in ("index.html", "reports.json")}
    assert {name for name in first if again[name] != first[name]} <= cards | dated
    for name in cards:
        told, retold = json.loads(first[name]), json.loads(again[name])
        assert {**told, "created": ""} == {**retold, "created": ""}
    moved = train(output, seed=1)
    assert moved.reports
    assert results(output) != first


@pytest.mark.slow
def test_other_training_is_what_every_tag_is_told_from(drawn_tags):
    output = drawn_tags(
        {
            "sprite": ("sprites", range(10)),
            "tile": ("tiles", range(10)),
            "other-training": ("isometric", range(20)),
            "other-validation": ("isometric", range(100, 107)),
        }
    )
    summary = train(output)
    assert {report.tag for report in summary.reports} == {"sprite", "tile"}
    for report in summary.reports:
        assert (report.training_tag, report.validation_tag) == (10, 0)  # of fewer than 30 none is held back
        assert (report.training_other, report.validation_other) == (20, 7)
    for report in train(output, test_per=0.1).reports:
        assert (report.training_tag, report.validation_tag) == (9, 1)
        assert (report.training_other, report.validation_other) == (18, 2 + 7)


@pytest.mark.slow
def test_other_validation_alone_is_only_ever_measured_on(drawn_tags):
    output = drawn_tags(
        {
            "sprite": ("sprites", range(10)),
            "tile": ("tiles", range(10)),
            "other-validation": ("isometric", range(30)),
        }
    )
    for report in train(output).reports:
        assert (report.training_other, report.validation_other) == (10, 30)


@pytest.mark.slow
def test_a_further_tag_of_images_that_are_there_leaves_the_models_of_the_others_as_they_are(drawn_tags):
    tags = {
        "sprite": ("sprites", range(10)),
        "tile": ("tiles", range(10)),
        "other-training": ("isometric", range(20)),
    }
    output = drawn_tags(tags)
    train(output)
    before = {path.name: path.read_bytes() for path in (output / "models").glob("*.pkl")}
    drawn_tags({"some sprites": ("sprites", range(6)), **tags})
    train(output)
    after = {path.name: path.read_bytes() for path in (output / "models").glob("*.pkl")}
    assert len(after) == len(before) + 2
    assert {name: after[name] for name in before} == before


@pytest.mark.slow
def test_tags_of_any_name_come_through_all_stages(drawn_tags, tmp_path):
    tags = ["it's", "猫", "🐈‍⬛", "100%", "-tag-", "a b"]
    output = drawn_tags({tag: ("sprites", range(4 * i, 4 * i + 4)) for i, tag in enumerate(tags)})
    train(output)
    summary = classify(tmp_path / "in", output, output / "models")
    assert {tag for _, tag in summary.models} == set(tags)
    assert {row["tag_name"] for row in table(output / "stage3.db", "stage3")[1]} == set(tags)


def test_a_share_that_is_none_is_refused(trained, tmp_path):
    for share in (-0.1, 1.0, float("nan")):
        with pytest.raises(InputError, match="test_per"):
            train(trained.output, test_per=share)


@pytest.mark.slow
def test_names_that_the_encoder_cannot_read_are_told_and_change_nothing(drawn_tags):
    output = drawn_tags({"sprite": ("sprites", range(6)), "tile": ("tiles", range(6))})
    train(output)
    models = {path.name: path.read_bytes() for path in (output / "models").glob("*.pkl")}
    (warning,) = train(output, prior="text").warnings
    assert "images alone" in warning
    assert {path.name: path.read_bytes() for path in (output / "models").glob("*.pkl")} == models
    with pytest.raises(InputError, match="pretrained"):
        train(output, pretrained="w.pt")


@pytest.mark.slow
def test_a_tag_of_everything_is_reported_and_the_others_are_learned(drawn_tags):
    output = drawn_tags({"sprite": ("sprites", range(6)), "tile": ("tiles", range(6))})
    lists = read_json(output / "input-tag-to-image-hash-list.json")
    lists["all"] = [*lists["sprite"], *lists["tile"]]
    lists["bare"] = []
    (output / "input-tag-to-image-hash-list.json").write_text(json.dumps(lists), encoding="utf-8")
    summary = train(output)
    assert {report.tag for report in summary.reports} == {"sprite", "tile"}
    reasons = dict(summary.skipped)
    assert "no image without the tag" in reasons["all"]
    assert "no image" in reasons["bare"]


def test_where_no_tag_can_be_learned_the_message_says_why(drawn_tags):
    output = drawn_tags({"alone": ("sprites", range(3))})
    with pytest.raises(TrainingError, match="alone: there is no image without the tag"):
        train(output)


@pytest.mark.slow
def test_models_of_earlier_tags_beside_the_new_ones_are_told(drawn_tags):
    output = drawn_tags({"sprite": ("sprites", range(3)), "tile": ("tiles", range(3)), "old": ("maps", range(3))})
    assert train(output).warnings == ()
    shutil.rmtree(output.parent / "in" / "old")
    process(output.parent / "in", output)
    (warning,) = train(output).warnings
    assert "old" in warning
    assert "which stages 3 and 4 will use too" in warning


@pytest.mark.slow
def test_models_of_a_tag_that_lost_its_images_are_told(drawn_tags):
    output = drawn_tags({"sprite": ("sprites", range(3)), "tile": ("tiles", range(3)), "old": ("maps", range(3))})
    train(output)
    for image in (output.parent / "in" / "old").iterdir():
        image.unlink()
    process(output.parent / "in", output)
    summary = train(output)
    assert summary.skipped == (("old", "it has no image with an embedding"),)
    (warning,) = summary.warnings
    assert "(old), which stages 3 and 4 will use too" in warning


@pytest.mark.slow
def test_models_of_another_encoder_beside_the_new_ones_are_told(drawn_tags):
    output = drawn_tags({"sprite": ("sprites", range(3)), "tile": ("tiles", range(3))})
    train(output)
    for suffix in (".pkl", ".json"):
        old = output / "models" / f"model-{LR}-tag-sprite{suffix}"
        shutil.copy(old, output / "models" / f"model-{LR}-tag-old{suffix}")
    card = read_json(output / "models" / f"model-{LR}-tag-old.json")
    card["encoder"]["pretrained"] = "classical-0"
    (output / "models" / f"model-{LR}-tag-old.json").write_text(json.dumps(card), encoding="utf-8")
    (warning,) = train(output).warnings
    assert "different encoders" in warning


# Stages 3 and 4 ----------------------------------------------------------------------------------------------


@pytest.fixture
def shots(tmp_path, drawing):
    """Further images of every tag, and one of them twice."""
    for kind in ("isometric", "sprites", "tiles"):
        for number in (100, 101):
            drawing(tmp_path / "shots" / f"{kind}-{number}.png", kind, number)
    shutil.copy(tmp_path / "shots" / "tiles-100.png", tmp_path / "shots" / "tiles-100 again.png")
    return tmp_path / "shots"


def test_stage_3_writes_the_documented_files(shots, tmp_path, trained):
    summary = classify(shots, tmp_path / "out", trained.models)
    assert len(summary.models) == 6
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "image-tagging.store",
        "output.json",
        LR,
        SVM,
        "stage3.db",
    ]
    output = read_json(tmp_path / "out" / "output.json")
    assert len(output) == 6
    columns, rows = table(tmp_path / "out" / "stage3.db", "stage3")
    assert columns == ["file_name", "file_path", "type", "hash_id", "model_type", "tag_name", "tag_prob", "tagged"]
    assert len(rows) == 7 * 6
    keys = ["model_type", "tag_name", "tag_prob", "tagged"]
    for hash_id, entry in output.items():
        assert list(entry)[:2] == ["hash_id", "file_path"]
        assert entry["hash_id"] == hash_id
        assert [list(score) for score in entry["classifiers_output"]] == [keys] * 6
        for score in entry["classifiers_output"]:
            of_score = [row for row in rows if row["hash_id"] == hash_id and score.items() <= row.items()]
            assert sorted(row["file_path"] for row in of_score) == sorted(entry["file_paths"])
    assert {row["type"] for row in rows} == {".png"}


def test_an_image_is_tagged_from_the_threshold_of_the_card_up(shots, tmp_path, trained):
    shutil.copytree(trained.models, tmp_path / "models")
    by_default = classify(shots, tmp_path / "out", tmp_path / "models")
    assert 0 < by_default.tagged <= 7
    before = placed(tmp_path / "out")
    thresholds = {}
    for number, card in enumerate(sorted((tmp_path / "models").glob("*.json"))):
        content = read_json(card)
        thresholds[content["kind"], content["tag"]] = (0.0, 0.1, 1.0)[number % 3]
        card.write_text(json.dumps({**content, "threshold": (0.0, 0.1, 1.0)[number % 3]}), encoding="utf-8")
    assert list(load_tag_models(tmp_path / "models").thresholds) == [thresholds[name] for name in sorted(thresholds)]
    assert classify(shots, tmp_path / "out", tmp_path / "models").tagged == 7
    for row in table(tmp_path / "out" / "stage3.db", "stage3")[1]:
        assert row["tagged"] == int(row["tag_prob"] >= thresholds[row["model_type"], row["tag_name"]])
    assert {row["tagged"] for row in table(tmp_path / "out" / "stage3.db", "stage3")[1]} == {0, 1}
    assert placed(tmp_path / "out") == before  # bins hold the probability


def test_results_of_an_earlier_version_are_replaced(shots, tmp_path, trained):
    """A table without ``tagged``, beside the store of a run that went before: nothing of it is in the way."""
    classify(shots, tmp_path / "out", trained.models)
    first = results(tmp_path / "out")
    (tmp_path / "out" / "stage3.db").unlink()
    with closing(sqlite3.connect(tmp_path / "out" / "stage3.db")) as connection:
        connection.execute("CREATE TABLE stage3(file_name)")
    (tmp_path / "out" / "output.json").write_text("{}", encoding="utf-8")
    summary = classify(shots, tmp_path / "out", trained.models)
    assert summary.embedding.computed == 0
    assert summary.written.earlier_layout == "stage3.db"
    assert results(tmp_path / "out") == first
    assert classify(shots, tmp_path / "out", trained.models).written.earlier_layout == ""


@pytest.mark.parametrize("bins", [1, 3, 10])
def test_every_image_is_in_one_bin_of_every_model(shots, tmp_path, trained, bins):
    summary = classify(shots, tmp_path / "out", trained.models, output_bins=bins)
    scores = {
        (row["model_type"], row["tag_name"], row["file_name"]): row["tag_prob"]
        for row in table(tmp_path / "out" / "stage3.db", "stage3")[1]
    }
    found = placed(tmp_path / "out")
    assert len(found) == 7 * len(summary.models)
    for kind, tag, folder, name in found:
        upper = float(folder)
        assert upper - 1 / bins - 1e-4 <= scores[kind, tag, name] <= upper + 1e-4


def test_the_right_tag_scores_highest(shots, tmp_path, trained):
    classify(shots, tmp_path / "out", trained.models)
    best = {}
    for row in table(tmp_path / "out" / "stage3.db", "stage3")[1]:
        if row["model_type"] == LR:
            best.setdefault(row["file_name"], []).append((row["tag_prob"], row["tag_name"]))
    assert {name: max(scores)[1] for name, scores in best.items()} == {name: name.split("-")[0] for name in best}


def test_stage_3_again_adds_no_second_copy_and_no_other_byte(shots, tmp_path, trained):
    classify(shots, tmp_path / "out", trained.models)
    first = results(tmp_path / "out")
    again = classify(shots, tmp_path / "out", trained.models)
    assert again.embedding.computed == 0
    assert results(tmp_path / "out") == first


def test_the_metadata_saves_the_encoder_its_work(trained, tmp_path):
    known = classify(trained.images, tmp_path / "a", trained.models, metadata_json=str(trained.metadata))
    assert known.embedding.computed == 0
    assert classify(trained.images, tmp_path / "b", trained.models).embedding.computed == 24
    assert results(tmp_path / "a") == results(tmp_path / "b")


def test_images_that_the_metadata_lacks_are_computed(trained, shots, tmp_path, drawing):
    shutil.copy(trained.images / "tiles" / "tiles-0.png", shots / "known.png")
    summary = classify(shots, tmp_path / "out", trained.models, metadata_json=str(trained.metadata))
    assert (summary.embedding.images, summary.embedding.computed) == (8, 6)


def test_one_image_and_one_model(shots, tmp_path, trained):
    model = trained.models / f"model-{SVM}-tag-tiles.pkl"
    summary = classify(shots / "tiles-101.png", tmp_path / "out", model)
    assert summary.models == ((SVM, "tiles"),)
    ((kind, tag, _, name),) = placed(tmp_path / "out")
    assert (kind, tag, name) == (SVM, "tiles", "tiles-101.png")
    (entry,) = read_json(tmp_path / "out" / "output.json").values()
    assert entry["file_path"] == str(shots / "tiles-101.png")
    assert len(entry["classifiers_output"]) == 1


def test_stage_3_leaves_zips_out_and_stage_4_images(shots, tmp_path, trained):
    write_zip(shots / "a.zip", {"in.png": png("tiles", 200)})
    plain = classify(shots, tmp_path / "three", trained.models)
    assert (plain.embedding.images, plain.left_out, plain.embedding.archives) == (7, 1, ())
    inside = classify(shots, tmp_path / "four", trained.models, archives=True)
    assert (inside.embedding.images, inside.left_out) == (1, 7)
    assert not (tmp_path / "four" / "stage3.db").exists()


def test_stage_4_writes_the_documented_table(tmp_path, trained):
    deepest = zipped({"d.png": png("sprites", 202)})
    inner = zipped({"c.png": png("sprites", 201), "deepest.zip": deepest})
    source = write_zip(
        tmp_path / "user" / "outer.zip",
        {"a/same.png": png("tiles", 200), "b/same.png": png("isometric", 200), "inner.zip": inner},
    )
    before = snapshot(tmp_path / "user")
    summary = classify(tmp_path / "user", tmp_path / "out", trained.models, archives=True)
    assert snapshot(tmp_path / "user") == before
    assert summary.embedding.images == 4
    columns, rows = table(tmp_path / "out" / "stage4.db", "stage4")
    assert columns == [
        *("file_name", "file_path", "archive_path", "type", "n_img_content"),
        *("hash_id", "model_type", "tag_name", "tag_prob", "tagged"),
    ]
    archives = {
        row["file_name"]: (row["file_path"], row["archive_path"], row["n_img_content"])
        for row in rows
        if row["type"] == ".zip"
    }
    assert archives == {
        "outer.zip": (str(source), None, 2),
        "inner.zip": (f"{source}/inner.zip", str(source), 1),
        "deepest.zip": (f"{source}/inner.zip/deepest.zip", f"{source}/inner.zip", 1),
    }
    images = [row for row in rows if row["type"] == ".png"]
    assert len(images) == 4 * 6
    assert {row["n_img_content"] for row in images} == {None}
    assert {row["tagged"] for row in rows if row["type"] == ".zip"} == {None}
    assert {(row["file_path"], row["archive_path"]) for row in images} == {
        (f"{source}/a/same.png", str(source)),
        (f"{source}/b/same.png", str(source)),
        (f"{source}/inner.zip/c.png", f"{source}/inner.zip"),
        (f"{source}/inner.zip/deepest.zip/d.png", f"{source}/inner.zip/deepest.zip"),
    }
    names = [name for *_, name in placed(tmp_path / "out", SVM, "tiles")]
    assert sorted(names) == ["c.png", "d.png", "same (2).png", "same.png"]
    first = results(tmp_path / "out")
    classify(tmp_path / "user", tmp_path / "out", trained.models, archives=True)
    assert results(tmp_path / "out") == first


def palette_swap(path, colours):
    image = Image.new("P", (8, 8))
    image.putdata([index % 3 for index in range(64)])
    image.putpalette([value for colour in colours for value in colour])
    image.save(path)


@pytest.mark.slow
def test_palette_swapped_sprites_keep_apart_through_stage_3(tmp_path, trained):
    (tmp_path / "in" / "red").mkdir(parents=True)
    (tmp_path / "in" / "green").mkdir()
    palette_swap(tmp_path / "in" / "green" / "knight.png", [(0, 0, 0), (0, 200, 0), (90, 255, 90)])
    palette_swap(tmp_path / "in" / "red" / "knight.png", [(0, 0, 0), (200, 0, 0), (255, 90, 90)])
    stage1 = process(tmp_path / "in", tmp_path / "out")
    assert (stage1.embedding.pictures, stage1.embedding.computed) == (2, 2)
    ((later, earlier),) = stage1.embedding.shared_hashes
    assert [os.path.basename(os.path.dirname(ref.file)) for ref in (later, earlier)] == ["red", "green"]
    metadata = read_json(tmp_path / "out" / "input-metadata.json")
    tags = {record["image_tags"][0]: record for record in metadata.values()}
    assert tags["red"]["embeddings_vector"] != tags["green"]["embeddings_vector"]
    for settings in ({}, {"metadata_json": str(tmp_path / "out" / "input-metadata.json")}):
        output = tmp_path / f"sorted-{len(settings)}"
        summary = classify(tmp_path / "in", output, trained.models, **settings)
        assert summary.embedding.pictures == 2
        rows = table(output / "stage3.db", "stage3")[1]
        scores = {row["file_path"]: row["tag_prob"] for row in rows if row["tag_name"] == "tiles"}
        assert len(set(scores.values())) == 2
        assert {row["hash_id"] for row in rows} == set(metadata)
        assert sorted(name for *_, name in placed(output, SVM, "tiles")) == ["knight (2).png", "knight.png"]


def test_a_number_of_bins_that_is_none_is_refused(shots, tmp_path, trained):
    for bins in (0, -1, 1001):
        with pytest.raises(InputError, match="output_bins"):
            classify(shots, tmp_path / "out", trained.models, output_bins=bins)


def test_bins_filled_by_other_models_are_told(tmp_path, trained):
    one = trained.models / "model-ovr-svm-tag-tiles.pkl"
    assert not classify(trained.images, tmp_path, trained.models).mixed_bins
    assert classify(trained.images, tmp_path, one).mixed_bins


def test_images_move_into_the_bins_of_another_number(tmp_path, trained):
    one = trained.models / "model-ovr-svm-tag-tiles.pkl"
    again = [classify(trained.images, tmp_path, one, output_bins=bins) for bins in (10, 10, 7, 7)]
    assert [bool(summary.moved) for summary in again] == [False, False, True, False]
    assert not any(summary.mixed_bins or summary.stayed for summary in again)
    assert {label for *_, label, _ in placed(tmp_path)} <= {
        "0.1429",
        "0.2857",
        "0.4286",
        "0.5714",
        "0.7143",
        "0.8571",
        "1.0",
    }
    assert len(placed(tmp_path)) == 24


def test_a_run_in_which_nothing_has_changed_writes_nothing(tmp_path, drawing):
    for number in range(3):
        drawing(tmp_path / "images" / "tiles" / f"{number}.png", "tiles", number)
    first = process(tmp_path / "images", tmp_path / "output")
    written = {path: Path(path).stat().st_mtime_ns for path in first.files}
    assert process(tmp_path / "images", tmp_path / "output").embedding.unchanged
    assert {path: Path(path).stat().st_mtime_ns for path in first.files} == written


def test_a_result_that_was_changed_or_removed_is_written_anew(tmp_path, drawing):
    drawing(tmp_path / "images" / "tiles" / "1.png", "tiles", 1)
    files = [Path(path) for path in process(tmp_path / "images", tmp_path / "output").files]
    whole = [path.read_bytes() for path in files]
    files[0].write_text("{}")
    files[2].unlink()
    process(tmp_path / "images", tmp_path / "output")
    assert [path.read_bytes() for path in files] == whole


def test_failures_are_tried_again_on_request(tmp_path, monkeypatch):
    (tmp_path / "images" / "tiles").mkdir(parents=True)
    broken, good = tmp_path / "images" / "tiles" / "broken.png", tmp_path / "images" / "tiles" / "good.png"
    good.write_bytes(png("tiles", 1))
    broken.write_bytes(b"no picture")
    tried = []
    real = Decoders.decoded
    monkeypatch.setattr(Decoders, "decoded", lambda self, ref, data: tried.append(ref.name) or real(self, ref, data))
    process(tmp_path / "images", tmp_path / "output")
    assert sorted(tried) == ["broken.png", "good.png"]
    process(tmp_path / "images", tmp_path / "output")
    assert len(tried) == 2
    process(tmp_path / "images", tmp_path / "output", retry_failures=True)
    assert tried[2:] == ["broken.png"]


@pytest.mark.slow
@pytest.mark.parametrize("metadata_format", ["parquet", "both"])
def test_parquet_metadata_goes_through_all_stages(tmp_path, trained, metadata_format):
    pytest.importorskip("pyarrow", reason="the parquet extra is not installed")
    output = tmp_path / "output"
    summary = process(trained.images, output, metadata_format=metadata_format)
    parquet = output / "input-metadata.parquet"
    assert str(parquet) in summary.files
    assert (output / "input-metadata.json").exists() == (metadata_format == "both")
    train_tag_models(
        TrainConfig(metadata_json=str(parquet), tag_to_hash_json=str(trained.tag_lists), output=str(output))
    )
    told = classify_images(
        ClassifyConfig(
            directory=str(trained.images),
            metadata_json=str(parquet),
            model=str(output / "models"),
            output=str(tmp_path / "o"),
        )
    )
    assert told.embedding.computed == 0
