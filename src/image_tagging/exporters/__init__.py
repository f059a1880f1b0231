"""Results for programs: the files of stage 1, scores as JSON and SQLite tables, and images placed in bins.

:mod:`.reading` is the read side: ``output.json`` and the tables as records.
"""

from __future__ import annotations

from .bins import Placing, TagFolder
from .dataset_files import DatasetFiles
from .dataset_sources import InputFiles
from .earlier import OUTPUT_JSON, EarlierResults
from .forgetting import TakenOut, folders_of_tag, take_out
from .placing import require_place
from .plan import PlacingPlan, Planner
from .reading import ResultScore, ScoredPicture, TableRow, read_results, read_table
from .results import ResultWriter, require_results_ours, results, score_pictures, score_to_place

__all__ = [
    "OUTPUT_JSON",
    "DatasetFiles",
    "EarlierResults",
    "InputFiles",
    "Placing",
    "PlacingPlan",
    "Planner",
    "ResultScore",
    "ResultWriter",
    "ScoredPicture",
    "TableRow",
    "TagFolder",
    "TakenOut",
    "folders_of_tag",
    "read_results",
    "read_table",
    "require_place",
    "require_results_ours",
    "results",
    "score_pictures",
    "score_to_place",
    "take_out",
]
