"""What a person sees in a terminal or a notebook: the progress bar, the closing summaries, the list of models."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Optional

from rich import progress as bars
from rich.console import Console
from rich.text import Text

from ..demo import DemoSummary
from ..errors import NoModelsError
from ..pipeline import ClassifyConfig, ClassifySummary, EmbeddingSummary, ProcessSummary, TrainSummary, classify_images
from ..progress import Progress
from ..records import Failure
from ..sources import is_archive
from ..tag_models import Kind, kind_named, model_names
from ..text import counted, marked, shortened
from ..training import ValidationReport
from .screen import Screen, line, screen, tag_table

#: Skipped files shown on the screen; all of them are in the log.
_SHOWN = 10


def classify_main(
    folder_path: str, output_dir: str, json_file_path: Optional[str], bins_number: int, model_path: Optional[str]
) -> None:
    """Classify the images of a folder, one image or an archive, and print a summary, as the README's examples do.

    ``model_path`` is a folder of ``.pkl`` files or one of them. Raises as
    :func:`image_tagging.classify_images` does.
    """
    if model_path is None:
        raise NoModelsError(
            "the model path is None: there is no model of that kind and tag. list_models shows which there are."
        )
    config = ClassifyConfig(
        directory=folder_path,
        metadata_json=json_file_path,
        output=output_dir,
        model=model_path,
        output_bins=bins_number,
        archives=is_archive(folder_path),
    )
    with progress() as watch:
        summary = classify_images(config, watch)
    show_classify(summary)


def list_models(path: str) -> None:
    """Print the kind and the tag of every model of a folder, one a line."""
    console = screen()
    for kind, tag in model_names(path):
        line(console, f"model-type = {kind}, tag= {tag}")


def complain(message: str) -> None:
    """Print why a command could not do its work."""
    line(Screen(stderr=True, soft_wrap=True), f"image-tagging: {message}", style="red")


class _Rate(bars.ProgressColumn):
    """Images per second."""

    def render(self, task: bars.Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def progress() -> Iterator[Progress]:
    """A progress bar on standard error, with count, rate and time left; it goes when the work is done.

    Where standard error is a file or a pipe nothing is shown.
    """
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        _Rate(),
        bars.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    # A notebook draws the bar with ipywidgets; elsewhere a forced colour does not make a pipe a terminal.
    seen = find_spec("ipywidgets") is not None if console.is_jupyter else sys.stderr.isatty()
    with bars.Progress(*columns, console=console, transient=True, disable=not seen) as bar:
        task = bar.add_task("starting", total=None)
        current = ""

        def watch(activity: str, done: int, total: Optional[int]) -> None:
            nonlocal current
            if activity != current:
                current = activity
                bar.reset(task, description=activity, total=total)
            bar.update(task, completed=done, total=total)

        yield watch


def show_process(summary: ProcessSummary, log: Optional[str] = None) -> None:
    """Print what stage 1 did."""
    console = screen()
    if summary.tags:
        table = tag_table("pictures")
        for tag, count in summary.tags.items():
            table.add_row(Text(marked(tag)), f"{count:,}")
        console.print(table)
        line(console)
    _show_embedding(console, summary.embedding, log)
    for tag in summary.empty_tags:
        why = "its tag cannot be learned, unless from its name alone (CLIP, train --prior=text)"
        line(console, f"  The folder {tag} holds no image: {why}.", style="yellow")
    _show_end(console, summary.files, summary.seconds, summary.embedding.images)


def show_train(summary: TrainSummary) -> None:
    """Print what stage 2 did: a table of tags, with the figures on the images held back."""
    console = screen()
    kinds = [kind_named(name) for name in dict.fromkeys(report.kind for report in summary.reports)]
    table = tag_table("images", "measured", *(f"{what} {kind.abbreviation}" for what in ("AP", "BA") for kind in kinds))
    table.add_column("note", overflow="fold")
    by_tag: dict[str, dict[str, ValidationReport]] = {}
    for report in summary.reports:
        by_tag.setdefault(report.tag, {})[report.kind] = report
    for reports in by_tag.values():
        table.add_row(*_train_row(reports, kinds))
    console.print(table)
    line(console)
    what = f"{counted(len(by_tag), 'tag')}, {counted(summary.images, 'image')}"
    line(console, f"{what}, encoder {summary.encoder.label}")
    line(console, "AP: average precision, BA: balanced accuracy, on the measured images, which no model learned from;")
    spelt = ", ".join(f"{kind.abbreviation}: {kind.name}" for kind in kinds)
    line(console, f"{spelt}. All figures are in the reports.")
    for tag, reason in summary.skipped:
        line(console, f"  The tag {shortened(tag)} was not learned: {reason}.", style="yellow")
    if summary.unknown:
        note = f"  The metadata lacks {counted(summary.unknown, 'listed image')}: run stage 1 again to learn from all."
        line(console, note, style="yellow")
    for warning in summary.warnings:
        line(console, f"  {warning}", style="yellow")
    for advice in summary.advice:
        line(console, f"  To look at: {advice.sentence}", style="yellow")
    _show_end(console, (summary.models, summary.reports_folder, summary.page), summary.seconds, None)


def show_demo(summary: DemoSummary) -> None:
    """Print what the demo did, and where to look."""
    show_process(summary.process)
    line(screen())
    show_train(summary.train)
    line(screen())
    console = screen()
    placed = os.path.join(summary.train.reports[-1].kind, "<tag>", "<bin>")
    line(
        console,
        f"The pipeline named the kind of {summary.right} of {summary.asked} further images rightly. "
        f"All four stages took {summary.seconds:,.1f} s.",
    )
    for what, where in (
        ("Examples, a folder per tag", summary.dataset.tagged),
        ("Images without tags", summary.dataset.untagged),
        ("The same, sorted by score", os.path.join(summary.folder.folder, placed)),
        ("Those of the zip, sorted", os.path.join(summary.archive.folder, placed)),
        ("What was learned, as a page", summary.train.page),
    ):
        line(console, f"  {what:28}{where}")


def _train_row(reports: Mapping[str, ValidationReport], kinds: Sequence[Kind]) -> Iterator[Text]:
    """Yield the cells of a tag, by its reports of each kind."""
    first = next(iter(reports.values()))
    in_order = [reports.get(kind.name) for kind in kinds]
    cells = (
        first.tag,
        f"{first.training_tag + first.validation_tag:,}",
        f"{first.validation_tag:,}",
        *(_figure(report.average_precision if report else None) for report in in_order),
        *(_figure(report.balanced_accuracy if report else None) for report in in_order),
        "; ".join(first.marks),
    )
    return (Text(marked(cell)) for cell in cells)


def _figure(value: Optional[float]) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def show_classify(summary: ClassifySummary, log: Optional[str] = None) -> None:
    """Print what stage 3 or 4 did."""
    console = screen()
    _show_embedding(console, summary.embedding, log)
    _show_failures(console, "could not be placed", summary.place_failures, log)
    tags = len({tag for _, tag in summary.models})
    used = f"{counted(len(summary.models), 'model')} of {counted(tags, 'tag')}"
    where = "no image was placed" if summary.place == "none" else f"images are in {summary.folder}/<kind>/<tag>/<bin>/"
    line(console, f"{used}; {where}")
    line(console, f"{summary.tagged:,} of {counted(summary.embedding.images, 'image')} got at least one tag")
    if summary.mixed_bins:
        note = "  Its bins also hold what other models, or another number of bins, placed there."
        line(console, note + " A new --output keeps them apart.", style="yellow")
    if summary.left_out:
        what, command = ("plain image", "classify") if summary.of_archives else ("archive", "classify-zip")
        note = f"  Left out {counted(summary.left_out, what)}: use image-tagging {command} for that."
        line(console, note, style="yellow")
    _show_end(console, summary.files, summary.seconds, summary.embedding.images)


def _show_embedding(console: Console, summary: EmbeddingSummary, log: Optional[str]) -> None:
    parts = [counted(summary.images, "image")]
    if summary.archives:
        parts.append(counted(len(summary.archives), "archive"))
    if duplicates := summary.images - summary.pictures:
        parts.append(counted(duplicates, "duplicate"))
    codes = Counter(failure.code for failure in summary.failures).most_common()
    why = f" ({', '.join(f'{count:,} {code}' for code, count in codes)})" if len(codes) > 1 else ""
    parts.append(f"{len(summary.failures):,} skipped{why}")
    if others := sum(summary.passed_over.values()):
        parts.append(f"{counted(others, 'file')} of other kinds")
    line(console, ", ".join(parts))
    where = f"on {summary.computed_on}" if summary.computed_on else "all known before"
    line(console, f"Encoder {summary.encoder.label}: {counted(summary.computed, 'embedding')} computed, {where}")
    _show_failures(console, "skipped", summary.failures, log)
    if shared := len(summary.shared_hashes):
        have = "pictures have" if shared > 1 else "picture has"
        note = f"  {shared:,} {have} the pixel hash of another (a palette swap, say). All are kept apart"
        line(console, note + (f"; {log} names them." if log else "."), style="yellow")


def _show_failures(console: Console, what: str, failures: Iterable[Failure], log: Optional[str]) -> None:
    failed = list(failures)
    for failure in failed[:_SHOWN]:
        line(console, f"  {what}: {failure.ref.path}: {failure.reason} ({failure.code})", style="yellow")
    if len(failed) > _SHOWN:
        where = f"; all are in {log}" if log else ""
        line(console, f"  … and {len(failed) - _SHOWN:,} more{where}", style="yellow")


def _show_end(console: Console, files: Iterable[str], seconds: float, images: Optional[int]) -> None:
    for file in files:
        line(console, f"Written {file}")
    rate = f" ({images / seconds:,.0f} images/s)" if images and seconds else ""
    line(console, f"Time {seconds:,.1f} s{rate}")
