"""What the screen says of verdicts: those of an output folder, those that were moved, those that were learned from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from ..pipeline import ImportedVerdicts, VerdictsUsed
from ..store import VerdictCounts
from ..text import counted, join_tags, shortened, tag_in_words
from .screen import line, screen
from .tables import Column, show_table


def show_counts(output: str, counts: Sequence[VerdictCounts]) -> None:
    """Print the verdicts of each tag, as a table."""
    console = screen()
    if not counts:
        line(console, f"{output} has no verdicts yet: image-tagging verdicts import adds those of a file.")
        return
    columns = (
        Column("tag", is_name=True, longest=200),
        *(Column(name, number) for number, name in enumerate(("yes", "no", "unsure", "checks"), start=1)),
    )
    show_table(console, columns, (_row(each) for each in counts))
    line(console, "Checks are validation of their tag, and not learned from. train and sort use the others.")


def _row(counts: VerdictCounts) -> tuple[str, ...]:
    numbers = (counts.yes, counts.no, counts.unsure, counts.checks)
    return (tag_in_words(counts.tag), *(f"{number:,}" for number in numbers))


def print_json(counts: Iterable[VerdictCounts]) -> None:
    """Print the numbers as JSON, for programs."""
    screen().print(Text(json.dumps([asdict(each) for each in counts], indent=2)), soft_wrap=True)


def print_lines(lines: Iterable[bytes]) -> None:
    """Print JSON Lines, other characters than those of ASCII as escapes: a terminal need not have them."""
    console = screen()
    for each in lines:
        console.print(Text(json.dumps(json.loads(each))), soft_wrap=True)


def show_exported(file: str, count: int) -> None:
    """Print how many verdicts were written, and where."""
    line(screen(), f"Written {counted(count, 'verdict')} to {shortened(file, 1000)}")


def show_imported(imported: ImportedVerdicts) -> None:
    """Print what was taken of a file, and what holds now."""
    console = screen()
    known = f"{imported.known:,} {_was(imported.known)} there before"
    line(console, f"Added {counted(imported.new, 'verdict')} to {shortened(imported.path, 1000)}; {known}.")
    if imported.unknown_pictures is None:
        note = "Another run holds the working store: whether it knows the pictures was not looked up."
        line(console, f"  {note}", style="yellow")
    elif imported.unknown_pictures:
        pictures = f"{counted(imported.unknown_pictures, 'picture')} of the file {_is(imported.unknown_pictures)}"
        note = f"{pictures} not known here: the verdicts are kept, and used once the pictures are processed."
        line(console, f"  {note}", style="yellow")
    tags = [each.tag for each in imported.verdicts]
    if imported.new:
        line(console, f"There are verdicts on {join_tags(tags)} now. To learn from them: image-tagging train, or sort.")


def show_used(console: Console, used: VerdictsUsed) -> None:
    """Print which verdicts tags were learned from, and which not."""
    if used.used:
        checks = f", {used.checks:,} of them for validation alone" if used.checks else ""
        note = f"Verdicts: {used.used:,} used, on {join_tags(used.tags)}{checks}; no other tag depends on them."
        line(console, note)
    if used.missing:
        note = f"{counted(used.missing, 'verdict')} {_is(used.missing)} on pictures without an embedding:"
        line(console, f"  {note} not used. Process the pictures, or give their metadata.", style="yellow")
    if used.no_tags:
        note = f"{counted(used.no_tags, 'verdict')} {_is(used.no_tags)} on other-training or other-validation"
        line(console, f"  {note}, which are no tags: not used.", style="yellow")


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
