"""The tags of an output folder, for the commands that are about one of them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..errors import InputError, NoModelsError
from ..files import absolute
from ..tag_models import MODELS_FOLDER
from ..text import escaped, near_misses, tag_in_words


def require_output(output: str) -> str:
    """Return the absolute path of an output folder; InputError where there is none."""
    path = absolute(output)
    if not os.path.isdir(path):
        raise InputError(f"there is no output folder {output}. Name the one that holds the models with --output.")
    return path


def unknown_tag(tag: str, known: Iterable[str], output: str) -> NoModelsError:
    """Return the error for a tag that an output folder has nothing of; it names tags of nearly this name."""
    nearest = [tag_in_words(escaped(each)) for each in near_misses(tag, known, least=0.6)]
    meant = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
    listed = f"image-tagging models {os.path.join(output, MODELS_FOLDER)} lists its tags."
    return NoModelsError(f"{output} has nothing of a tag {tag_in_words(escaped(tag))}.{meant} {listed}")
