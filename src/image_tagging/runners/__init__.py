"""Run the work somewhere. A runner prepares items ahead of one worker and yields one result per item, in order.

:mod:`.base` is the protocol, :mod:`.local` runs on threads of this process, :mod:`.cutting` divides a listing. Another
runner is any class with the methods of :class:`Runner`.
"""

from __future__ import annotations

from . import local
from .base import Preparer, Runner, Work
from .cutting import MEAN_IMAGES, cut
from .local import LocalRunner

__all__ = ["MEAN_IMAGES", "LocalRunner", "Preparer", "Runner", "Work", "cut", "local"]
