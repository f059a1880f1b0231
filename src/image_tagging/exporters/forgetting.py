"""Take the files of a tag out of the bins: what this program placed there, and nobody has changed since.

As where images are moved (:mod:`.bins`), a file is removed only if the working store says that it was placed, if it is
as it was then, and if it holds the image, which lies where it was found. So nothing is lost by it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from ..addresses import ImageRef
from ..errors import ReadError
from ..files import fitting_name, longest_name
from ..sources import SourceReader, may_be_opened
from ..store import PlacedFile, WorkingStore
from ..tag_models import quote_tag
from ..writing import remove_below, remove_empty_folder
from .contents import Content
from .layouts import slot_of
from .ours import is_ours

#: Images after which the store is written.
_TOGETHER = 512


@dataclass
class TakenOut:
    """How many placed files were ``removed``, and how many ``stayed``: one of these is ``first_stayed``."""

    removed: int = 0
    stayed: int = 0
    first_stayed: str = ""


def folders_of_tag(store: WorkingStore, tag: str) -> list[str]:
    """Return the folders below the output folder in which images of a tag were placed, in any layout of the bins.

    Those that are gone are left out.
    """
    root = os.path.dirname(store.path)
    name = fitting_name(quote_tag(tag), longest_name(root))
    of_tag = (folder for folder in store.placed.folders() if folder.split(os.sep)[1:2] == [name])
    return [folder for folder in of_tag if os.path.isdir(os.path.join(root, folder))]


def take_out(store: WorkingStore, folders: Iterable[str]) -> TakenOut:
    """Remove the files that were placed in these folders, and the folders that are empty then."""
    root, chosen = os.path.dirname(store.path), frozenset(folders)
    done, gone = TakenOut(), dict[str, list[PlacedFile]]()
    placed = [(ref.key, [*files]) for ref, files in store.placed.within(chosen)]
    with closing(SourceReader()) as reader:
        for key, files in placed:
            gone[key] = [one for one in files if _take_out(root, ImageRef.of_key(key), one, reader, done)]
            if len(gone) >= _TOGETHER:
                store.placed.forget(gone)
                gone = {}
    store.placed.forget(gone)
    for folder in sorted(chosen, key=len, reverse=True):
        parts = folder.split(os.sep)
        for depth in range(len(parts), 0, -1):
            remove_empty_folder(root, os.path.join(*parts[:depth]))
    return done


def _take_out(root: str, ref: ImageRef, one: PlacedFile, reader: SourceReader, done: TakenOut) -> bool:
    """Remove a file that is ours and untouched; return whether it is not there any more."""

    def read() -> Content:
        if not may_be_opened(ref):
            raise PermissionError(f"{ref.path} may be what a stranger has written into the store")
        return ref.file if ref.is_plain_file else reader.read(ref)

    try:
        found = is_ours(root, one, read) if slot_of(one) else None
        if found:
            remove_below(root, one.folder, one.name)
            done.removed += 1
        if found is not False:
            return True
    except (OSError, ReadError):  # the image is gone, or the file cannot be removed
        pass
    done.stayed += 1
    done.first_stayed = done.first_stayed or os.path.join(root, one.folder, one.name)
    return False
