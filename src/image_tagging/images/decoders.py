"""Decode images in separate processes, which are replaced when a decoder crashes or hangs in them.

Threads are not enough: a crash in the C code of a decoder ends the program, and a thread cannot be stopped. The costs
are in ``docs/decisions/0008-decoding-in-processes.md``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Optional, Union

from typing_extensions import Self

from ..addresses import ImageRef
from ..errors import DecoderError
from ..processors import processor_count
from ..records import Failure, ImageFacts
from ..settings import DEFAULT_LIMITS, ImageLimits
from .decoding_child import Request
from .decoding_process import DecodingProcess
from .decoding_turn import PartDoneError, RemoteImage, Response, Turn

#: Seconds between checks for processes that overrun their time.
_CHECK_SECONDS = 0.1


class Decoders:
    """A pool of decoding processes that threads share, by default one per processor, each started when first needed.

    All methods may be called from any thread, and return a value or a ``Failure`` for each image. They raise
    DecoderError where no process can be started.
    """

    def __init__(self, limits: ImageLimits = DEFAULT_LIMITS, *, processes: Optional[int] = None) -> None:
        self.limits = limits
        self.large = threading.Lock()  # held while a large picture is in memory
        self._most = processes or processor_count()
        self._lock = threading.Lock()  # guards the attributes below
        self._is_free = threading.Condition(self._lock)
        self._taken = 0
        self._idle: list[DecodingProcess] = []
        self._processes: list[DecodingProcess] = []
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @contextmanager
    def decoded(self, ref: ImageRef, data: bytes) -> Iterator[Union[RemoteImage, Failure]]:
        """Decode an image, whose picture stays in its process until the block ends."""
        with self._turn() as turn:
            response = turn.decode(ref, Request.FACTS, data)
            yield response if isinstance(response, Failure) else RemoteImage(ImageFacts(ref=ref, **response), turn)

    @contextmanager
    def drawn(self, ref: ImageRef, data: bytes) -> Iterator[Union[RemoteImage, Failure]]:
        """Decode an image as :meth:`decoded` does, to draw it: its picture is RGBA where it is transparent."""
        with self._turn() as turn:
            response = turn.decode(ref, Request.DRAW, data)
            if isinstance(response, Failure):
                yield response
            else:
                frames = int(response.pop("frames"))
                yield RemoteImage(ImageFacts(ref=ref, **response), turn, frames)

    def content_hashes(self, images: Sequence[tuple[ImageRef, bytes]]) -> list[Union[str, Failure]]:
        """Return the ``hash_id`` or the ``Failure`` of each image.

        The images are sent together: for a small image the round trip to the process takes as long as the work.
        """
        responses: list[Response] = []
        with self._turn() as turn:
            while rest := images[len(responses) :]:
                try:
                    responses.extend(turn.decode_all(Request.HASH, rest))
                except PartDoneError as part:
                    responses += part.responses
                    ref, data = images[len(responses)]  # the process ended on this one: try it alone
                    responses.append(turn.decode(ref, Request.HASH, data))
        return [response if isinstance(response, Failure) else str(response["hash_id"]) for response in responses]

    def close(self) -> None:
        """End all processes at once.

        A thread that waits for one gets a ``Failure``; later calls raise DecoderError.
        """
        with self._lock:
            self._closed.set()
            self._is_free.notify_all()
            for process in self._processes:
                process.end()
            self._processes.clear()

    @contextmanager
    def _turn(self) -> Iterator[Turn]:
        """Wait for a free process and reserve it for this thread until the block ends."""
        with self._lock:
            self._is_free.wait_for(lambda: self._closed.is_set() or self._taken < self._most)
            self._require_open()
            self._taken += 1
            turn = Turn(self, self._idle.pop() if self._idle else None)
        try:
            yield turn
        finally:
            process = turn.finish()
            with self._lock:
                self._taken -= 1
                if process:
                    self._idle.append(process)
                self._is_free.notify()

    def start(self) -> DecodingProcess:
        """Start a process and wait until it is ready."""
        with self._lock:
            self._require_open()
            if not self._processes:
                threading.Thread(target=self._watch, name="decoders", daemon=True).start()
            process = DecodingProcess(self.limits)
            self._processes.append(process)
        process.start()
        return process

    def forget(self, process: DecodingProcess) -> None:
        """Remove a process that has ended."""
        with self._lock, suppress(ValueError):  # ``close`` may have removed it
            self._processes.remove(process)

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise DecoderError("images can no longer be decoded: the processes that do it were closed.")

    def _watch(self) -> None:
        """End processes that take too long, from a separate thread; the waiting thread then sees that its one ended."""
        while not self._closed.wait(_CHECK_SECONDS):
            with self._lock:
                if not self._processes:
                    return
                for process in self._processes:
                    process.end_if_overdue()
