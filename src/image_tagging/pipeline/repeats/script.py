"""Write a script that moves the repeats of an output folder away; nothing is moved before a person runs it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import InputError
from ...files import StrPath, absolute, below, is_url, user_path
from ...sources import may_be_opened
from ...store import CollectedFile
from ...text import escape_surrogates
from ...writing import new_file
from .found import Repeats
from .shells import MARK, Move, powershell_script, sh_script

_SCRIPTS = {".sh": sh_script, ".ps1": powershell_script}


@dataclass(frozen=True)
class RepeatsScript:
    """A script that was written: ``moved`` counts the files that it moves, ``stays`` those that it names only."""

    path: str
    folder: str
    moved: int
    stays: int


def write_script(found: Repeats, script: StrPath, move_to: StrPath) -> RepeatsScript:
    """Write a script for ``sh`` (``.sh``) or PowerShell (``.ps1``) that moves all repeats to the folder ``move_to``.

    The folders of the inputs are mirrored there. It deletes nothing and replaces nothing, and moves a file only while
    the one that is kept is there. What stays is named in comments: members of archives, objects at URLs, links, and
    files that are not as the last run found them.

    Raises
    ------
    InputError
        The script has another ending, or the folder is in an input, where the next run would find the repeats again.
    OutputError
        The script cannot be written, or a file of others has its name.
    """
    path, folder = absolute(user_path(script, "script")), absolute(user_path(move_to, "move_to"))
    ending = os.path.splitext(path)[1].lower()
    if ending not in _SCRIPTS:
        raise InputError(f"{path} is the script to write: end its name in .sh (for sh) or .ps1 (for PowerShell).")
    if is_url(folder) or is_url(path):
        raise InputError(f"{folder if is_url(folder) else path} is no folder of this machine: files are moved to one.")
    folders = [source for source in found.inputs if not is_url(source) and os.path.isdir(source)]
    real = below(os.path.realpath(folder))
    if source := next((each for each in folders if real.startswith(below(os.path.realpath(each)))), None):
        raise InputError(
            f"{folder} is in the input {source}, whose next run would find the repeats there: name another."
        )
    root = _common_folder(found.inputs)
    moves, notes = [], []
    for group in found.groups:
        for repeat in group.repeats:
            if why := _why_it_stays(group.kept, repeat.file, ending):
                notes.append(f"not moved, {why}: {repeat.file.ref.path}")
            else:
                place = os.path.join(folder, _mirrored(repeat.file.ref.file, root))
                moves.append(Move(repeat.file.ref.file, group.kept.ref.file, place))
    with new_file(path, MARK) as file:
        file.writelines(_SCRIPTS[ending](moves, notes))
    return RepeatsScript(path, folder, len(moves), len(notes))


def _why_it_stays(kept: CollectedFile, repeat: CollectedFile, ending: str) -> str:
    """Return in words why a script cannot move a file; an empty text where it can."""
    if repeat.ref.members:
        return "it is in an archive"
    for what, file in (("it", repeat), ("the file that is kept", kept)):
        if not may_be_opened(file.ref):
            return f"{what} is at a URL, on the network or of the system"
        if not _is_as_listed(file):
            return f"{what} is not there or has changed since the last run"
    if os.path.islink(repeat.ref.file):
        return "it is a link"
    if ending == ".ps1" and any(escape_surrogates(each.ref.file) != each.ref.file for each in (kept, repeat)):
        return "PowerShell has no text for its name"
    return ""


def _is_as_listed(file: CollectedFile) -> bool:
    """Return whether a file, or the archive that it is in, is there; and of a file whether it has its size."""
    try:
        status = os.stat(file.ref.file)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and (bool(file.ref.members) or status.st_size == file.size_bytes)


def _common_folder(inputs: Iterable[str]) -> str:
    """Return the folder that all inputs on this machine are in; an empty text where there is none."""
    sources = [source for source in inputs if not is_url(source)]
    folders = [source if os.path.isdir(source) else os.path.dirname(source) for source in sources]
    try:
        return os.path.commonpath(folders) if folders else ""
    except ValueError:  # on several drives
        return ""


def _mirrored(path: str, root: str) -> str:
    """Return the path of a file below a folder, or all of its path where it is elsewhere, without a drive's colon."""
    if root and path.startswith(below(root)):
        return path[len(below(root)) :]
    drive, rest = os.path.splitdrive(path)
    return os.path.join(*(part for part in (drive.replace(":", "").strip("\\/"), rest.lstrip("\\/")) if part))
