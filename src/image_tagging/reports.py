"""What a tag model is worth on images it has not learnt from: figures, histograms, one text file a model.

The text keeps the order of the original's reports. A rate without an image behind it is ``n/a``, never zero.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .bins import bin_numbers
from .files import write_aside
from .model_names import model_stem

HISTOGRAM_BINS = 10
_BAR_WIDTH = 40


@dataclass(frozen=True)
class ValidationReport:
    """One tag model, measured on validation images.

    An image counts as having the tag from ``threshold`` up: ``tp`` and ``fn`` are images of the tag, ``fp`` and
    ``tn`` the others. ``in_distribution`` (the tag's images) and ``out_distribution`` (the others) count the
    probabilities per tenth, from the lowest, and lose none. Figures that no image supports are ``None``.
    ``marks`` are warnings to the reader. ``training_tag`` and ``training_other`` are the images learnt from; none of
    them is among the validation images.
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
    average_precision: Optional[float]
    roc_auc: Optional[float]
    in_distribution: tuple[int, ...]
    out_distribution: tuple[int, ...]
    marks: tuple[str, ...] = ()

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

    def as_text(self) -> str:
        """The report as it is written: ``key: value`` lines, then tables."""
        blocks = [
            "\n".join([*_head(self), *_rates_and_counts(self), *_figures(self)]),
            "classification report:\n" + _classification_report(self),
            "in-distribution histogram:\n" + _bars(self.in_distribution),
            "out-distribution histogram:\n" + _bars(self.out_distribution),
        ]
        return "\n\n".join(blocks) + "\n"


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
    validation image is said so among the marks, beside those given.

    Raises
    ------
    ValueError
        The arrays do not fit, or a probability is no number between 0 and 1.
    """
    p, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(is_tag, dtype=bool)
    if p.ndim != 1 or p.shape != truth.shape:
        raise ValueError(f"probabilities {p.shape} and truth {truth.shape} do not fit")
    said = p >= threshold
    average_precision, roc_auc = _ranking(p, truth)
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
        average_precision=average_precision,
        roc_auc=roc_auc,
        in_distribution=_histogram(p[truth]),
        out_distribution=_histogram(p[~truth]),
        marks=(*marks, *(_missing(truth) if truth.size or not marks else ())),
    )


def report_path(folder: str, kind: str, tag: str) -> str:
    """Where the report of a model goes: ``model-report-<kind>-tag-<tag>.txt``, the tag spelt as in its model file."""
    return os.path.join(folder, model_stem(kind, tag).replace("model-", "model-report-", 1) + ".txt")


def write_report(folder: str, report: ValidationReport) -> str:
    """Write a report, aside and then into place; return its path. ``OutputError`` where it cannot be written."""
    path = report_path(folder, report.kind, report.tag)
    with write_aside(path) as aside, open(aside, "w", encoding="utf-8", newline="\n") as file:
        file.write(report.as_text())
    return path


def _share(part: int, whole: int) -> Optional[float]:
    return part / whole if whole else None


def _histogram(p: NDArray[np.float64]) -> tuple[int, ...]:
    counts = np.bincount(bin_numbers(p, HISTOGRAM_BINS) - 1, minlength=HISTOGRAM_BINS)
    return tuple(int(count) for count in counts)


def _ranking(p: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[Optional[float], Optional[float]]:
    """Average precision and area under the ROC curve; both need images of either class."""
    if not truth.any() or truth.all():
        return None, None
    from sklearn.metrics import average_precision_score, roc_auc_score

    return float(average_precision_score(truth, p)), float(roc_auc_score(truth, p))


def _classification_report(report: ValidationReport) -> str:
    """The table of scikit-learn's ``classification_report``, from the four counts."""
    if not report.validation_tag + report.validation_other:
        return "n/a: no validation image"
    supports = [report.validation_tag, report.validation_other]
    figures = np.array([_rates(report.tp, report.fp, report.fn), _rates(report.tn, report.fn, report.fp)])
    total = sum(supports)
    lines = [
        f"{'':12} {'precision':>10} {'recall':>9} {'f1-score':>9} {'support':>9}",
        "",
        _table_row("tag", figures[0], supports[0]),
        _table_row("other", figures[1], supports[1]),
        "",
        f"{'accuracy':>12} {'':>10} {'':>9} {(report.tp + report.tn) / total:9.2f} {total:9}",
        _table_row("macro avg", figures.mean(axis=0), total),
        _table_row("weighted avg", np.average(figures, axis=0, weights=supports), total),
    ]
    return "\n".join(lines)


def _table_row(name: str, figures: NDArray[np.float64], support: int) -> str:
    """``figures`` (3,): precision, recall, F1."""
    return f"{name:>12} {figures[0]:10.2f} {figures[1]:9.2f} {figures[2]:9.2f} {support:9}"


def _rates(right: int, wrong: int, missed: int) -> tuple[float, float, float]:
    """Precision, recall and F1 of a class, 0 where nothing supports them."""
    return right / max(1, right + wrong), right / max(1, right + missed), 2 * right / max(1, 2 * right + wrong + missed)


def _missing(truth: NDArray[np.bool_]) -> tuple[str, ...]:
    if not truth.size:
        return ("nothing was validated: no image was left for validation",)
    if truth.any() and not truth.all():
        return ()
    kind = "other images" if truth.any() else "images of the tag"
    return (f"nothing was validated on {kind}: none was left for validation",)


def _head(report: ValidationReport) -> list[str]:
    return [
        f"model: {report.kind}",
        "task: binary-classification",
        f"tag: {_one_line(report.tag)}",
        f"tag-set-image-count: {report.training_tag + report.validation_tag}",
        f"other-set-image-count: {report.training_other + report.validation_other}",
        f"validation-tag-image-count: {report.validation_tag}",
        f"validation-other-image-count: {report.validation_other}",
        *(f"note: {_one_line(mark)}" for mark in report.marks),
    ]


def _rates_and_counts(report: ValidationReport) -> list[str]:
    rows = [
        ("false-positive", report.false_positive_rate, report.fp, report.validation_other),
        ("false-negative", report.false_negative_rate, report.fn, report.validation_tag),
        ("true-positive", report.true_positive_rate, report.tp, report.validation_tag),
        ("true-negative", report.true_negative_rate, report.tn, report.validation_other),
    ]
    rates = [f"{name}-rate: {_figure(rate)}" for name, rate, _, _ in rows]
    return rates + [f"{name}: {count} out of {whole}" for name, _, count, whole in rows]


def _figures(report: ValidationReport) -> list[str]:
    return [
        f"accuracy: {_figure(report.accuracy)}",
        f"balanced-accuracy: {_figure(report.balanced_accuracy)}",
        f"average-precision: {_figure(report.average_precision)}",
        f"roc-auc: {_figure(report.roc_auc)}",
        f"threshold: {_figure(report.threshold)}",
    ]


def _bars(counts: tuple[int, ...]) -> str:
    """One line a bin: its edges, its count, and a bar as long as its share of the fullest bin."""
    top, width = max(counts), len(str(max(counts)))
    lines = []
    for index, count in enumerate(counts):
        edges = f"{'(' if index else '['}{index / len(counts):.1f}, {(index + 1) / len(counts):.1f}]"
        # A bin that holds anything shows at least one mark.
        bar = "#" * -(-count * _BAR_WIDTH // top) if count else ""
        lines.append(f"{edges} {count:>{width}} {bar}".rstrip())
    return "\n".join(lines)


def _figure(value: Optional[float]) -> str:
    return "n/a" if value is None else f"{value:.4f}"


def _one_line(text: str) -> str:
    """A folder's name may hold line ends, and what no encoding can write; both are spelt as escapes."""
    shown = "".join(repr(char)[1:-1] if char < " " or "\x7f" <= char <= "\x9f" else char for char in text)
    return " ".join(shown.splitlines()).encode("utf-8", "backslashreplace").decode("utf-8")
