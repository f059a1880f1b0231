"""The closing summary of the whole job, and of the demo, which runs it on drawn pictures."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import reduce
from typing import Optional

from rich.console import Console

from ..demo import DemoSummary
from ..pipeline import LEAST_BACKGROUND, ClassifySummary, SortSummary
from ..settings import BY_TAG
from ..text import counted, counted_pictures, join_tags
from .input_screen import in_inputs, show_inputs
from .next_steps import to_review
from .screen import line, screen
from .summaries import show_classify, show_next, show_train
from .tag_screen import tag_command


def show_sort(summary: SortSummary, log: Optional[str] = None) -> None:
    """Print what the whole job did: what was learned, and what became of the mountain."""
    console = screen()
    if summary.train:
        show_train(summary.train, is_part=True)
        line(console)
    _show_training(console, summary)
    examples = summary.process.embedding
    if len(examples.inputs) > 1 or examples.gone:
        line(console, f"Examples: {in_inputs(counted_pictures(examples.pictures, examples.images), examples)}.")
        show_inputs(console, examples)
    line(console)
    show_classify(_whole(summary), log, summary.page)
    _show_earlier(console, summary)
    line(console)
    line(console, f"Everything is in {summary.output}; {summary.page} shows what was learned.")
    line(console, f"Time {summary.seconds:,.1f} s")
    show_next(console, to_review(summary.output))


def _whole(summary: SortSummary) -> ClassifySummary:
    """Return stages 3 and 4 as one, of the whole mountain, without what concerns the other of the two alone."""
    stages = [stage for stage in (summary.folder, summary.archive) if stage]
    counts = (
        *("tagged", "untagged", "place_failed", "moved", "removed", "stayed", "differing", "dropped", "examples"),
        *("not_as_found", "gone_removed", "gone_stayed"),
    )
    sums = {name: sum(getattr(stage, name) for stage in stages) for name in counts}
    return replace(
        stages[0],
        **sums,
        embedding=summary.mountain,
        answers=summary.answers,
        with_tag=summary.with_tag,
        place_failures=tuple(failure for stage in stages for failure in stage.place_failures),
        mixed_bins=any(stage.mixed_bins for stage in stages),
        first_stayed=next((stage.first_stayed for stage in stages if stage.first_stayed), ""),
        model_warnings=(),  # the training, or what is said of earlier results, names them
        outside=None,  # by models of the same run: what can be distinguished from the mountain is
        left_out=0,
        kept=0,
        replaced=sum(stage.replaced for stage in stages if stage.dropped),
        written=reduce(lambda one, other: one.joined(other), (stage.written for stage in stages)),
        seconds=sum(stage.seconds for stage in stages),
        few=tuple(image for stage in stages for image in stage.few),
    )


def _show_training(console: Console, summary: SortSummary) -> None:
    """Print what tags were distinguished from, and whether they were learned now."""
    if not summary.train:
        what = "examples, verdicts, mountain" if summary.verdict_tags else "examples, mountain"
        line(console, f"The tag models are those of the last run: {what} and settings are as they were.")
    if summary.background:
        what = f"{counted(summary.background, 'picture')} of the mountain"
        line(console, f"Tags were distinguished from each other and from {what}.")
        return
    few = f"  The mountain has fewer than {LEAST_BACKGROUND} pictures besides the examples"
    alone = "tags were distinguished from each other alone, without a background, and pictures of other things get some"
    line(console, f"{few}: {alone}.", style="yellow")
    remedy = (
        "A larger mountain helps, or pictures of other things among the examples, in a folder called other-training."
    )
    line(console, f"  {remedy}", style="yellow")


def _show_earlier(console: Console, summary: SortSummary) -> None:
    """Print what results of earlier runs are among those of this one."""
    stages = [stage for stage in (summary.folder, summary.archive) if stage]
    learned = {*summary.process.tags, *summary.process.empty_tags, *summary.verdict_tags}
    gone = sorted({answer.tag for answer in stages[0].answers} - learned)
    if gone and not summary.train:  # after training its summary says this
        models = f"{summary.output}/models still has models of {'it' if len(gone) == 1 else 'them'}"
        command = tag_command("forget", gone[0], output=summary.output)
        note = f"  The examples have no folder of {join_tags(gone)} now, and {models}. If not wanted: {command}"
        line(console, note, style="yellow")
    if len(stages) == 1 and stages[0].kept:
        where = "outside archives" if stages[0].of_archives else "in archives"
        note = f"  {counted(stages[0].kept, 'picture')} {where} of an earlier run, of which the mountain has none now,"
        line(console, f"{note} are still in output.json and the bins. A new --output leaves them out.", style="yellow")


def show_demo(summary: DemoSummary) -> None:
    """Print what the demo did, how right it is, and where to look."""
    show_sort(summary.sort)
    console = screen()
    placed = os.path.join(summary.sort.output, BY_TAG)
    line(console)
    found = f"Of the {counted(summary.with_tag, 'picture')} that show one of the tags, {summary.found:,} got it"
    line(console, f"{found}; of the {counted(summary.tagged, 'tag')} that were given, {summary.right:,} are right.")
    for what, where in (
        ("Examples, a folder per tag", summary.dataset.examples),
        ("The mountain", summary.dataset.mountain),
        ("What was found, best first", placed),
        ("What was learned, as a page", summary.sort.page),
    ):
        line(console, f"  {what:28}{where}")
