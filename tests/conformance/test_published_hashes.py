"""The published images give the published hashes and facts, from a folder and from archives in archives."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from image_tagging.images.decode import decode
from image_tagging.records import Failure, FoundArchive, FoundImage
from image_tagging.sources.find import find_images
from image_tagging.sources.read import SourceReader

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def records(published: Path):
    with open(published / "input-metadata.json", encoding="utf-8") as file:
        return json.load(file)


def facts_below(root: Path):
    """What finding and decoding tell of every image."""
    reader = SourceReader()
    found = list(find_images(str(root)))
    assert not [item for item in found if isinstance(item, Failure)]
    facts = [decode(item.ref, reader.read(item.ref)).facts for item in found if isinstance(item, FoundImage)]
    reader.close()
    return facts


def test_the_24_images_have_the_24_published_hashes(published: Path, records):
    facts = facts_below(published / "images")
    assert len(facts) == len(records) == 24
    assert {each.hash_id for each in facts} == set(records)


def test_types_sizes_and_tags_agree(published: Path, records):
    for facts in facts_below(published / "images"):
        record = records[facts.hash_id]
        assert facts.format == record["file_type"]
        assert facts.size_bytes == record["image_size_bytes"]
        assert [facts.width, facts.height] == record["image_resolution"]
        assert (facts.width, facts.height) == (record["image_xsize"], record["image_ysize"])
        assert os.path.basename(os.path.dirname(facts.ref.file)) in record["image_tags"]


def test_the_archive_in_the_archive_is_named_in_the_paths(published: Path, records):
    archive = published / "subset3.zip"
    facts = facts_below(archive)
    assert len(facts) == 20
    assert {each.hash_id for each in facts} <= set(records)
    inner = [each.ref.path for each in facts if "subset3_subzip1.zip" in each.ref.path]
    assert len(inner) == 4
    assert all(path.startswith(f"{archive}/subset3/subset3_subzip1.zip/") for path in inner)
    counts = [item.images for item in find_images(str(archive)) if isinstance(item, FoundArchive)]
    assert counts == [4, 16]
