"""Labelled embeddings become tag models.

:mod:`.learner` learns one tag and measures it, :mod:`.run` all tags on threads. :mod:`.fitting` fits and calibrates,
:mod:`.text_prior` uses what the name of a tag says, :mod:`.evaluation` measures. :mod:`.active` is for the review of a
tag: what to judge next, the refit after each page, and how good the tag is by now.
"""

from __future__ import annotations

from . import active
from .blas_threads import one_thread_a_product
from .described import LearnedModel
from .evaluation.out_of_fold import TagIndex
from .evaluation.thresholds import Aim, as_aim, parse_aim
from .evaluation.validation import ValidationReport
from .fitting import Fitted, Method, Recipe, methods, register_method, unregister_method
from .learner import TagLearner
from .run import LearnedTag, Training
from .text_prior.prior import TextPrior

__all__ = [
    "Aim",
    "Fitted",
    "LearnedModel",
    "LearnedTag",
    "Method",
    "Recipe",
    "TagIndex",
    "TagLearner",
    "TextPrior",
    "Training",
    "ValidationReport",
    "active",
    "as_aim",
    "methods",
    "one_thread_a_product",
    "parse_aim",
    "register_method",
    "unregister_method",
]
