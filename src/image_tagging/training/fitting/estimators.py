"""Fitted scikit-learn estimators, made of their solutions: what a model file holds and anyone can load.

All take embeddings as the encoder gives them, of any length, have ``classes_ == [0, 1]`` with 0 for the tag, and
consist of classes of scikit-learn and numpy alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...tag_models import Floats
from .calibration import Sigmoid
from .linear import Linear
from .svm import KernelSvm

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

_CLASSES = (0, 1)


def logistic_regression(model: Linear, c: float) -> BaseEstimator:
    """Return a ``LogisticRegression`` whose probability of the tag is 1 / (1 + exp(-margin))."""
    from sklearn.linear_model import LogisticRegression

    estimator = LogisticRegression(C=c)
    estimator.classes_ = np.array(_CLASSES)
    estimator.coef_, estimator.intercept_ = -model.coef[np.newaxis], np.array([-model.intercept])
    estimator.n_features_in_, estimator.n_iter_ = len(model.coef), np.ones(1, dtype=np.int32)
    return behind_unit_length(estimator)


def linear_svm(model: Linear, c: float, sigmoid: Sigmoid) -> BaseEstimator:
    """Return a calibrated linear ``SVC`` with its normal vector, a sum of support vectors, for its only one."""
    return _calibrated(_svc(model.coef[np.newaxis], np.ones(1), model.intercept, C=c, kernel="linear"), sigmoid)


def rbf_svm(support_vectors: Floats, model: KernelSvm, c: float, gamma: float, sigmoid: Sigmoid) -> BaseEstimator:
    """Return a calibrated ``SVC`` with an RBF kernel over support vectors (S, D) of unit length."""
    svc = _svc(support_vectors, model.dual, model.intercept, C=c, kernel="rbf", gamma=gamma)
    return _calibrated(svc, sigmoid)


def behind_unit_length(model: Any) -> BaseEstimator:
    """Return a pipeline that takes embeddings as the encoder gives them, of a model of unit vectors."""
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import Normalizer

    return Pipeline([("unit", Normalizer().fit(np.zeros((1, model.n_features_in_)))), ("model", model)])


def _svc(support_vectors: Floats, dual: Floats, intercept: float, **settings: Any) -> Any:
    """Return an ``SVC`` of a solution; ``dual`` (S,) and ``intercept`` are those of the tag's margin."""
    from sklearn.svm import SVC

    # Fitted to two vectors, which gives it what else this scikit-learn has in one; then the solution is exchanged.
    two = np.zeros((2, support_vectors.shape[1]))
    two[1, 0] = 1.0
    svc = SVC(class_weight="balanced", **settings).fit(two, _CLASSES)
    # libsvm keeps support vectors class by class, those of class 0 first: theirs pull towards the tag.
    order = np.argsort(dual < 0, kind="stable")
    mine = int((dual >= 0).sum())
    svc.support_ = np.arange(len(dual), dtype=np.int32)
    svc.shape_fit_ = support_vectors.shape
    svc.support_vectors_ = np.ascontiguousarray(support_vectors[order])
    svc._n_support = np.array([mine, len(dual) - mine], dtype=np.int32)
    svc.dual_coef_, svc.intercept_ = -dual[np.newaxis, order], np.array([-intercept])
    # libsvm's own pair has the sign of class 0.
    svc._dual_coef_, svc._intercept_ = -svc.dual_coef_, -svc.intercept_
    return svc


def _calibrated(svc: Any, sigmoid: Sigmoid) -> BaseEstimator:
    """Return a ``CalibratedClassifierCV`` as its ``fit`` leaves it, of a sigmoid of out-of-fold margins of the tag."""
    from sklearn.base import clone
    from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier, _SigmoidCalibration

    # It gives class 1 the probability 1 / (1 + exp(a f + b)) of the margin f of class 1.
    calibrator = _SigmoidCalibration()
    calibrator.a_, calibrator.b_ = -sigmoid.slope, sigmoid.offset
    model = CalibratedClassifierCV(clone(svc), ensemble=False)
    model.classes_, model.n_features_in_ = svc.classes_, svc.n_features_in_
    model.calibrated_classifiers_ = [_CalibratedClassifier(svc, [calibrator], classes=svc.classes_)]
    return behind_unit_length(model)
