"""How far a use-case is: the function that it calls while it works, and one that ignores the calls."""

from __future__ import annotations

from typing import Callable, Optional

#: Called with the activity, how much of it is done, and how much there is (``None``: not known).
Progress = Callable[[str, int, Optional[int]], None]


def no_progress(activity: str, done: int, total: Optional[int]) -> None:
    """Show no progress."""
