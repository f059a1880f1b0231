"""Batches in parts over threads, for a model of torch on a CPU. torch is an argument, as in ``precision``."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

_Torch = Any

# Parts of fewer pictures would spend most of their time on reading the weights, which every part reads once.
_LEAST = 8

# With these set a thread keeps to the cores of the one that started it: all parts would share one core.
_BINDING = ("OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")


class BatchParts:
    """Threads that share those of torch evenly, each with a part of the batch; they start with the first batch.

    torch itself divides every single operation among its threads, which meet after it, hundreds of times a batch.
    Where other threads want the same cores, as those that decode the next pictures do, all wait at each meeting for
    the one that was interrupted. Parts of a batch meet once.
    """

    def __init__(self, torch: _Torch) -> None:
        self._torch = torch
        self._pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
        self._starting = threading.Lock()

    def run(self, work: Callable[[Sequence[Any]], Any], batch: Sequence[Any]) -> list[Any]:
        """Return the results of ``work`` for the parts of ``batch``, in order; one part where dividing does not pay."""
        threads = self._torch.get_num_threads()
        count = count_parts(len(batch), threads)
        if count == 1 or any(name in os.environ for name in _BINDING):
            return [work(batch)]
        with self._starting:
            if (count, threads) not in self._pools:
                self._pools[count, threads] = self._start(count, threads)
            pool = self._pools[count, threads]
        edges = [len(batch) * part // count for part in range(count + 1)]
        return list(pool.map(work, (batch[start:end] for start, end in zip(edges, edges[1:]))))

    def _start(self, count: int, threads: int) -> ThreadPoolExecutor:
        """Start ``count`` threads, in each of which torch uses its share of ``threads``."""
        torch = self._torch

        def share() -> None:
            torch.get_num_threads()  # makes torch's own setup of a new thread happen now, not after the next line
            torch.set_num_threads(threads // count)

        pool = ThreadPoolExecutor(count, thread_name_prefix="embed", initializer=share)
        all_here = threading.Barrier(count)  # a pool starts its threads one by one, when the ones it has are busy
        list(pool.map(lambda _: all_here.wait(), range(count)))
        torch.set_num_threads(threads)  # which is also what threads started later begin with
        return pool


def count_parts(pictures: int, threads: int) -> int:
    """Return into how many parts a batch goes: each gets equally many threads of torch and enough pictures."""
    return max(count for count in range(1, threads + 1) if threads % count == 0 and count <= max(1, pictures // _LEAST))
