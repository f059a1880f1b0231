"""The pictures of a tag, looked up in the tables of an output folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Optional

from ..files import StrPath
from .stored_tables import open_tables


def pictures_of_tag(
    folder: StrPath, tag: str, kind: Optional[str], least: float, most: float, *, tagged_only: bool = False
) -> Iterator[tuple[str, float]]:
    """Yield the ``hash_id`` and the probability of each picture whose probability of a tag is from ``least`` to
    ``most``, by one ``kind`` of model, or the highest of all; with ``tagged_only``, of those that reach the threshold.

    A picture of both tables comes twice.

    Raises
    ------
    OutputError
        A table is damaged or something else.
    """
    with ExitStack() as closing:
        for stored in open_tables(folder, closing):
            yield from stored.of_tag(tag, kind, (least, most), tagged_only=tagged_only)
