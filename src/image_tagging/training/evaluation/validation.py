"""What a tag model is worth on the images that are held back, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...tag_models import AveragePrecision, bin_numbers
from .ranking import Ranking

HISTOGRAM_BINS = 10


@dataclass(frozen=True)
class ValidationReport:
    """One tag model, measured on validation images.

    An image counts as having the tag from ``threshold`` up: ``tp`` and ``fn`` are images of the tag, ``fp`` and
    ``tn`` the others. ``in_distribution`` (the tag's images) and ``out_distribution`` (the others) count the
    probabilities per tenth, from the lowest, and lose none. Figures that no image supports are ``None``.
    ``marks`` are notes on what is held back. ``training_tag`` and ``training_other`` are the images learnt from; none
    of them is among the validation images. ``tag_images`` and ``other_images`` are all of either class.

    ``precision`` is the one average precision of the model: not of the validation images, but out of fold.
    ``out_of_fold`` is that among the examples alone, by which kinds are compared where one of them has no
    figure on the mountain, and ``validation_precision`` that of the validation images. ``warnings`` say why the figures
    of the model are less reliable.
    """

    kind: str
    tag: str
    training_tag: int
    training_other: int
    tp: int
    fn: int
    fp: int
    tn: int
    threshold: float
    validation_precision: Optional[float]
    roc_auc: Optional[float]
    in_distribution: tuple[int, ...]
    out_distribution: tuple[int, ...]
    marks: tuple[str, ...] = ()
    precision: Optional[AveragePrecision] = None
    out_of_fold: Optional[AveragePrecision] = None
    warnings: tuple[str, ...] = ()
    tag_images: int = 0
    other_images: int = 0

    @property
    def average_precision(self) -> Optional[float]:
        """The one average precision of the model, ``None`` where no picture supports it."""
        return self.precision.value if self.precision else None

    @property
    def validation_tag(self) -> int:
        """How many validation images have the tag."""
        return self.tp + self.fn

    @property
    def validation_other(self) -> int:
        """How many validation images do not have the tag."""
        return self.fp + self.tn

    @property
    def false_positive_rate(self) -> Optional[float]:
        """The share of the other images that the model gives the tag."""
        return _share(self.fp, self.validation_other)

    @property
    def false_negative_rate(self) -> Optional[float]:
        """The share of the tag's images that the model misses."""
        return _share(self.fn, self.validation_tag)

    @property
    def true_positive_rate(self) -> Optional[float]:
        """The share of the tag's images that the model finds."""
        return _share(self.tp, self.validation_tag)

    @property
    def true_negative_rate(self) -> Optional[float]:
        """The share of the other images that the model leaves without the tag."""
        return _share(self.tn, self.validation_other)

    @property
    def accuracy(self) -> Optional[float]:
        """The share of all validation images that the model gets right."""
        return _share(self.tp + self.tn, self.validation_tag + self.validation_other)

    @property
    def balanced_accuracy(self) -> Optional[float]:
        """The mean of the two true rates: it does not reward a model for the larger class."""
        positive, negative = self.true_positive_rate, self.true_negative_rate
        return None if positive is None or negative is None else (positive + negative) / 2


def validate(  # noqa: PLR0913 - what a report is about, each by its name
    *,
    kind: str,
    tag: str,
    training_tag: int,
    training_other: int,
    probabilities: ArrayLike,
    is_tag: ArrayLike,
    threshold: float = 0.5,
    marks: tuple[str, ...] = (),
) -> ValidationReport:
    """Compare probabilities (N,) of validation images with the truth (N,) bool; N may be 0.

    ``training_tag`` and ``training_other`` are how many images the model learnt from. A class without a
    validation image is said so among the marks, in addition to those given.

    Raises
    ------
    ValueError
        The arrays do not fit, or a probability is no number between 0 and 1.
    """
    p, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(is_tag, dtype=bool)
    if p.ndim != 1 or p.shape != truth.shape:
        raise ValueError(f"probabilities {p.shape} and truth {truth.shape} do not fit")
    said = p >= threshold
    ranking = Ranking.of(p, truth, np.ones(len(p)))
    return ValidationReport(
        kind=kind,
        tag=tag,
        training_tag=training_tag,
        training_other=training_other,
        tp=int((said & truth).sum()),
        fn=int((~said & truth).sum()),
        fp=int((said & ~truth).sum()),
        tn=int((~said & ~truth).sum()),
        threshold=threshold,
        validation_precision=ranking.average_precision if ranking else None,
        roc_auc=ranking.roc_auc if ranking else None,
        in_distribution=histogram(p[truth]),
        out_distribution=histogram(p[~truth]),
        marks=(*marks, *(_missing(truth) if truth.size or not marks else ())),
        tag_images=training_tag + int(truth.sum()),
        other_images=training_other + int((~truth).sum()),
    )


def _share(part: int, whole: int) -> Optional[float]:
    return part / whole if whole else None


def histogram(p: NDArray[np.float64]) -> tuple[int, ...]:
    """How many probabilities (n,) lie in each tenth, from the lowest."""
    counts = np.bincount(bin_numbers(p, HISTOGRAM_BINS) - 1, minlength=HISTOGRAM_BINS)
    return tuple(int(count) for count in counts)


def _missing(truth: NDArray[np.bool_]) -> tuple[str, ...]:
    if not truth.size:
        return ("nothing was validated: no image was left for validation",)
    if truth.any() and not truth.all():
        return ()
    kind = "other images" if truth.any() else "images of the tag"
    return (f"nothing was validated on {kind}: none was left for validation",)
