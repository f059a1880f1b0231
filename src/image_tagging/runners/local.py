"""Run the work on this machine: threads prepare items ahead of one worker, bounded and in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Callable, TypeVar, Union

from ..records import Failure

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")
Result = TypeVar("Result")

#: Batches prepared ahead of the worker: one to hand over at once, one in the making. More only costs memory.
_BATCHES_AHEAD = 2


def run(
    prepare: Callable[[Item], Union[Prepared, Failure]],
    make_worker: Callable[[], Callable[[list[Prepared]], Sequence[Union[Result, Failure]]]],
    items: Iterable[Item],
    *,
    batch_size: int,
    threads: int,
) -> Generator[Union[Result, Failure], None, None]:
    """Prepare each item on a thread, work on batches of them here, and yield one result an item, in order.

    ``prepare`` runs on ``threads`` threads. ``make_worker`` is called once, here, when there is work for it;
    the worker takes up to ``batch_size`` prepared items and gives as many results, in their order. An item
    whose preparation gave a ``Failure`` keeps its place among the results and never reaches the worker.
    ``items`` is drawn from as needed, at most a few batches ahead.

    An exception of ``prepare`` or of the worker ends the run: what may fail for one item alone must be a
    ``Failure`` by then. Who takes results and may fail too closes the run (``contextlib.closing``): then no thread
    outlives it.
    """
    source = iter(items)
    worker: Union[Callable[[list[Prepared]], Sequence[Union[Result, Failure]]], None] = None
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
