"""Eight kinds of pictures that a curator of game art would separate.

They share colours and sizes, so that a model has to look at what is shown. Every picture comes from its kind, its
number and the seed alone.
"""

from __future__ import annotations

from .kinds import KINDS, draw

__all__ = ["KINDS", "draw"]
