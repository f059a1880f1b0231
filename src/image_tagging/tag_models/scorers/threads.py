"""How many threads matrix products take: a sum of parts, each computed on a thread of its own, and small products.

A library for matrix products divides each product among its threads, which meet after it, and spin while they wait.
Here a thread computes its products alone, and what lies between them, which no library divides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

from .arrays import Floats

# Multiplications that take longer than threads to begin.
_WORTH = 5e8
# Each thread has tables of its own, of some 20 MB where embeddings have 1,024 numbers.
_MOST_THREADS = 16

# How many threads a library takes is a setting of the process: two calls would put back what the other has set.
_setting = Lock()


def sum_of_parts(part: Callable[[int, int], Floats], most: int, multiplications: float) -> Floats:
    """Return the sum of ``part(k, n)`` over k = 0 … n - 1, where n is as many threads as a matrix product would take.

    It is ``most`` at most, and 1 for little work and inside of other work that takes threads itself.
    """
    if multiplications < _WORTH or not _setting.acquire(blocking=False):
        return part(0, 1)
    try:
        libraries = _libraries()
        count = max((library.num_threads for library in libraries.lib_controllers), default=1)
        count = min(count, most, _MOST_THREADS)
        if count == 1:
            return part(0, 1)
        with libraries.limit(limits=1), ThreadPoolExecutor(count) as threads:
            total, *others = threads.map(lambda number: part(number, count), range(count))
    finally:
        _setting.release()
    for other in others:
        total += other
    return total


@contextmanager
def threads_worth(multiplications: float) -> Iterator[None]:
    """Let matrix products take one thread where that is little work: the others would spin for longer than it takes.

    Inside of other work of this module it changes nothing.
    """
    if multiplications >= _WORTH or not _setting.acquire(blocking=False):
        yield
        return
    try:
        with _libraries().limit(limits=1):
            yield
    finally:
        _setting.release()


@lru_cache(maxsize=1)
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController  # here, because only whoever scores much needs it

    return ThreadpoolController().select(user_api="blas")
