"""What the screen says of the inputs of an output folder."""

from __future__ import annotations

from rich.console import Console

from ..pipeline import EmbeddingSummary
from ..text import counted, shortened
from .screen import line

#: Inputs that are not there which are named.
_NAMED = 3


def in_inputs(images: str, summary: EmbeddingSummary) -> str:
    """Return how many images there are, where they are those of several inputs: with how many of them are new."""
    if len(summary.inputs) < 2:
        return images
    return f"{images} of {len(summary.inputs):,} inputs ({summary.new:,} of them new)"


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
