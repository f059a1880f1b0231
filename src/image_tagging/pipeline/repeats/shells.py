r"""Scripts that move files, for ``sh`` and for PowerShell; a name is a value in them, and never a command.

In ``sh`` nothing but ``'`` ends a text in single quotes (POSIX.1-2024, Shell Command Language, 2.2.2): it is written
``'"'"'``. In PowerShell the quotes U+2018 to U+201B end it too, and each is written twice, as
``CodeGeneration.EscapeSingleQuotedStringContent`` of PowerShell does. Paths are absolute, so that none begins with
``-``. A comment holds no line end of a name: it would end the comment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...text import escaped

#: What every script of ours has in its first lines, by which a later one may replace it.
MARK = re.compile(rb"# Made by image-tagging duplicates")

_HEAD = """# Made by image-tagging duplicates: moves repeats to another folder. Nothing is deleted, nothing is replaced.
# Read it, then run it:  {run}
# A repeat stays where it is if the file that is kept is not there, or if the new place is taken."""

_SH = r"""
moved=0 stayed=0
stays() { stayed=$((stayed + 1)); printf 'repeat %s stays: %s.\n' "$1" "$2" >&2; }
move() { # number, repeat, the file that is kept, new place
    if [ ! -e "$2" ] && [ -f "$4" ]; then moved=$((moved + 1)) # by this script, before
    elif [ ! -f "$2" ]; then stays "$1" 'it is not there'
    elif [ -L "$2" ]; then stays "$1" 'it is a link'
    elif [ ! -f "$3" ]; then stays "$1" 'the file that is kept is not there'
    elif [ -L "$3" ] && [ "$2" -ef "$3" ]; then stays "$1" 'the file that is kept is a link to it'
    elif [ -e "$4" ] || [ -L "$4" ]; then stays "$1" 'something has its new place'
    elif ! mkdir -p -- "${4%/*}" || ! mv -n -- "$2" "$4" || [ -e "$2" ]; then stays "$1" 'it could not be moved'
    else moved=$((moved + 1))
    fi
}
"""

_SH_END = r"""
printf '%s moved, %s stayed.\n' "$moved" "$stayed"
[ "$stayed" -eq 0 ]
"""

_POWERSHELL = r"""
$Moved = 0; $Stayed = 0
function Stay([string]$Number, [string]$Why) {
    $script:Stayed++; [Console]::Error.WriteLine("repeat " + $Number + " stays: " + $Why + ".")
}
function Move-Repeat([string]$Number, [string]$Repeat, [string]$Kept, [string]$Place) {
    $IsThere = [IO.File]::Exists($Repeat)
    $IsTaken = [IO.File]::Exists($Place) -or [IO.Directory]::Exists($Place)
    if (-not $IsThere -and [IO.File]::Exists($Place)) { $script:Moved++ } # by this script, before
    elseif (-not $IsThere) { Stay $Number 'it is not there' }
    elseif ([IO.File]::GetAttributes($Repeat) -band [IO.FileAttributes]::ReparsePoint) { Stay $Number 'it is a link' }
    elseif (-not [IO.File]::Exists($Kept)) { Stay $Number 'the file that is kept is not there' }
    elseif ([IO.File]::GetAttributes($Kept) -band [IO.FileAttributes]::ReparsePoint) {
        Stay $Number 'the file that is kept is a link'
    }
    elseif ($IsTaken) { Stay $Number 'something has its new place' }
    else {
        try {
            [void][IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($Place))
            [IO.File]::Move($Repeat, $Place) # which replaces nothing
            $script:Moved++
        }
        catch { Stay $Number $_.Exception.Message }
    }
}
"""

_POWERSHELL_END = r"""
"$Moved moved, $Stayed stayed."
if ($Stayed) { exit 1 }
"""

_SINGLE_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


@dataclass(frozen=True)
class Move:
    """A file to move, the file that is kept of its group, and the new place; all are absolute paths."""

    repeat: str
    kept: str
    place: str


def sh_quote(name: str) -> str:
    """Return a name as one word of ``sh``."""
    return "'" + name.replace("'", "'\"'\"'") + "'"


def powershell_quote(name: str) -> str:
    """Return a name as one text of PowerShell."""
    return "'" + _SINGLE_QUOTES.sub(lambda found: 2 * found[0], name) + "'"


def sh_script(moves: Sequence[Move], notes: Sequence[str]) -> Iterator[bytes]:
    """Yield the lines of a script for ``sh``; ``notes`` are comments on what is not moved."""
    yield b"#!/bin/sh\n"
    yield from _encoded(_HEAD.format(run="sh FILE"), _SH)
    for number, move in enumerate(moves, start=1):
        # Where a folder ends is seen by "/", on Windows too.
        paths = (path.replace("\\", "/") if os.name == "nt" else path for path in (move.repeat, move.kept, move.place))
        yield os.fsencode(f"move {number} {' '.join(map(sh_quote, paths))}\n")
    yield from _encoded(*_comments(notes), _SH_END)


def powershell_script(moves: Sequence[Move], notes: Sequence[str]) -> Iterator[bytes]:
    """Yield the lines of a script for PowerShell; the names are valid Unicode.

    It begins with a byte order mark, without which Windows PowerShell does not read it as UTF-8.
    """
    yield b"\xef\xbb\xbf"
    yield from _encoded(_HEAD.format(run="powershell -ExecutionPolicy Bypass -File FILE"), _POWERSHELL)
    for number, move in enumerate(moves, start=1):
        paths = " ".join(map(powershell_quote, (move.repeat, move.kept, move.place)))
        yield from _encoded(f"Move-Repeat {number} {paths}")
    yield from _encoded(*_comments(notes), _POWERSHELL_END)


def _comments(notes: Sequence[str]) -> Iterator[str]:
    yield from (f"# {escaped(note)}" for note in notes)


def _encoded(*lines: str) -> Iterator[bytes]:
    return (f"{line}\n".encode("utf-8", "backslashreplace") for line in lines)
