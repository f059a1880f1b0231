"""What the screen says of an export."""

from __future__ import annotations

from ..pipeline import ExportSummary
from ..text import counted, join_tags, short_path
from .screen import line, screen


def show_export(summary: ExportSummary) -> None:
    """Print how many files were written, or would be, and what was left out and why."""
    console, counts = screen(), summary.counts
    where = f"to {short_path(summary.folder)}" if summary.folder else "next to the images"
    done = "Would write" if summary.is_dry else "Wrote"
    parts = [f"{counts.new:,} new", f"{counts.changed:,} changed", f"{counts.unchanged:,} as they were"]
    files = counted(counts.new + counts.changed, "file")
    line(console, f"{done} {files} {where}: {', '.join(parts)}, of {counted(counts.pictures, 'picture')}")
    if counts.removed:
        verb = "Would remove" if summary.is_dry else "Removed"
        line(console, f"{verb} {counted(counts.removed, 'file')} of an earlier export that no image wants now")
    if counts.untagged:
        more = "; --untagged takes them too" if summary.is_data_set else ""
        line(console, f"No file for {counted(counts.untagged, 'picture')} without a tag{more}")
    if counts.inside:
        line(
            console,
            f"No file for {counted(counts.inside, 'image')} in archives or at URLs, next to which none can be written: "
            "leave out --beside",
        )
    if counts.gone:
        line(console, f"No file for {counted(counts.gone, 'image')} whose folder is gone")
    if summary.failures:
        files, first = counted(len(summary.failures), "file"), summary.failures[0]
        line(console, f"{files} could not be read, the first of them {short_path(first.ref.path)}: {first.reason}")
    if summary.changed_tags:
        line(
            console,
            f"{counted(len(summary.changed_tags), 'tag')} cannot be written as it is in {summary.format}, and is given "
            f"in another spelling: {join_tags(summary.changed_tags)}",
        )
