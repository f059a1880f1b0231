"""What a person sees in a terminal or a notebook: the progress bar, the list of models, why a command failed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Optional

from rich import progress as bars
from rich.console import Console
from rich.text import Text

from ..errors import NoModelsError
from ..files import StrPath, user_path
from ..pipeline import ClassifyConfig, classify_images
from ..progress import Progress
from ..sources import is_archive
from ..tag_models import model_names
from .screen import Screen, line, screen, usable
from .summaries import show_classify


def classify_main(
    folder_path: StrPath,
    output_dir: StrPath,
    json_file_path: Optional[StrPath],
    bins_number: int,
    model_path: Optional[StrPath],
) -> None:
    """Classify the images of a folder, one image or an archive, and print a summary, as the README's examples do.

    ``model_path`` is a folder of ``.pkl`` files or one of them. Raises as
    :func:`image_tagging.classify_images` does.
    """
    if model_path is None:
        raise NoModelsError(
            "the model path is None: there is no model of that kind and tag. list_models shows which there are."
        )
    folder = user_path(folder_path, "folder_path")
    config = ClassifyConfig(
        directory=folder,
        metadata_json=None if json_file_path is None else user_path(json_file_path, "json_file_path"),
        output=user_path(output_dir, "output_dir"),
        model=user_path(model_path, "model_path"),
        output_bins=bins_number,
        archives=is_archive(folder),
    )
    with progress() as watch:
        summary = classify_images(config, watch, say=say)
    show_classify(summary)


def list_models(path: StrPath) -> None:
    """Print the kind and the tag of every model of a folder, one a line."""
    console = screen()
    for kind, tag in model_names(path):
        line(console, f"model-type = {kind}, tag= {tag}")


def say(sentence: str) -> None:
    """Print a sentence before a long work begins."""
    line(screen(), sentence)


def complain(message: str) -> None:
    """Print why a command could not do its work."""
    line(Screen(file=usable(sys.stderr), soft_wrap=True), f"image-tagging: {message}", style="red")


#: Seconds over which the speed is measured that the time left follows from.
_SPEED_OVER = 60.0


class _Rate(bars.ProgressColumn):
    """Images per second."""

    def render(self, task: bars.Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def progress(*, of_steps: bool = False) -> Iterator[Progress]:
    """A progress bar on standard error, with count, rate and time left; it goes when the work is done.

    With ``of_steps`` it is one bar for all steps (:class:`.progress.Steps`), with one time left.

    Where standard error is a file or a pipe, or there is none, nothing is shown.
    """
    amounts = (bars.TaskProgressColumn(),) if of_steps else (bars.MofNCompleteColumn(), _Rate())
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), *amounts, bars.TimeRemainingColumn())
    console = Console(file=usable(sys.stderr))
    # A notebook draws the bar with ipywidgets; elsewhere a forced colour does not make a pipe a terminal.
    seen = find_spec("ipywidgets") is not None if console.is_jupyter else console.file.isatty()
    with bars.Progress(
        *columns, console=console, transient=True, disable=not seen, speed_estimate_period=_SPEED_OVER
    ) as bar:
        task = bar.add_task("starting", total=None)
        current = ""

        def watch(activity: str, done: int, total: Optional[int]) -> None:
            nonlocal current
            if activity != current:
                current = activity
                if of_steps:
                    bar.update(task, description=activity)
                else:
                    bar.reset(task, description=activity, total=total)
            bar.update(task, completed=done, total=total)

        yield watch
