"""Embeddings and tags -> what one tag model learns from, and what it is measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import TrainingError
from .records import BroughtEmbedding, EncoderSpec
from .reports import ValidationReport

#: Images that are no tag: negatives of every tag, to learn from and to be measured on alone.
OTHER_TRAINING = "other-training"
OTHER_VALIDATION = "other-validation"

#: A tag with fewer images than this is not split: one image would be measured, or none, and the model would lose it.
MIN_IMAGES_TO_SPLIT = 5

#: Below this many measured images of a tag its figures move by tens of percent from one split to another.
FEW_VALIDATED = 5


@dataclass(frozen=True, eq=False)
class TaggedEmbeddings:
    """All embeddings (N, D) float32 of a data set, and for each tag the rows of its images."""

    embeddings: NDArray[np.float32]
    rows: Mapping[str, NDArray[np.int64]]
    unknown: int

    @property
    def tags(self) -> list[str]:
        """The tags that can be learned: all but the two sets of other images, in alphabetical order."""
        return sorted(tag for tag in self.rows if tag not in {OTHER_TRAINING, OTHER_VALIDATION})


@dataclass(frozen=True, eq=False)
class Split:
    """The rows that a tag model learns from and those it is measured on; the two share none.

    ``is_tag`` and ``is_validation_tag`` are (n,) bool beside them. ``marks`` warn of what the split lacks.
    """

    training: NDArray[np.int64]
    is_tag: NDArray[np.bool_]
    validation: NDArray[np.int64]
    is_validation_tag: NDArray[np.bool_]
    marks: tuple[str, ...]


def gather(images: Iterable[BroughtEmbedding], tag_lists: Mapping[str, list[str]]) -> TaggedEmbeddings:
    """Join the embeddings of a metadata file with the lists of hashes per tag.

    ``unknown`` counts the listed hashes that the metadata file does not hold.

    Raises
    ------
    TrainingError
        None of the listed hashes has an embedding.
    """
    row_of: dict[str, int] = {}
    vectors: list[NDArray[np.float32]] = []
    for image in images:
        row_of[image.hash_id] = len(vectors)
        vectors.append(image.embedding)
    listed = {tag: list(dict.fromkeys(hashes)) for tag, hashes in tag_lists.items()}
    rows = {
        tag: np.array([row_of[hash_id] for hash_id in hashes if hash_id in row_of], dtype=np.int64)
        for tag, hashes in listed.items()
    }
    unknown = sum(map(len, listed.values())) - sum(map(len, rows.values()))
    if not any(map(len, rows.values())):
        raise TrainingError(
            "no listed image has an embedding: the two files belong to different data sets. Give the "
            "metadata and the tag lists that one run of stage 1 wrote."
        )
    return TaggedEmbeddings(np.stack(vectors), rows, unknown)


def split_tag(data: TaggedEmbeddings, tag: str, *, test_share: float, seed: int) -> Split:
    """Divide a tag's images and the others, each shuffled on its own, into a training and a validation part.

    The others are the images of ``other-training`` where there are any, else all without the tag; those of
    ``other-validation`` are only ever measured on. The division depends on the tag's name and the seed, not on
    the tags beside it.

    Raises
    ------
    TrainingError
        The tag has no image, or there is no other image to tell it from.
    """
    positives = np.sort(data.rows[tag])
    only_validated = np.setdiff1d(data.rows.get(OTHER_VALIDATION, positives[:0]), positives)
    negatives = np.setdiff1d(_others(data), np.concatenate([positives, only_validated]))
    if not len(positives):
        raise TrainingError("it has no image with an embedding")
    if not len(negatives):
        raise TrainingError("there is no image without the tag to tell it from; add a folder of other images")
    random = np.random.default_rng([seed, int.from_bytes(hashlib.blake2b(tag.encode()).digest()[:4], "big")])
    held_tag, learned_tag = _divide(random.permutation(positives), test_share)
    held_other, learned_other = _divide(random.permutation(negatives), test_share)
    if not len(held_tag):
        held_other, learned_other = held_other[:0], np.concatenate([held_other, learned_other])
        only_validated = only_validated[:0]
    held_other = np.concatenate([held_other, only_validated])
    return Split(
        training=np.concatenate([learned_tag, learned_other]),
        is_tag=_first(len(learned_tag), len(learned_tag) + len(learned_other)),
        validation=np.concatenate([held_tag, held_other]),
        is_validation_tag=_first(len(held_tag), len(held_tag) + len(held_other)),
        marks=_marks(len(positives), len(held_tag), test_share),
    )


def model_card(report: ValidationReport, encoder: EncoderSpec, seed: int) -> dict[str, Any]:
    """What the card of a tag model tells: where it comes from and what it was measured to do."""
    return {
        "encoder": asdict(encoder),
        "threshold": report.threshold,
        "training_images": {"tag": report.training_tag, "other": report.training_other},
        "validation_images": {"tag": report.validation_tag, "other": report.validation_other},
        "validation": {
            "average_precision": report.average_precision,
            "roc_auc": report.roc_auc,
            "accuracy": report.accuracy,
            "balanced_accuracy": report.balanced_accuracy,
        },
        "marks": list(report.marks),
        "seed": seed,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def _others(data: TaggedEmbeddings) -> NDArray[np.int64]:
    given = data.rows.get(OTHER_TRAINING)
    return given if given is not None and len(given) else np.arange(len(data.embeddings))


def _divide(rows: NDArray[np.int64], share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(validation, training): at least one row to measure where there are enough, and always one to learn from."""
    held = 0
    if share > 0 and len(rows) >= MIN_IMAGES_TO_SPLIT:
        held = min(max(1, round(len(rows) * share)), len(rows) - 1)
    return rows[:held], rows[held:]


def _first(count: int, length: int) -> NDArray[np.bool_]:
    """(length,) bool, true for the first ``count``."""
    return np.arange(length) < count


def _marks(images: int, validated: int, share: float) -> tuple[str, ...]:
    if share == 0:
        return ("none measured, as asked for",)
    if not validated:
        return (f"only {images} image{'s' if images > 1 else ''}, none left to measure",)
    if validated < FEW_VALIDATED:
        return (f"rough: {validated} measured",)
    return ()
