"""Trained tag models: plain arrays that score whole batches, and the files that hold them.

A model is read without running code of its file (:mod:`.safe_pickle`) and scores without scikit-learn
(:mod:`.scorers`). :mod:`.names` and :mod:`.cards` say what a model file is called and where it comes from.
"""

from __future__ import annotations

from .bins import bin_labels, bin_numbers
from .cards import DEFAULT_THRESHOLD, ImageCounts, ModelCard
from .estimator_arrays import scorer_of
from .files import load_tag_models, save_tag_model
from .folder import ListedModel, ModelList, examine, list_folder
from .models import KINDS, LOGISTIC_REGRESSION, SVM, TagModel, TagModels
from .names import (
    SUFFIX,
    find_model_files,
    generate_model_path,
    longest_file_name,
    model_names,
    model_stem,
    quote_tag,
    report_name,
)
from .scorers import sigmoid, unit_rows

__all__ = [
    "DEFAULT_THRESHOLD",
    "KINDS",
    "LOGISTIC_REGRESSION",
    "SUFFIX",
    "SVM",
    "ImageCounts",
    "ListedModel",
    "ModelCard",
    "ModelList",
    "TagModel",
    "TagModels",
    "bin_labels",
    "bin_numbers",
    "examine",
    "find_model_files",
    "generate_model_path",
    "list_folder",
    "load_tag_models",
    "longest_file_name",
    "model_names",
    "model_stem",
    "quote_tag",
    "report_name",
    "save_tag_model",
    "scorer_of",
    "sigmoid",
    "unit_rows",
]
