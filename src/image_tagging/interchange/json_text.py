"""JSON in ASCII alone: some readers open a file in the encoding of their system, which may lack letters of a name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO


def ascii_json(value: Any) -> bytes:
    """Return a value as JSON on one line, all that is not ASCII as escapes; ValueError where a number is none."""
    return json.dumps(value, allow_nan=False).encode("ascii")


def write_items(file: BinaryIO, items: Iterable[bytes]) -> None:
    """Write what stands between the brackets of a list or an object, a line each."""
    separator = b"\n"
    for item in items:
        file.write(separator + item)
        separator = b",\n"
    file.write(b"\n")
