"""Trained tag models as plain arrays that score whole batches."""

from __future__ import annotations

from .arrays import Floats, sigmoid, unit_rows
from .linear import LinearScorer
from .rbf import RbfScorer, share_rows
from .rows import SharedRows
from .stack import Scorer, ScorerStack, Stack

__all__ = [
    "Floats",
    "LinearScorer",
    "RbfScorer",
    "Scorer",
    "ScorerStack",
    "SharedRows",
    "Stack",
    "share_rows",
    "sigmoid",
    "unit_rows",
]
