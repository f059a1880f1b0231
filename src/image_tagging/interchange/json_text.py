"""JSON in ASCII alone: some readers open a file in the encoding of their system, which may lack letters of a name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, BinaryIO

_NOT_ASCII = re.compile(r"[^\x00-\x7e]")


def ascii_json(value: Any) -> bytes:
    r"""Return a value as JSON on one line, all that is not ASCII as escapes; ValueError where a number is none.

    A lone surrogate, which stands for a byte of a name that is not UTF-8, becomes the text ``\udce9``: some readers
    refuse a whole file for its escape.
    """
    return _NOT_ASCII.sub(_escape, json.dumps(value, allow_nan=False, ensure_ascii=False)).encode("ascii")


def _escape(found: re.Match[str]) -> str:
    escape = json.dumps(found[0])[1:-1]
    return f"\\{escape}" if "\ud800" <= found[0] <= "\udfff" else escape


def write_items(file: BinaryIO, items: Iterable[bytes]) -> None:
    """Write what stands between the brackets of a list or an object, a line each."""
    separator = b"\n"
    for item in items:
        file.write(separator + item)
        separator = b",\n"
    file.write(b"\n")
