"""A process that decodes images, as the thread sees that asks it: started, asked, waited for, ended."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Callable, Optional

from ..errors import DecoderError
from ..settings import ImageLimits
from .decoding_child import ANSWER, REQUEST, Ask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

#: A picture -> the array that an encoder takes. It is pickled: a function of a module, or a small object.
Preprocess = Callable[["Image.Image"], "NDArray[np.float32]"]

#: Seconds that a process may take to start: a busy machine may need some, a broken one would take for ever.
_START_SECONDS = 120.0

#: Seconds that a process which stopped answering has to end by itself, so that it can be told how it ended.
_LAST_SECONDS = 5.0

#: The longest header and data that an answer can have; what says that it has more has gone wild.
_MOST_HEADER, _MOST_DATA = 1 << 20, 1 << 30

#: Not ``multiprocessing``: it would run the user's script again in every process. The path is that of this program.
_PROGRAM = """import json, sys
sys.path[:] = json.loads(sys.argv.pop())
from image_tagging.images.decoding_child import main
main()"""


class EndedError(Exception):
    """A process has ended instead of answering."""

    def __init__(self, is_overdue: bool) -> None:
        super().__init__()
        self.is_overdue = is_overdue


class DecodingProcess:
    """A process that decodes, seen from the one thread that asks it; ``end_if_overdue`` is for another."""

    def __init__(self, limits: ImageLimits) -> None:
        self._preprocess: Optional[Preprocess] = None
        self._words = ""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  closed by ``end``
        self._lock = threading.Lock()
        self._deadline = float("inf")
        self._is_overdue = False
        command = [sys.executable, "-c", _PROGRAM, json.dumps(asdict(limits.limits)), json.dumps(sys.path)]
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
        except EndedError as error:
            self.end(patiently=True)
            raise DecoderError(f"the process that decodes images does not start ({self.last_words()}).") from error

    def learn(self, preprocess: Preprocess) -> None:
        """Give it the function that prepares pictures. What that imports takes its time, which is no image's."""
        if self._preprocess == preprocess:
            return
        try:
            self.ask(Ask.LEARN, pickle.dumps(preprocess))
            self.answer(_START_SECONDS)
        except EndedError as error:
            self.end(patiently=True)
            raise DecoderError(
                f"the process that decodes images cannot load what prepares them for the encoder ({self.last_words()})."
            ) from error
        self._preprocess = preprocess

    def ask(self, ask: Ask, *payloads: bytes) -> None:
        """Send a request for each of the payloads; raises EndedError where nobody takes them."""
        stdin = self._popen.stdin
        try:
            if stdin:
                for payload in payloads:
                    stdin.write(REQUEST.pack(ask, len(payload)))
                    stdin.write(payload)
                stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: closed by another thread
            raise EndedError(self._is_overdue) from error

    def answer(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Wait for an answer, its header and its data; raises EndedError where none comes in time."""
        self._deadline = time.monotonic() + seconds
        try:
            header_length, data_length = ANSWER.unpack(self._read(ANSWER.size))
            if header_length > _MOST_HEADER or data_length > _MOST_DATA:
                raise EndedError(False)
            header: dict[str, Any] = json.loads(self._read(header_length))
            data = self._read(data_length)
        except (OSError, ValueError) as error:
            raise EndedError(self._is_overdue) from error
        with self._lock:
            self._deadline = float("inf")
        return header, data

    def _read(self, length: int) -> bytes:
        stdout = self._popen.stdout
        data = stdout.read(length) if stdout and length else b""
        if len(data) < length:
            raise EndedError(self._is_overdue)
        return data

    def end_if_overdue(self) -> None:
        """From another thread: end it where its answer is overdue."""
        with self._lock:
            if time.monotonic() > self._deadline:
                self._is_overdue = True
                self._popen.kill()

    def end(self, *, patiently: bool = False) -> None:
        """End it, whatever it is doing, and close its pipes; ``patiently`` where it seems to be ending by itself."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_LAST_SECONDS if patiently else 0)
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
