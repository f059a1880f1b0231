"""Trained tag models as plain arrays that score whole batches."""

from __future__ import annotations

from .arrays import Floats, sigmoid, unit_rows
from .linear import LinearScorer
from .rbf import RbfScorer
from .stack import Scorer, ScorerStack, Stack

__all__ = ["Floats", "LinearScorer", "RbfScorer", "Scorer", "ScorerStack", "Stack", "sigmoid", "unit_rows"]
