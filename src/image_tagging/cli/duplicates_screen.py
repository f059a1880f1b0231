"""What the screen says of repeats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from ..pipeline import Repeat, RepeatGroup, Repeats, RepeatsScript
from ..store import CollectedFile
from ..text import command_line, counted, escaped, in_bytes, short_path
from .console import complain
from .screen import line, screen
from .tables import Column, show_table

_COLUMNS = (
    Column("group"),
    Column("picture", is_name=True, longest=400),
    Column("alike"),
    Column("pixels", rank=1),
    Column("format", rank=2),
    Column("size", rank=3),
)

#: Repeats of one group that are shown.
_MOST_REPEATS = 10

#: Images that could not be read that are named.
_MOST_FAILURES = 5


def show_repeats(found: Repeats, top: int) -> None:
    """Print the first groups as a table, why the first file of each is kept, and how many there are."""
    console = screen()
    for failure in found.failures[:_MOST_FAILURES]:
        complain(f"not compared by sharpness: {short_path(escaped(failure.ref.path))}: {failure.reason}")
    if (more := len(found.failures) - _MOST_FAILURES) > 0:
        complain(f"not compared by sharpness: {counted(more, 'image')} more.")
    if not found.groups:
        line(console, f"No picture of {found.pictures:,} repeats another.")
        return
    shown = found.groups[:top]
    show_table(console, _COLUMNS, (row for number, group in enumerate(shown, start=1) for row in _rows(number, group)))
    line(console)
    for number, group in enumerate(shown, start=1):
        line(console, f"{number}: keep {short_path(group.kept.ref.name)}: {group.why}.")
    line(console)
    more_groups = f" (shown: {len(shown):,}; more: --top)" if len(shown) < len(found.groups) else ""
    line(
        console,
        f"{counted(len(found.groups), 'group')} of repeats{more_groups}: {counted(found.files, 'file')} of "
        f"{in_bytes(found.size_bytes)} repeat another. Nothing was changed.",
    )


def _rows(number: int, group: RepeatGroup) -> Iterator[tuple[str, ...]]:
    yield str(number), *_cells(group.kept, "keep")
    for repeat in group.repeats[:_MOST_REPEATS]:
        yield "", *_cells(repeat.file, _alike(repeat))
    if (more := len(group.repeats) - _MOST_REPEATS) > 0:
        yield "", f"and {counted(more, 'file')} more (--json has all)", "", "", "", ""


def _cells(file: CollectedFile, alike: str) -> tuple[str, ...]:
    return short_path(file.ref.path), alike, f"{file.width} x {file.height}", file.format, in_bytes(file.size_bytes)


def _alike(repeat: Repeat) -> str:
    return "the same" if repeat.is_same else f"{repeat.cosine:.3f}"


def show_script(script: RepeatsScript, *, quiet: bool) -> None:
    """Print what a script moves, and how it is run."""
    if quiet:
        return
    console = screen()
    shell = "sh" if script.path.lower().endswith(".sh") else "powershell -ExecutionPolicy Bypass -File"
    line(console, f"Written {short_path(script.path)}: it moves {counted(script.moved, 'file')} to {script.folder}.")
    if script.stays:
        line(
            console,
            f"{counted(script.stays, 'file')} cannot be moved (in archives, links, changed): why is said in it.",
        )
    line(console, f"Read it, then run it: {shell} {_word(script.path)}")


def print_json(found: Repeats) -> None:
    """Print all groups as JSON, those of the most files first."""
    for failure in found.failures:
        complain(f"not compared by sharpness: {short_path(escaped(failure.ref.path))}: {failure.reason}")
    groups = [
        {
            "kept": _as_json(group.kept),
            "why": group.why,
            "repeats": [
                {**_as_json(repeat.file), "cosine": repeat.cosine, "same_pixels": repeat.is_same}
                for repeat in group.repeats
            ],
        }
        for group in found.groups
    ]
    screen().print(Text(json.dumps(groups, indent=2)), soft_wrap=True)


def _as_json(file: CollectedFile) -> dict[str, Any]:
    return {
        "hash_id": file.hash_id,
        "file_path": file.ref.path,
        "address": file.ref.address,
        "format": file.format,
        "width": file.width,
        "height": file.height,
        "size_bytes": file.size_bytes,
    }


def _word(path: str) -> str:
    return command_line(path).partition(" ")[2]
