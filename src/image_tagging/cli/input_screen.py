"""What the screen says of the inputs of an output folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from ..pipeline import ChangedInputs, EmbeddingSummary, OutputInput
from ..text import counted, shortened
from .screen import line, screen
from .tables import Column, show_table

#: Inputs that are not there which are named.
_NAMED = 3

#: What the images of each role are there for.
_ROLES = {
    "tagged": "examples (process)",
    "untagged": "untagged (process)",
    "classify": "scored (classify)",
    "classify-zip": "scored (classify-zip)",
    "mountain": "mountain (sort)",
}


def in_inputs(images: str, summary: EmbeddingSummary) -> str:
    """Return what is said of the images, with how many of them are new where they are of several inputs."""
    if len(summary.inputs) < 2:
        return images
    return f"{images} of {len(summary.inputs):,} inputs ({counted(summary.new, 'image')} new)"


def show_inputs(console: Console, summary: EmbeddingSummary) -> None:
    """Print which images are gone, and which inputs are not there."""
    if summary.gone:
        what = f"{counted(summary.gone, 'image')} of earlier runs {'is' if summary.gone == 1 else 'are'}"
        line(console, f"  {what} not there any more, and {'has' if summary.gone == 1 else 'have'} no results now.")
    others = summary.inputs[1:]
    for each in [each for each in others if not each.is_there][:_NAMED]:
        kept = counted(each.images - each.missing, "image")
        note = f"  {shortened(each.source, 1000)} is not there now: what is known of its {kept} stays."
        line(console, note, style="yellow")
    for each in [each for each in others if each.missing][:_NAMED]:
        have = "image has" if each.missing == 1 else "images have"
        note = f"  {each.missing:,} {have} no results by this encoder, of {shortened(each.source, 1000)}"
        line(console, f"{note}: run the command on that input again.", style="yellow")


def show_output_inputs(output: str, inputs: Sequence[OutputInput]) -> None:
    """Print the inputs of an output folder, as a table."""
    console = screen()
    if not inputs:
        line(console, f"{output} has no input: process, classify or sort adds one.")
        return
    columns = (
        Column("input", is_name=True, longest=200),
        Column("images", 1),
        Column("for", 2, is_note=True),
        Column("note", 3, is_note=True),
    )
    show_table(console, columns, (_row(inputs, path) for path in dict.fromkeys(each.path for each in inputs)))


def _row(inputs: Sequence[OutputInput], path: str) -> tuple[str, str, str, str]:
    """Return the cells of one input, which may be there for several things."""
    roles = [each for each in inputs if each.path == path]
    uses = ", ".join(_ROLES[each.role] for each in roles)
    images = max(each.images for each in roles)
    return path, f"{images:,}", uses, "" if roles[0].is_there else "not there now"


def show_forgotten(output: str, source: str, changed: ChangedInputs) -> None:
    """Print what became of an input that was taken out."""
    console = screen()
    line(
        console,
        f"Taken out of the results: {shortened(source, 1000)} ({_images(changed)}). The input itself is as it was.",
    )
    if changed.removed:
        line(console, f"  {counted(changed.removed, 'file')} placed of it {_was(changed.removed)} removed.")
    if changed.stayed:
        what = f"{counted(changed.stayed, 'file')} placed of it {'stays' if changed.stayed == 1 else 'stay'}"
        line(console, f"  {what}: changed since, or the image is not where it was found.", style="yellow")
    if {each.role for each in changed.roles} & {"tagged", "mountain"}:
        line(console, "  The tag models have learned from it: train, or sort, learns them again without it.")
    _show_written(changed)


def show_moved(new: str, changed: ChangedInputs) -> None:
    """Print what became of an input that has another path now."""
    console = screen()
    line(console, f"Moved: {_images(changed)} {'is' if _most(changed) == 1 else 'are'} at {shortened(new, 1000)} now.")
    if changed.missing:
        what = f"{counted(changed.missing, 'image')} {'is' if changed.missing == 1 else 'are'} not there"
        line(console, f"  {what}: the next run on this input takes {'it' if changed.missing == 1 else 'them'} out.")
    _show_written(changed)


def _most(changed: ChangedInputs) -> int:
    return max(each.images for each in changed.roles)


def _images(changed: ChangedInputs) -> str:
    return counted(_most(changed), "image")


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _show_written(changed: ChangedInputs) -> None:
    console = screen()
    for file in dict.fromkeys(changed.files):
        line(console, f"Written {file}")


def print_json(inputs: Sequence[OutputInput]) -> None:
    """Print the inputs as JSON, for programs."""
    screen().print(Text(json.dumps([asdict(each) for each in inputs], indent=2)), soft_wrap=True)
