"""The parent's side of a decoding process: start it, send requests, wait for responses, end it."""

from __future__ import annotations

import errno
import json
import logging
import pickle
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any, Callable, Optional

from ..errors import DecoderError
from ..settings import ImageLimits
from ..writing import small_temporary_file
from .decode_errors import is_about_limits
from .decoding_child import REQUEST, RESPONSE, Request
from .interpreter import PROGRAM, environment, how_to_name_it, import_folders, interpreter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

log = logging.getLogger(__name__)

#: A picture -> the array that an encoder takes. It must be picklable: a function of a module, or a small object.
Preprocess = Callable[["Image.Image"], "NDArray[np.float32]"]

#: Seconds that a process may take to start: generous, for a busy machine.
_START_SECONDS = 120.0

#: Seconds that a process which stopped answering has to end by itself, so that its exit code is known.
_EXIT_SECONDS = 5.0

#: On Windows: no console window next to a windowed program, and no share in the Ctrl-C of the parent's console.
_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)

#: The signals by which a fault in a decoder ends its process. All others come from elsewhere, as SIGKILL does where
#: the system lacks memory.
_FAULTS = frozenset("SIGSEGV SIGBUS SIGILL SIGFPE SIGABRT SIGTRAP SIGSYS".split())

#: Exit codes of Windows: STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT.
_NO_MEMORY = frozenset({0xC0000017, 0xC000012D})

#: What the system says where the file at the path of the interpreter is no program that it can run.
_NO_PROGRAM = frozenset({errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.EPERM})

#: The most bytes of a header and of data; a response that claims more is corrupt.
_MOST_HEADER, _MOST_DATA = 1 << 20, 1 << 30


class EndedError(Exception):
    """A process ended instead of answering; ``is_overdue`` where it was ended for taking too long."""

    def __init__(self, is_overdue: bool) -> None:
        super().__init__()
        self.is_overdue = is_overdue


