"""Watch every picture that a plug-in allocates, so that no limit on pixels depends on what a file says of itself.

The size that a file declares need not be that of a picture inside it: an icon of 16 x 16 may hold a PNG of 169
megapixels, which its plug-in loads while the file is opened. All plug-ins allocate pictures by two functions of
Pillow, also for pictures inside a picture.
"""

from __future__ import annotations

from typing import Any, Callable

from PIL import _imaging
from typing_extensions import Self

_new, _fill = _imaging.new, _imaging.fill

#: The checks of those that are entered.
_CHECKS: list[Callable[[int], None]] = []


class WatchedAllocations:
    """While it is entered, ``check`` is called with the number of pixels before each picture is allocated."""

    def __init__(self, check: Callable[[int], None]) -> None:
        self._check = check

    def __enter__(self) -> Self:
        _imaging.new, _imaging.fill = self._checked_new, self._checked_fill
        _CHECKS.append(self._check)
        return self

    def __exit__(self, *exc_info: object) -> None:
        _imaging.new, _imaging.fill = _new, _fill
        _CHECKS.pop()

    def _checked_new(self, mode: str, size: tuple[int, int], *rest: Any) -> Any:
        self._check(size[0] * size[1])
        return _new(mode, size, *rest)

    def _checked_fill(self, mode: str, size: tuple[int, int], *rest: Any) -> Any:
        self._check(size[0] * size[1])
        return _fill(mode, size, *rest)


def take_pixels(width: int, height: int) -> None:
    """Check the size of a picture that is unpacked without Pillow, as if Pillow allocated it."""
    for check in _CHECKS:
        check(width * height)
