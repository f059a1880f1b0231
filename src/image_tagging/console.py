"""What a person sees in a terminal or a notebook: the progress bar, the closing summaries, the list of models."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Optional

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from .classifiers import KINDS
from .demo import DemoSummary
from .errors import NoModelsError, OutputError
from .model_names import model_names
from .pipeline import ClassifyConfig, classify_images
from .plain_text import marked
from .records import Failure
from .sources import is_archive
from .summaries import ClassifySummary, EmbeddingSummary, ProcessSummary, TrainSummary, Watch
from .validation import ValidationReport

_TRAIN_COLUMNS = ("images", "measured", "AP lr", "AP svm", "BA lr", "BA svm")

#: Skipped files shown on the screen; all of them are in the log.
_SHOWN = 10


def classify_main(
    folder_path: str, output_dir: str, json_file_path: Optional[str], bins_number: int, model_path: Optional[str]
) -> None:
    """Classify the images of a folder, one image or a zip, and print a summary, as the README's examples do.

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
    console = _console()
    for kind, tag in model_names(path):
        _line(console, f"model-type = {kind}, tag= {tag}")


def complain(message: str) -> None:
    """Print why a command could not do its work."""
    _line(_Screen(stderr=True, soft_wrap=True), f"image-tagging: {message}", style="red")


class _Screen(Console):
    """Standard output or error. Whoever reads it may stop early (``| head``): nobody misses what is left to say."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As ``Console.print``; OutputError where the output is a file that cannot be written."""
        try:
            super().print(*objects, **options)
        except BrokenPipeError:  # rich before 13.8 lets it through
            self.on_broken_pipe()
        except OSError as error:
            self._let_go()
            why = error.strerror or str(error)
            raise OutputError(
                f"cannot show what was done: {why}. It is done all the same; see the output folder."
            ) from error

    def on_broken_pipe(self) -> None:
        """Called by rich, which would end the program with exit code 1."""
        self._let_go()

    def _let_go(self) -> None:
        """Write the rest nowhere, what Python itself writes out at its end included."""
        self.quiet = True
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), self.file.fileno())


class _Rate(ProgressColumn):
    """Images per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def progress() -> Iterator[Watch]:
    """A progress bar on standard error, with count, rate and time left; it goes when the work is done.

    Where standard error is a file or a pipe nothing is shown.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    console = Console(stderr=True)
    # A notebook draws the bar with ipywidgets; elsewhere a forced colour does not make a pipe a terminal.
    seen = find_spec("ipywidgets") is not None if console.is_jupyter else sys.stderr.isatty()
    with Progress(*columns, console=console, transient=True, disable=not seen) as bar:
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
    console = _console()
    if summary.tags:
        table = _table("pictures")
        for tag, count in summary.tags.items():
            table.add_row(Text(marked(tag)), f"{count:,}")
        console.print(table)
        _line(console)
    _show_embedding(console, summary.embedding, log)
    for tag in summary.empty_tags:
        _line(console, f"  The folder {tag} holds no image: there will be no such tag.", style="yellow")
    _show_end(console, summary.files, summary.seconds, summary.embedding.images)


def show_train(summary: TrainSummary) -> None:
    """Print what stage 2 did: a table of tags, with the figures on the images held back."""
    console = _console()
    table = _table(*_TRAIN_COLUMNS)
    table.add_column("note", overflow="fold")
    for first, second in zip(summary.reports[::2], summary.reports[1::2]):
        table.add_row(*_train_row(first, second))
    console.print(table)
    _line(console)
    what = f"{_count(len(summary.reports) // 2, 'tag')}, {_count(summary.images, 'image')}"
    _line(console, f"{what}, encoder {summary.encoder.label}")
    _line(console, "AP: average precision, BA: balanced accuracy, on the measured images, which no model learned from;")
    _line(console, "lr: ovr-logistic-regression, svm: ovr-svm. All figures are in the reports.")
    for tag, reason in summary.skipped:
        _line(console, f"  The tag {tag} was not learned: {reason}.", style="yellow")
    if summary.unknown:
        note = f"  The metadata lacks {_count(summary.unknown, 'listed image')}: run stage 1 again to learn from all."
        _line(console, note, style="yellow")
    for warning in summary.warnings:
        _line(console, f"  {warning}", style="yellow")
    _show_end(console, (summary.models, summary.reports_folder), summary.seconds, None)


