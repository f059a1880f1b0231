"""The objects below a folder in a bucket, in the order and by the rules of a folder on this machine.

A bucket has no folders: a key has them between its slashes. A key that ends in one stands for an empty folder.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import takewhile
from typing import Optional, Union

from ..addresses import ImageRef, member_parts
from ..errors import InputError, StorageError
from ..files import below
from ..records import Failure, FoundFolder, LeftOut
from ..storage import ObjectInfo, list_objects, object_info
from ..text import as_tag, encodable
from .reserved import NO_MEDIA
from .results import RESULT_FILES, STORE, TABLES, is_own_file, is_own_folder, kind_folders
from .rules import DataSetRules
from .sorted_objects import SortedObjects

#: What a walk yields: an object, and what is to be said of folders and of objects that are not read.
Walked = Union[ObjectInfo, FoundFolder, LeftOut, Failure]

#: Files that say something of the folder that they are in.
_SAY_MORE = frozenset({NO_MEDIA, *RESULT_FILES})


def is_remote_folder(url: str) -> bool:
    """Return whether a URL that was named is a folder with objects below it, and no object itself.

    Raises
    ------
    InputError
        It is neither, or its bucket cannot be read.
    """
    try:
        info = object_info(url)
        if info is not None and info.size:
            return False
        if any(True for _ in list_objects(url, 1)):
            return True
    except StorageError as error:
        raise InputError(str(error)) from error
    raise InputError(f"there is no folder or file at {url}. Check the address.")


class RemoteWalk:
    """Goes through the objects below ``root``, as :class:`.folders.FolderWalk` goes through a folder.

    All are listed before the first is yielded, since what a file says of its folder may come late.
    """

    def __init__(self, root: str, rules: DataSetRules) -> None:
        self._root = below(root)
        self._rules = rules
        self._objects = SortedObjects(len(self._root))
        self._marks: dict[str, set[str]] = {}  # by the path of a folder: what lies in it and says something of it
        self._kinds: set[str] = set()
        self._open: list[str] = []  # the folders on the way to the object before

    def items(self) -> Iterator[Walked]:
        """Yield each object, and what is not looked into with the reason; raises StorageError."""
        try:
            self._list()
            skipped = ""
            for path, info in self._objects:
                if skipped and path.startswith(skipped):
                    continue
                *folders, name = path.split("/")
                left_out = yield from self._enter(folders)
                skipped = f"{left_out}/" if left_out else ""
                if not left_out:
                    yield from self._file(path, name, info)
        finally:
            self._objects.close()

    def _list(self) -> None:
        for info in list_objects(self._root):
            self._objects.add(info)
            folder, _, name = info.url[len(self._root) :].rpartition("/")
            if name in _SAY_MORE:
                self._marks.setdefault(folder, set()).add(name)
        homes = [f"{folder}/".lstrip("/") for folder in self._marks if self._has_results(folder)]
        if homes:
            paths = [path for path, _ in self._objects if path.startswith(tuple(homes)) and not path.endswith("/")]
            self._kinds = kind_folders(paths, self._rules.kinds)

    def _enter(self, folders: Sequence[str]) -> Generator[Union[FoundFolder, LeftOut], None, str]:
        """Go into the folders of an object that are new; return the path of the first that is left out, if one is."""
        known = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(self._open, folders)))
        self._open = list(folders)
        for depth in range(known, len(folders)):
            path = "/".join(folders[: depth + 1])
            ref = ImageRef(self._root + path)
            reason = self._folder_reason(path, folders[depth], folders[depth - 1] if depth else self._root_name)
            if reason:
                self._open = list(folders[:depth])
                yield LeftOut(ref, reason, is_folder=True)
                return path
            if not depth and member_parts(path) and not self._is_of_results(path):
                yield FoundFolder(ref, as_tag(encodable(path)))
        return ""

    @property
    def _root_name(self) -> str:
        return self._root.rstrip("/").rpartition("/")[2]

    def _folder_reason(self, path: str, name: str, parent: str) -> Optional[str]:
        if reason := self._rules.folder_reason(name, parent, path):
            return reason
        if path in self._kinds:
            return "results"
        return "hidden-on-phones" if NO_MEDIA in self._marks.get(path, ()) else None

    def _file(self, path: str, name: str, info: ObjectInfo) -> Iterator[Walked]:
        if not name:
            if info.size:
                why = "its key ends in a slash, as that of a folder: give it another name"
                yield Failure(ImageRef(info.url), "read", "odd-name", why)
            return
        reason = self._rules.file_reason(name, path)
        if reason is None and not (is_own_file(name) and self._has_results("/".join(self._open))):
            yield info
        elif reason:
            yield LeftOut(ImageRef(info.url), reason, is_folder=False)

    def _has_results(self, folder: str) -> bool:
        return not self._marks.get(folder, set()).isdisjoint(RESULT_FILES)

    def _is_of_results(self, folder: str) -> bool:
        """Return whether a folder directly in the root is one of results: without an image it is no tag either."""
        names = self._marks.get(folder, set())
        has_store = STORE in self._marks.get("", ())
        return STORE in names or not names.isdisjoint(TABLES) or (has_store and is_own_folder(folder))
