"""Where an image is placed for its scores: in the bin of each model, or in one folder per tag, best first.

``<kind>/<tag>/<bin>/<file>`` is for programs. ``by-tag/<tag>/<score>_<file>`` is for people: there a tag has one
answer, and the name begins with the score, so that every file browser shows the best first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

from ..records import TagScore
from ..settings import BY_TAG
from ..store import PlacedFile, PlacedFiles
from ..tag_models import quote_tag
from .placing import Target

#: Where the file of one slot goes, ``None`` where it goes nowhere.
Wanted = dict[str, Optional[Target]]

#: Scores are named in steps of this part of 1.
_STEPS = 10_000


def score_prefix(probability: float) -> str:
    """Return what the name of an image begins with that has a tag with this probability: ``0027_0.9973_``.

    The first number is what is missing to 1, in steps of 0.0001, so that names in rising order have falling
    probabilities, whether a file browser compares digits or whole numbers.
    """
    steps = min(max(round(probability * _STEPS), 0), _STEPS)
    return f"{min(_STEPS - steps, _STEPS - 1):04}_{steps / _STEPS:.4f}_"


@dataclass(frozen=True)
class Placing:
    """What a run places its images by, and what earlier runs have placed.

    ``how`` is one of ``PLACES``; ``tagged_only`` leaves out images without the tag. ``answers`` is the kind that
    answers for each tag where images are placed in one folder per tag, with their scores in front of their names.
    ``models`` are those of the run, by kind and tag. ``examples`` has the tags of each picture that is an example, by
    its name: there these are not placed. ``placed`` remembers what is placed; ``stage`` and ``made_from`` stand for
    what the images are placed by. ``adopt`` says that a run was killed here: what is in its place already counts as
    placed by us.
    """

    how: str
    tagged_only: bool = False
    answers: Optional[Mapping[str, str]] = None
    models: Sequence[tuple[str, str]] = ()
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    placed: Optional[PlacedFiles] = None
    stage: str = ""
    made_from: str = ""
    adopt: bool = False


class Layout:
    """Says where an image is placed for its scores; ``fitted`` shortens the names of folders where that is needed.

    A slot is a folder in which an image has one file: that of a model, or that of a tag. With the ``answers`` of the
    ``placing`` those of tags are used, otherwise those of models. An image has no file in the slots of its ``models``
    whose scores are not given.
    """

    def __init__(self, fitted: Callable[[str], str], placing: Placing) -> None:
        self._fitted = fitted
        self._answers = placing.answers
        self._tagged_only = placing.tagged_only
        self._slots: dict[tuple[str, str], str] = {}  # by kind and tag; of tags by an empty kind
        self._none: Wanted = {}  # all slots of the models met
        self._models = len(placing.models)
        self._add_slots(placing.models)

    def wanted(self, scores: Sequence[TagScore], labels: Sequence[str], *, is_example: bool = False) -> Wanted:
        """Return where an image with these scores goes, for each slot of their models and tags.

        An example of a person is not placed where people look for new ones.
        """
        if len(scores) > self._models:
            self._models = len(scores)
            self._add_slots((score.kind, score.tag) for score in scores)
        wanted = dict(self._none)
        if self._answers is not None and is_example:
            return wanted
        for score in scores:
            if self._tagged_only and not score.tagged:
                continue
            if self._answers is None:
                slot = self.slot(score.kind, score.tag)
                wanted[slot] = Target(os.path.join(slot, labels[score.bin - 1]))
            elif self._answers[score.tag] == score.kind:
                slot = self.slot(score.kind, score.tag)
                wanted[slot] = Target(slot, score_prefix(score.probability))
        return wanted

    def _add_slots(self, models: Iterable[tuple[str, str]]) -> None:
        slots = (slot for kind, tag in models for slot in (self._slot(kind, tag), self._slot("", tag)))
        self._none.update(dict.fromkeys(slots))

    def slot(self, kind: str, tag: str) -> str:
        """Return the slot that images have by the model of a kind and a tag, where it places any."""
        return self._slot(kind if self._answers is None else "", tag)

    def _slot(self, kind: str, tag: str) -> str:
        if (kind, tag) not in self._slots:
            self._slots[kind, tag] = self._fitted(os.path.join(kind or BY_TAG, quote_tag(tag)))
        return self._slots[kind, tag]


def slot_of(one: PlacedFile) -> str:
    """Return the slot that a placed file lies in, empty where it lies in none.

    The store may be a stranger's: a name that leads elsewhere is none.
    """
    above, last = os.path.split(one.folder)
    if not (_is_name(last) and _is_name(one.name)):
        return ""
    return one.folder if above == BY_TAG else above


def is_in_place(one: PlacedFile, target: Optional[Target]) -> bool:
    """Return whether a placed file is where its image goes."""
    return target is not None and one.folder == target.folder and one.name.startswith(target.prefix)


def _is_name(name: str) -> bool:
    return name == os.path.basename(name) and name not in {"", os.curdir, os.pardir}
