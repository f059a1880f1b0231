"""Run the work on this machine: threads prepare items ahead of one worker, bounded and in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import Union

from ..records import Failure
from .base import Item, Prepared, Result, Work, Worker

#: Batches prepared ahead of the worker: one ready, one in preparation. More only costs memory.
_BATCHES_AHEAD = 2


class LocalRunner:
    """Runs the work on threads of this process."""

    shares_memory = True

    def run(
        self,
        work: Work[Item, Prepared],
        make_worker: Callable[[], Worker[Prepared, Result]],
        items: Iterable[Item],
        *,
        batch_size: int,
        threads: int,
    ) -> Generator[Union[Result, Failure], None, None]:
        """Yield one result per item, in order: see :class:`.base.Runner`."""
        with (
            closing(work.open()) as prepare,
            closing(run(prepare, make_worker, items, batch_size=batch_size, threads=threads)) as results,
        ):
            try:
                yield from results
            finally:
                prepare.stop()  # in this order: what threads wait for, the threads, what they used


def run(
    prepare: Callable[[Item], Union[Prepared, Failure]],
    make_worker: Callable[[], Worker[Prepared, Result]],
    items: Iterable[Item],
    *,
    batch_size: int,
    threads: int,
) -> Generator[Union[Result, Failure], None, None]:
    """Prepare each item on a thread, work on batches of them here, and yield one result per item, in order.

    This is :meth:`.base.Runner.run` for a plain function ``prepare``, which runs on ``threads`` threads.
    """
    source = iter(items)
    worker: Union[Worker[Prepared, Result], None] = None
    with ThreadPoolExecutor(threads, thread_name_prefix="prepare") as pool:
        ahead: deque[Future[Union[Prepared, Failure]]] = deque()
        try:
            while True:
                room = batch_size * _BATCHES_AHEAD + threads - len(ahead)
                ahead.extend(pool.submit(prepare, item) for item in islice(source, room))
                if not ahead:
                    return
                batch = [ahead.popleft().result() for _ in range(min(batch_size, len(ahead)))]
                todo = [item for item in batch if not isinstance(item, Failure)]
                if todo and worker is None:
                    worker = make_worker()
                results = iter(worker(todo) if todo and worker is not None else [])
                yield from (item if isinstance(item, Failure) else next(results) for item in batch)
        finally:
            for future in ahead:
                future.cancel()
