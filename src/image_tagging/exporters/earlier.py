"""What ``output.json`` holds before a run of stage 3 or 4: the entries it replaces, and those of the other stage.

The file holds both stages: first every picture of stage 3 in the order of its run, then those of stage 4 alone. Which
stage a file belongs to, its address says: images of stage 4 lie in archives.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import IO, Any, Optional

from typing_extensions import Self

from ..addresses import ImageRef
from ..datasets import FileErrors, json_pieces
from ..errors import OutputError
from ..files import stamp_of
from .dataset_sources import lies_in, unknown_input
from .entry_file import EntryFile
from .reading import OUTPUT_JSON, files_of, why
from .tables import STAGE3, STAGE4

_WHAT = "an output.json of stage 3 or 4"
_REMEDY = "Move it away, or use another output folder."

Entry = dict[str, Any]


#: What entries say of the input of their first file.
INPUT_KEYS = ("input", "path_in_input")


def _no_input(_ref: ImageRef) -> Entry:
    return {}


class EarlierResults:
    """The ``output.json`` of earlier runs in a folder, open while one stage runs; empty where there is none.

    ``replaced`` counts the pictures of this stage, and ``kept`` those of the other; a picture may be one of both.
    ``digest`` stands for the names of the latter, and is empty where there is none. ``origin`` gives what entries say
    of the input of an image that is kept. ``known`` is what :meth:`note` gave after the last run of this stage: while
    the file is as it was then, it is read only where the run has other pictures.

    Raises
    ------
    OutputError
        The file is damaged, something else, or of an earlier version and holds the other stage; or with ``only``, it
        holds pictures of this stage that do not lie in that input.
    """

    def __init__(
        self,
        folder: str,
        *,
        of_archives: bool,
        only: str = "",
        origin: Callable[[ImageRef], Entry] = _no_input,
        known: Optional[str] = None,
    ) -> None:
        self._of_archives = of_archives
        self._only = only
        self._origin = origin
        self._folder = folder
        self._entries: Optional[EntryFile] = None
        self.replaced = self.kept = self._met = 0
        self.digest = ""
        self._names, self._hashes = hashlib.blake2b(digest_size=16), array("q")
        self._closing = ExitStack()
        stamp, _, counted = (known or "").partition(" ")
        if stamp and stamp == self._stamp():
            self._known: Optional[str] = counted
            self.replaced = int(counted.split(" ")[0])
        else:
            self._known = None
            self._open()

    def _open(self) -> None:
        """Look through the file, and leave it open."""
        errors = FileErrors(os.path.join(self._folder, OUTPUT_JSON), OutputError, _WHAT, _REMEDY)
        with ExitStack() as closing:
            try:
                if os.path.exists(errors.path) and os.path.getsize(errors.path):
                    self._entries = self._indexed(errors, closing.enter_context(open(errors.path, "rb")))
            except OSError as error:
                raise errors.unreadable(error) from error
            self._closing = closing.pop_all()

    def _stamp(self) -> str:
        with suppress(OSError):
            return stamp_of(os.path.join(self._folder, OUTPUT_JSON))
        return ""

    def note(self) -> Optional[str]:
        """Return what stands for the file that was written, ``None`` where it holds the other stage too."""
        return None if self.kept else f"{self._stamp()} {self._counted()}"

    def _counted(self) -> str:
        return f"{len(self._hashes)} {self._names.hexdigest()}"

    def settle(self) -> None:
        """Count the pictures that the run does not have, before the file is replaced; all others were met."""
        if self._known == self._counted():
            self._met = self.replaced
        elif self._known is not None:
            self.replaced = 0
            self._open()
            if self._entries is not None:
                self._met = self._entries.count(self._hashes)
        self._known = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file: on Windows it cannot be replaced before."""
        self._closing.close()

    def _indexed(self, errors: FileErrors, file: IO[bytes]) -> EntryFile:
        """Look through the file; raise OutputError, before any work, where what should be kept could not be."""
        entries, names, is_addressed = EntryFile(file), hashlib.blake2b(digest_size=16), True
        for start, length, found in json_pieces(errors, file):
            for hash_id, entry in found.items():
                try:
                    if len(found) > 1 or not isinstance(entry, dict) or not _has_scores(entry):
                        raise ValueError("is no picture with its scores")
                    paths, refs = files_of(entry)
                except (ValueError, KeyError) as error:
                    raise errors.foreign(f"the entry {hash_id[:20]!r} {why(error)}") from error
                entries.note(hash_id, start, length)
                is_addressed &= len(refs) == len(paths)
                stages = {bool(ref.members) == self._of_archives for ref in refs} or {True}
                self.replaced += True in stages
                if self._only and True in stages:
                    self._require_in_input(errors.path, [ref.file for ref in refs] or paths)
                if False in stages:
                    self.kept += 1
                    names.update(hash_id.encode("utf-8", "backslashreplace") + b"\n")
        if repeated := entries.repeated():
            raise errors.foreign(f"it holds the picture {repeated[:20]!r} twice")
        if not is_addressed:
            self._require_own(errors.path)
        self.digest = names.hexdigest() if self.kept else ""
        return entries

    def _require_own(self, path: str) -> None:
        """Raise OutputError where entries without addresses, of an earlier version, are those of the other stage.

        A run of that version wrote ``output.json`` together with its table.
        """
        own, other = (STAGE4, STAGE3) if self._of_archives else (STAGE3, STAGE4)
        if self._written(other.file_name) > self._written(own.file_name):
            raise OutputError(
                f"{path} is of an earlier version and holds the results of the other stage ({other.name}), which "
                f"cannot be kept in it. {_REMEDY}"
            )

    def _require_in_input(self, path: str, files: Iterable[str]) -> None:
        for file in files:
            if not lies_in(file, self._only):
                raise unknown_input(path, file)

    def _written(self, name: str) -> int:
        with suppress(OSError):
            return os.stat(os.path.join(self._folder, name)).st_mtime_ns
        return 0

    def names(self) -> Iterator[tuple[str, ImageRef]]:
        """Yield the name of each picture that is kept, with the address of its first file of the other stage."""
        for hash_id, part in self.parts(met=True):
            yield hash_id, ImageRef.of(part["addresses"][0])

    def meet(self, hash_id: str) -> Optional[Entry]:
        """Note that this run has a picture; return the part of its entry that is kept, ``None`` where there is none."""
        self._names.update(hash_id.encode("utf-8", "backslashreplace") + b"\n")
        self._hashes.append(hash(hash_id))
        if self._entries is None:
            return None
        if not self.kept:  # nothing but a count follows from it
            self._met += self._entries.may_hold(hash_id)
            return None
        if not (found := self._entries.find(hash_id)):
            return None
        ordinal, entry = found
        self._entries.take(ordinal)
        part = self._kept(entry)
        self._met += part is None or len(part["addresses"]) < len(entry["addresses"])
        return part

    def entry(self, hash_id: str) -> Optional[Entry]:
        """Return the entry that a picture has in the file, ``None`` where it is not there."""
        found = self._entries.find(hash_id) if self._entries is not None else None
        return found[1] if found else None

    def parts(self, *, met: bool) -> Iterator[tuple[str, Entry]]:
        """Yield the name and the kept part of each entry that has one, in order; of pictures met only if ``met``."""
        for hash_id, entry in self._entries.entries(taken=met) if self._entries is not None and self.kept else ():
            if part := self._kept(entry):
                yield hash_id, part

    @property
    def dropped(self) -> int:
        """How many pictures of this stage are not among those of the run."""
        return self.replaced - self._met

    def _kept(self, entry: Entry) -> Optional[Entry]:
        """Return an entry with the files of the other stage alone, ``None`` where there is none."""
        paths, refs = files_of(entry)
        chosen = [number for number, ref in enumerate(refs) if bool(ref.members) != self._of_archives]
        if not chosen:
            return None
        part = with_files(entry, [paths[number] for number in chosen], [refs[number].address for number in chosen])
        return {**without_input(part), **self._origin(refs[chosen[0]])}


def _has_scores(entry: Entry) -> bool:
    scores = entry.get("classifiers_output")
    is_list = isinstance(scores, list) and set(map(type, scores)) <= {dict}  # a thousand of them, so without a loop
    return is_list and isinstance(entry.get("hash_id"), str)


def without_input(entry: Entry) -> Entry:
    """Return an entry without what it says of its input."""
    return {key: value for key, value in entry.items() if key not in INPUT_KEYS}


def with_files(entry: Entry, paths: list[str], addresses: list[list[str]]) -> Entry:
    """Return an entry with these files."""
    return {**entry, "file_path": paths[0], "file_paths": paths, "addresses": addresses}
