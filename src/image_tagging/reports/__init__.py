"""For people: reports of what was learned (text, ``reports.json``, one HTML page), and pages of pictures."""

from __future__ import annotations

from .components import component_style, interval_bar, limits, share
from .forgetting import RunWithoutTag, text_reports_of
from .model_words import explain
from .mountain_words import precision_in_words
from .picture_page import PagePicture, PageSection, write_picture_page
from .run import RunReport, require_reports_ours
from .text import require_report_ours, write_report
from .thumbnails import ShownImage, draw_thumbnails

__all__ = [
    "PagePicture",
    "PageSection",
    "RunReport",
    "RunWithoutTag",
    "ShownImage",
    "component_style",
    "draw_thumbnails",
    "explain",
    "interval_bar",
    "limits",
    "precision_in_words",
    "require_report_ours",
    "require_reports_ours",
    "share",
    "text_reports_of",
    "write_picture_page",
    "write_report",
]
