"""What a person sees after the threshold of a tag was set, and after a tag was forgotten."""

from __future__ import annotations

from ..pipeline import ForgetSummary, ThresholdSummary
from ..text import command_line, counted, shortened, tag_in_words
from .screen import line, screen


def tag_command(name: str, tag: str, *words: str, output: str) -> str:
    """Return a command about a tag of an output folder, as a shell takes it: a tag may begin as a flag does."""
    if tag.startswith("-"):
        return command_line(name, "--output", output, "--", tag, *words)
    return command_line(name, tag, *words, "--output", output)


def show_threshold(summary: ThresholdSummary) -> None:
    """Print the threshold of each model of a tag, what keeps it, and what it changes."""
    console = screen()
    tag = tag_in_words(summary.tag)
    for change in summary.changes:
        was = "as before" if change.threshold == change.before else f"was {change.before:.4g}"
        line(console, f"Threshold of {tag}, {change.kind}: {change.threshold:.4g} ({was})")
    if summary.asked is None:
        line(console, "The next training chooses the threshold again.")
    else:
        command = tag_command("threshold", summary.tag, "auto", output=summary.output)
        line(console, f"The next training keeps {summary.asked}. To give the choice back: {command}")
    if any(change.is_pending for change in summary.changes):
        note = (
            "  The cards do not say which threshold that is: the next training (image-tagging train, or sort) sets it."
        )
        line(console, note, style="yellow")
    if any(change.threshold != change.before for change in summary.changes):
        line(console, "What is tagged by it: run image-tagging classify, or sort, again. Reports have figures of it")
        line(console, "after the next training.")


def show_forgotten(summary: ForgetSummary) -> None:
    """Print what was taken away of a tag, what stays, and whether the next training learns it again."""
    console = screen()
    tag = tag_in_words(summary.tag)
    parts = [counted(summary.models, "model"), counted(summary.reports, "text report")]
    parts.append(counted(summary.placed, "placed file"))
    line(console, f"Took away what {summary.output} had of {tag}: {', '.join(parts)}.")
    if summary.stayed:
        first = shortened(summary.first_stayed, 1000)
        stay = "stays: it was" if summary.stayed == 1 else "stay: they were"
        note = (
            f"  {counted(summary.stayed, 'placed file')} {stay} changed since, or the image is not where it was found:"
        )
        line(console, f"{note} {first}", style="yellow")
    if summary.has_scores:
        line(console, "output.json and the tables keep its scores until the next image-tagging classify or sort.")
    if summary.has_verdicts and not summary.is_example:
        line(console, f"There are verdicts on {tag}, so the next training learns it again, unless with --no_verdicts.")
    if summary.is_example:
        note = f"The examples still have {tag}, so the next training learns it again. If you do not want that, take its"
        line(console, f"{note} folder out of the examples and process them again.", style="yellow")
