"""A demonstration that needs no data: it draws examples and a mountain of pictures, and sorts them.

A data set has eight :data:`KINDS` of pictures, as a curator of game art would separate them; they share colours and
sizes. :func:`run_demo` needs the pipeline, and is imported when it is first used.
"""

from __future__ import annotations

from .. import lazy_names
from .dataset import KINDS, DrawnDataset, draw, draw_dataset
from .mountain import DrawnMountain, draw_mountain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .run import DemoSummary, run_demo

__all__ = ["KINDS", "DemoSummary", "DrawnDataset", "DrawnMountain", "draw", "draw_dataset", "draw_mountain", "run_demo"]

__getattr__ = lazy_names(__name__, run="DemoSummary run_demo")
