"""Names of exported files: the folders of the images below their inputs, next to each other in one mirror folder."""

from __future__ import annotations

import os

from ...addresses import ImageRef, member_parts
from ...exporters import file_name
from ...files import below, fitting_name, is_url, numbered_name, parts_of
from ...files import file_name as last_part
from ...store import Role, WorkingStore

#: No system takes longer names; sidecars add their ending.
_LONGEST = 240


class MirrorNames:
    """Gives the name of every image below a mirror folder: ``photos/2024/a.png``, ``photos.zip/inner.zip/7.png``.

    It begins with the name of the input, numbered where another input of the same name was added before.
    """

    def __init__(self, store: WorkingStore) -> None:
        sources = dict.fromkeys(known.source for role in Role for known in store.inputs.of(role))
        self._inputs: dict[str, str] = {}
        for source in sources:
            name = last_part(source.rstrip("/")) or "input"
            taken, number = set(self._inputs.values()), 1
            while numbered_name(name, number) in taken:
                number += 1
            self._inputs[source] = numbered_name(name, number)
        self._folders: dict[str, tuple[str, ...]] = {}  # the parts of the folders met

    def name_of(self, ref: ImageRef) -> str:
        """Return the parts of an image's name below the mirror folder, joined by ``/``."""
        folder, name = self._split(ref.file)
        parts = (*self._folder(folder, ref.file), name) if ref.file not in self._inputs else (self._inputs[ref.file],)
        members = [part for member in ref.members for part in member_parts(member) or ["_"]]
        if not members and len(parts) > 1:
            return "/".join((*parts[:-1], _fitting(parts[-1])))
        return "/".join((*parts[:-1], *map(_fitting, (parts[-1], *members))))

    @staticmethod
    def _split(file: str) -> tuple[str, str]:
        if not is_url(file):
            return os.path.split(file)
        folder, _, _ = file.rpartition("/")
        return folder, last_part(file)

    def _folder(self, folder: str, file: str) -> tuple[str, ...]:
        if folder not in self._folders:
            if len(self._folders) > 10_000:
                self._folders.clear()
            source = max((each for each in self._inputs if file.startswith(below(each))), key=len, default="")
            inner = folder[len(source) :].strip("/" if is_url(file) else os.sep)
            parts = [part for part in parts_of(inner, file) if part not in {"", ".", ".."}]
            self._folders[folder] = tuple(map(_fitting, (self._inputs.get(source, "other"), *parts)))
        return self._folders[folder]


def _fitting(part: str) -> str:
    return fitting_name(file_name(part), _LONGEST)
