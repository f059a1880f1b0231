"""A small tagged data set, drawn with code: for the demonstration, the notebook and the tests.

Eight kinds of pictures that a curator of game art would tell apart. They share colours and sizes, so that a
model has to look at what is shown. Every picture comes from its kind, its number and the seed alone.
"""

from __future__ import annotations

from image_tagging.drawings.dataset import DrawnDataset, draw_dataset
from image_tagging.drawings.kinds import KINDS, draw

__all__ = ["KINDS", "DrawnDataset", "draw", "draw_dataset"]
