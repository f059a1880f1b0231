"""Four weeks of someone who builds a data set: the stages, files for programs, another disk, another encoder."""

from __future__ import annotations

import csv
import json

import pytest

from image_tagging import load_tag_models

from .people import Person

pytestmark = pytest.mark.slow

TRAIN = (
    "train",
    "--metadata_json=out/input-metadata.json",
    "--tag_to_hash_json=out/input-tag-to-image-hash-list.json",
)


def process(person, folder, *flags):
    return person.runs("process", f"--input_folder={folder}", "--output_folder=out", *flags)


def classify(person, folder, *flags):
    return person.runs(
        "classify", f"--directory={folder}", "--model=out/models", "--output=out", "--place=none", *flags
    )


def test_the_four_weeks_of_a_dataset_builder(tmp_path):
    builder = Person(tmp_path, "out")
    builder.draws("part-1/sprites", "sprites", range(10))
    builder.draws("part-1/tiles", "tiles", range(10))
    builder.draws("raw/a", "sprites", range(100, 110))

    # Week 1: the stages; models lie next to the metadata.
    process(builder, "part-1", "--clip_model=builtin")
    builder.runs(*TRAIN)
    assert builder.models() == {"sprites", "tiles"}
    said = classify(builder, "raw/a")
    assert len(builder.scores()) == 10
    assert "input" not in next(iter(builder.scores().values()))

    # Week 2: a second delivery adds to the data set, by the encoder that the folder has; classify says what is old.
    builder.draws("part-2/sprites", "sprites", range(10, 15))
    builder.draws("part-2/charts", "charts", range(10))
    process(builder, "part-2")
    assert builder.tags() == {"charts": 10, "sprites": 15, "tiles": 10}
    assert {record["input"] for record in builder.metadata().values()} == {
        str(tmp_path / part) for part in ("part-1", "part-2")
    }
    said = classify(builder, "raw/a")
    assert "processed again since" in said
    builder.runs(*TRAIN)
    builder.draws("raw/b", "charts", range(100, 104))
    said = classify(builder, "raw/b", "--results_format=csv")
    assert "processed again since" not in said
    assert (len(builder.scores()), sum(builder.rows("stage3").values())) == (14, 14 * 6)
    with open(builder.output / "output.csv", encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 14

    # Week 3: images that were removed go with the next run on their input; a threshold set by hand stays.
    builder.moves("raw/a/sprites-100.png", "bin/sprites-100.png")
    classify(builder, "raw/a")
    assert len(builder.scores()) == 13
    builder.runs("threshold", "sprites", "0.8", "--output=out")
    builder.runs(*TRAIN)
    assert load_tag_models(str(builder.output / "models"))["sprites"].threshold == 0.8

    # Week 4: the data set moves to another disk. Nothing is computed again, every path is the new one.
    builder.moves("part-1", "disk/part-1")
    builder.moves("raw/a", "disk/raw-a")
    builder.runs("inputs", "out", "--moved", "part-1", "disk/part-1")
    builder.runs("inputs", "out", "--moved", "raw/a", "disk/raw-a")
    assert all((tmp_path / record["file_path"]).exists() for record in builder.metadata().values())
    assert all(path.startswith(str(tmp_path / "disk/raw-a")) or "/raw/b/" in path for path in paths(builder))
    assert "0 embeddings computed" in process(builder, "disk/part-1")

    # One delivery is taken back.
    builder.runs("inputs", "out", "--forget", "part-2")
    assert builder.tags() == {"sprites": 10, "tiles": 10}
    listed = json.loads(builder.runs("inputs", "out", "--json"))
    assert str(tmp_path / "part-2") not in json.dumps(listed)


def paths(person):
    return [path for entry in person.scores().values() for path in entry["file_paths"]]
