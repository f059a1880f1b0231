"""Data sets are read by the libraries that they are for: tags, odd names and scores come back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exported import Pictures, PlainFolder, odd_pictures
from image_tagging.interchange import ExportOptions
from image_tagging.interchange.coco import CocoFormat
from image_tagging.interchange.data_set_images import stem_of
from image_tagging.interchange.fifty_one import FiftyOneFormat
from image_tagging.interchange.image_folder import ImageFolderFormat, folder_names
from image_tagging.interchange.label_studio import LabelStudioFormat
from image_tagging.interchange.web_dataset import WebDatasetFormat

Read = Callable[..., Any]


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    return odd_pictures(tmp_path / "photos")


@pytest.fixture
def folder(tmp_path: Path, pictures: Pictures) -> PlainFolder:
    return PlainFolder(tmp_path / "out", tmp_path / "photos")


def _tags(pictures: Pictures) -> dict[str, list[list[object]]]:
    return {one.hash_id: [[tag.tag, tag.probability, tag.said_by] for tag in one.tags] for one in pictures}


def _records(rows: list[dict[str, Any]]) -> dict[str, list[list[object]]]:
    return {row["hash_id"]: list(map(list, zip(row["tags"], row["probabilities"], row["said_by"]))) for row in rows}


@pytest.mark.parametrize("place", ["copy", "hardlink", "symlink"])
def test_datasets_reads_metadata_of_every_image(
    place: str, read_with: Read, pictures: Pictures, folder: PlainFolder
) -> None:
    ImageFolderFormat(ExportOptions(place=place)).write(pictures, folder)
    read = read_with("datasets", folder.root)
    for how in ("card", "imagefolder"):
        assert read[how]["splits"] == ["train"]
        assert _records(read[how]["rows"]) == _tags(pictures)
        assert all(row["image"] == [12, 8] for row in read[how]["rows"])
    names = {row["hash_id"]: row["files"] for row in read["card"]["rows"]}
    assert names == {one.hash_id: [folder.name_of(ref) for ref in one.files] for one in pictures}


def test_datasets_reads_a_folder_for_each_tag(read_with: Read, pictures: Pictures, folder: PlainFolder) -> None:
    ImageFolderFormat(ExportOptions(by_tag=True)).write(pictures, folder)
    read = read_with("datasets", folder.root)
    wanted = {tag: sum(tag in {each.tag for each in one.tags} for one in pictures) for tag in pictures.tags}
    tags = json.loads((folder.root / "tags.json").read_text())
    for how in ("card", "imagefolder"):
        labels = [tags[name] for name in read[how]["labels"]]
        counts = dict.fromkeys(wanted, 0)
        for row in read[how]["rows"]:
            counts[labels[row["label"]]] += 1
        assert counts == wanted
        assert sorted(read[how]["labels"]) == sorted(folder_names(pictures.tags).values())


def test_datasets_knows_the_types_where_few_images_have_tags(
    read_with: Read, pictures: Pictures, folder: PlainFolder
) -> None:
    (*_, last) = (one for one in pictures if one.tags)
    untagged = [replace(last, hash_id=f"{number:032x}", tags=()) for number in range(60_000)]  # more than a chunk
    ImageFolderFormat(ExportOptions(place="none")).write(Pictures([*untagged, last]), folder)
    tags = read_with("datasets", folder.root, reader="datasets-tags")
    assert (len(tags), max(tags)) == (60_001, [tag.tag for tag in last.tags])


def test_webdataset_reads_samples_of_all_shards(read_with: Read, pictures: Pictures, folder: PlainFolder) -> None:
    WebDatasetFormat(ExportOptions(shard_size=4)).write(pictures, folder)
    shards = sorted(folder.root.iterdir())
    assert [shard.name for shard in shards] == ["shard-000000.tar", "shard-000001.tar", "shard-000002.tar"]
    samples = read_with("webdataset", *shards)
    assert _records(samples) == _tags(pictures)
    assert [sample["key"] for sample in samples] == [stem_of(one) for one in pictures]
    assert all(sample["size"] == [12, 8] for sample in samples)


def test_pycocotools_reads_image_level_annotations(read_with: Read, pictures: Pictures, folder: PlainFolder) -> None:
    CocoFormat(ExportOptions()).write(pictures, folder)
    read = read_with("pycocotools", folder.root / "annotations.json")
    assert {image["hash_id"]: image["tags"] for image in read["images"]} == _tags(pictures)
    assert all(image["exists"] for image in read["images"])
    assert sorted(read["by_tag"]) == list(pictures.tags)
    assert all(read["by_tag"].values())


def test_label_studio_takes_every_task(read_with: Read, pictures: Pictures, folder: PlainFolder) -> None:
    LabelStudioFormat(ExportOptions()).write(pictures, folder)
    read = read_with("label-studio-sdk", folder.root)
    assert read["errors"] == []
    assert sorted(read["choices"]) == list(pictures.tags)
    assert _records([task["data"] for task in read["tasks"]]) == _tags(pictures)
    for task, picture in zip(read["tasks"], pictures):
        chosen = [one["result"][0]["value"]["choices"] for one in task["predictions"]]
        assert chosen == ([[tag.tag for tag in picture.tags]] if picture.tags else [])
        name = task["data"]["image"].partition("?d=")[2]
        assert os.path.exists(folder.root / name)


def test_fiftyone_reads_several_labels_an_image(read_with: Read, pictures: Pictures, folder: PlainFolder) -> None:
    FiftyOneFormat(ExportOptions()).write(pictures, folder)
    read = read_with("fiftyone", folder.root)
    labels = {Path(sample["path"]).stem: sample["labels"] for sample in read["samples"]}
    assert labels == {hash_id[:32]: tags for hash_id, tags in _tags(pictures).items()}
    assert read["classes"] == list(pictures.tags)
    assert all((sample["width"], sample["height"]) == (12, 8) for sample in read["samples"])


def test_fiftyone_reads_images_that_stay_where_they_are(
    read_with: Read, pictures: Pictures, folder: PlainFolder
) -> None:
    backslash = [one for one in pictures if "\\" in one.files[0].file]  # FiftyOne takes it for the end of a folder
    pictures = Pictures([one for one in pictures if one not in backslash])
    FiftyOneFormat(ExportOptions(place="none")).write(pictures, folder)
    read = read_with("fiftyone", folder.root, "data.json")
    assert sorted(sample["path"] for sample in read["samples"]) == sorted(one.files[0].file for one in pictures)
    assert {Path(sample["path"]).name: len(sample["labels"]) for sample in read["samples"]}["untagged.png"] == 0
