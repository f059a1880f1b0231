"""The type of the callbacks that report the progress of a use-case, and one that ignores it."""

from __future__ import annotations

from typing import Callable, Optional

#: Called with the activity, the amount done, and the total amount (``None`` if it is not known).
Progress = Callable[[str, int, Optional[int]], None]


def no_progress(activity: str, done: int, total: Optional[int]) -> None:
    """Ignore the progress."""