def show_demo(summary: DemoSummary) -> None:
    """Print what the demo did, and where to look."""
    show_process(summary.process)
    _line(_console())
    show_train(summary.train)
    _line(_console())
    console = _console()
    _line(
        console,
        f"The pipeline named the kind of {summary.right} of {summary.asked} further images rightly. "
        f"All four stages took {summary.seconds:,.1f} s.",
    )
    for what, where in (
        ("Examples, a folder per tag", summary.dataset.tagged),
        ("Images without tags", summary.dataset.untagged),
        ("The same, sorted by score", os.path.join(summary.folder.folder, KINDS[1], "<tag>", "<bin>")),
        ("Those of the zip, sorted", os.path.join(summary.archive.folder, KINDS[1], "<tag>", "<bin>")),
        ("A report per tag", summary.train.reports_folder),
    ):
        _line(console, f"  {what:28}{where}")


def _train_row(first: ValidationReport, second: ValidationReport) -> Iterator[Text]:
    images = first.training_tag + first.validation_tag
    cells = (
        first.tag,
        f"{images:,}",
        f"{first.validation_tag:,}",
        _figure(first.average_precision),
        _figure(second.average_precision),
        _figure(first.balanced_accuracy),
        _figure(second.balanced_accuracy),
        "; ".join(first.marks),
    )
    return (Text(marked(cell)) for cell in cells)


def _figure(value: Optional[float]) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def show_classify(summary: ClassifySummary, log: Optional[str] = None) -> None:
    """Print what stage 3 or 4 did."""
    console = _console()
    _show_embedding(console, summary.embedding, log)
    _show_failures(console, "could not be placed", summary.place_failures, log)
    tags = len({tag for _, tag in summary.models})
    used = f"{_count(len(summary.models), 'model')} of {_count(tags, 'tag')}"
    where = "no image was placed" if summary.place == "none" else f"images are in {summary.folder}/<kind>/<tag>/<bin>/"
    _line(console, f"{used}; {where}")
    _line(console, f"{summary.tagged:,} of {_count(summary.embedding.images, 'image')} got at least one tag")
    if summary.mixed_bins:
        note = "  Its bins also hold what other models, or another number of bins, placed there."
        _line(console, note + " A new --output keeps them apart.", style="yellow")
    if summary.left_out:
        what, command = ("plain image", "classify") if summary.of_archives else ("zip", "classify-zip")
        note = f"  Left out {_count(summary.left_out, what)}: use image-tagging {command} for that."
        _line(console, note, style="yellow")
    _show_end(console, summary.files, summary.seconds, summary.embedding.images)


def _show_embedding(console: Console, summary: EmbeddingSummary, log: Optional[str]) -> None:
    parts = [_count(summary.images, "image")]
    if summary.archives:
        parts.append(_count(len(summary.archives), "archive"))
    if duplicates := summary.images - summary.pictures:
        parts.append(_count(duplicates, "duplicate"))
    codes = Counter(failure.code for failure in summary.failures).most_common()
    why = f" ({', '.join(f'{count:,} {code}' for code, count in codes)})" if len(codes) > 1 else ""
    parts.append(f"{len(summary.failures):,} skipped{why}")
    if others := sum(summary.passed_over.values()):
        parts.append(f"{_count(others, 'file')} of other kinds")
    _line(console, ", ".join(parts))
    where = f"on {summary.computed_on}" if summary.computed_on else "all known before"
    _line(console, f"Encoder {summary.encoder.label}: {_count(summary.computed, 'embedding')} computed, {where}")
    _show_failures(console, "skipped", summary.failures, log)
    if shared := len(summary.shared_hashes):
        have = "pictures have" if shared > 1 else "picture has"
        note = f"  {shared:,} {have} the pixel hash of another (a palette swap, say). All are kept apart"
        _line(console, note + (f"; {log} names them." if log else "."), style="yellow")


def _show_failures(console: Console, what: str, failures: Iterable[Failure], log: Optional[str]) -> None:
    failed = list(failures)
    for failure in failed[:_SHOWN]:
        _line(console, f"  {what}: {failure.ref.path}: {failure.reason} ({failure.code})", style="yellow")
    if len(failed) > _SHOWN:
        where = f"; all are in {log}" if log else ""
        _line(console, f"  … and {len(failed) - _SHOWN:,} more{where}", style="yellow")


def _show_end(console: Console, files: Iterable[str], seconds: float, images: Optional[int]) -> None:
    for file in files:
        _line(console, f"Written {file}")
    rate = f" ({images / seconds:,.0f} images/s)" if images and seconds else ""
    _line(console, f"Time {seconds:,.1f} s{rate}")


def _table(*figures: str) -> Table:
    """A table of tags, which are broken over lines where they are long, with columns of figures."""
    table = Table(box=None, pad_edge=False)
    table.add_column("tag", overflow="fold")
    for figure in figures:
        table.add_column(figure, justify="right", no_wrap=True)
    return table


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _console() -> Console:
    return _Screen(file=sys.stdout, force_jupyter=False, soft_wrap=True, highlight=False)


def _line(console: Console, text: str = "", style: str = "") -> None:
    console.print(Text(marked(text)), style=style)
