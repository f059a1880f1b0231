"""What was learned, for people: a text report for each model, ``reports.json``, and one HTML page."""

from __future__ import annotations

from .components import component_style, interval_bar, limits, share
from .forgetting import RunWithoutTag, text_reports_of
from .model_words import explain
from .mountain_words import precision_in_words
from .run import RunReport, require_reports_ours
from .text import require_report_ours, write_report

__all__ = [
    "RunReport",
    "RunWithoutTag",
    "component_style",
    "explain",
    "interval_bar",
    "limits",
    "precision_in_words",
    "require_report_ours",
    "require_reports_ours",
    "share",
    "text_reports_of",
    "write_report",
]
