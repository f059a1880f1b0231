"""Results for programs: the files of stage 1, scores as JSON and SQLite tables, and images placed in bins.

:mod:`.reading` is the read side: ``output.json`` and the tables as records; :mod:`.frames` gives it as a DataFrame.
"""

from __future__ import annotations

from .bins import Placing, TagFolder
from .dataset_files import DatasetFiles
from .dataset_sources import InputFiles
from .earlier import OUTPUT_JSON, EarlierResults
from .forgetting import TakenOut, folders_of_tag, take_out
from .frames import scores_frame
from .placing import require_place
from .plan import PlacingPlan, Planner
from .reading import ResultScore, ScoredPicture, TableRow, read_results, read_table
from .results import ResultWriter, require_results_ours, results, score_pictures, score_to_place
from .rewriting import remove_results, rewrite_results, take_out_images
from .score_csv import OUTPUT_CSV, has_csv, require_csv_ours, write_csv

__all__ = [
    "OUTPUT_CSV",
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
    "has_csv",
    "read_results",
    "read_table",
    "remove_results",
    "require_csv_ours",
    "require_place",
    "require_results_ours",
    "results",
    "rewrite_results",
    "score_pictures",
    "score_to_place",
    "scores_frame",
    "take_out",
    "take_out_images",
    "write_csv",
]
