"""Results for programs: the files of stage 1, scores as JSON and SQLite tables, and images placed in bins.

:mod:`.reading` is the read side: ``output.json`` and the tables as records; :mod:`.frames` gives it as a DataFrame.
"""

from __future__ import annotations

from .bins import TagFolder
from .dataset_files import DatasetFiles
from .dataset_sources import InputFiles
from .earlier import EarlierResults
from .file_names import file_name
from .forgetting import TakenOut, folders_of_tag, take_out
from .formats import ResultFormats, ResultsSize, WrittenResults, has_results
from .frames import scores_frame
from .layouts import Placing
from .one_picture import ModelScore, scores_of_picture
from .picture_scores import PictureScores, Scoring
from .placing import require_place
from .plan import PlacingPlan, Planner
from .reading import OUTPUT_JSON, ResultScore, ScoredPicture, TableRow, read_results, read_scores, read_table
from .results import ResultWriter, earlier_layout, require_results_ours, results
from .rewriting import remove_results, rewrite_results, take_out_images
from .score_csv import OUTPUT_CSV, has_csv, write_csv
from .scores_in_order import AnswersInOrder
from .tag_answers import TagAnswers
from .tagged_pictures import pictures_of_tag

__all__ = [
    "OUTPUT_CSV",
    "OUTPUT_JSON",
    "AnswersInOrder",
    "DatasetFiles",
    "EarlierResults",
    "InputFiles",
    "ModelScore",
    "PictureScores",
    "Placing",
    "PlacingPlan",
    "Planner",
    "ResultFormats",
    "ResultScore",
    "ResultWriter",
    "ResultsSize",
    "ScoredPicture",
    "Scoring",
    "TableRow",
    "TagAnswers",
    "TagFolder",
    "TakenOut",
    "WrittenResults",
    "earlier_layout",
    "file_name",
    "folders_of_tag",
    "has_csv",
    "has_results",
    "pictures_of_tag",
    "read_results",
    "read_scores",
    "read_table",
    "remove_results",
    "require_place",
    "require_results_ours",
    "results",
    "rewrite_results",
    "scores_frame",
    "scores_of_picture",
    "take_out",
    "take_out_images",
    "write_csv",
]
