"""The inputs of an output folder: which there are, taking one out, and giving one another path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import InputError
from ..exporters import take_out_images
from ..files import StrPath, absolute, is_url, user_path
from ..store import STORE_NAME, KnownInput, Role, WorkingStore, one_run_at_a_time
from ..text import counted
from .input_files import rewrite_files

#: The roles, by the names that programs see.
ROLES = {
    Role.TAGGED: "tagged",
    Role.UNTAGGED: "untagged",
    Role.FOLDER: "classify",
    Role.ARCHIVE: "classify-zip",
    Role.MOUNTAIN: "mountain",
}


@dataclass(frozen=True)
class OutputInput:
    """An input of an output folder.

    ``role`` says what its images are there for: ``tagged`` and ``untagged`` (stage 1), ``classify`` (stage 3),
    ``classify-zip`` (stage 4), ``mountain`` (of ``sort``, whose images are those of stages 3 and 4 too). ``path`` is
    absolute, ``images`` counts its images, and ``is_there`` says whether something is at the path now.
    """

    role: str
    path: str
    images: int
    is_there: bool


@dataclass(frozen=True)
class ChangedInputs:
    """What became of an input: its ``roles`` before, and the files that were written again.

    ``removed`` counts files in bins that were removed, ``stayed`` those that somebody has changed or whose image is not
    where it was found. ``missing`` counts images that are not at the new path.
    """

    roles: tuple[OutputInput, ...]
    files: tuple[str, ...]
    removed: int = 0
    stayed: int = 0
    missing: int = 0


def list_inputs(output: StrPath) -> tuple[OutputInput, ...]:
    """Return the inputs of an output folder, by role, in the order in which they were first added.

    Raises
    ------
    InputError
        It is no output folder.
    OutputError
        Its working store cannot be used, or another run is working in it.
    """
    with _opened(output) as store:
        return tuple(_as_output_input(each) for role in Role for each in store.inputs.of(role))


def forget_input(output: StrPath, source: StrPath) -> ChangedInputs:
    """Take an input out of an output folder: out of metadata, tag lists, tables and ``output.json``.

    No image is read but to compare it with what was placed of it in bins: that is removed where it is as it was placed.
    Embeddings stay. Tag models stay as they are: they have learned from what was there.

    Raises
    ------
    InputError
        It is no output folder, or has no such input.
    OutputError
        Its files cannot be written, or another run is working in it.
    """
    with _opened(output) as store:
        folder, known = os.path.dirname(store.path), _find(store, source)
        files: list[str] = []
        removed = stayed = 0
        for each in known:
            store.inputs.choose(each.role, each.source)
            if each.role in (Role.FOLDER, Role.ARCHIVE):
                counts = take_out_images(folder, store.placed, (image.ref for image in store.listing.images()))
                removed, stayed = removed + counts[0], stayed + counts[1]
            store.listing.forget()
            files += rewrite_files(store, each)
        return ChangedInputs(tuple(map(_as_output_input, known)), tuple(files), removed, stayed)


def move_input(output: StrPath, source: StrPath, new: StrPath) -> ChangedInputs:
    """Give an input of an output folder the path that it was moved to, and write the files again.

    Nothing is computed again: what is known of its images is known of them at the new path.

    Raises
    ------
    InputError
        It is no output folder, has no such input, or most of its images are not at the new path.
    OutputError
        Its files cannot be written, or another run is working in it.
    """
    path = absolute(user_path(new))
    with _opened(output) as store:
        known, missing = _find(store, source), 0
        for each in known:
            store.inputs.choose(each.role, each.source)
            missing = max(missing, _require_there(store, path))
        files: list[str] = []
        for each in known:
            store.inputs.choose(each.role, each.source)
            store.moved.move(path)
            files += rewrite_files(store, each)
        return ChangedInputs(tuple(map(_as_output_input, known)), tuple(files), missing=missing)


@contextmanager
def _opened(output: StrPath) -> Iterator[WorkingStore]:
    """Give the working store of an output folder, which no other run uses meanwhile."""
    folder = absolute(user_path(output))
    if not os.path.isfile(os.path.join(folder, STORE_NAME)):
        raise InputError(f"{folder} holds no {STORE_NAME}: give an output folder of process, classify or sort.")
    with one_run_at_a_time(folder), WorkingStore(folder) as store:
        yield store


def _as_output_input(known: KnownInput) -> OutputInput:
    return OutputInput(ROLES[known.role], known.source, known.images, known.is_there)


def _find(store: WorkingStore, source: StrPath) -> list[KnownInput]:
    """Return the roles that an input has; raise InputError where it has none."""
    path = absolute(user_path(source))
    every = [each for role in Role for each in store.inputs.of(role)]
    if known := [each for each in every if each.source == path]:
        return known
    others = ", ".join(dict.fromkeys(each.source for each in every)) or "it has none"
    raise InputError(f"{path} is no input of {os.path.dirname(store.path)}. Its inputs: {others}.")


def _require_there(store: WorkingStore, new: str) -> int:
    """Return how many images are not at the new path; raise InputError where that is not where the input is now."""
    old = store.inputs.source
    if is_url(new) or is_url(old):
        raise InputError(
            f"an input cannot be moved {'to' if is_url(new) else 'from'} a URL, where files have other stamps. Run the "
            f"command on {new}, which adds it, and take {old} out: --forget {old}"
        )
    if not os.path.exists(new):
        raise InputError(f"there is no folder or file at {new}. Check the path.")
    count, missing, first = store.moved.count_files(new)
    if 2 * missing > count:
        raise InputError(
            f"{missing:,} of the {counted(count, 'image')} of {old} are not at {new} (the first: {first}). Give the "
            "folder that the input is now, or run the command on that folder, which adds it."
        )
    if new != old and store.moved.is_taken(new):
        raise InputError(f"images at {new} are listed already, of another input. Take one out first: --forget {old}")
    return missing
