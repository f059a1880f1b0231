"""The aim of each tag's threshold: what the settings say, what a person has set on the cards, else that of all tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Union

from ..errors import InputError, ModelError
from ..tag_models import card_path, kind_names, model_path, read_card
from ..text import as_tag, escaped, near_misses, tag_in_words
from ..training import Aim, as_aim, parse_aim
from .train_config import DEFAULT_AIM


def aims_of(
    threshold_for: Union[str, Mapping[str, Union[str, float]]], tags: Iterable[str]
) -> tuple[Aim, dict[str, Aim]]:
    """Return the aim of all tags, and those of single tags.

    Raises
    ------
    InputError
        An aim is none, or one is given for what is no tag.
    """
    if isinstance(threshold_for, str):
        return parse_aim(threshold_for), {}
    known = frozenset(tags)
    aims = {as_tag(tag): as_aim(aim) for tag, aim in threshold_for.items()}
    for tag in aims.keys() - known:
        nearest = near_misses(tag, known)
        meant = f" Did you mean {escaped(nearest[0])}?" if nearest else " Give names of tags of the tag lists."
        raise InputError(f"threshold_for names {tag_in_words(escaped(tag))!r}, which is no tag.{meant}")
    return parse_aim(DEFAULT_AIM), aims


def require_aims(threshold_for: Union[str, Mapping[str, Union[str, float]]]) -> None:
    """Raise InputError, before any work, where an aim is none."""
    aims_of(threshold_for, () if isinstance(threshold_for, str) else map(as_tag, threshold_for))


def kept_thresholds(models: str, tags: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what a person has set for tags, by the cards in a folder of models, and warnings about cards.

    What is set is a text that :func:`.training.as_aim` takes.
    """
    kept: dict[str, str] = {}
    warnings: list[str] = []
    for tag in tags:
        for kind in kind_names():
            try:
                card = read_card(card_path(model_path(models, kind, tag)))
                if card and card.threshold_set and tag not in kept:
                    as_aim(card.threshold_set)
                    kept[tag] = card.threshold_set
            except (ModelError, InputError) as error:
                warnings.append(f"A threshold that was set for {tag_in_words(escaped(tag))} is not kept: {error}")
    return kept, tuple(warnings)
