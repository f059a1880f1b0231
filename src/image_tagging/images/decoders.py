"""Decode images in separate processes, which are replaced when a decoder crashes or hangs in them.

Threads are not enough: a crash in the C code of a decoder ends the program, and a thread cannot be stopped. The costs
are in ``docs/decisions/0008-decoding-in-processes.md``.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Optional, Union

from typing_extensions import Self

from ..errors import DecoderError
from ..records import Failure, ImageFacts, ImageRef
from ..settings import DEFAULT_LIMITS, ImageLimits
from .decoding_child import Request
from .decoding_process import DecodingProcess, EndedError, Preprocess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: Seconds between checks for processes that overrun their time.
_CHECK_SECONDS = 0.1

#: The response of a process about one image: its header, or the failure.
_Response = Union[dict[str, Any], Failure]


class Decoders:
    """A pool of decoding processes that threads share, by default one per core, each started when it is first needed.

    All methods may be called from any thread, and return a value or a ``Failure`` for each image. They raise
    DecoderError where no process can be started.
    """

    def __init__(self, limits: ImageLimits = DEFAULT_LIMITS, *, processes: Optional[int] = None) -> None:
        self.limits = limits
        self.large = threading.Lock()  # held while a large picture is in memory
        self._most = processes or os.cpu_count() or 1
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

    def content_hashes(self, images: Sequence[tuple[ImageRef, bytes]]) -> list[Union[str, Failure]]:
        """Return the ``hash_id`` or the ``Failure`` of each image.

        The images are sent together: for a small image the round trip to the process takes as long as the work.
        """
        responses: list[_Response] = []
        with self._turn() as turn:
            while rest := images[len(responses) :]:
                try:
                    responses.extend(turn.decode_all(Request.HASH, rest))
                except _PartDoneError as part:
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
    def _turn(self) -> Iterator[_Turn]:
        """Wait for a free process and reserve it for this thread until the block ends."""
        with self._lock:
            self._is_free.wait_for(lambda: self._closed.is_set() or self._taken < self._most)
            self._require_open()
            self._taken += 1
            turn = _Turn(self, self._idle.pop() if self._idle else None)
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


class RemoteImage:
    """An image decoded in another process, which still holds its picture."""

    def __init__(self, facts: ImageFacts, turn: _Turn) -> None:
        self.facts = facts
        self._turn = turn

    def prepared(self, preprocess: Preprocess) -> Union[NDArray[np.float32], Failure]:
        """Return the array that ``preprocess`` makes of the picture; call it once, since this releases the picture."""
        return self._turn.prepare(self.facts.ref, preprocess)


class _PartDoneError(Exception):
    """A process ended after some of the images that it was sent; ``responses`` are those to the images before."""

    def __init__(self, responses: list[_Response]) -> None:
        super().__init__()
        self.responses = responses


class _Turn:
    """The use of a process by one thread; the process is replaced when it ends."""

    def __init__(self, decoders: Decoders, process: Optional[DecodingProcess]) -> None:
        self._decoders = decoders
        self._process = process
        self._has_large = False

    def decode(self, ref: ImageRef, request: Request, data: bytes) -> _Response:
        """Return the response about one image; the process releases the image before."""
        self._release_large()
        for is_last in (False, True):  # twice: a process may also be ended by something other than the image
            try:
                process = self._ready()
                process.send(request, data)
                return self._receive(ref, process)
            except EndedError as end:
                reason = self._discard(end)
                if is_last or end.is_overdue:
                    return Failure(ref, "decode", *reason)
        raise AssertionError("the last of two tries returns")

    def decode_all(self, request: Request, images: Sequence[tuple[ImageRef, bytes]]) -> list[_Response]:
        """Return the responses about many images; raise _PartDoneError where the process ends before the last."""
        responses: list[_Response] = []
        try:
            process = self._ready()
            process.send(request, *(data for _, data in images))
            for ref, _ in images:
                responses.append(self._receive(ref, process))
                self._release_large()
        except EndedError as end:
            self._discard(end)
            raise _PartDoneError(responses) from end
        return responses

    def prepare(self, ref: ImageRef, preprocess: Preprocess) -> Union[NDArray[np.float32], Failure]:
        """Return the array that ``preprocess`` makes of the picture decoded last."""
        import numpy as np  # here, because the decoding process imports this package and needs no NumPy

        try:
            process = self._ready()
            process.set_preprocess(preprocess)
            process.send(Request.PREPARE, b"")
            header, data = process.receive(self._decoders.limits.image_seconds)
        except EndedError as end:
            return Failure(ref, "embed", *self._discard(end))
        response = _as_response(ref, header)
        if isinstance(response, Failure):
            return response
        array: NDArray[np.float32] = np.frombuffer(data, dtype=response["dtype"]).reshape(response["shape"])
        return array

    def finish(self) -> Optional[DecodingProcess]:
        """End the use of the process; return it if it can be used again."""
        if self._has_large and self._process:
            try:
                self._process.send(Request.FORGET, b"")
            except EndedError as end:
                self._discard(end)
        self._release_large()
        if self._process and self._process.is_ended:
            self._process.end()
            self._decoders.forget(self._process)
            return None
        return self._process

    def _ready(self) -> DecodingProcess:
        if self._process is None:
            self._process = self._decoders.start()
        return self._process

    def _receive(self, ref: ImageRef, process: DecodingProcess) -> _Response:
        """Wait for the response to a decoding request; large pictures wait until no other is in memory."""
        header, _ = process.receive(self._decoders.limits.image_seconds)
        if "large" in header:
            self._decoders.large.acquire()
            self._has_large = True
            process.send(Request.PROCEED, b"")
            header, _ = process.receive(self._decoders.limits.image_seconds)
        return _as_response(ref, header)

    def _discard(self, end: EndedError) -> tuple[str, str]:
        """Discard the process, which has ended; return the reason code and the sentence for the image it ended on."""
        process, self._process = self._process, None
        self._release_large()
        if process is None:
            raise AssertionError("only a process that was sent a request has ended")
        process.end(patiently=True)
        self._decoders.forget(process)
        if end.is_overdue:
            seconds = f"{self._decoders.limits.image_seconds:g}"
            return "timeout", f"decoding takes longer than {seconds} s; --image_seconds raises the limit"
        return "crashed", f"the decoder crashed on it ({process.exit_reason()})"

    def _release_large(self) -> None:
        """Let another thread decode a large picture."""
        if self._has_large:
            self._has_large = False
            self._decoders.large.release()


def _as_response(ref: ImageRef, header: dict[str, Any]) -> _Response:
    """Log what decoders printed; return the header of a response, or the ``Failure`` that it describes."""
    if printed := header.pop("printed", None):
        log.info("%s: the decoder printed: %s", ref.path, printed)
    if "code" in header:
        return Failure(ref, str(header["step"]), str(header["code"]), str(header["reason"]))
    return header
