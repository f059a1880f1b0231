"""Fitted scikit-learn estimators, told by their solutions: what a model file holds and anyone can load.

All take embeddings as the encoder gives them, of any length, have ``classes_ == [0, 1]`` with 0 for the tag, and
consist of classes of scikit-learn and numpy alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .calibration import Sigmoid
from .machines import Linear

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

Floats = NDArray[np.float64]
_CLASSES = (0, 1)


def logistic_regression(model: Linear, c: float) -> BaseEstimator:
    """A ``LogisticRegression`` whose probability of the tag is 1 / (1 + exp(-margin))."""
    from sklearn.linear_model import LogisticRegression

    estimator = LogisticRegression(C=c)
    estimator.classes_ = np.array(_CLASSES)
    estimator.coef_, estimator.intercept_ = -model.coef[np.newaxis], np.array([-model.intercept])
    estimator.n_features_in_, estimator.n_iter_ = len(model.coef), np.ones(1, dtype=np.int32)
    return _behind_unit_length(estimator)


def linear_machine(model: Linear, c: float, sigmoid: Sigmoid) -> BaseEstimator:
    """A calibrated linear ``SVC``, told by its normal vector: the sum of its support vectors is one of its own."""
    return _calibrated(_machine(model.coef[np.newaxis], np.ones(1), model.intercept, c, kernel="linear"), sigmoid)


def rbf_machine(
    support_vectors: Floats, dual: Floats, intercept: float, c: float, gamma: float, sigmoid: Sigmoid
) -> BaseEstimator:
    """A calibrated ``SVC`` with an RBF kernel over support vectors (S, D) of unit length."""
    machine = _machine(support_vectors, dual, intercept, c, kernel="rbf", gamma=gamma)
    return _calibrated(machine, sigmoid)


def _machine(support_vectors: Floats, dual: Floats, intercept: float, c: float, **kernel: Any) -> Any:
    """An ``SVC`` of a solution; ``dual`` (S,) and ``intercept`` are those of the tag's margin."""
    from sklearn.svm import SVC

    # Fitted to two vectors, which gives it what else this scikit-learn has in one; then the solution is exchanged.
    two = np.zeros((2, support_vectors.shape[1]))
    two[1, 0] = 1.0
    machine = SVC(C=c, class_weight="balanced", **kernel).fit(two, _CLASSES)
    # libsvm keeps support vectors class by class, those of class 0 first: theirs pull towards the tag.
    order = np.argsort(dual < 0, kind="stable")
    mine = int((dual >= 0).sum())
    machine.support_ = np.arange(len(dual), dtype=np.int32)
    machine.shape_fit_ = support_vectors.shape
    machine.support_vectors_ = np.ascontiguousarray(support_vectors[order])
    machine._n_support = np.array([mine, len(dual) - mine], dtype=np.int32)
    machine.dual_coef_, machine.intercept_ = -dual[np.newaxis, order], np.array([-intercept])
    # libsvm's own pair has the sign of class 0.
    machine._dual_coef_, machine._intercept_ = -machine.dual_coef_, -machine.intercept_
    return machine


def _calibrated(machine: Any, sigmoid: Sigmoid) -> BaseEstimator:
    """A ``CalibratedClassifierCV`` as its ``fit`` leaves it, of a sigmoid fitted to unseen margins of the tag."""
    from sklearn.base import clone
    from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier, _SigmoidCalibration

    # It gives class 1 the probability 1 / (1 + exp(a f + b)) of the margin f of class 1.
    calibrator = _SigmoidCalibration()
    calibrator.a_, calibrator.b_ = -sigmoid.slope, sigmoid.offset
    model = CalibratedClassifierCV(clone(machine), ensemble=False)
    model.classes_, model.n_features_in_ = machine.classes_, machine.n_features_in_
    model.calibrated_classifiers_ = [_CalibratedClassifier(machine, [calibrator], classes=machine.classes_)]
    return _behind_unit_length(model)


def _behind_unit_length(model: Any) -> BaseEstimator:
    """A pipeline that takes embeddings as the encoder gives them, of a model of unit vectors."""
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import Normalizer

    return Pipeline([("unit", Normalizer().fit(np.zeros((1, model.n_features_in_)))), ("model", model)])
