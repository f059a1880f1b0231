"""Change the threshold on the cards of a tag, by what a person asks for; training reads it there and keeps it.

What is asked for is a text: a threshold (``0.8``) or an aim (``recall=0.9``), under ``threshold_set``. What training
would choose by itself stays on the card, under ``by_training``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import ModelError
from ..writing import new_file
from .card_values import as_object, as_share
from .cards import CARD_MARK, LARGEST_CARD, as_card_text, read_card, read_whole

#: What a threshold that a person has set is for, and how the note on it begins.
YOU = "you"
_NOTE = "threshold set by you"

#: What says of a threshold where it comes from, and the figures that hold for one threshold alone.
_CHOICE = ("threshold", "threshold_for", "threshold_on")
_SECTIONS = ("validation", "cross_validation", "mountain")
_FIGURES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "tagged", "expected_right")


@dataclass(frozen=True)
class ChangedThreshold:
    """What a card says now. ``is_pending`` says that it must be trained again for that to be what was asked for."""

    kind: str
    before: float
    threshold: float
    is_pending: bool


def set_by_you(asked: str) -> str:
    """Return the note on a threshold, or an aim, that a person has asked for."""
    return f"{_NOTE}: {asked}"


def change_threshold(path: str, kind: str, asked: Optional[str], number: Optional[float]) -> ChangedThreshold:
    """Write what a person asks for onto the card at ``path``; ``None`` gives the choice back to training.

    ``number`` is the threshold that is asked for, ``None`` for an aim: that of the card's own ``thresholds`` is taken.
    Where it has none, the aim is kept for the next training, and the threshold stays.

    Raises
    ------
    ModelError
        There is no card, or it cannot be read.
    OutputError
        It cannot be written.
    """
    if (card := read_card(path)) is None:
        raise ModelError(f"there is no card {path} to hold a threshold. Train the model again (image-tagging train).")
    content = json.loads(read_whole(path, LARGEST_CARD).decode("utf-8-sig"))
    own = _choice(content.get("by_training"))
    chosen: Optional[Mapping[str, Any]]
    if asked is None:
        chosen, is_pending = own or None, not own and "threshold_set" in content
        for name in ("by_training", "threshold_set"):
            content.pop(name, None)
    else:
        known = card.thresholds.get(asked) if number is None else number
        is_pending = known is None
        chosen = None if known is None else {"threshold": known, "threshold_for": asked if number is None else YOU}
        content["by_training"] = own or _choice(content)
        content["threshold_set"] = asked
    content.update(chosen or {})
    marks = [mark for mark in card.marks if not mark.startswith(_NOTE)]
    content["marks"] = [*marks, set_by_you(asked)] if asked is not None else marks
    if content.get("threshold", card.threshold) != card.threshold:
        _forget_figures(content)
    with new_file(path, CARD_MARK) as file:
        file.write(as_card_text(content))
    return ChangedThreshold(kind, card.threshold, float(content.get("threshold", card.threshold)), is_pending)


def _choice(content: object) -> dict[str, Any]:
    """Return what says of a threshold where it comes from; empty where there is none."""
    found = as_object(content)
    if as_share(found.get("threshold")) is None:
        return {}
    return {name: found[name] for name in _CHOICE if name in found}


def _forget_figures(content: Mapping[str, Any]) -> None:
    """Remove the figures of a card that were measured at another threshold."""
    for section in _SECTIONS:
        found = content.get(section)
        if isinstance(found, dict):
            found.update(dict.fromkeys(found.keys() & set(_FIGURES)))
