"""Labelled embeddings become fitted, calibrated estimators."""

from __future__ import annotations

from ...tag_models import LOGISTIC_REGRESSION, SVM
from .methods import Fitted, Method, Recipe, methods, register_method, unregister_method
from .recipes import (
    logistic_candidates,
    logistic_candidates_with_background,
    svm_candidates,
    svm_candidates_with_background,
)

__all__ = ["Fitted", "Method", "Recipe", "methods", "register_method", "unregister_method"]

register_method(Method(LOGISTIC_REGRESSION, logistic_candidates, logistic_candidates_with_background))
register_method(Method(SVM, svm_candidates, svm_candidates_with_background))
