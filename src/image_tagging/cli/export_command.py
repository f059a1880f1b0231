"""The command that writes results in the forms of other programs. Nothing heavy is imported for ``--help``."""

from __future__ import annotations

from ..pipeline import ExportConfig


def export(config: ExportConfig) -> None:
    """Write the results of an output folder as FORMAT, for another program."""
    from .. import pipeline
    from . import console, export_screen

    with pipeline.progress_bar() as watch:
        summary = pipeline.export_results(config, watch, say=console.complain)
    export_screen.show_export(summary)
