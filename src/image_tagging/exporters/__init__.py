"""Results for programs: the files of stage 1, scores as JSON and SQLite tables, and images placed in bins."""

from __future__ import annotations

from .dataset_files import DatasetFiles, empty_tags
from .placing import require_place
from .results import OUTPUT_JSON, result_folders, results, score_pictures

__all__ = ["OUTPUT_JSON", "DatasetFiles", "empty_tags", "require_place", "result_folders", "results", "score_pictures"]
