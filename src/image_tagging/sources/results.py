"""What this program wrote: images that it placed are copies, and no part of a data set, wherever they lie.

A folder of results holds one of the files of ``RESULT_FILES``, and next to it the images: ``<kind>/<tag>/<bin>/``, or
``by-tag/<tag>/`` with their scores in front of their names.
Other folders there may be the user's own, as where results go into the folder of the images.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from ..addresses import member_parts
from ..settings import BY_TAG
from .suffixes import is_image_name, is_other_name

#: The working store, and what stages 3 and 4 write next to the images that they place.
STORE = "image-tagging.store"
TABLES = ("stage3.db", "stage4.db")
RESULT_FILES = (STORE, *TABLES, "output.json")

#: What names of the files begin with that a run works with: the store, its indexes, its lock and the log.
_OWN = "image-tagging."

#: Folders of results without images, next to the store.
_WITHOUT_IMAGES = frozenset({"models", "reports", "clip-cache"})

#: The names of bins: their upper edges, with at most four decimals.
_BIN = re.compile(r"0\.\d{1,4}|1\.0")

#: What names of images in the folder of a tag begin with.
_SCORED = re.compile(r"\d{4}_[01]\.\d{4}_.")

#: Folders on the way to the results in an archive: no person lays more in each other.
_DEEPEST = 64


def is_kind_folder(path: str, kinds: Collection[str]) -> bool:
    """Return whether a folder next to a result file is that of a kind of tag model, with placed images in it.

    The folder of one of the ``kinds`` has a bin in it. Of a kind that is not known here it has nothing but tags, and
    these nothing but bins, two different ones at least: a folder of versions (``pack/1.0``) is none. ``by-tag`` has a
    name with a score in it.
    """
    name = os.path.basename(path)
    with suppress(OSError):  # what is wrong shows when it is looked into
        return _are_bins(_possible_bins(path), is_known=name in kinds or name == BY_TAG)
    return False


def kind_folders(files: Collection[str], kinds: Collection[str]) -> set[str]:
    """Return the same for an archive: the paths of the folders of placed images, with ``/`` between their parts.

    ``files`` are the names of its members that are no folders.
    """
    marks = (member_parts(name) for name in files if name.endswith(RESULT_FILES))
    homes = {"/".join(parts[:-1]) for parts in marks if parts and parts[-1] in RESULT_FILES}
    bins: dict[tuple[str, str], set[str]] = {}
    for parts in map(member_parts, files if homes else ()):
        home = ""
        for depth in range(min(len(parts) - 1, _DEEPEST)):
            if home in homes:
                bins.setdefault((home, parts[depth]), set()).update(_possible_bin(*parts[depth:]))
            home = f"{home}/{parts[depth]}".lstrip("/")
    return {
        f"{home}/{name}".lstrip("/")
        for (home, name), names in bins.items()
        if _are_bins(names, is_known=name in kinds or name == BY_TAG)
    }


def is_own_file(name: str) -> bool:
    """Return whether a file next to a result file is one that a run works with: it need not be counted."""
    return name in RESULT_FILES or (name.startswith(_OWN) and not is_image_name(name))


def is_own_folder(name: str) -> bool:
    """Return whether a folder next to the store is one of results that hold no image."""
    return name in _WITHOUT_IMAGES


def _are_bins(names: Iterable[str], *, is_known: bool) -> bool:
    """Return whether these are the bins of a kind; an empty name is anything else that lies where bins would."""
    seen = set()
    for name in names:
        if is_known == bool(name):
            return is_known
        seen.add(name)
    return not is_known and len(seen) > 1


def _possible_bins(kind: str) -> Iterator[str]:
    """Yield the names of bins that lie in the folders in a folder; an empty one for anything else."""
    name = os.path.basename(kind)
    with os.scandir(kind) as tags:
        for tag in tags:
            if not tag.is_dir(follow_symlinks=False):
                yield from _possible_bin(name, tag.name)
                continue
            with os.scandir(tag.path) as inner:
                for each in inner:
                    is_folder = each.is_dir(follow_symlinks=False)
                    yield from _possible_bin(name, tag.name, each.name, *([""] if is_folder else []))


def _possible_bin(kind: str, *below: str) -> Iterator[str]:
    """Yield the bin that a path names, by its parts below the folder of a kind, or an empty name; for notes nothing.

    In the place of a bin ``by-tag`` has a name with a score.
    """
    if kind == BY_TAG:
        yield below[1] if len(below) == 2 and _SCORED.match(below[1]) else ""
    elif len(below) > 2:
        yield below[1] if _BIN.fullmatch(below[1]) else ""
    elif not is_other_name(below[-1]):
        yield ""
