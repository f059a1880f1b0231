"""What the screen says of a manifest that was written."""

from __future__ import annotations

from ..pipeline import ListSummary
from ..text import command_line, counted, in_bytes, shortened
from .screen import line, screen


def show_list(summary: ListSummary) -> None:
    """Print what was listed, and the command that uses it."""
    console = screen()
    size = f" ({in_bytes(summary.size)})" if summary.size else ""
    within = f", {counted(summary.archives, 'archive')}" if summary.archives else ""
    what = f"{counted(summary.images, 'image')}{size}{within}, {counted(summary.shards, 'shard')}"
    line(console, f"Listed: {what} in {summary.seconds:.1f} s")
    if summary.failure_codes:
        codes = ", ".join(f"{count:,} {code}" for code, count in summary.failure_codes.items())
        first = summary.failures[0]
        line(
            console,
            f"  Not usable: {codes}; the first: {shortened(first.ref.path, 1000)}: {first.reason}",
            style="yellow",
        )
    line(console, f"Written {summary.path}")
    line(console, f"Next: {command_line('process', '--manifest', summary.path)}")
