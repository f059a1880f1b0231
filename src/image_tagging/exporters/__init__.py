"""Results for programs: the files of stage 1, scores as JSON and SQLite tables, and images placed in bins.

:mod:`.reading` is the read side: ``output.json`` and the tables as records.
"""

from __future__ import annotations

from .bins import Placing
from .dataset_files import DatasetFiles
from .dataset_sources import InputFiles
from .earlier import OUTPUT_JSON, EarlierResults
from .placing import require_place
from .reading import ResultScore, ScoredPicture, TableRow, read_results, read_table
from .results import ResultWriter, require_results_ours, results, score_pictures
from .rewriting import remove_results, rewrite_results, take_out

__all__ = [
    "OUTPUT_JSON",
    "DatasetFiles",
    "EarlierResults",
    "InputFiles",
    "Placing",
    "ResultScore",
    "ResultWriter",
    "ScoredPicture",
    "TableRow",
    "read_results",
    "read_table",
    "remove_results",
    "require_place",
    "require_results_ours",
    "results",
    "rewrite_results",
    "score_pictures",
    "take_out",
]
