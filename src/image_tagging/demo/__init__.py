"""A demonstration that needs no data: it draws a tagged data set and runs the four stages on it.

:func:`draw` gives one picture of one of eight :data:`KINDS`, and :func:`draw_dataset` writes a data set of them;
the notebook and the tests use both. :func:`run_demo` imports the pipeline, and is imported when it is first used.
"""

from __future__ import annotations

from .dataset import DrawnDataset, draw_dataset
from .drawings import KINDS, draw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .run import DemoSummary, run_demo

__all__ = ["KINDS", "DemoSummary", "DrawnDataset", "draw", "draw_dataset", "run_demo"]


def __getattr__(name: str) -> object:
    if name not in ("DemoSummary", "run_demo"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import run

    return getattr(run, name)
