"""A second runner: images are prepared in other processes, which get the work as plain values."""

from __future__ import annotations

import pickle
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context

from image_tagging.records import Failure

_opened = {}


def _open(work):
    _opened["work"] = pickle.loads(work).open()


def _call(item):
    return _opened["work"](item)


class ProcessPoolRunner:
    """Runs the work in a pool of processes that share nothing with this one."""

    shares_memory = False

    def run(self, work, make_worker, items, *, batch_size, threads):
        source, ahead, worker = iter(items), deque(), None
        context = get_context("spawn")
        with ProcessPoolExecutor(
            threads, mp_context=context, initializer=_open, initargs=(pickle.dumps(work),)
        ) as pool:
            while True:
                ahead.extend(pool.submit(_call, item) for item in islice(source, 2 * batch_size - len(ahead)))
                if not ahead:
                    return
                batch = [ahead.popleft().result() for _ in range(min(batch_size, len(ahead)))]
                todo = [item for item in batch if not isinstance(item, Failure)]
                worker = worker or (make_worker() if todo else None)
                results = iter(worker(todo) if todo else [])
                yield from (item if isinstance(item, Failure) else next(results) for item in batch)
