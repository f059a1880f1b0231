"""A batch on a CPU in parts, each computed by a thread of Python: the threads of torch then wait less for each other.

torch itself divides every single operation among its threads and lets them meet after it, hundreds of times a
batch. Where other threads want the same cores, as those that decode the next pictures do, all wait at each meeting
for the one that was interrupted. Parts of a batch meet once.

torch is handed in, as in ``precision``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, TypeVar

_Torch = Any
Item = TypeVar("Item")
Result = TypeVar("Result")

#: Fewer pictures a part than this would make the weights, read once a part, the larger share of what is read.
_LEAST = 8

# With these set a thread keeps to the cores of the one that started it: parts would share one core.
_BINDING = ("OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")


class Parts:
    """Threads that share torch's own evenly among them; they start with the first batch that is divided."""

    def __init__(self, torch: _Torch) -> None:
        self._torch = torch
        self._pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
        self._starting = threading.Lock()

    def run(self, work: Callable[[Sequence[Item]], Result], batch: Sequence[Item]) -> list[Result]:
        """What ``work`` gives for the parts of ``batch``, in their order; one part where dividing does not pay."""
        threads = self._torch.get_num_threads()
        count = how_many(len(batch), threads)
        if count == 1 or any(name in os.environ for name in _BINDING):
            return [work(batch)]
        with self._starting:
            if (count, threads) not in self._pools:
                self._pools[count, threads] = _started(self._torch, count, threads)
            pool = self._pools[count, threads]
        edges = [len(batch) * part // count for part in range(count + 1)]
        return list(pool.map(work, (batch[start:end] for start, end in zip(edges, edges[1:]))))


def how_many(pictures: int, threads: int) -> int:
    """Into how many parts a batch goes: each has the same number of torch's threads, and pictures enough."""
    return max(count for count in range(1, threads + 1) if threads % count == 0 and count <= max(1, pictures // _LEAST))


def _started(torch: _Torch, count: int, threads: int) -> ThreadPoolExecutor:
    """``count`` threads, in each of which torch uses its share of ``threads``."""

    def share() -> None:
        torch.get_num_threads()  # makes torch's own setup of a new thread happen now, not after the next line
        torch.set_num_threads(threads // count)

    pool = ThreadPoolExecutor(count, thread_name_prefix="embed", initializer=share)
    all_here = threading.Barrier(count)  # a pool starts its threads one by one, when the ones it has are busy
    list(pool.map(lambda _: all_here.wait(), range(count)))
    torch.set_num_threads(threads)  # which is also what threads started later begin with
    return pool
