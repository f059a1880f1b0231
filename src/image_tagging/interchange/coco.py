"""``annotations.json`` in the form of COCO: a category is a tag, an annotation says that an image has it.

COCO is for objects in images, and has no form for images as a whole. An annotation here has a box that is the whole
image, as readers of the form ask for one, and ``score``, as in COCO's form of results.

Source: https://cocodataset.org/#format-data and https://cocodataset.org/#format-results
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from .base import ExportedPicture, ExportedPictures, ExportFolder, ExportOptions
from .data_set_images import DataSetImages
from .json_text import ascii_json, write_items


class CocoFormat:
    """``annotations.json``, and the images that it names in ``images/``; identifiers count from 1."""

    def __init__(self, options: ExportOptions) -> None:
        self._place = options.place

    def write(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        """Write all pictures below the folder; raise OutputError."""
        images = DataSetImages(folder, self._place, "images")
        unreadable: set[str] = set()
        categories = {tag: number for number, tag in enumerate(pictures.tags, start=1)}
        with folder.new_file("annotations.json") as file:
            file.write(b'{"info": {"description": "image-tagging export"}, "licenses": [],\n"categories": [')
            write_items(file, (_category(number, tag) for tag, number in categories.items()))
            file.write(b'],\n"images": [')
            write_items(file, _images(pictures, folder, images, unreadable))
            file.write(b'],\n"annotations": [')
            write_items(file, _annotations(pictures, categories, unreadable))
            file.write(b"]}\n")


def _category(number: int, tag: str) -> bytes:
    return ascii_json({"id": number, "name": tag, "supercategory": ""})


def _images(
    pictures: ExportedPictures, folder: ExportFolder, images: DataSetImages, unreadable: set[str]
) -> Iterator[bytes]:
    """Place each image; note those that cannot be read. Names are below ``images/``, or below the input."""
    number = 0
    for picture in pictures:
        name = images.add(picture)
        if name is None:
            unreadable.add(picture.hash_id)
            continue
        number += 1
        entry = {"id": number, "file_name": name.removeprefix("images/") if images.are_placed else name}
        entry |= {"width": picture.width, "height": picture.height, "hash_id": picture.hash_id}
        yield ascii_json({**entry, "files": [folder.name_of(ref) for ref in picture.files]})


def _annotations(pictures: ExportedPictures, categories: dict[str, int], unreadable: set[str]) -> Iterator[bytes]:
    numbers = count(1)
    readable = (picture for picture in pictures if picture.hash_id not in unreadable)
    for image, picture in enumerate(readable, start=1):
        for tag in picture.tags:
            entry: dict[str, Any] = {"id": next(numbers), "image_id": image, "category_id": categories[tag.tag]}
            yield ascii_json({**entry, **_whole(picture), "score": float(tag.probability), "said_by": tag.said_by})


def _whole(picture: ExportedPicture) -> dict[str, Any]:
    """Return the whole image as an object: its box is x, y, width and height in pixels."""
    box = [0, 0, picture.width, picture.height]
    return {"bbox": box, "area": picture.width * picture.height, "segmentation": [], "iscrowd": 0}
