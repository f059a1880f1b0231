"""The tables of tags that close a command: as many rows as a screen holds, and where the others are.

Up to ``MOST_ROWS`` tags are shown in the order of their names. Of more, those that most need a look are shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional, TypeVar

from rich.console import Console

from ..datasets import TAG_TO_HASHES
from ..pipeline import ClassifySummary, TagAnswer
from ..tag_models import Kind, kind_named
from ..text import about, counted, join_tags
from ..training import ValidationReport
from .screen import line
from .tables import Column, show_table

#: Rows of one table.
MOST_ROWS = 20

#: Tags to distrust that one line names.
_MOST_NAMED = 8

Reports = Mapping[str, ValidationReport]
_Row = TypeVar("_Row")


def show_counts(console: Console, tags: Mapping[str, int], files: Sequence[str]) -> None:
    """Print how many pictures each tag has; of many tags those with the fewest. One of ``files`` lists all."""
    rows, more = _cut(tags.items(), key=lambda item: item[1])
    columns = (Column("tag", is_name=True), Column("pictures", rank=1))
    show_table(console, columns, ((tag, f"{count:,}") for tag, count in rows))
    lists = next((file for file in files if os.path.basename(file) == TAG_TO_HASHES), "")
    _show_more(console, more, "the fewest pictures come first", lists)


def reports_by_tag(reports: Iterable[ValidationReport]) -> tuple[list[Kind], dict[str, dict[str, ValidationReport]]]:
    """Return the kinds that were trained, and by tag the report of each kind."""
    by_tag: dict[str, dict[str, ValidationReport]] = {}
    names: dict[str, None] = {}
    for report in reports:
        names.setdefault(report.kind)
        by_tag.setdefault(report.tag, {})[report.kind] = report
    return [kind_named(name) for name in names], by_tag


def show_reports(console: Console, kinds: Sequence[Kind], by_tag: Mapping[str, Reports], page: str) -> None:
    """Print what was measured of each tag; of many tags the worst, and that ``page`` has all."""
    rows, more = _cut(by_tag.values(), key=_least_precise)
    show_table(console, _report_columns(kinds), (list(_report_row(reports, kinds)) for reports in rows))
    _show_more(console, more, "the lowest average precision comes first", page)


def show_answers(console: Console, summary: ClassifySummary, page: str = "") -> None:
    """Print what was found of each tag, one answer per tag, how many images got a tag, and which tags to distrust.

    ``page`` shows all tags, where there is one.

    Of many tags the worst are shown: first those with warnings, then those of whose tagged pictures the smallest share
    is right, then those without such a figure; of equal ones first the tag that more pictures got.
    """
    rows, more = _cut(summary.answers, key=_least_reliable)
    if summary.answers:
        known = any(answer.expected is not None for answer in summary.answers)
        columns = _answer_columns(summary, with_mountain=known)
        show_table(console, columns, (_answer_row(answer, columns, by_tag=summary.by_tag) for answer in rows))
        order = "those to distrust come first" if known else "the most tagged come first"
        _show_more(console, more, order, page or next(iter(summary.files), summary.folder))
        line(console)
        if known:
            line(console, "about: how many there are, estimated; about right: how many of the tagged are")
    of = counted(summary.embedding.images, "image")
    line(console, f"{summary.tagged:,} of {of} got at least one tag, {summary.untagged:,} got none")
    distrusted = [answer.tag for answer in sorted(summary.answers, key=_least_reliable) if answer.warnings]
    if distrusted:
        what = "this tag before you rely on it" if len(distrusted) == 1 else "these tags before you rely on them"
        line(console, f"  Look through {what}: {join_tags(distrusted, _MOST_NAMED)}.", style="yellow")


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


def _least_precise(reports: Reports) -> tuple[float, bool, str]:
    """Order by the average precision of the better kind; tags that could not be measured come last."""
    known = [report.average_precision for report in reports.values() if report.average_precision is not None]
    first = next(iter(reports.values()))
    return max(known, default=2.0), not first.marks, first.tag


def _least_reliable(answer: TagAnswer) -> tuple[bool, float, int, str]:
    share = answer.right / answer.tagged if answer.right is not None and answer.tagged else 2.0
    return not answer.warnings, share, -answer.tagged, answer.tag


def _report_columns(kinds: Sequence[Kind]) -> list[Column]:
    """Return the columns of the table of tags; of the figures, AP says most of a tag."""
    figures = [Column(f"{what} {kind.abbreviation}", rank) for what, rank in (("AP", 2), ("BA", 5)) for kind in kinds]
    return [
        Column("tag", is_name=True),
        Column("images", 1),
        Column("measured", 4),
        *figures,
        Column("note", 3, is_note=True, least=24),
    ]


def _report_row(reports: Reports, kinds: Sequence[Kind]) -> Iterator[str]:
    """Yield the cells of a tag, by its reports of each kind."""
    first = next(iter(reports.values()))
    in_order = [reports.get(kind.name) for kind in kinds]
    yield first.tag
    yield f"{first.training_tag + first.validation_tag:,}"
    yield f"{first.validation_tag:,}"
    yield from (_figure(report.average_precision if report else None) for report in in_order)
    yield from (_figure(report.balanced_accuracy if report else None) for report in in_order)
    yield "; ".join(first.marks)


def _figure(value: Optional[float]) -> str:
    return "n/a" if value is None else f"{value:.2f}"


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
        "note": "; ".join(answer.warnings),
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
