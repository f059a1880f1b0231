"""Data sets that ``datasets`` of Hugging Face reads as ``imagefolder``.

Sources: https://huggingface.co/docs/datasets/image_dataset (``metadata.jsonl``, a folder per label) and
https://huggingface.co/docs/datasets/repository_structure (the card that says which files are which part). Without the
card a path with the word ``test`` in it makes a part of the data set:
https://huggingface.co/docs/hub/datasets-file-names-and-splits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..files import fitting_name, numbered_name
from .base import COPY, ExportedPictures, ExportFolder, ExportOptions
from .data_set_images import NOT_PLACED, DataSetImages, record_of, typed_first
from .json_text import ascii_json

_CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: "{path}"
task_categories:
- image-classification
---
"""

_LONGEST_FOLDER = 200

#: Names that Windows keeps for devices.
_DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9]) *(\.|$)", re.IGNORECASE)


class ImageFolderFormat:
    """``metadata.jsonl`` next to the images; or, by ``by_tag``, a folder for each tag with the images that have it."""

    def __init__(self, options: ExportOptions) -> None:
        self._place, self._by_tag = options.place or COPY, options.by_tag

    def write(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        """Write all pictures below the folder; raise OutputError."""
        if self._by_tag and self._place != NOT_PLACED:
            self._write_folders(pictures, folder)
        else:
            self._write_metadata(pictures, folder)

    def _write_metadata(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        images = DataSetImages(folder, self._place, "images")
        with folder.new_file("metadata.jsonl") as file:
            for picture in typed_first(pictures):
                name = images.add(picture)
                if name is not None:
                    file.write(ascii_json({"file_name": name, **record_of(picture, folder)}) + b"\n")
        if images.are_placed:
            folder.write("README.md", _CARD.format(path="**").encode())

    def _write_folders(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        names = folder_names(pictures.tags)
        by_tag = {tag: DataSetImages(folder, self._place, f"images/{name}", flat=True) for tag, name in names.items()}
        for picture in pictures:
            for tag in picture.tags:
                by_tag[tag.tag].add(picture)
        folder.write("tags.json", ascii_json({name: tag for tag, name in names.items()}) + b"\n")
        folder.write("README.md", _CARD.format(path="images/**").encode())


def folder_names(tags: Iterable[str]) -> dict[str, str]:
    """Return a name of a folder for each tag, that every system takes; no two are one name in any case of letters."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for tag in tags:
        safe, number = _folder_name(tag), 1
        while numbered_name(safe, number).casefold() in taken:
            number += 1
        names[tag] = numbered_name(safe, number)
        taken.add(names[tag].casefold())
    return names


def _folder_name(tag: str) -> str:
    """Return a tag as a name; a reader passes folders over that begin with a dot or with two underscores."""
    safe = re.sub(r'[<>:"/\\|?*\x00-\x1f\x7f]', "_", fitting_name(tag, _LONGEST_FOLDER))
    safe = re.sub(r"[. ]+$", lambda end: "_" * len(end[0]), safe)
    if not safe:
        return "tag"
    return f"tag {safe}" if safe.startswith((".", "__")) or _DEVICES.match(safe) else safe
