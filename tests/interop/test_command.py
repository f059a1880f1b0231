"""What the command exports of a real run is read by the libraries: every picture, with its tags."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from image_tagging import ClassifyConfig, classify_images
from image_tagging.cli import main

Read = Callable[..., Any]


@pytest.fixture
def scored(tmp_path: Path, drawing: Callable[..., Any], output: Path) -> Path:
    for number in range(3):
        drawing(tmp_path / "photos" / "test" / f"tiles.v{number}.png", "tiles", 50 + number)
    photos = str(tmp_path / "photos")
    classify_images(ClassifyConfig(directory=photos, output=str(output), model=str(output / "models"), place="none"))
    return output


@pytest.fixture
def wanted(scored: Path) -> dict[str, list[str]]:
    """The tags of each picture, by its hash."""
    assert (
        main(["export", "imagefolder", "--place", "none", "--output", str(scored), "--to", str(scored / "said")]) == 0
    )
    rows = map(json.loads, (scored / "said" / "metadata.jsonl").read_bytes().splitlines())
    said = {row["hash_id"]: row["tags"] for row in rows}
    assert any(said.values())
    return said


def _exported(scored: Path, name: str) -> Path:
    assert main(["export", name, "--output", str(scored)]) == 0
    return scored / "export" / name


def test_datasets_reads_every_picture(scored: Path, wanted: dict[str, list[str]], read_with: Read) -> None:
    rows = read_with("datasets", _exported(scored, "imagefolder"))["card"]["rows"]
    assert {row["hash_id"]: row["tags"] for row in rows} == wanted


def test_webdataset_reads_every_picture(scored: Path, wanted: dict[str, list[str]], read_with: Read) -> None:
    samples = read_with("webdataset", *sorted(_exported(scored, "webdataset").iterdir()))
    assert {sample["hash_id"]: sample["tags"] for sample in samples} == wanted


def test_pycocotools_reads_every_picture(scored: Path, wanted: dict[str, list[str]], read_with: Read) -> None:
    images = read_with("pycocotools", _exported(scored, "coco") / "annotations.json")["images"]
    assert {image["hash_id"]: [tag for tag, *_ in image["tags"]] for image in images} == wanted
    assert all(image["exists"] for image in images)


def test_label_studio_takes_every_picture(scored: Path, wanted: dict[str, list[str]], read_with: Read) -> None:
    read = read_with("label-studio-sdk", _exported(scored, "label-studio"))
    assert read["errors"] == []
    assert {task["data"]["hash_id"]: task["data"]["tags"] for task in read["tasks"]} == wanted


def test_fiftyone_reads_every_picture(scored: Path, wanted: dict[str, list[str]], read_with: Read) -> None:
    samples = read_with("fiftyone", _exported(scored, "fiftyone"))["samples"]
    labels = {Path(sample["path"]).stem: [label for label, *_ in sample["labels"]] for sample in samples}
    assert labels == {hash_id[:32]: tags for hash_id, tags in wanted.items()}
