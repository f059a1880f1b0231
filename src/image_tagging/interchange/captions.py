"""Caption files: one text file for each image, with its tags on one line or on lines of their own.

Trainers of Stable Diffusion (https://github.com/kohya-ss/sd-scripts, ``library/train_util.py``) read the first line of
``a.txt`` next to ``a.png`` as UTF-8 (``read_caption``; by ``--enable_wildcard`` one of its lines at a time), where
``--caption_extension .txt`` is given: the default is ``.caption``. Where they shuffle or drop tags they part the line
at commas (``--caption_separator``) and may keep the first ones (``--keep_tokens``): the most probable tag comes first.
Hydrus (https://hydrusnetwork.github.io/hydrus/advanced_sidecars.html) reads ``a.png.txt`` or, by a setting, ``a.txt``,
with a tag on each line or another separator. Neither has a way to write a separator within a tag.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Optional

from ..addresses import ImageRef
from ..text import encodable
from .base import ExportedPicture, ExportOptions

_LINE_ENDS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


class CaptionFormat:
    """The format ``txt``: tags in the order of their probability."""

    merges = False

    def __init__(self, options: ExportOptions) -> None:
        self._options = options
        self._parting = options.separator.strip() or options.separator

    def is_wanted(self, picture: ExportedPicture) -> bool:
        """Return whether there is a tag or a prefix to write."""
        return bool(picture.tags or self._options.prefix)

    def changed_tags(self, tags: Iterable[str]) -> list[str]:
        """Return the tags that hold the separator or a line end, in place of which a space is written."""
        return [tag for tag in tags if self._parting in tag or _LINE_ENDS.search(tag)]

    def name_of(self, name: str) -> str:
        """Return ``a.txt`` for ``a.png``, or ``a.png.txt`` where full names are asked for."""
        return f"{name if self._options.sidecar_name == 'full' else os.path.splitext(name)[0]}.txt"

    def content(self, picture: ExportedPicture, _ref: ImageRef, _before: Optional[bytes]) -> bytes:
        """Return the tags, and a line end."""
        tags = dict.fromkeys(self._written(each.tag) for each in picture.tags)
        words = [word for word in (self._options.prefix, *tags) if word]
        return (encodable(self._options.separator.join(words)) + "\n").encode()

    def _written(self, tag: str) -> str:
        tag = _LINE_ENDS.sub(" ", tag).replace(self._parting, " ").strip()
        if self._options.spaces == "keep":
            return tag
        return tag.replace("_", " ") if self._options.spaces == "space" else tag.replace(" ", "_")
