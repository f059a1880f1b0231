"""Trained tag models: plain arrays that score whole batches, and the files that hold them.

A model is read without running code of its file (:mod:`.safe_pickle`) and scores without scikit-learn
(:mod:`.scorers`). :mod:`.kinds` says which kinds of model there are, :mod:`.names` and :mod:`.cards` what a model file
is called and where it comes from.
"""

from __future__ import annotations

from .answers import AnswerTally, CardedModel, OutOfFold, answering_kinds, best_kind
from .average_precision import EXAMPLES, MOUNTAIN, AveragePrecision, average_precision_of
from .bins import bin_labels, bin_numbers
from .builtin_kinds import LOGISTIC_REGRESSION, SVM
from .card_changes import YOU, ChangedThreshold, change_threshold, set_by_you
from .card_values import ImageCounts
from .cards import DEFAULT_THRESHOLD, ModelCard, read_card
from .coverage import Coverage
from .estimator_arrays import scorer_of
from .files import card_path, files_of_tag, load_tag_models, require_model_ours, save_tag_model
from .folder import ListedModel, ModelList, examine, list_folder
from .kinds import Kind, Reader, kind_named, kind_names, kinds, longest_file_name, register_kind, unregister_kind
from .models import TagModel, TagModels
from .mountain import Expected, MountainFigures
from .names import (
    MODELS_FOLDER,
    SUFFIX,
    find_model_files,
    generate_model_path,
    model_names,
    model_path,
    model_stem,
    parse_report_name,
    quote_tag,
    report_name,
)
from .scorers import Floats, Scorer, Stack, sigmoid, unit_rows

__all__ = [
    "DEFAULT_THRESHOLD",
    "EXAMPLES",
    "LOGISTIC_REGRESSION",
    "MODELS_FOLDER",
    "MOUNTAIN",
    "SUFFIX",
    "SVM",
    "YOU",
    "AnswerTally",
    "AveragePrecision",
    "CardedModel",
    "ChangedThreshold",
    "Coverage",
    "Expected",
    "Floats",
    "ImageCounts",
    "Kind",
    "ListedModel",
    "ModelCard",
    "ModelList",
    "MountainFigures",
    "OutOfFold",
    "Reader",
    "Scorer",
    "Stack",
    "TagModel",
    "TagModels",
    "answering_kinds",
    "average_precision_of",
    "best_kind",
    "bin_labels",
    "bin_numbers",
    "card_path",
    "change_threshold",
    "examine",
    "files_of_tag",
    "find_model_files",
    "generate_model_path",
    "kind_named",
    "kind_names",
    "kinds",
    "list_folder",
    "load_tag_models",
    "longest_file_name",
    "model_names",
    "model_path",
    "model_stem",
    "parse_report_name",
    "quote_tag",
    "read_card",
    "register_kind",
    "report_name",
    "require_model_ours",
    "save_tag_model",
    "scorer_of",
    "set_by_you",
    "sigmoid",
    "unit_rows",
    "unregister_kind",
]
