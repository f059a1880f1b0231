"""Write the validation report of one tag model as a text file.

The order of lines is that of the original program's reports. A rate over no image is ``n/a``, never zero.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..tag_models import AveragePrecision, MountainFigures, report_name
from ..text import escaped
from ..training import ValidationReport
from ..writing import new_text, require_ours
from .mountain_words import precision_in_words

_BAR_WIDTH = 40

#: What every report holds, those of the original program included.
REPORT_MARK = re.compile(rb"binary-classification|true-positive|true positive")


def report_path(folder: str, kind: str, tag: str) -> str:
    """Return the path of a report: ``model-report-<kind>-tag-<tag>.txt``, the tag spelt as in its model file."""
    return os.path.join(folder, report_name(kind, tag))


def write_report(folder: str, report: ValidationReport, mountain: Optional[Mapping[str, Any]] = None) -> str:
    """Write a report atomically and return its path; raise OutputError where it cannot be written.

    ``mountain`` is what the card of the model says of the mountain, ``None`` where no background was given.
    """
    path = report_path(folder, report.kind, report.tag)
    with new_text(path, REPORT_MARK) as file:
        file.write(as_text(report, mountain))
    return path


def require_report_ours(folder: str, kind: str, tag: str) -> None:
    """Raise OutputError where a file in ``folder`` has the name of this report and is not ours."""
    require_ours(report_path(folder, kind, tag), REPORT_MARK)


def as_text(report: ValidationReport, mountain: Optional[Mapping[str, Any]] = None) -> str:
    """Return the text of a report: ``key: value`` lines, then tables, then what is known of the mountain."""
    blocks = [
        "\n".join([*_head(report), *_rates_and_counts(report), *_figures(report)]),
        "classification report:\n" + _classification_report(report),
        "in-distribution histogram:\n" + _bars(report.in_distribution),
        "out-distribution histogram:\n" + _bars(report.out_distribution),
    ]
    if figures := MountainFigures.read(mountain):
        blocks.append("on the mountain:\n" + "\n".join(_on_mountain(figures)))
    return "\n\n".join(blocks) + "\n"


def _classification_report(report: ValidationReport) -> str:
    """Return the table of scikit-learn's ``classification_report``, computed from the four counts."""
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
    """Return a line of the table; ``figures`` (3,) are precision, recall and F1."""
    return f"{name:>12} {figures[0]:10.2f} {figures[1]:9.2f} {figures[2]:9.2f} {support:9}"


def _rates(right: int, wrong: int, missed: int) -> tuple[float, float, float]:
    """Return precision, recall and F1 of a class, 0 where no image supports them."""
    return right / max(1, right + wrong), right / max(1, right + missed), 2 * right / max(1, 2 * right + wrong + missed)


def _head(report: ValidationReport) -> list[str]:
    return [
        f"model: {report.kind}",
        "task: binary-classification",
        f"tag: {escaped(report.tag)}",
        f"tag-set-image-count: {report.tag_images}",
        f"other-set-image-count: {report.other_images}",
        f"validation-tag-image-count: {report.validation_tag}",
        f"validation-other-image-count: {report.validation_other}",
        *(f"note: {escaped(warning)}" for warning in report.marks),
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
        f"validation-average-precision: {_figure(report.validation_precision)}",
        f"roc-auc: {_figure(report.roc_auc)}",
        *_average_precision(report.precision),
        f"threshold: {_figure(report.threshold)}",
    ]


def _average_precision(precision: Optional[AveragePrecision]) -> Iterator[str]:
    """Yield the one figure of the model, which is not of the images held back."""
    if precision is None:
        yield "average-precision: n/a"
        return
    yield f"average-precision: {precision.value:.4f}"
    if precision.interval:
        yield f"average-precision-interval: {precision.interval[0]:.4f} to {precision.interval[1]:.4f}"
    yield f"average-precision-measured: {precision_in_words(precision)}"


def _on_mountain(figures: MountainFigures) -> Iterator[str]:
    """Yield ``key: value`` lines; what a warning says cannot be relied on is ``n/a``."""
    reliable = not figures.warnings
    interval = f" ({figures.interval[0]:.4f} to {figures.interval[1]:.4f})" if figures.interval else ""
    yield f"background-image-count: {_number(figures.pictures)}"
    yield f"mountain-prevalence: {_figure(figures.prevalence)}{interval}"
    for name, value in (("precision", figures.precision), ("recall", figures.recall), ("f1", figures.f1)):
        yield f"mountain-{name}: {_figure(value if reliable else None)}"
    yield f"mountain-tagged: {_number(figures.tagged)} out of {_number(figures.pictures)}"
    expected = figures.expected_right if reliable else None
    yield f"mountain-expected-right: {'n/a' if expected is None else f'{expected:.1f}'}"
    yield from (f"mountain-note: {escaped(warning)}" for warning in figures.warnings)


def _number(value: Optional[int]) -> str:
    return "n/a" if value is None else str(value)


def _bars(counts: tuple[int, ...]) -> str:
    """Return one line per bin: its edges, its count, and a bar as long as its share of the fullest bin."""
    top, width = max(counts), len(str(max(counts)))
    lines = []
    for index, count in enumerate(counts):
        edges = f"{'(' if index else '['}{index / len(counts):.1f}, {(index + 1) / len(counts):.1f}]"
        # Rounded up: a bin that is not empty shows at least one ``#``.
        bar = "#" * -(-count * _BAR_WIDTH // top) if count else ""
        lines.append(f"{edges} {count:>{width}} {bar}".rstrip())
    return "\n".join(lines)


def _figure(value: Optional[float]) -> str:
    return "n/a" if value is None else f"{value:.4f}"
