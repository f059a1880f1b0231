"""What stages 3 and 4 say of the images that they placed, and of the scores of a few images."""

from __future__ import annotations

import os

from rich.console import Console

from ..pipeline import ClassifySummary
from ..settings import BY_TAG
from ..text import counted, counted_are, in_bytes, shortened, tag_in_words
from .screen import line

_LONGEST_PATH = 1000


def where_placed(summary: ClassifySummary) -> str:
    """Return where images were placed."""
    if summary.place == "none":
        return "no image was placed"
    if summary.by_tag:
        return f"images are in {os.path.join(summary.folder, BY_TAG, '<tag>', '')}, the best first by name"
    return f"images are in {summary.folder}/<kind>/<tag>/<bin>/"


def show_few(console: Console, summary: ClassifySummary) -> None:
    """Print the scores of each image of a run over few."""
    for image in summary.few:
        line(console)
        line(console, shortened(image.path, _LONGEST_PATH))
        for score in image.scores:
            line(
                console,
                f"  {score.probability:.4f} {'tagged' if score.tagged else '      '}  {tag_in_words(score.tag)}",
            )
    if summary.few:
        line(console)


def show_placed(console: Console, summary: ClassifySummary) -> None:
    """Print what else lies in the folders of images, what became of what earlier runs placed, and how to save space."""
    if summary.mixed_bins:
        note = "  Its folders also hold what other models, or another number of bins, placed there."
        line(console, note + " A new --output keeps them apart.", style="yellow")
    _show_moves(console, summary)
    if summary.examples:
        were = " and were not placed" if summary.by_tag and summary.place != "none" else ""
        line(console, f"  {counted_are(summary.examples, 'picture')} among the examples already{were}.")
    if summary.plan and summary.plan.linkable:
        saved = in_bytes(summary.plan.linkable)
        note = f"  --place hardlink saves {saved}: then a placed file is the image itself, and to edit one edits both."
        line(console, note)


def _show_moves(console: Console, summary: ClassifySummary) -> None:
    """Print what became of files that earlier runs placed in other places, or of images that are gone."""
    if summary.not_as_found:
        note = f"  {counted_are(summary.not_as_found, 'image')} of other inputs not there or changed since, and not"
        line(console, f"{note} placed: run the command on those inputs again.", style="yellow")
    if summary.gone_removed or summary.gone_stayed:
        removed, stayed = (f"{count:,}" for count in (summary.gone_removed, summary.gone_stayed))
        note = f"  Of placed files whose images no input has now, {removed} were removed, and {stayed} stay:"
        line(console, f"{note} changed since, or the image is not where it was found.")
    if summary.moved or summary.removed:
        parts = [
            f"{counted(count, 'file')} {what}"
            for count, what in (
                (summary.moved, "moved to another folder or name"),
                (summary.removed, "taken out, not placed any more"),
            )
            if count
        ]
        line(console, f"  Of what earlier runs placed: {', '.join(parts)}.")
    if summary.stayed:
        first = shortened(summary.first_stayed, _LONGEST_PATH)
        stay = "stays in its" if summary.stayed == 1 else "stay in their"
        note = (
            f"  {counted(summary.stayed, 'placed file')} {stay} old place, changed since or no copy of the image now:"
        )
        line(console, f"{note} {first}", style="yellow")
