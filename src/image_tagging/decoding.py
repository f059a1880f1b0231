"""Decode images in processes of their own, which are replaced when a decoder crashes in them or never ends.

Threads could not give that: a crash in the C code of a decoder ends the program, and no thread can be stopped. What
it costs is in ``docs/decisions/0008-decoding-in-processes.md``.
"""

from __future__ import annotations

import json
import logging
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Callable, Optional, Union

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from typing_extensions import Self

from .decoding_process import ANSWER, REQUEST, Ask
from .errors import DecoderError
from .images import DEFAULT_LIMITS, ImageLimits
from .records import Failure, ImageFacts, ImageRef

log = logging.getLogger(__name__)

#: A picture -> the array that an encoder takes. It is pickled: a function of a module, or a small object.
Preprocess = Callable[[Image.Image], NDArray[np.float32]]

#: Seconds between two looks for processes that overrun.
_LOOK = 0.1

#: Seconds that a process may take to start: a busy machine may need some, a broken one would take for ever.
_START_SECONDS = 120.0

#: Seconds that a process which stopped answering has to end by itself, so that it can be told how it ended.
_LAST_SECONDS = 5.0

#: The longest header and data that an answer can have; what says that it has more has gone wild.
_MOST_HEADER, _MOST_DATA = 1 << 20, 1 << 30

#: Not ``multiprocessing``: it would run the user's script again in every process. The path is that of this program.
_PROGRAM = """import json, sys
sys.path[:] = json.loads(sys.argv.pop())
from image_tagging.decoding_process import main
main()"""


class Decoders:
    """One process for each thread that asks, started when it first does.

    All methods may be called from any thread, and give what became of the image: a value or its ``Failure``. They raise
    DecoderError where no process can be started.
    """

    def __init__(self, limits: ImageLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._local = threading.local()
        self._lock = threading.Lock()
        self._processes: list[_Process] = []
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
            except _EndedError as end:
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
        except _EndedError as end:
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
            except _EndedError as end:
                why = self._replace(process, end)
                if is_last or end.is_overdue:
                    return Failure(ref, "decode", *why)
        raise AssertionError("the last of two tries returns")

    def _answer(self, process: _Process) -> dict[str, Any]:
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

    def _process(self) -> _Process:
        """The process of this thread, a new one where it has none or its last one has ended."""
        process: Optional[_Process] = getattr(self._local, "process", None)
        if process is None or process.is_ended:
            with self._lock:
                if self._closed.is_set():
                    raise DecoderError("images can no longer be decoded: the processes that do it were closed.")
                if not self._processes:
                    threading.Thread(target=self._watch, name="decoders", daemon=True).start()
                process = self._local.process = _Process(self._limits)
                self._processes.append(process)
            process.start()
        return process

    def _replace(self, process: _Process, end: _EndedError) -> tuple[str, str]:
        """Forget a process that has ended; the reason code and the sentence of the image that it ended on."""
        process.end(seconds=_LAST_SECONDS)
        self._make_room(process)
        with self._lock:
            if process in self._processes:
                self._processes.remove(process)
        if end.is_overdue:
            seconds = f"{self._limits.image_seconds:g}"
            return "timeout", f"decoding takes longer than {seconds} s; --image_seconds raises the limit"
        return "crashed", f"the decoder crashed on it ({process.last_words()})"

    def _make_room(self, process: _Process) -> None:
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


class _EndedError(Exception):
    """A process has ended instead of answering."""

    def __init__(self, is_overdue: bool) -> None:
        super().__init__()
        self.is_overdue = is_overdue


class _Process:
    """A process that decodes, seen from the one thread that asks it; ``end_if_overdue`` is for another."""

    def __init__(self, limits: ImageLimits) -> None:
        self.has_large = False
        self._preprocess: Optional[Preprocess] = None
        self._words = ""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  closed by ``end``
        self._lock = threading.Lock()
        self._deadline = float("inf")
        self._is_overdue = False
        command = [sys.executable, "-c", _PROGRAM, json.dumps(asdict(limits)), json.dumps(sys.path)]
        try:
            # A session of its own: Ctrl-C in the terminal is for the program, which then ends this process.
            self._popen = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, start_new_session=True
            )
        except OSError as error:
            self._said.close()
            raise DecoderError(f"cannot start a process to decode images ({error}). Close some programs.") from error

    @property
    def is_ended(self) -> bool:
        """Whether it can be asked no more."""
        return self._is_overdue or self._popen.poll() is not None

    def start(self) -> None:
        """Wait until it is ready."""
        try:
            self.answer(_START_SECONDS)
        except _EndedError as error:
            self.end(seconds=_LAST_SECONDS)
            raise DecoderError(f"the process that decodes images does not start ({self.last_words()}).") from error

    def learn(self, preprocess: Preprocess) -> None:
        """Give it the function that prepares pictures. What that imports takes its time, which is no image's."""
        if self._preprocess == preprocess:
            return
        try:
            self.ask(Ask.LEARN, pickle.dumps(preprocess))
            self.answer(_START_SECONDS)
        except _EndedError as error:
            self.end(seconds=_LAST_SECONDS)
            raise DecoderError(
                f"the process that decodes images cannot load what prepares them for the encoder ({self.last_words()})."
            ) from error
        self._preprocess = preprocess

    def ask(self, ask: Ask, *payloads: bytes) -> None:
        """Send a request for each of the payloads; raises _EndedError where nobody takes them."""
        stdin = self._popen.stdin
        try:
            if stdin:
                for payload in payloads:
                    stdin.write(REQUEST.pack(ask, len(payload)))
                    stdin.write(payload)
                stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: closed by another thread
            raise _EndedError(self._is_overdue) from error

    def answer(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Wait for an answer, its header and its data; raises _EndedError where none comes in time."""
        self._deadline = time.monotonic() + seconds
        try:
            header_length, data_length = ANSWER.unpack(self._read(ANSWER.size))
            if header_length > _MOST_HEADER or data_length > _MOST_DATA:
                raise _EndedError(False)
            header: dict[str, Any] = json.loads(self._read(header_length))
            data = self._read(data_length)
        except (OSError, ValueError) as error:
            raise _EndedError(self._is_overdue) from error
        with self._lock:
            self._deadline = float("inf")
        return header, data

    def _read(self, length: int) -> bytes:
        stdout = self._popen.stdout
        data = stdout.read(length) if stdout and length else b""
        if len(data) < length:
            raise _EndedError(self._is_overdue)
        return data

    def end_if_overdue(self) -> None:
        """From another thread: end it where its answer is overdue."""
        with self._lock:
            if time.monotonic() > self._deadline:
                self._is_overdue = True
                self._popen.kill()

    def end(self, *, seconds: float = 0.0) -> None:
        """End it, whatever it is doing, and close its pipes; one that is ending anyway gets ``seconds`` to do so."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)
        self._popen.kill()
        self._popen.wait()
        with suppress(OSError):  # what it was still to be sent
            if self._popen.stdin:
                self._popen.stdin.close()
        if self._popen.stdout:
            self._popen.stdout.close()
        if not self._said.closed:
            self._said.seek(0)
            self._words = self._said.read().decode("utf-8", "replace").strip()
            self._said.close()

    def last_words(self) -> str:
        """How it ended, and what it said last."""
        code = self._popen.returncode
        how = signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
        said = self._words.rpartition("\n")[2]
        return f"{how}: {said}" if said else how


def _hash_in(told: Union[dict[str, Any], Failure]) -> Union[str, Failure]:
    return told if isinstance(told, Failure) else str(told["hash_id"])
