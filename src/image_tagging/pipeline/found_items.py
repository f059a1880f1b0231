"""What is at an input, found once and given as often as it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

from ..progress import Progress
from ..records import Found, FoundImage

#: Items that are held. Of more, an input is gone through again: a million would take half a gigabyte.
_MOST_HELD = 200_000


class FoundItems:
    """Everything at an input, as ``find`` gives it, looked through at once.

    ``images`` counts its images, ``packed`` those of them that lie in archives, and ``tags`` are what their folders
    stand for.

    Later looks give what the first gave. A file that changes meanwhile is seen by the next run.
    """

    def __init__(self, find: Callable[[], Iterator[Found]], watch: Progress) -> None:
        self._find = find
        self._held: list[Found] = []
        self.images = self.packed = 0
        self.tags: set[str] = set()
        number = 0
        for number, item in enumerate(find(), start=1):
            if isinstance(item, FoundImage):
                self.images += 1
                self.packed += bool(item.ref.members)
                self.tags.add(item.tag)
            if number <= _MOST_HELD:
                self._held.append(item)
            if number % 1000 == 0:
                watch("looking for images", number, None)
        self._is_whole = number <= _MOST_HELD
        if not self._is_whole:
            self._held = []

    def __iter__(self) -> Iterator[Found]:
        return iter(self._held) if self._is_whole else self._find()
