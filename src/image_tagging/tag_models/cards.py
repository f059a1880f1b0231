"""The card of a tag model (``….json``, next to the ``.pkl``): what the estimator cannot say.

Stages 3 and 4 go by its ``sha256``, ``encoder`` and ``threshold``, and a card that is wrong in one of these is refused.
The rest is for people (:mod:`.card_values`): what a card does not say, or says in another form than this program
writes, is ``None``. A card takes 1 kB, so that those of a thousand tags are read in less than a second.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Optional

from ..errors import ModelError
from ..records import LONGEST_ENCODER_TEXT, EncoderSpec
from .average_precision import EXAMPLES, AveragePrecision, average_precision_of
from .card_values import LONGEST_TEXT, ImageCounts, as_counts, as_object, as_share, as_text, as_texts, as_time
from .coverage import Coverage
from .mountain import MountainFigures

#: From there on an image counts as having the tag, where no card says otherwise.
DEFAULT_THRESHOLD = 0.5

#: What every card holds near its beginning or end.
CARD_MARK = re.compile(rb'"sha256"')

# JSON of nothing but brackets makes 25 times its size of lists.
LARGEST_CARD = 1 << 20
# Notes on a model; this program writes a few.
_MOST_MARKS = 20
# Digits of a whole number; some versions of Python take minutes for a million of them.
_MOST_DIGITS = 20


@dataclass(frozen=True)
class ModelCard:
    """What a card says. ``sha256`` is of the ``.pkl`` that it belongs to; figures are shares, 0 to 1.

    ``pictures`` are all there were, ``training`` those learned from, ``validation`` those held back, on which
    ``validation_precision`` and ``balanced_accuracy`` are measured. ``recipe`` says how it was learned,
    ``threshold_for`` what the threshold was chosen for, and ``threshold_on`` by which images (``mountain`` or
    ``examples``). ``out_of_fold`` is the average precision among the images learned from, each scored by a model that
    did not learn from it; ``mountain`` is ``None`` where no background was given. ``coverage`` is a summary of the
    images that the model was distinguished from. ``threshold_set`` is the threshold or the aim that a person has asked
    for, ``thresholds`` what aims give. ``run`` stands for the training, the same for all models that it made, and
    ``dataset`` for the images and tags that it learned from.
    """

    sha256: str
    encoder: Optional[EncoderSpec]
    threshold: float
    training: Optional[ImageCounts]
    validation: Optional[ImageCounts]
    validation_precision: Optional[float]
    balanced_accuracy: Optional[float]
    recipe: Optional[str]
    threshold_for: Optional[str]
    created: Optional[datetime]
    marks: tuple[str, ...]
    threshold_on: Optional[str] = None
    out_of_fold: Optional[AveragePrecision] = None
    mountain: Optional[MountainFigures] = None
    coverage: Optional[Coverage] = field(default=None, compare=False)
    threshold_set: Optional[str] = None
    thresholds: Mapping[str, float] = field(default_factory=dict, compare=False)
    run: Optional[str] = None
    dataset: Optional[str] = None
    pictures: Optional[ImageCounts] = None

    @property
    def precision(self) -> Optional[AveragePrecision]:
        """The one average precision of the model, ``None`` where no picture supports it."""
        return average_precision_of(self.mountain, self.out_of_fold)

    @property
    def average_precision(self) -> Optional[float]:
        """The value of ``precision``."""
        return self.precision.value if self.precision else None


def read_card(path: str) -> Optional[ModelCard]:
    """The card at ``path``; ``None`` where there is no such file.

    Raises
    ------
    ModelError
        It cannot be read, or says of its model what cannot be right.
    """
    if not os.path.lexists(path):
        return None
    try:
        text = read_whole(path, LARGEST_CARD).decode("utf-8-sig")
        card = _card(json.loads(text, parse_int=_whole, object_pairs_hook=_without_duplicates))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelError(f"{path} is not the card of a tag model. Train the model again or remove the card.") from error
    if not 0 <= card.threshold <= 1:
        raise ModelError(f"{path} has a threshold outside 0 to 1. Train the model again.")
    return card


def read_whole(path: str, limit: int) -> bytes:
    """The bytes of a file of a tag model; ModelError where it cannot be read or holds more than ``limit``."""
    try:
        # Only a regular file has a size to check, and none of the others (a pipe) may be waited for.
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{path} is no file. Move it away.")
        if status.st_size > limit:
            raise ModelError(f"{path} is larger than any tag model ({limit >> 20:,} MB). Move it away.")
        with open(path, "rb") as file:
            return file.read(status.st_size)  # what is written to it meanwhile is not followed
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}.") from error


def _whole(digits: str) -> float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):  # of two thresholds a person may see one, and this program the other
        raise ValueError("it says a thing twice")
    return content


def _card(content: Mapping[str, Any]) -> ModelCard:
    figures = as_object(content.get("validation"))
    training, validation = as_counts(content.get("training_images")), as_counts(content.get("validation_images"))
    return ModelCard(
        sha256=_required_text(content["sha256"], LONGEST_TEXT),
        encoder=_encoder(content.get("encoder")),
        threshold=_threshold(content.get("threshold", DEFAULT_THRESHOLD)),
        training=training,
        validation=validation,
        validation_precision=as_share(figures.get("average_precision")),
        balanced_accuracy=as_share(figures.get("balanced_accuracy")),
        recipe=as_text(content.get("recipe")),
        threshold_for=as_text(content.get("threshold_for")),
        created=as_time(content.get("created")),
        marks=as_texts(content.get("marks"), _MOST_MARKS),
        threshold_on=as_text(content.get("threshold_on")),
        out_of_fold=AveragePrecision.read(content.get("cross_validation"), EXAMPLES),
        mountain=MountainFigures.read(content.get("mountain")),
        coverage=Coverage.read(content.get("coverage")),
        threshold_set=as_text(content.get("threshold_set")),
        thresholds=_thresholds(content.get("thresholds")),
        run=as_text(content.get("run")),
        dataset=as_text(content.get("dataset")),
        pictures=as_counts(content.get("pictures")) or _sum(training, validation),
    )


def as_card_text(content: Mapping[str, Any]) -> bytes:
    """Return the text of a card.

    A tag may hold what is no Unicode text (an odd folder name); JSON can spell it with an escape.
    """
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace")


def _thresholds(value: object) -> dict[str, float]:
    shares = ((str(aim), as_share(share)) for aim, share in as_object(value).items())
    return {aim: share for aim, share in shares if share is not None}


def _sum(training: Optional[ImageCounts], validation: Optional[ImageCounts]) -> Optional[ImageCounts]:
    """Return how many pictures there were, of cards of earlier versions."""
    if training is None or validation is None:
        return training
    return ImageCounts(training.tag + validation.tag, training.other + validation.other)


# What stages 3 and 4 go by: anything else is an error.


def _encoder(value: Optional[Mapping[str, Any]]) -> Optional[EncoderSpec]:
    if value is None:
        return None
    parts = (value["name"], value["pretrained"], value.get("preprocess", ""))
    texts = [_required_text(text, LONGEST_ENCODER_TEXT) for text in parts]
    if type(value["dim"]) is not int:
        raise TypeError("the length of embeddings is a whole number")
    return EncoderSpec(texts[0], texts[1], value["dim"], texts[2])


def _required_text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise TypeError("a model and its encoder are described by short texts")
    value.encode()  # ValueError for half a character without its other half, which the store cannot hold
    return value


def _threshold(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):  # float() takes texts and true as well
        raise TypeError("a threshold is a number")
    return float(value)
