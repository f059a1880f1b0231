"""What a person sees in a terminal or a notebook: the list of models, a sentence, why a command failed."""

from __future__ import annotations

import sys
from typing import Optional

from ..errors import NoModelsError
from ..files import StrPath, user_path
from ..pipeline import ClassifyConfig, classify_images, progress_bar
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
    with progress_bar() as watch:
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
