"""The use of a decoding process by one thread: requests and responses, and a new process where one ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional, Protocol, Union

from ..addresses import ImageRef
from ..failures import KILLED
from ..records import Failure, ImageFacts
from ..settings import ImageLimits
from ..text import short_path
from .decoding_child import Request
from .decoding_process import DecodingProcess, EndedError, Preprocess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: The response of a process about one image: its header, or the failure.
Response = Union[dict[str, Any], Failure]


class ProcessPool(Protocol):
    """The pool that a process is taken from; ``large`` is held while a large picture is in memory."""

    limits: ImageLimits
    large: threading.Lock

    def start(self) -> DecodingProcess:
        """Start a process."""

    def forget(self, process: DecodingProcess) -> None:
        """Remove a process that has ended."""


class RemoteImage:
    """An image decoded in another process, which still holds its picture; ``frames`` of it are counted to draw it."""

    def __init__(self, facts: ImageFacts, turn: Turn, frames: int = 1) -> None:
        self.facts = facts
        self.frames = frames
        self._turn = turn

    def prepared(self, preprocess: Preprocess) -> Union[NDArray[np.float32], Failure]:
        """Return the array that ``preprocess`` makes of the picture; call it once, since this releases the picture."""
        return self._turn.prepare(self.facts.ref, preprocess)


class PartDoneError(Exception):
    """A process ended after some of the images that it was sent; ``responses`` are those to the images before."""

    def __init__(self, responses: list[Response]) -> None:
        super().__init__()
        self.responses = responses


class Turn:
    """The use of a process by one thread; the process is replaced when it ends."""

    def __init__(self, pool: ProcessPool, process: Optional[DecodingProcess]) -> None:
        self._pool = pool
        self._process = process
        self._has_large = False
        self._seconds = pool.limits.image_seconds

    def decode(self, ref: ImageRef, request: Request, data: bytes) -> Response:
        """Return the response about one image; the process releases the image before."""
        self._release_large()
        for is_last in (False, True):  # twice: a process may also be ended by something other than the image
            try:
                process = self._ready()
                process.send(request, data, seconds=self._seconds)
                return self._receive(ref, process)
            except EndedError as end:
                reason = self._discard(end)
                if is_last or end.is_overdue:
                    return Failure(ref, "decode", *reason)
        raise AssertionError("the last of two tries returns")

    def decode_all(self, request: Request, images: Sequence[tuple[ImageRef, bytes]]) -> list[Response]:
        """Return the responses about many images; raise PartDoneError where the process ends before the last."""
        responses: list[Response] = []
        try:
            process = self._ready()
            process.send(request, *(data for _, data in images), seconds=self._seconds)
            for ref, _ in images:
                responses.append(self._receive(ref, process))
                self._release_large()
        except EndedError as end:
            self._discard(end)
            raise PartDoneError(responses) from end
        return responses

    def prepare(self, ref: ImageRef, preprocess: Preprocess) -> Union[NDArray[np.float32], Failure]:
        """Return the array that ``preprocess`` makes of the picture decoded last."""
        import numpy as np  # here, because the decoding process imports this package and needs no NumPy

        try:
            process = self._ready()
            process.set_preprocess(preprocess)
            process.send(Request.PREPARE, b"", seconds=self._seconds)
            header, data = process.receive(self._seconds)
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
                self._process.send(Request.FORGET, b"", seconds=self._seconds)
            except EndedError as end:
                self._discard(end)
        self._release_large()
        if self._process and self._process.is_ended:
            self._process.end()
            self._pool.forget(self._process)
            return None
        return self._process

    def _ready(self) -> DecodingProcess:
        if self._process is None:
            self._process = self._pool.start()
        return self._process

    def _receive(self, ref: ImageRef, process: DecodingProcess) -> Response:
        """Wait for the response to a decoding request; large pictures wait until no other is in memory."""
        header, _ = process.receive(self._seconds)
        if "large" in header:
            self._pool.large.acquire()
            self._has_large = True
            process.send(Request.PROCEED, b"", seconds=self._seconds)
            header, _ = process.receive(self._seconds)
        return _as_response(ref, header)

    def _discard(self, end: EndedError) -> tuple[str, str]:
        """Discard the process, which has ended; return the reason code and the sentence for the image it ended on."""
        process, self._process = self._process, None
        self._release_large()
        if process is None:
            raise AssertionError("only a process that was sent a request has ended")
        process.end(patiently=True)
        self._pool.forget(process)
        if end.is_overdue:
            return "timeout", f"decoding takes longer than {self._seconds:g} s; --image_seconds raises the limit"
        how = process.exit_reason()
        if process.was_killed:
            why = f"the system ended its decoder ({how}), perhaps for lack of memory"
            return KILLED, f"{why}; the next run tries it again"
        return "crashed", f"the decoder crashed on it ({how})"

    def _release_large(self) -> None:
        """Let another thread decode a large picture."""
        if self._has_large:
            self._has_large = False
            self._pool.large.release()


def _as_response(ref: ImageRef, header: dict[str, Any]) -> Response:
    """Log what decoders printed; return the header of a response, or the ``Failure`` that it describes."""
    if printed := header.pop("printed", None):
        log.info("%s: the decoder printed: %s", short_path(ref.path), printed)
    if "code" in header:
        return Failure(ref, str(header["step"]), str(header["code"]), str(header["reason"]))
    return header
