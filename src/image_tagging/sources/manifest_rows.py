"""What finding gives as rows of a manifest, and back: every item is one row, and comes back as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional, Union

from ..addresses import ImageRef
from ..records import LEFT_OUT, Failure, Found, FoundArchive, FoundFolder, FoundImage, LeftOut, OtherFile
from ..text import encodable

#: The columns of a manifest and their kinds; and those of few different values.
COLUMNS = {
    "kind": "text",
    "address": "text",
    "stamp": "text",
    "tag": "text",
    "top": "text",
    "size": "whole",
    "shard": "whole",
    "images": "whole",
    "step": "text",
    "code": "text",
    "reason": "text",
}
WORDS = frozenset({"kind", "tag", "top", "step", "code", "reason"})

#: The values of a row in the order of ``COLUMNS``.
Row = tuple[Any, ...]

_FOLDER, _FILE = "folder", "file"
_LONGEST_TEXT = 1 << 16


def row_of(item: Found, shard: Optional[int]) -> Row:
    """Return the row of an item; ``shard`` is the number of the group of an image."""
    key = item.ref.key
    if isinstance(item, FoundImage):
        return ("image", key, item.stamp, item.tag, item.top, item.size, shard, None, None, None, None)
    if isinstance(item, FoundArchive):
        return ("archive", key, None, None, None, None, None, item.images, None, None, None)
    if isinstance(item, FoundFolder):
        return ("folder", key, None, item.tag, None, None, None, None, None, None, None)
    if isinstance(item, LeftOut):
        step = _FOLDER if item.is_folder else _FILE
        return ("left-out", key, None, None, None, None, None, None, step, item.reason, None)
    if isinstance(item, Failure):
        return ("failure", key, None, None, None, None, None, None, item.step, item.code, encodable(item.reason))
    return ("file", key, *(None,) * 9)


def item_of(row: Row, checked: Callable[[ImageRef], Union[ImageRef, Failure]]) -> Found:
    """Return the item of a row; ``checked`` gives the failure of what must not be read in place of its address.

    Raises
    ------
    ValueError
        The row is none of a manifest; its text says in words what is wrong.
    """
    kind, key, stamp, tag, top, size, _, images, step, code, reason = row
    ref = ImageRef.of_key(_text(key, "address"), may_lack_names=kind not in ("image", "archive"))
    if kind == "image":
        allowed = checked(ref)
        if isinstance(allowed, Failure):
            return allowed
        texts = _text(stamp, "stamp"), _text(tag, "tag"), _text(top, "top")
        return FoundImage(ref, *texts, _number(size, "size") or 0)
    if kind == "archive":
        return FoundArchive(ref, _number(images, "images"))
    if kind in ("folder", "file"):
        return FoundFolder(ref, _text(tag, "tag")) if kind == "folder" else OtherFile(ref)
    if kind == "failure":
        return Failure(ref, _text(step, "step"), _text(code, "code"), _text(reason, "reason"))
    if kind == "left-out" and code in LEFT_OUT and step in (_FOLDER, _FILE):
        return LeftOut(ref, code, is_folder=step == _FOLDER)
    raise ValueError("is of no kind that a manifest has")


def _text(value: Any, column: str) -> str:
    if not isinstance(value, str) or len(value) > (_LONGEST_TEXT if column != "address" else 1 << 21):
        raise ValueError(f"has no text, or one that is too long, as {column}")
    return value


def _number(value: Any, column: str) -> Optional[int]:
    if value is not None and (not isinstance(value, int) or value < 0):
        raise ValueError(f"has no number as {column}")
    return value
