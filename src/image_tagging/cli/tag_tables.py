"""The tables of tags that close a command: as many rows as a screen holds, and where the others are.

Up to ``MOST_ROWS`` tags are shown in the order of their names. Of more, those that most need a look are shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Optional, TypeVar, Union

from rich.console import Console

from ..datasets import TAG_TO_HASHES
from ..pipeline import ClassifySummary, TagAnswer
from ..reports import precision_in_words
from ..tag_models import AveragePrecision, OutOfFold, best_kind, kind_named
from ..text import about, counted, join_tags
from ..training import ValidationReport
from .screen import line
from .tables import Column, show_table

#: Rows of one table.
MOST_ROWS = 20

#: Tags to distrust that one line names.
_MOST_NAMED = 8

_Row = TypeVar("_Row")


def show_counts(console: Console, tags: Mapping[str, int], files: Sequence[str]) -> None:
    """Print how many pictures each tag has; of many tags those with the fewest. One of ``files`` lists all."""
    rows, more = _cut(tags.items(), key=lambda item: item[1])
    columns = (Column("tag", is_name=True), Column("pictures", rank=1))
    show_table(console, columns, ((tag, f"{count:,}") for tag, count in rows))
    lists = next((file for file in files if os.path.basename(file) == TAG_TO_HASHES), "")
    _show_more(console, more, "the fewest pictures come first", lists)


def answering_reports(reports: Iterable[ValidationReport]) -> list[ValidationReport]:
    """Return the report of each tag of the kind that answers for it, in the order of the tags."""
    by_tag: dict[str, dict[str, ValidationReport]] = {}
    for report in reports:
        by_tag.setdefault(report.tag, {})[report.kind] = report
    return [kinds[best_kind({kind: OutOfFold.of(each) for kind, each in kinds.items()})] for kinds in by_tag.values()]


def show_reports(console: Console, reports: Iterable[ValidationReport], page: str) -> None:
    """Print the average precision of each tag; of many tags the worst, and that ``page`` has all.

    ``reports`` has one for each tag, of the kind that answers for it.
    """
    rows, more = _cut(reports, key=_least_precise)
    show_table(console, _REPORT_COLUMNS, map(_report_row, rows))
    _show_more(console, more, "the lowest average precision comes first", page)
    _explain_notes(console, rows)


def explain_precision(precisions: Iterable[Optional[AveragePrecision]]) -> str:
    """Return what the columns say: ``AP: average precision out of fold, on the mountain; 95 %: its interval``."""
    where = sorted({precision_in_words(precision) for precision in precisions if precision}, reverse=True)
    return f"AP: average precision {' or '.join(where) or 'out of fold'}; 95 %: its interval"


def precision_cells(precision: Optional[AveragePrecision], unknown: str) -> tuple[str, str]:
    """Return the cells of the columns AP and 95 %."""
    if precision is None:
        return unknown, unknown
    low, high = precision.interval or (None, None)
    return f"{precision.value:.2f}", unknown if low is None else f"{low:.2f} to {high:.2f}"


def show_answers(console: Console, summary: ClassifySummary, page: str = "") -> None:
    """Print what was found of each tag, one answer per tag, how many images got a tag, and which tags to distrust.

    ``page`` shows all tags, where there is one.

    Of many tags the worst are shown: first those with warnings, then those of whose tagged pictures the smallest share
    is right, then those without such a figure; of equal ones first the tag that more pictures got.
    """
    rows, more = _cut(summary.answers, key=_least_reliable)
    if summary.answers:
        known = any(answer.expected is not None or answer.warnings for answer in summary.answers)
        columns = _answer_columns(summary, with_mountain=known)
        show_table(console, columns, (_answer_row(answer, columns, by_tag=summary.by_tag) for answer in rows))
        order = "those to distrust come first" if known else "the most tagged come first"
        _show_more(console, more, order, page or next(iter(summary.files), summary.folder))
        line(console)
        _explain_notes(console, rows)
        if known:
            line(console, "about: how many pictures have it, estimated; about right: how many of the tagged have it")
    line(console, _tagged_in_words(summary))
    distrusted = [answer.tag for answer in sorted(summary.answers, key=_least_reliable) if answer.warnings]
    if distrusted:
        what = "this tag before you rely on it" if len(distrusted) == 1 else "these tags before you rely on them"
        line(console, f"  Look through {what}: {join_tags(distrusted, _MOST_NAMED)}.", style="yellow")


def _tagged_in_words(summary: ClassifySummary) -> str:
    """Return how many pictures got a tag, and how many files these are where copies are among them."""
    pictures, files = summary.embedding.pictures, summary.embedding.images
    of = f"{summary.with_tag:,} of {counted(pictures, 'picture')}"
    if files != pictures:
        of += f" ({summary.tagged:,} of {counted(files, 'file')})"
    return f"{of} got at least one tag, {pictures - summary.with_tag:,} got none"


def _cut(items: Iterable[_Row], key: Callable[[_Row], Any]) -> tuple[list[_Row], int]:
    """Return the rows of a table, and how many more there are; then those with the least ``key``, in that order."""
    rows = list(items)
    if len(rows) <= MOST_ROWS:
        return rows, 0
    return sorted(rows, key=key)[:MOST_ROWS], len(rows) - MOST_ROWS


def _show_more(console: Console, more: int, order: str, where: str) -> None:
    if more:
        all_in = f"; all are in {where}" if where else ""
        line(console, f"… and {counted(more, 'more tag')} ({order}){all_in}")


def _note(warnings: Iterable[str]) -> str:
    """Return the cell of warnings; what follows a colon stands once below the table."""
    return "; ".join(warning.partition(": ")[0] for warning in warnings)


def _explain_notes(console: Console, rows: Iterable[Union[ValidationReport, TagAnswer]]) -> None:
    for warning in sorted({warning for row in rows for warning in row.warnings if ": " in warning}):
        line(console, f"note: {warning}")


def _least_precise(report: ValidationReport) -> tuple[float, bool, str]:
    """Order by average precision; tags that could not be measured come last."""
    known = report.average_precision
    return 2.0 if known is None else known, not report.warnings, report.tag


def _least_reliable(answer: TagAnswer) -> tuple[bool, float, int, str]:
    share = answer.right / answer.tagged if answer.right is not None and answer.tagged else 2.0
    return not answer.warnings, share, -answer.tagged, answer.tag


_REPORT_COLUMNS = (
    Column("tag", is_name=True),
    Column("pictures", 1),
    Column("AP", 2),
    Column("95 %", 4),
    Column("kind", 5),
    Column("note", 3, is_note=True, least=24),
)


def _report_row(report: ValidationReport) -> list[str]:
    """Return the cells of a tag."""
    figures = precision_cells(report.precision, "n/a")
    kind = kind_named(report.kind).abbreviation
    return [report.tag, f"{report.tag_images:,}", *figures, kind, _note(report.warnings)]


def _answer_columns(summary: ClassifySummary, *, with_mountain: bool) -> list[Column]:
    placed = [Column("placed", 3)] if summary.by_tag else []
    where = [*placed, Column("folder", 5, is_name=True)] if summary.place != "none" else []
    if not with_mountain:
        return [Column("tag", is_name=True), Column("tagged", 1), *where]
    return [
        Column("tag", is_name=True),
        Column("about", 4),
        Column("tagged", 1),
        Column("about right", 2),
        Column("note", 3, is_note=True, least=20),
        *where,
    ]


def _answer_row(answer: TagAnswer, columns: Sequence[Column], *, by_tag: bool) -> list[str]:
    cells = {
        "tag": answer.tag,
        "about": _expected(answer),
        "tagged": f"{answer.tagged:,}",
        "about right": "" if answer.right is None else f"{round(answer.right):,}",
        "note": _note(answer.warnings),
        "placed": f"{answer.placed:,}",
        "folder": answer.best if by_tag else answer.folder,
    }
    return [cells[column.heading] for column in columns]


def _expected(answer: TagAnswer) -> str:
    """Return the estimated number of pictures of a tag: ``140 (90 to 260)``."""
    if answer.expected is None:
        return ""
    if answer.interval is None:
        return about(answer.expected)
    low, high = map(about, answer.interval)
    return f"{about(answer.expected)} ({low} to {high})" if low != high else about(answer.expected)
