"""Where the images of a metadata file lie, without reading it again."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.datasets import NotedImages
from image_tagging.records import ImportedEmbedding

VECTOR = np.ones(3, dtype=np.float32)


def image(number):
    address = ImageRef("a.zip", (f"{number}\udcff.png",)) if number % 2 else None
    return ImportedEmbedding(f"hash {number}", f"/photos/\udcff{number}.png", VECTOR, address)


def noted(count):
    notes = NotedImages()
    assert [each.hash_id for each in notes.of(map(image, range(count)))] == [f"hash {n}" for n in range(count)]
    return notes


@pytest.mark.parametrize("count", [3, 512, 1300])
def test_an_image_is_found_by_its_row_with_path_and_address(count):
    rows = sorted({0, 1, count // 2, count - 1})
    found = noted(count).find(reversed(rows))
    assert list(found) == rows
    for row, one in found.items():
        assert (one.hash_id, one.file_path, one.address) == (f"hash {row}", image(row).file_path, image(row).address)


@pytest.mark.parametrize("count", [0, 3, 512])
def test_rows_that_are_not_there_are_left_out(count):
    assert dict(noted(count).find([count, 5000])) == {}


def test_notes_are_packed():
    notes = NotedImages()
    records = (ImportedEmbedding(f"{n:0128x}", f"/data/images/many/{n}.png", VECTOR) for n in range(20_000))
    assert sum(1 for _ in notes.of(records)) == 20_000
    assert sum(map(len, notes._packed)) < 20_000 * 100
