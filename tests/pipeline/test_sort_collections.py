"""The whole job on further examples and mountains adds to what the output folder has."""

from __future__ import annotations

import json
import zipfile

import pytest

from image_tagging import SortConfig, list_inputs, sort_images
from image_tagging.cli import sort_summaries
from image_tagging.errors import OutputError
from image_tagging.exporters import read_results
from image_tagging.pipeline import sort_training
from image_tagging.store import STORE_NAME

KINDS = ("sprites", "tiles", "isometric")


@pytest.fixture
def inputs(tmp_path, drawing):
    """Two sets of examples, a mountain of loose images and one of an archive alone."""
    for number in range(9):
        for kind in KINDS[:2]:
            drawing(tmp_path / "examples" / kind / f"{number}.png", kind, number)
        drawing(tmp_path / "more" / KINDS[2] / f"{number}.png", KINDS[2], number)
        drawing(tmp_path / "mountain" / f"{number}.png", KINDS[number % 3], 100 + number)
    (tmp_path / "packed").mkdir()
    with zipfile.ZipFile(tmp_path / "packed" / "a.zip", "w") as archive:
        for number in range(5):
            archive.write(
                drawing(tmp_path / "drawn" / f"{number}.png", KINDS[number % 3], 200 + number), f"{number}.png"
            )
    return tmp_path


@pytest.fixture
def sort(inputs, monkeypatch):
    monkeypatch.setattr(sort_training, "LEAST_BACKGROUND", 5)

    def run(examples, mountain, **settings):
        settings = {"clip_model": "builtin", "output": str(inputs / "out"), **settings}
        return sort_images(SortConfig(examples=str(inputs / examples), mountain=str(inputs / mountain), **settings))

    return run


@pytest.mark.slow
def test_further_examples_and_a_further_mountain_add_to_the_first(sort, inputs, capsys):
    sort("examples", "mountain")
    summary = sort("more", "packed")
    assert list(summary.process.tags) == sorted(KINDS)
    assert (summary.process.embedding.images, summary.process.embedding.new) == (27, 9)
    assert (summary.mountain.images, summary.mountain.new, summary.mountain.computed) == (14, 5, 5)
    assert (summary.folder.embedding.images, summary.archive.embedding.images) == (9, 5)
    pictures = list(read_results(inputs / "out" / "output.json"))
    assert len(pictures) == 14
    assert all({score.tag for score in picture.scores} == set(KINDS) for picture in pictures)
    background = next((inputs / "out").glob("background-metadata.*"))
    assert background.stat().st_size > 0
    assert summary.background == 14
    assert [(each.role, each.images) for each in list_inputs(inputs / "out")] == [
        ("tagged", 18),
        ("tagged", 9),
        ("classify", 9),
        ("classify-zip", 5),
        ("mountain", 9),
        ("mountain", 5),
    ]
    sort_summaries.show_sort(summary)
    said = capsys.readouterr().out
    assert "Examples: 27 pictures of 2 inputs (9 images new)." in said
    assert "14 pictures of 2 inputs (5 images new), 1 archive" in said
    before = (inputs / "out" / "output.json").read_bytes()
    again = sort("examples", "mountain")
    assert (again.train, again.mountain.computed, again.mountain.new) == (None, 0, 0)
    assert (inputs / "out" / "output.json").read_bytes() == before


@pytest.mark.slow
def test_a_fresh_run_has_its_own_inputs_alone(sort, inputs):
    sort("examples", "mountain")
    sort("examples", "packed", fresh=True)
    assert [(each.role, each.images) for each in list_inputs(inputs / "out")] == [
        ("tagged", 18),
        ("classify-zip", 5),
        ("mountain", 5),
    ]
    entries = json.loads((inputs / "out" / "output.json").read_text(encoding="utf-8"))
    assert len(entries) == 5
    assert not any("input" in entry for entry in entries.values())
    assert not (inputs / "out" / "stage3.db").exists()
    bins = [path for path in (inputs / "out").rglob("*.png") if "packed" not in str(path)]
    assert len({path.name for path in bins}) <= 5


@pytest.mark.slow
def test_results_of_an_unknown_mountain_are_refused_before_any_work(sort, inputs):
    sort("examples", "mountain")
    (inputs / "out" / STORE_NAME).unlink()
    with pytest.raises(OutputError, match="holds results of another input"):
        sort("examples", "drawn")
