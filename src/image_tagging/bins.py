"""Scores fall into bins, bins are folders, and an image is placed into one without overwriting another.

Bin k of n holds the scores in ((k-1)/n, k/n] and its folder is named by its upper edge: ``0.1`` … ``1.0``
for ten bins. A score of exactly 0 goes to the first.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from contextlib import suppress
from itertools import count
from typing import Union

import numpy as np
from numpy.typing import NDArray

MAX_BINS = 1000

#: What an image is placed from: the path of a plain file, or the bytes of an archive's member.
Content = Union[str, bytes]


def bin_numbers(scores: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """Scores in [0, 1], of any shape -> the numbers (1 ... ``bins``) of their bins, of the same shape.

    The edges are compared as numbers, never multiplied out: 0.7 * 10 is more than 7, yet 0.7 belongs to bin 7.

    Raises
    ------
    ValueError
        A score lies outside [0, 1] or is not a number, or ``bins`` is not between 1 and ``MAX_BINS``.
    """
    if not 1 <= bins <= MAX_BINS:
        raise ValueError(f"the number of bins is {bins}; it must lie between 1 and {MAX_BINS}")
    if not np.all((scores >= 0) & (scores <= 1)):
        raise ValueError("a score is not a number between 0 and 1")
    edges = np.arange(1, bins + 1) / bins
    return np.searchsorted(edges, scores, side="left") + 1


def bin_labels(bins: int) -> list[str]:
    """The folder names of all bins, from the lowest: each is its upper edge, with at most four decimals."""
    return [str(round(k / bins, 4)) for k in range(1, bins + 1)]


def numbered_name(name: str, number: int) -> str:
    """The name of the ``number``-th file called ``name``: ``cat.png``, ``cat (2).png``, ``cat (3).png`` …"""
    if number == 1:
        return name
    stem, suffix = os.path.splitext(name)
    return f"{stem} ({number}){suffix}"


class Placer:
    """Places images into folders below ``root``; what is there already is never overwritten."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._made: set[str] = set()

    def place(self, folder: str, name: str, content: Content, *, number: int = 1) -> str:
        """Put the ``number``-th image called ``name`` into ``root/folder``; return the path it has there.

        Where that name is taken by other bytes the next number is tried. Where it is taken by the same bytes
        an earlier run has placed the image, and nothing is written.

        Raises
        ------
        OSError
            The image cannot be read or written.
        """
        path = self._folder(folder)
        for each in count(number):
            target = os.path.join(path, numbered_name(name, each))
            if not os.path.lexists(target):
                _fill(target, content)
                return target
            if _holds(target, content):
                return target
        raise AssertionError("numbers do not end")

    def _folder(self, folder: str) -> str:
        path = os.path.join(self.root, folder)
        if path not in self._made:
            os.makedirs(path, exist_ok=True)
            self._made.add(path)
        return path


def _fill(target: str, content: Content) -> None:
    """Write beside the target and move: a copy that is cut short never has a final name."""
    aside = os.path.join(os.path.dirname(target), ".part")  # short: the target's name may be as long as names can be
    try:
        if isinstance(content, str):
            shutil.copyfile(content, aside)
        else:
            with open(aside, "wb") as file:
                file.write(content)
        os.replace(aside, target)
    except BaseException:
        with suppress(OSError):
            os.remove(aside)
        raise


def _holds(target: str, content: Content) -> bool:
    if not os.path.isfile(target):
        return False
    if isinstance(content, str):
        return filecmp.cmp(target, content, shallow=False)
    if os.path.getsize(target) != len(content):
        return False
    with open(target, "rb") as file:
        return file.read() == content
