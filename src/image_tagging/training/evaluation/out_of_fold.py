"""What images that a tag model has not learned from say of it: figures, curves, and the images worth looking at.

Out-of-fold probabilities are of the images that the tag is learned from, each given by a model that had not learned
from it: many more than are held out for the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets import Rows
from ...tag_models import Floats
from .metrics import calibration_error, log_losses, reliability
from .ranking import Ranking, precision_interval
from .validation import histogram

#: Images shown of each sort, and other tags named.
_SHOWN = 6
_MOST_CONFUSED = 8
#: Points of a curve: more are not seen.
_MOST_POINTS = 100


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Images that a model was asked about and has not learned from: ``rows`` (n,) of the data set, and what it said.

    ``weights`` (n,) say how many images each stands for.
    """

    rows: Rows
    is_tag: NDArray[np.bool_]
    probabilities: Floats
    weights: Floats


def figures(out_of_fold: OutOfFold, threshold: float) -> dict[str, Any]:
    """The figures of a model by their names in ``reports.json``; ``None`` where no image supports one."""
    p, truth, weights = out_of_fold.probabilities, out_of_fold.is_tag, out_of_fold.weights
    ranking = Ranking.of(p, truth, weights)
    if ranking is None:
        return dict.fromkeys(_FIGURES)
    said = p >= threshold
    hits, claims = float(weights @ (said & truth)), float(weights @ said)
    recall = hits / float(weights @ truth)
    specificity = float(weights @ (~said & ~truth)) / float(weights @ ~truth)
    values = (
        ranking.average_precision,
        list(precision_interval(ranking.average_precision, int(truth.sum()))),
        ranking.roc_auc,
        (recall + specificity) / 2,
        hits / claims if claims else None,
        recall,
        calibration_error(p, truth, weights),
        float(np.average(log_losses(p, truth), weights=weights)),
    )
    return dict(zip(_FIGURES, values))


_FIGURES = (
    *("average_precision", "average_precision_interval", "roc_auc", "balanced_accuracy", "precision", "recall"),
    *("calibration_error", "log_loss"),
)


def curves(out_of_fold: OutOfFold) -> dict[str, Any]:
    """The plots of a model: precision against recall, how far probabilities are true, and both histograms."""
    p, truth, weights = out_of_fold.probabilities, out_of_fold.is_tag, out_of_fold.weights
    ranking = Ranking.of(p, truth, weights)
    points: list[list[float]] = []
    if ranking is not None:
        chosen = np.unique(np.linspace(0, len(ranking.recall) - 1, _MOST_POINTS).astype(np.int64))
        points = np.column_stack([ranking.recall, ranking.precision])[chosen].tolist()
    return {
        "precision_recall": points,
        "reliability": [
            {"predicted": predicted, "observed": observed, "images": images}
            for predicted, observed, _, images in reliability(p, truth, weights)
        ],
        "histogram_tag": list(histogram(p[truth])),
        "histogram_other": list(histogram(p[~truth])),
    }


def select_examples(out_of_fold: OutOfFold, threshold: float) -> dict[str, list[tuple[int, float]]]:
    """Return rows and probabilities of the images that say most: sure hits, worst misses, likely label errors.

    A label is likely wrong where the model is as sure of the other class as it is of that class's own images on
    average, and the more so the less sure it is of the image than of others of its label (confident learning:
    Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels"). Of a rare tag all
    probabilities are low, so that neither class could be judged by the probability alone.
    """
    p, truth = out_of_fold.probabilities, out_of_fold.is_tag
    if not truth.any() or truth.all():
        return {"hits": [], "misses": [], "label_errors": []}
    usual_tag, usual_other = float(p[truth].mean()), float(1 - p[~truth].mean())
    is_doubtful = np.where(truth, 1 - p >= usual_other, p >= usual_tag)
    less_sure = np.where(truth, p - usual_tag, 1 - p - usual_other)
    found, missed = np.flatnonzero(truth & (p >= threshold)), np.flatnonzero(truth & (p < threshold))
    doubtful = np.flatnonzero(is_doubtful)
    return {
        "hits": _first_rows(out_of_fold, found[np.argsort(-p[found], kind="stable")]),
        "misses": _first_rows(out_of_fold, missed[np.argsort(p[missed], kind="stable")]),
        "label_errors": _first_rows(out_of_fold, doubtful[np.argsort(less_sure[doubtful], kind="stable")]),
    }


def _first_rows(out_of_fold: OutOfFold, chosen: NDArray[np.intp]) -> list[tuple[int, float]]:
    return [(int(out_of_fold.rows[each]), float(out_of_fold.probabilities[each])) for each in chosen[:_SHOWN]]


class TagIndex:
    """Which tags each image of a data set has, both ways."""

    def __init__(self, tags: Mapping[str, Rows]) -> None:
        self._names = list(tags)
        rows = np.concatenate([np.zeros(0, dtype=np.int64), *tags.values()])
        numbers = np.repeat(np.arange(len(self._names)), [len(members) for members in tags.values()])
        order = np.argsort(rows, kind="stable")
        self._rows, self._numbers = rows[order], numbers[order]

    def of(self, row: int) -> list[str]:
        """The tags of one image."""
        start, end = np.searchsorted(self._rows, [row, row + 1])
        return [self._names[number] for number in self._numbers[start:end]]

    def confused_with(self, rows: Rows, probabilities: Floats, threshold: float) -> list[dict[str, Any]]:
        """The tags whose images a model takes for its own most, of out-of-fold images ``rows`` (n,) without its tag."""
        starts, ends = np.searchsorted(self._rows, rows), np.searchsorted(self._rows, rows + 1)
        counts = ends - starts
        image = np.repeat(np.arange(len(rows)), counts)
        each = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts, counts)
        numbers, p = self._numbers[each], probabilities[image]
        many = len(self._names)
        images = np.bincount(numbers, minlength=many)
        above = np.bincount(numbers, weights=p >= threshold, minlength=many)
        total = np.bincount(numbers, weights=p, minlength=many)
        here = np.flatnonzero(images)
        order = here[np.lexsort((-total[here] / images[here], -above[here] / images[here]))]
        return [
            {
                "tag": self._names[number],
                "images": int(images[number]),
                "above_threshold": int(above[number]),
                "mean_probability": float(total[number] / images[number]),
            }
            for number in order[:_MOST_CONFUSED]
        ]
