"""The closing summary of the whole job, and of the demo, which runs it on drawn pictures."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Optional

from rich.console import Console

from ..demo import DemoSummary
from ..pipeline import LEAST_BACKGROUND, ClassifySummary, SortSummary
from ..text import counted
from .screen import line, screen
from .summaries import show_classify, show_train


def show_sort(summary: SortSummary, log: Optional[str] = None) -> None:
    """Print what the whole job did: what was learned, and what became of the mountain."""
    console = screen()
    if summary.train:
        show_train(summary.train)
        line(console)
    _show_training(console, summary)
    for stage in (summary.folder, summary.archive):
        if stage:
            line(console)
            show_classify(_of_whole(stage), log)
    line(console)
    line(console, f"Everything is in {summary.output}; {summary.page} shows what was learned.")
    line(console, f"Time {summary.seconds:,.1f} s")


def _of_whole(stage: ClassifySummary) -> ClassifySummary:
    """Return a summary without what concerns the other stage, which has run too, and what was replaced as expected."""
    return replace(stage, left_out=0, kept=0, replaced=stage.replaced if stage.dropped else 0)


def _show_training(console: Console, summary: SortSummary) -> None:
    """Print what tags were told apart from, and whether they were learned now."""
    if not summary.train:
        line(console, "The tag models are those of the last run: examples, mountain and settings are as they were.")
    if summary.background:
        what = f"{counted(summary.background, 'picture')} of the mountain"
        line(console, f"Tags were told apart from each other and from {what}.")
        return
    few = f"  The mountain has fewer than {LEAST_BACKGROUND} pictures besides the examples"
    line(console, f"{few}: tags were told apart from each other alone, without a background.", style="yellow")


def show_demo(summary: DemoSummary) -> None:
    """Print what the demo did, how right it is, and where to look."""
    show_sort(summary.sort)
    console = screen()
    placed = os.path.join(summary.sort.output, "<kind>", "<tag>", "<bin>")
    line(console)
    found = f"Of the {counted(summary.with_tag, 'picture')} that show one of the tags, {summary.found:,} got it"
    line(console, f"{found}; of the {counted(summary.tagged, 'tag')} that were given, {summary.right:,} are right.")
    for what, where in (
        ("Examples, a folder per tag", summary.dataset.examples),
        ("The mountain", summary.dataset.mountain),
        ("What was found, by score", placed),
        ("What was learned, as a page", summary.sort.page),
    ):
        line(console, f"  {what:28}{where}")