class DecodingProcess:
    """A decoding process, used by one thread at a time; only ``end_if_overdue`` may be called from another."""

    def __init__(self, limits: ImageLimits) -> None:
        self._preprocess: Optional[Preprocess] = None
        self._output = ""
        self._lock = threading.Lock()
        self._deadline = float("inf")
        self._is_overdue = self._is_killed_here = False
        self._python = interpreter()
        given = {"limits": asdict(limits.limits), **import_folders()._asdict()}
        self._stderr = _output_file()
        try:
            self._popen = subprocess.Popen(
                [self._python, "-c", PROGRAM, json.dumps(given)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=environment(),
                start_new_session=True,  # Ctrl-C in the terminal is for the parent, which then ends this process
                creationflags=_NO_WINDOW,
            )
        except OSError as error:
            self._stderr.close()
            raise DecoderError(f"cannot start a process to decode images ({error}). {_advice(error)}") from error

    @property
    def is_ended(self) -> bool:
        """Whether it no longer answers requests."""
        return self._is_overdue or self._popen.poll() is not None

    def start(self) -> None:
        """Wait until it is ready."""
        try:
            header, _ = self.receive(_START_SECONDS)
        except EndedError as error:
            self.end(patiently=True)
            why = f"within {_START_SECONDS:g} s" if error.is_overdue else f"({self.exit_reason()})"
            raise DecoderError(
                f"the process that decodes images does not start {why}. It is one of {self._python}. If that is not "
                f"the Python of this program: {how_to_name_it()}"
            ) from error
        if not header["is_filtered"]:
            log.debug("no system calls are denied to the process that decodes images: not possible on this system")

    def set_preprocess(self, preprocess: Preprocess) -> None:
        """Send the function that prepares pictures; the time of its imports does not count against an image."""
        if self._preprocess == preprocess:
            return
        try:
            self.send(Request.PREPROCESS, pickle.dumps(preprocess), seconds=_START_SECONDS)
            self.receive(_START_SECONDS)
        except EndedError as error:
            self.end(patiently=True)
            raise DecoderError(
                "the process that decodes images cannot load the function that prepares them for the encoder "
                f"({self.exit_reason()})."
            ) from error
        self._preprocess = preprocess

    def send(self, request: Request, *payloads: bytes, seconds: float) -> None:
        """Send one request per payload; raise EndedError where the process has ended.

        It is ended where writing a payload takes longer than ``seconds``: what a pipe does not hold is written only
        once the process has done what came before, which it may hang on.
        """
        stdin = self._popen.stdin
        try:
            if stdin:
                for payload in payloads:
                    self._deadline = time.monotonic() + seconds
                    stdin.write(REQUEST.pack(request, len(payload)))
                    stdin.write(payload)
                stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: closed by another thread
            raise EndedError(self._is_overdue) from error
        finally:
            self._end_deadline()

    def receive(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Wait for a response; return its header and its data. Raise EndedError where none comes in time."""
        self._deadline = time.monotonic() + seconds
        try:
            header_length, data_length = RESPONSE.unpack(self._read(RESPONSE.size))
            if header_length > _MOST_HEADER or data_length > _MOST_DATA:
                raise EndedError(False)
            header: dict[str, Any] = json.loads(self._read(header_length))
            return header, self._read(data_length)
        except (OSError, ValueError) as error:
            raise EndedError(self._is_overdue) from error
        finally:
            self._end_deadline()

    def _end_deadline(self) -> None:
        with self._lock:
            self._deadline = float("inf")

    def _read(self, length: int) -> bytes:
        stdout = self._popen.stdout
        data = stdout.read(length) if stdout and length else b""
        if len(data) < length:
            raise EndedError(self._is_overdue)
        return data

    def end_if_overdue(self) -> None:
        """End the process where its response is overdue; for another thread."""
        with self._lock:
            if time.monotonic() > self._deadline:
                self._is_overdue = True
                self._popen.kill()

    def end(self, *, patiently: bool = False) -> None:
        """End the process and close its pipes; ``patiently`` waits for it to end by itself first."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_EXIT_SECONDS if patiently else 0)
        self._is_killed_here |= self._popen.poll() is None
        self._popen.kill()
        self._popen.wait()
        with suppress(OSError):  # closing flushes requests that nothing reads any more
            if self._popen.stdin:
                self._popen.stdin.close()
        if self._popen.stdout:
            self._popen.stdout.close()
        if not self._stderr.closed:
            self._stderr.seek(0)
            self._output = self._stderr.read().decode("utf-8", "replace").strip()
            self._stderr.close()

    @property
    def was_killed(self) -> bool:
        """Whether neither an image nor this program ended it, but the system or another program, or want of memory."""
        code = self._popen.returncode
        is_signal = code is not None and code < 0 and _signal_name(-code) not in _FAULTS
        lacks_memory = code in _NO_MEMORY or self._last_line().startswith("MemoryError")
        return (is_signal or lacks_memory) and not (self._is_overdue or self._is_killed_here)

    def exit_reason(self) -> str:
        """Return the signal or exit code that it ended with, and the last line of its output."""
        code = self._popen.returncode
        how = _signal_name(-code) if code and code < 0 else f"exit code {code}"
        last_line = self._last_line()
        return f"{how}: {last_line}" if last_line and not is_about_limits(last_line) else how

    def _last_line(self) -> str:
        return self._output.rpartition("\n")[2]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # those for real time have none
        return f"signal {number}"


def _output_file() -> IO[bytes]:
    """Return the file that takes what decoders print; raise DecoderError where none can be made."""
    try:
        return small_temporary_file()
    except OSError as error:
        why = error.strerror or str(error)
        raise DecoderError(f"cannot make a temporary file ({why}). Set TMPDIR to a folder that has room.") from error


def _advice(error: OSError) -> str:
    return how_to_name_it() if error.errno in _NO_PROGRAM else "Close some programs."
