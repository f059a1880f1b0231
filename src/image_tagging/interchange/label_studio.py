"""Tasks with predictions for Label Studio, and the configuration of labelling that they belong to.

Sources: https://labelstud.io/guide/predictions (tasks with predictions), https://labelstud.io/tags/choices and
https://labelstud.io/guide/storage (local files are served at ``/data/local-files/?d=``, below the folder of
``LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT``, and from a folder of it that was added to the project as local storage).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from ..text import for_xml
from .base import ExportedPicture, ExportedPictures, ExportFolder, ExportOptions
from .data_set_images import DataSetImages, record_of
from .json_text import ascii_json, write_items

_CONFIG = """<View>
  <Image name="image" value="$image"/>
  <Choices name="tags" toName="image" choice="multiple" showInline="true">
{choices}  </Choices>
</View>
"""


class LabelStudioFormat:
    """``tasks.json``, a task an image, ``labeling_config.xml`` and the images in ``images/``."""

    def __init__(self, options: ExportOptions) -> None:
        self._place = options.place

    def write(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        """Write all pictures below the folder; raise OutputError."""
        images = DataSetImages(folder, self._place, "images")
        folder.write("labeling_config.xml", _config(pictures.tags).encode())
        with folder.new_file("tasks.json") as file:
            file.write(b"[")
            write_items(file, _tasks(pictures, folder, images))
            file.write(b"]\n")


def _config(tags: Iterable[str]) -> str:
    """Return the configuration, with a choice for each tag."""
    values = dict.fromkeys(map(for_xml, tags))
    return _CONFIG.format(choices="".join(f'    <Choice value="{_attribute(value)}"/>\n' for value in values))


def _attribute(value: str) -> str:
    """Return a text as a value of an attribute; a reader makes spaces of line ends that are not written as numbers."""
    return re.sub(r"[\t\n\r]", lambda found: f"&#{ord(found[0])};", html.escape(value))


def _tasks(pictures: ExportedPictures, folder: ExportFolder, images: DataSetImages) -> Iterator[bytes]:
    for picture in pictures:
        name = images.add(picture)
        if name is not None:
            path = quote(name, errors="surrogateescape")  # of a name that is not UTF-8, its bytes
            data = {"image": f"/data/local-files/?d={path}", **record_of(picture, folder)}
            yield ascii_json({"data": data, "predictions": _predictions(picture)})


def _predictions(picture: ExportedPicture) -> list[dict[str, Any]]:
    """Return all tags as one prediction; its score is that of the least probable of them, as tasks are sorted by it."""
    if not picture.tags:
        return []
    score = min(float(tag.probability) for tag in picture.tags)
    region = {"id": picture.hash_id[:10], "from_name": "tags", "to_name": "image", "type": "choices"}
    choices = list(dict.fromkeys(for_xml(tag.tag) for tag in picture.tags))
    result = [{**region, "value": {"choices": choices}, "score": score}]
    return [{"model_version": "image-tagging", "score": score, "result": result}]
