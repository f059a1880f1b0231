"""Decode images in processes of their own, which are replaced when a decoder crashes in them or never ends.

Threads could not give that: a crash in the C code of a decoder ends the program, and no thread can be stopped. What
it costs is in ``docs/decisions/0008-decoding-in-processes.md``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from .decoding_child import Ask
from .decoding_process import DecodingProcess, EndedError, Preprocess
from .errors import DecoderError
from .images import DEFAULT_LIMITS, ImageLimits
from .records import Failure, ImageFacts, ImageRef

log = logging.getLogger(__name__)

#: Seconds between two looks for processes that overrun.
_LOOK = 0.1


class Decoders:
    """One process for each thread that asks, started when it first does.

    All methods may be called from any thread, and give what became of the image: a value or its ``Failure``. They raise
    DecoderError where no process can be started.
    """

    def __init__(self, limits: ImageLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._local = threading.local()
        self._lock = threading.Lock()
        self._processes: list[DecodingProcess] = []
        self._large = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def facts(self, ref: ImageRef, data: bytes) -> Union[ImageFacts, Failure]:
        """What the bytes of an image tell. Then comes ``prepared`` or ``forget``: the picture is kept until then."""
        answer = self._decoded(ref, Ask.FACTS, data)
        return answer if isinstance(answer, Failure) else ImageFacts(ref=ref, **answer)

    def content_hashes(self, images: Sequence[tuple[ImageRef, bytes]]) -> list[Union[str, Failure]]:
        """The ``hash_id`` of the bytes of each image.

        They are sent together: for a small image the way to the process and back takes as long as the work.
        """
        hashes: list[Union[str, Failure]] = []
        while rest := images[len(hashes) :]:
            process = self._process()
            try:
                process.ask(Ask.HASH, *(data for _, data in rest))
                for ref, _ in rest:
                    hashes.append(_hash_in(self._told(ref, self._answer(process))))
                    self._make_room(process)
            except EndedError as end:
                self._replace(process, end)
                ref, data = images[len(hashes)]  # on this one: it is asked for alone, as often as others are
                hashes.append(_hash_in(self._decoded(ref, Ask.HASH, data)))
                self.forget()
        return hashes

    def prepared(self, ref: ImageRef, preprocess: Preprocess) -> Union[NDArray[np.float32], Failure]:
        """The array that ``preprocess`` makes of the picture whose facts this thread asked for last."""
        process = self._process()
        try:
            process.learn(preprocess)
            process.ask(Ask.PREPARE, b"")
            answer, data = process.answer(self._limits.image_seconds)
        except EndedError as end:
            return Failure(ref, "embed", *self._replace(process, end))
        finally:
            self._make_room(process)
        told = self._told(ref, answer)
        if isinstance(told, Failure):
            return told
        array: NDArray[np.float32] = np.frombuffer(data, dtype=answer["dtype"]).reshape(answer["shape"])
        return array

    def forget(self) -> None:
        """Let go of the picture whose facts this thread asked for last: it need not be prepared."""
        process = self._process()
        if process.has_large:
            process.ask(Ask.FORGET, b"")
            self._make_room(process)

    def close(self) -> None:
        """End all processes at once; a thread that waits for one gets a ``Failure``, one that asks later an error."""
        with self._lock:
            self._closed.set()
            for process in self._processes:
                process.end()
            self._processes.clear()

    def _decoded(self, ref: ImageRef, ask: Ask, data: bytes) -> Union[dict[str, Any], Failure]:
        for is_last in (False, True):  # twice: a process may also be ended by something that is not the image
            process = self._process()
            self._make_room(process)  # another image is asked for: the process lets go of the last one
            try:
                process.ask(ask, data)
                return self._told(ref, self._answer(process))
            except EndedError as end:
                why = self._replace(process, end)
                if is_last or end.is_overdue:
                    return Failure(ref, "decode", *why)
        raise AssertionError("the last of two tries returns")

    def _answer(self, process: DecodingProcess) -> dict[str, Any]:
        """The answer to a request to decode; a large picture waits for its turn first."""
        answer, _ = process.answer(self._limits.image_seconds)
        if "large" in answer:
            self._large.acquire()
            process.has_large = True
            process.ask(Ask.PROCEED, b"")
            answer, _ = process.answer(self._limits.image_seconds)
            if "code" in answer:
                self._make_room(process)
        return answer

    @staticmethod
    def _told(ref: ImageRef, answer: dict[str, Any]) -> Union[dict[str, Any], Failure]:
        if said := answer.pop("said", None):
            log.info("%s: the decoder said: %s", ref.path, said)
        if "code" in answer:
            return Failure(ref, str(answer["step"]), str(answer["code"]), str(answer["reason"]))
        return answer

    def _process(self) -> DecodingProcess:
        """The process of this thread, a new one where it has none or its last one has ended."""
        process: Optional[DecodingProcess] = getattr(self._local, "process", None)
        if process is None or process.is_ended:
            with self._lock:
                if self._closed.is_set():
                    raise DecoderError("images can no longer be decoded: the processes that do it were closed.")
                if not self._processes:
                    threading.Thread(target=self._watch, name="decoders", daemon=True).start()
                process = self._local.process = DecodingProcess(self._limits)
                self._processes.append(process)
            process.start()
        return process

    def _replace(self, process: DecodingProcess, end: EndedError) -> tuple[str, str]:
        """Forget a process that has ended; the reason code and the sentence of the image that it ended on."""
        process.end(patiently=True)
        self._make_room(process)
        with self._lock:
            if process in self._processes:
                self._processes.remove(process)
        if end.is_overdue:
            seconds = f"{self._limits.image_seconds:g}"
            return "timeout", f"decoding takes longer than {seconds} s; --image_seconds raises the limit"
        return "crashed", f"the decoder crashed on it ({process.last_words()})"

    def _make_room(self, process: DecodingProcess) -> None:
        """Let another thread decode a large picture."""
        if process.has_large:
            process.has_large = False
            self._large.release()

    def _watch(self) -> None:
        """On a thread: end what takes too long. The thread that waits for it then sees that it has ended."""
        while not self._closed.wait(_LOOK):
            with self._lock:
                if not self._processes:
                    return
                for process in self._processes:
                    process.end_if_overdue()


def _hash_in(told: Union[dict[str, Any], Failure]) -> Union[str, Failure]:
    return told if isinstance(told, Failure) else str(told["hash_id"])
