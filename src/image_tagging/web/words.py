"""Texts and addresses for the templates."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Optional
from urllib.parse import quote

from ..reports import limits, share
from ..text import marked, shortened

#: Pixels of the side of a cell, in CSS: pictures that are smaller are enlarged by whole numbers.
CELL = 168
_ZOOM = 720

_LONGEST_NAME = 80

#: What is escaped in a tag, and what it is then.
_SPECIAL, _ESCAPED = re.compile(r"[~%/\\.]"), re.compile(r"~([0-9A-F]{2})")


def in_address(name: str) -> str:
    """Return a tag as one part of an address; the app undoes it by :func:`from_address`.

    What would divide the address, or be taken for a folder above, is escaped in a way of its own: servers and browsers
    undo that of addresses before they look at paths.
    """
    return quote(_SPECIAL.sub(lambda found: f"~{ord(found[0]):02X}", name), safe="~")


def from_address(part: str) -> str:
    """Return the tag that a part of an address, undone once by the server, stands for."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), part)


def tag_address(tag: str, *parts: str, **query: str) -> str:
    """Return the address of a page of a tag: ``/tag/cat``, ``/tag/cat/one?mode=check``."""
    given = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value)
    return "/".join(("/tag", in_address(tag), *parts)) + (f"?{given}" if given else "")


def name_for_people(name: str) -> str:
    """Return a name without what would change how a page is read; a long one is shortened."""
    return marked(shortened(name, _LONGEST_NAME))


def picture_name(file_path: str, hash_id: str) -> str:
    """Return the name of the file of a picture; the begin of its hash where no file is known."""
    return name_for_people(file_path.replace("\\", "/").rstrip("/").rpartition("/")[2]) or hash_id[:12]


def folder_mark(folder: str) -> str:
    """Return what tells an output folder from others, under which a browser keeps what is pinned there."""
    return hashlib.sha256(folder.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def percent(score: Optional[float]) -> str:
    """Return a probability for a cell: ``97 %``; empty where there is none."""
    return "" if score is None else share(min(max(score, 0.0), 1.0))


def between(interval: Any) -> str:
    """Return an interval: ``0.87 – 0.94``."""
    return limits(interval.low, interval.high)


def sizes(width: int, height: int, *, zoomed: bool = False) -> dict[str, object]:
    """Return the attributes of a picture: of a small one the size at a whole multiple, so that pixels stay squares."""
    side = _ZOOM if zoomed else CELL
    longest = max(width, height, 1)
    if longest > side // 2:
        return {"pixels": False, "width": width, "height": height}
    factor = side // longest
    return {"pixels": True, "width": width * factor, "height": height * factor}
