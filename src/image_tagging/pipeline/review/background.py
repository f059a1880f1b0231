"""Work that is done before it is asked for, on one thread: the newest first, and what has time when there is none."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, Optional, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Work that was begun, or waits for its turn."""

    def __init__(self, future: Future[Optional[T]]) -> None:
        self._future = future

    def wait(self) -> Optional[T]:
        """Return what comes of it; ``None`` where something newer took its place before it began."""
        try:
            return self._future.result()
        except CancelledError:
            return None

    def result(self) -> Optional[T]:
        """Return what came of it, after its end; ``None`` where it has not begun, and then it never does."""
        return None if self._future.cancel() else self._future.result()


class Background:
    """One thread that does one piece of work at a time; any thread may call these methods."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._lock = threading.Lock()
        self._newest: Optional[Future[Optional[object]]] = None
        self._idle: deque[Callable[[], object]] = deque()
        self._is_idle_at_work = self._is_closed = False
        self._asking = 0

    def newest(self, work: Callable[[], Optional[T]]) -> Ahead[T]:
        """Do this next; what was given here before and has not begun is never done."""
        with self._lock:
            if self._newest is not None:
                self._newest.cancel()
            future: Future[Optional[T]] = Future()
            if self._is_closed:
                future.cancel()
            else:
                future = self._thread.submit(work)
            self._newest = future  # type: ignore[assignment]  # it is only cancelled here
            return Ahead(future)

    def when_idle(self, *works: Callable[[], object]) -> None:
        """Do these one by one, each when nothing newer waits, in place of those given here before."""
        with self._lock:
            self._idle = deque(works)
            self._continue()

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Begin nothing that has time while this block does what somebody asked for."""
        with self._lock:
            self._asking += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1
                self._continue()

    def close(self) -> None:
        """End the thread after what it does now."""
        with self._lock:
            self._is_closed = True
            self._idle.clear()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _continue(self) -> None:
        if self._idle and not (self._asking or self._is_idle_at_work or self._is_closed):
            self._is_idle_at_work = True
            self._thread.submit(self._do_idle, self._idle.popleft())

    def _do_idle(self, work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            with self._lock:
                self._is_idle_at_work = False
                self._continue()
