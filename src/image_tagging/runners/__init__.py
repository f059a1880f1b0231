"""Run the work somewhere. A runner prepares items ahead of one worker and yields one result per item, in order.

:mod:`.base` is the protocol, :mod:`.local` runs on threads of this process, and :mod:`.ray` on the machines of a
cluster, by the shards that :mod:`.cutting` divides a listing into. Another runner is any class with the methods of
:class:`Runner` or :class:`ShardRunner`.
"""

from __future__ import annotations

from . import local
from .base import OpenShards, Preparer, Runner, ShardDone, ShardRunner, ShardWork, Work
from .cutting import MEAN_IMAGES, cut
from .local import LocalRunner
from .ray import RayRunner

__all__ = [
    "MEAN_IMAGES",
    "LocalRunner",
    "OpenShards",
    "Preparer",
    "RayRunner",
    "Runner",
    "ShardDone",
    "ShardRunner",
    "ShardWork",
    "Work",
    "cut",
    "local",
]
