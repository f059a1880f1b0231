"""Run a command as a person would, and measure the whole of it: with the processes that it starts.

Processor time and bytes written are what the system has counted for the process and all that it waited for. Memory is
the most that the process and its descendants held together, looked at twice a second; a page that several share counts
once. Only Linux says that: elsewhere it is the most that one of the processes held, and ``memory_of`` says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

HAS_PROC = os.path.exists("/proc/self/smaps_rollup")
memory_of = "all processes together" if HAS_PROC else "the largest process"

_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class Measured:
    """What a command took: ``seconds`` by the clock, ``cpu`` seconds of processors, bytes in memory and written.

    ``output`` is what it has printed.
    """

    seconds: float
    cpu: float
    memory: int
    written: int
    output: str


class CommandFailedError(Exception):
    """A command ended with an error; the message ends with the last lines that it has printed."""


def measure(command: Sequence[str], environment: Optional[Mapping[str, str]] = None) -> Measured:
    """Run a command to its end; CommandFailedError where it fails."""
    with tempfile.TemporaryFile() as printed:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT, env=environment)
        with _Memory(process.pid) as memory:
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        output = printed.read().decode(errors="replace")
    if process.returncode:
        last = "\n".join(output.strip().splitlines()[-15:])
        raise CommandFailedError(f"{' '.join(command)} ended with status {process.returncode}:\n{last}")
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(seconds, cpu, max(memory.most, largest), usage.ru_oublock * 512, output)


class _Memory:
    """Looks at the memory of a process and its descendants while it runs; ``most`` is the most of them together."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Memory:
        if HAS_PROC:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if HAS_PROC:
            self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(_BETWEEN_LOOKS):
            self.most = max(self.most, sum(map(_proportional_set, _family(self._pid))))


def _family(root: int) -> set[int]:
    """Return a process and its descendants."""
    parents = {int(name): _parent(name) for name in os.listdir("/proc") if name.isdigit()}
    family, more = {root}, True
    while more:
        more = {pid for pid, parent in parents.items() if parent in family and pid not in family}
        family |= more
    return family


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:  # it has ended
        return 0


def _proportional_set(pid: int) -> int:
    """Return the bytes of a process, of pages shared by several its share of them; 0 where it has ended."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0
