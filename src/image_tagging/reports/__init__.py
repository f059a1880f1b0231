"""What was learned, for people: a text report for each model, ``reports.json``, and one HTML page."""

from __future__ import annotations

from .model_words import explain
from .run import RunReport, require_reports_ours
from .text import write_report

__all__ = ["RunReport", "explain", "require_reports_ours", "write_report"]
