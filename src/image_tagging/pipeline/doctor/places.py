"""The folders that a run writes to: whether it may, and how much room there is."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from typing import Optional

from ...encoders import weights_cache
from ...errors import ImageTaggingError
from ...files import absolute, file_system_of, is_url
from ...storage import storage_at
from ...store import is_run_at_work
from ...text import in_bytes, short_path
from ...writing import has_temporary_folder, scratch_file
from .finding import NOTE, OK, PROBLEM, Finding

#: So few bytes are not enough for a run of any size, nor for the weights of CLIP's default model.
_LITTLE = 1_000_000_000


def check_output(output: str) -> Finding:
    """Return whether results can be written to the output folder; one that is not there yet is not made."""
    if is_url(output):
        return _check_object(output)
    try:
        folder = absolute(output)
        if os.path.lexists(folder) and not os.path.isdir(folder):
            return Finding("output", PROBLEM, f"{short_path(folder)} is no folder: choose another output folder")
        if os.path.isdir(folder) and is_run_at_work(folder):
            return Finding("output", NOTE, f"another run works in {short_path(folder)}: wait for it before the next")
    except ImageTaggingError as error:
        return Finding("output", PROBLEM, str(error))
    return _checked("output", folder, "choose another output folder (--output)")


def _check_object(output: str) -> Finding:
    """Return whether an object can be written, read and removed at a URL, with the credentials that a run takes."""
    name = f".image-tagging-doctor-{secrets.token_hex(8)}"
    content = name.encode()
    try:
        storage = storage_at(output)
        storage.write(name, content)
        try:
            is_same = storage.read(name) == content
        finally:
            storage.remove(name)
    except ImageTaggingError as error:
        return Finding("output", PROBLEM, str(error))
    if is_same:
        return Finding("output", OK, f"an object was written to {output}, read and removed")
    return Finding("output", PROBLEM, f"what is written to {output} reads as something else: choose another output")


def check_temporary() -> Finding:
    """Return whether temporary files can be made."""
    if not has_temporary_folder():
        return Finding(
            "temporary", PROBLEM, "no folder for temporary files can be written: set TMPDIR to one that has room"
        )
    return _checked("temporary", tempfile.gettempdir(), "set TMPDIR to a folder that has room")


def check_cache() -> Finding:
    """Return whether weights that are fetched can be kept."""
    found = _checked("cache", weights_cache(), "set HF_HOME to a folder that has room, if weights are to be fetched")
    return found._replace(state=NOTE) if found.state == PROBLEM else found


def _checked(check: str, folder: str, remedy: str) -> Finding:
    """Return whether a file can be made in a folder, or in the nearest one above it, in which it would be made."""
    there = _nearest(folder)
    if there is None:
        return Finding(check, PROBLEM, f"{short_path(folder)} cannot be made, as a file is in its way: {remedy}")
    try:
        with scratch_file(there) as file:
            file.write(b"tried")
        free = shutil.disk_usage(there).free
    except (ImageTaggingError, OSError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
        why = getattr(cause, "strerror", None) or str(cause)
        return Finding(check, PROBLEM, f"cannot write in {short_path(there)} ({why}): {remedy}")
    kind = file_system_of(os.stat(there).st_dev)
    says = f"{short_path(folder)} can be {'written' if there == folder else 'made'}, {in_bytes(free)} free"
    says += f" ({kind})" if kind else ""
    return Finding(check, NOTE, f"{says}, which is little: {remedy}") if free < _LITTLE else Finding(check, OK, says)


def _nearest(folder: str) -> Optional[str]:
    """Return the folder, or the nearest one above it that is there; ``None`` where that is none."""
    while not os.path.lexists(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder if os.path.isdir(folder) else None
