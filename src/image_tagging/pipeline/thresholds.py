"""Set the threshold of a tag by hand: on the cards of its models, where the next training finds and keeps it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional, Union

from ..files import StrPath, user_path
from ..store import TRAINING, WorkingStore, one_run_at_a_time
from ..tag_models import MODELS_FOLDER, ChangedThreshold, card_path, change_threshold, generate_model_path, model_names
from ..text import as_tag
from ..training import as_aim
from .output_tags import require_output, unknown_tag
from .sort_training import models_digest

#: What gives the choice back to training.
BY_TRAINING = "auto"


@dataclass(frozen=True)
class ThresholdSummary:
    """What was ``asked`` for a ``tag``, ``None`` where training chooses again, and the ``changes`` by kind of model."""

    tag: str
    asked: Optional[str]
    changes: tuple[ChangedThreshold, ...]
    output: str


def set_threshold(tag: str, threshold: Union[str, float], output: StrPath = "./output") -> ThresholdSummary:
    """Set the threshold of all models of a tag: a number from 0 to 1, an aim (``recall=0.9``), or ``auto``.

    The next training keeps it, until ``auto`` gives the choice back. An aim whose threshold the cards do not have is
    kept on them, and applied by the next training.

    Raises
    ------
    InputError
        The threshold is none of these.
    NoModelsError
        The folder has no model of the tag.
    ModelError
        A model has no card.
    OutputError
        A card cannot be written, or another run is working in the folder.
    """
    aim = None if threshold == BY_TRAINING else as_aim(threshold)
    tag, folder = as_tag(tag), require_output(user_path(output, "output"))
    models = os.path.join(folder, MODELS_FOLDER)
    with one_run_at_a_time(folder), WorkingStore(folder) as store:
        named = model_names(models)
        kinds = [kind for kind, name in named if name == tag]
        if not kinds:
            raise unknown_tag(tag, {name for _, name in named}, str(output))
        asked = None if aim is None else f"{aim.fixed!r}" if aim.fixed is not None else str(aim)
        before = models_digest(folder)
        changes = []
        for kind in kinds:
            card = card_path(generate_model_path(models, kind, tag) or "")
            changes.append(change_threshold(card, kind, asked, aim.fixed if aim else None))
        if not any(change.is_pending for change in changes):
            _note(store, before, models_digest(folder))
    return ThresholdSummary(tag, asked, tuple(changes), folder)


def _note(store: WorkingStore, before: str, after: str) -> None:
    """Note that the models are still those of the last training of ``sort``, which need not learn them again."""
    made_from = store.finished.made_from(TRAINING) or ""
    if made_from.endswith(f"/{before}"):
        store.finished.finish(TRAINING, f"{made_from[: -len(before)]}{after}")
