"""A data set that ``fiftyone`` reads as ``FiftyOneImageClassificationDataset``, with several labels an image.

Source: https://docs.voxel51.com/user_guide/import_datasets.html (FiftyOneImageClassificationDataset: ``data/`` or a
manifest ``data.json``, and ``labels.json`` with lists of labels by the name of the image without its suffix).
"""

from __future__ import annotations

from collections.abc import Iterator

from .base import ExportedPictures, ExportedTag, ExportFolder, ExportOptions
from .data_set_images import DataSetImages, stem_of
from .json_text import ascii_json, write_items


class FiftyOneFormat:
    """``labels.json``, and the images in ``data/``; where they are not placed, ``data.json`` says where they lie.

    Members of archives must be placed, and so must images with a backslash in their path, which FiftyOne takes for the
    end of a folder's name.
    """

    def __init__(self, options: ExportOptions) -> None:
        self._place = options.place

    def write(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        """Write all pictures below the folder; raise OutputError."""
        images = DataSetImages(folder, self._place, "data", flat=True)
        with folder.new_file("labels.json") as file:
            file.write(b'{"classes": ' + ascii_json(list(pictures.tags)) + b',\n"labels": {')
            write_items(file, _labels(pictures, images))
            file.write(b"}}\n")
        if not images.are_placed:
            with folder.new_file("data.json") as file:
                file.write(b"{")
                write_items(file, (_entry(stem_of(one), one.files[0].path) for one in pictures))
                file.write(b"}\n")


def _labels(pictures: ExportedPictures, images: DataSetImages) -> Iterator[bytes]:
    for picture in pictures:
        if images.add(picture) is not None:
            yield _entry(stem_of(picture), [_label(tag) for tag in picture.tags])


def _entry(name: str, value: object) -> bytes:
    return ascii_json(name) + b": " + ascii_json(value)


def _label(tag: ExportedTag) -> dict[str, object]:
    return {"label": tag.tag, "confidence": float(tag.probability), "attributes": {"said_by": tag.said_by}}
