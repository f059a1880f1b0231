"""Decode images in processes of their own, which are replaced when a decoder crashes in them or never ends.

Threads could not give that: a crash in the C code of a decoder ends the program, and no thread can be stopped. What
it costs is in ``docs/decisions/0008-decoding-in-processes.md``.
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
from .decoding_child import Ask
from .decoding_process import DecodingProcess, EndedError, Preprocess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: Seconds between two looks for processes that overrun.
_LOOK = 0.1

#: What a process answers of an image.
_Answer = Union[dict[str, Any], Failure]


class Decoders:
    """A few processes that threads share, by default as many as there are cores; each is started when it is needed.

    All methods may be called from any thread, and give what became of the image: a value or its ``Failure``. They raise
    DecoderError where no process can be started.
    """

    def __init__(self, limits: ImageLimits = DEFAULT_LIMITS, *, processes: Optional[int] = None) -> None:
        self.limits = limits
        self.large = threading.Lock()  # held while a large picture is in memory
        self._most = processes or os.cpu_count() or 1
        self._lock = threading.Lock()  # of what follows
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
    def decoded(self, ref: ImageRef, data: bytes) -> Iterator[Union[DecodedThere, Failure]]:
        """The decoded image, which stays in its process until the block ends."""
        with self._turn() as turn:
            answer = turn.decode(ref, Ask.FACTS, data)
            yield answer if isinstance(answer, Failure) else DecodedThere(ImageFacts(ref=ref, **answer), turn)

    def content_hashes(self, images: Sequence[tuple[ImageRef, bytes]]) -> list[Union[str, Failure]]:
        """The ``hash_id`` of the bytes of each image.

        They are sent together: for a small image the way to the process and back takes as long as the work.
        """
        answers: list[_Answer] = []
        with self._turn() as turn:
            while rest := images[len(answers) :]:
                try:
                    answers.extend(turn.decode_all(Ask.HASH, rest))
                except _PartDoneError as part:
                    answers += part.answers
                    ref, data = images[len(answers)]  # on this one: it is asked for alone, as often as others are
                    answers.append(turn.decode(ref, Ask.HASH, data))
        return [answer if isinstance(answer, Failure) else str(answer["hash_id"]) for answer in answers]

    def close(self) -> None:
        """End all processes at once; a thread that waits for one gets a ``Failure``, one that asks later an error."""
        with self._lock:
            self._closed.set()
            self._is_free.notify_all()
            for process in self._processes:
                process.end()
            self._processes.clear()

    @contextmanager
    def _turn(self) -> Iterator[_Turn]:
        """A process for this thread alone, as long as the block lasts; it waits until one is free."""
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
        """A new process, ready to be asked."""
        with self._lock:
            self._require_open()
            if not self._processes:
                threading.Thread(target=self._watch, name="decoders", daemon=True).start()
            process = DecodingProcess(self.limits)
            self._processes.append(process)
        process.start()
        return process

    def forget(self, process: DecodingProcess) -> None:
        """Of a process that has ended."""
        with self._lock, suppress(ValueError):  # all were forgotten by close
            self._processes.remove(process)

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise DecoderError("images can no longer be decoded: the processes that do it were closed.")

    def _watch(self) -> None:
        """On a thread: end what takes too long. The thread that waits for it then sees that it has ended."""
        while not self._closed.wait(_LOOK):
            with self._lock:
                if not self._processes:
                    return
                for process in self._processes:
                    process.end_if_overdue()


class DecodedThere:
    """An image that was decoded in a process, where its picture still is."""

    def __init__(self, facts: ImageFacts, turn: _Turn) -> None:
        self.facts = facts
        self._turn = turn

    def prepared(self, preprocess: Preprocess) -> Union[NDArray[np.float32], Failure]:
        """The array that ``preprocess`` makes of the picture, which is let go; asked for once."""
        return self._turn.prepare(self.facts.ref, preprocess)


class _PartDoneError(Exception):
    """A process has ended after some of the images that it was sent."""

    def __init__(self, answers: list[_Answer]) -> None:
        super().__init__()
        self.answers = answers


class _Turn:
    """The turn of one thread at a process, which is replaced where it ends."""

    def __init__(self, decoders: Decoders, process: Optional[DecodingProcess]) -> None:
        self._decoders = decoders
        self._process = process
        self._has_large = False

    def decode(self, ref: ImageRef, ask: Ask, data: bytes) -> _Answer:
        """What the process answers of one image. It lets go of the one before."""
        self._make_room()
        for is_last in (False, True):  # twice: a process may also be ended by something that is not the image
            try:
                process = self._ready()
                process.ask(ask, data)
                return self._answer_of(ref, process)
            except EndedError as end:
                why = self._why(end)
                if is_last or end.is_overdue:
                    return Failure(ref, "decode", *why)
        raise AssertionError("the last of two tries returns")

    def decode_all(self, ask: Ask, images: Sequence[tuple[ImageRef, bytes]]) -> list[_Answer]:
        """What it answers of many; _PartDoneError where it ends on the way."""
        answers: list[_Answer] = []
        try:
            process = self._ready()
            process.ask(ask, *(data for _, data in images))
            for ref, _ in images:
                answers.append(self._answer_of(ref, process))
                self._make_room()
        except EndedError as end:
            self._why(end)
            raise _PartDoneError(answers) from end
        return answers

    def prepare(self, ref: ImageRef, preprocess: Preprocess) -> Union[NDArray[np.float32], Failure]:
        """The array of the picture that was decoded last."""
        import numpy as np  # here, because the process that decodes imports this package and needs no NumPy

        try:
            process = self._ready()
            process.learn(preprocess)
            process.ask(Ask.PREPARE, b"")
            header, data = process.answer(self._decoders.limits.image_seconds)
        except EndedError as end:
            return Failure(ref, "embed", *self._why(end))
        answer = _told(ref, header)
        if isinstance(answer, Failure):
            return answer
        array: NDArray[np.float32] = np.frombuffer(data, dtype=answer["dtype"]).reshape(answer["shape"])
        return array

    def finish(self) -> Optional[DecodingProcess]:
        """End the turn; the process, if it can serve another."""
        if self._has_large and self._process:
            try:
                self._process.ask(Ask.FORGET, b"")
            except EndedError as end:
                self._why(end)
        self._make_room()
        if self._process and self._process.is_ended:
            self._process.end()
            self._decoders.forget(self._process)
            return None
        return self._process

    def _ready(self) -> DecodingProcess:
        if self._process is None:
            self._process = self._decoders.start()
        return self._process

    def _answer_of(self, ref: ImageRef, process: DecodingProcess) -> _Answer:
        """The answer to a request to decode; a large picture waits for its turn first."""
        header, _ = process.answer(self._decoders.limits.image_seconds)
        if "large" in header:
            self._decoders.large.acquire()
            self._has_large = True
            process.ask(Ask.PROCEED, b"")
            header, _ = process.answer(self._decoders.limits.image_seconds)
        return _told(ref, header)

    def _why(self, end: EndedError) -> tuple[str, str]:
        """Let go of the process, which has ended; the reason code and the sentence of the image that it ended on."""
        process, self._process = self._process, None
        self._make_room()
        if process is None:
            raise AssertionError("only a process that was asked has ended")
        process.end(patiently=True)
        self._decoders.forget(process)
        if end.is_overdue:
            seconds = f"{self._decoders.limits.image_seconds:g}"
            return "timeout", f"decoding takes longer than {seconds} s; --image_seconds raises the limit"
        return "crashed", f"the decoder crashed on it ({process.last_words()})"

    def _make_room(self) -> None:
        """Let another thread decode a large picture."""
        if self._has_large:
            self._has_large = False
            self._decoders.large.release()


def _told(ref: ImageRef, header: dict[str, Any]) -> _Answer:
    if said := header.pop("said", None):
        log.info("%s: the decoder said: %s", ref.path, said)
    if "code" in header:
        return Failure(ref, str(header["step"]), str(header["code"]), str(header["reason"]))
    return header
