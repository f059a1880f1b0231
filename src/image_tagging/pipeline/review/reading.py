"""When the output folder is read: at the start, after a run that was at work then, and after one that changed it."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Optional

from ...errors import ImageTaggingError, OutputError
from ...progress import Say
from ...store import STORE_NAME, is_run_at_work
from ...tag_models import MODELS_FOLDER
from ..collected_embeddings import MANY
from .collected import Collected, collect, grouped

#: Seconds between two looks at whether a run has ended.
_BETWEEN_LOOKS = 0.5

#: Why nothing is judged: a run has read the verdicts by then, and would not learn what is said meanwhile.
AT_WORK = "Another run works in this folder: read-only until it ends. What it adds is shown here then."

_COMPARING = "Pictures are compared with each other: until that is done, near-duplicates may be shown one by one."


class Reading:
    """Reads an output folder and gives ``take`` what it holds; any thread may call these methods."""

    def __init__(self, folder: str, take: Callable[[Collected], None]) -> None:
        self._folder = folder
        self._take = take
        self._lock = threading.Lock()  # held while the folder is read
        self._closed = threading.Event()
        self._seen = ""
        self._waiting = False
        self._read: Optional[Collected] = None
        self._grouping: Optional[threading.Thread] = None
        #: Why nothing was read yet, or what was wrong when it was read again; a sentence.
        self.why = ""

    @property
    def is_reading(self) -> bool:
        """Whether the folder is read now."""
        return self._lock.locked()

    def open(self, say: Say) -> None:
        """Read the folder; where another run works in it, as soon as that has ended.

        Raises
        ------
        InputError
            It is no output folder, or no picture in it has an embedding.
        OutputError
            The store cannot be used, or the folder cannot be written.
        """
        if os.path.isfile(os.path.join(self._folder, STORE_NAME)) and is_run_at_work(self._folder):
            self.why = "Another run works in this folder: its pictures are shown here as soon as that ends."
            say(self.why)
            self._wait()
        else:
            self.read(say)

    def read(self, say: Say) -> None:
        """Read the folder now."""
        with self._lock:
            if self._closed.is_set():  # meanwhile: nobody would close what is opened now
                return
            with _all_kept():
                collected = collect(self._folder, say)
            if not collected.is_grouped and len(collected.pictures) < MANY:
                collected = grouped(collected) or collected
            self._take(collected)
            self._seen, self._read = self._state(), collected
            self.why = ""
        if not collected.is_grouped:
            self._grouping = threading.Thread(target=self._group, args=(collected,), name="grouping")
            self._grouping.start()

    def note(self) -> str:
        """Return what a person should know; where a run has changed the folder, it is read again in the background."""
        if self.is_other_at_work():
            return ""  # Review.why_read_only says it
        if not self.is_reading and self._seen != self._state():
            self._wait()
        return self.why or (_COMPARING if self._grouping and self._grouping.is_alive() else "")

    def is_other_at_work(self) -> bool:
        """Return whether a run that is none of this review works in the folder."""
        return not self.is_reading and is_run_at_work(self._folder)

    def close(self) -> None:
        """Wait no longer, and compare no further; what is read is read to its end."""
        self._closed.set()
        with self._lock:
            grouping = self._grouping
        if grouping:
            grouping.join()

    def _wait(self) -> None:
        with self._lock:
            if self._waiting:
                return
            self._waiting = True
        threading.Thread(target=self._read_later, name="reading", daemon=True).start()

    def _group(self, collected: Collected) -> None:
        """Find near-duplicates, and give the pictures again with them, unless they were read again meanwhile."""

        def is_wanted() -> bool:
            return self._read is collected and not self._closed.is_set()

        try:
            found = grouped(collected, is_wanted)
        except OutputError as error:
            self.why = f"Near-duplicates are shown one by one: {error}"
            return
        with self._lock:
            if found and is_wanted():
                self._take(found)

    def _read_later(self) -> None:
        try:
            while not self._closed.is_set():
                try:
                    if not is_run_at_work(self._folder):
                        self.read(lambda sentence: None)
                        return
                except ImageTaggingError as error:  # what is wrong may be put right by the next run
                    self.why = f"The folder cannot be read: {error}"
                self._closed.wait(_BETWEEN_LOOKS)
        finally:
            self._waiting = False

    def _state(self) -> str:
        """Return what changes when a run adds pictures or learns tags; merely opening the store does not."""
        paths = os.path.join(self._folder, STORE_NAME), os.path.join(self._folder, MODELS_FOLDER)
        size = os.path.getsize(paths[0]) if os.path.isfile(paths[0]) else 0
        learned = os.stat(paths[1]).st_mtime_ns if os.path.isdir(paths[1]) else 0
        return f"{size} {learned}"


@contextmanager
def _all_kept() -> Iterator[None]:
    """Have Python not look for cycles while much is read that is kept and has none: half of the time went there."""
    was_looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_looking:
            gc.enable()
