"""Forget a tag: take its models, cards, reports and placed files out of an output folder."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from ..datasets import TAG_TO_HASHES, read_tag_lists
from ..errors import MetadataError, NoModelsError, OutputError, VerdictsError
from ..exporters import folders_of_tag, has_results, take_out
from ..files import StrPath, user_path
from ..reports import RunWithoutTag, text_reports_of
from ..store import WorkingStore, one_run_at_a_time
from ..tag_models import MODELS_FOLDER, SUFFIX, files_of_tag, model_names
from ..text import as_tag
from ..writing import remove_below
from .output_tags import require_output, unknown_tag
from .train import REPORTS_FOLDER
from .train_verdicts import given_verdicts


@dataclass(frozen=True)
class ForgetSummary:
    """What was taken away of a ``tag``: how many ``models``, text ``reports`` and ``placed`` files.

    ``stayed`` counts the placed files that a person has changed, or whose image is gone, which stay where they are; the
    ``first_stayed`` is one of them. ``has_scores`` says that results still hold scores of the tag, ``is_example`` that
    the examples still have it, and ``has_verdicts`` that there are verdicts on it.
    """

    tag: str
    models: int
    reports: int
    placed: int
    stayed: int
    first_stayed: str
    has_scores: bool
    is_example: bool
    output: str
    has_verdicts: bool = False


def forget_tag(tag: str, output: StrPath = "./output") -> ForgetSummary:
    """Take the models of a tag, their cards and reports, and what was placed of it, out of an output folder.

    Of the placed files those go that this program placed, that are as they were, and whose image lies where it was.

    Raises
    ------
    NoModelsError
        The folder has nothing of the tag.
    OutputError
        A file of the tag is not ours, or another run is working in the folder.
    """
    tag, folder = as_tag(tag), require_output(user_path(output, "output"))
    with one_run_at_a_time(folder), WorkingStore(folder) as store:
        files = files_of_tag(folder, MODELS_FOLDER, tag)
        texts = text_reports_of(folder, REPORTS_FOLDER, tag)
        run = RunWithoutTag(os.path.join(folder, REPORTS_FOLDER), tag)
        folders = folders_of_tag(store, tag)
        if not (files or texts or run.has_tag or folders):
            raise unknown_tag(tag, _known(folder), str(output))
        taken = take_out(store, folders)
        if run.has_tag:
            run.write()
        for name, below in (*((name, REPORTS_FOLDER) for name in texts), *((name, MODELS_FOLDER) for name in files)):
            try:
                remove_below(folder, below, name)
            except OSError as error:
                path = os.path.join(folder, below, name)
                raise OutputError(f"cannot remove {path}: {error.strerror or error}. Make it writable.") from error
    return ForgetSummary(
        tag=tag,
        models=sum(name.endswith(SUFFIX) for name in files),
        reports=len(texts),
        placed=taken.removed,
        stayed=taken.stayed,
        first_stayed=taken.first_stayed,
        has_scores=has_results(folder),
        is_example=_is_example(folder, tag),
        output=folder,
        has_verdicts=_has_verdicts(folder, tag),
    )


def _known(folder: str) -> set[str]:
    """Return the tags that have models."""
    with suppress(NoModelsError):
        return {tag for _, tag in model_names(os.path.join(folder, MODELS_FOLDER))}
    return set()


def _has_verdicts(folder: str, tag: str) -> bool:
    """Return whether the folder has verdicts on the tag, as far as they can be read."""
    with suppress(VerdictsError):
        verdicts = given_verdicts(folder, None, no_verdicts=False)
        return verdicts is not None and tag in verdicts.tags
    return False


def _is_example(folder: str, tag: str) -> bool:
    """Return whether the tag lists of the folder have the tag, as far as they can be read."""
    path = os.path.join(folder, TAG_TO_HASHES)
    with suppress(MetadataError):
        return os.path.exists(path) and tag in read_tag_lists(path)
    return False
