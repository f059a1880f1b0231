"""Runners of shards without a cluster: in this process, and in processes that share nothing with it."""

from __future__ import annotations

import os
import pickle
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from multiprocessing import get_context

from image_tagging.runners import ShardDone

_opened = {}


def _open(work):
    _opened["work"] = pickle.loads(work).open(1)


def _call(shard):
    return _opened["work"](shard)


class ShardsHere:
    """Does shards one after the other, the last first; ``done`` holds their ids."""

    def __init__(self, most=None):
        self.done = []
        self._most = most

    def run_shards(self, work, shards):
        with closing(pickle.loads(pickle.dumps(work)).open(1)) as opened:
            for shard in list(reversed(shards))[: self._most]:
                self.done.append(shard)
                yield opened(shard)


class ShardsInProcesses:
    """Does shards in two processes."""

    def run_shards(self, work, shards):
        context = get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=context, initializer=_open, initargs=(pickle.dumps(work),)) as pool:
            for future in as_completed([pool.submit(_call, shard) for shard in shards]):
                yield future.result()


class DeadlyWork:
    """Work whose process dies by SIGKILL, as one that the system finds too large, at the shard called ``deadly``."""

    def open(self, cores):
        return self._do

    @staticmethod
    def _do(shard):
        if shard == "deadly":
            os.kill(os.getpid(), signal.SIGKILL)
        return ShardDone(shard, f"{shard}.done", 1, "here", 0.0)
