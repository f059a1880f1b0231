"""From a scikit-learn estimator, or what was read of a pickled one, to the arrays that score.

The same few attributes are read either way, so that what is trained and what is loaded can never score apart.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .safe_pickle import Inert
from .scorers import LinearScorer, RbfScorer, Scorer


def scorer_of(estimator: object) -> Scorer:
    """The scorer of a fitted estimator (scikit-learn's own, or :class:`Inert`) with classes 0 = tag, 1 = other.

    Known are logistic regression, a support vector machine with the RBF kernel (calibrated by libsvm, or by
    ``CalibratedClassifierCV``), a linear one calibrated by the latter, and each behind a ``Normalizer`` in a pipeline.

    Raises
    ------
    ModelError
        It is something else, was never fitted, or its arrays are unusable.
    """
    try:
        return _scorer(estimator)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise ModelError(f"its {_kind(estimator)} lacks what a trained tag model has ({error})") from error


def _scorer(estimator: object) -> Scorer:
    model, normalise = _final_step(estimator)
    reader = _READERS.get(_kind(model))
    if reader is None:
        raise ModelError(f"it holds a {_kind(model)}, which is no tag model")
    state = _state(model)
    classes = _numbers(state["classes_"])
    if classes.shape != (2,) or classes.tolist() != [0, 1]:
        raise ModelError("its classes are not 0 (the tag) and 1 (other)")
    scorer = reader(state, normalise)
    if _number(state.get("n_features_in_", scorer.dim)) != scorer.dim:
        raise ModelError("its arrays do not have the dimension that it states")
    return scorer


def _final_step(estimator: object) -> tuple[object, bool]:
    """The model itself, and whether a Normalizer comes before it."""
    if _kind(estimator) != "Pipeline":
        return estimator, False
    *before, (_, model) = _state(estimator)["steps"]
    for _, step in before:
        if _kind(step) != "Normalizer" or not _is_text(_state(step)["norm"], "l2"):
            raise ModelError(f"its pipeline has a step {_kind(step)}, which is not known here")
    return model, bool(before)


def _linear(state: dict[str, Any], normalise: bool) -> LinearScorer:
    # scikit-learn's decision is for class 1; the tag is class 0.
    return LinearScorer(-_row(state["coef_"]), -_number(state["intercept_"]), normalise)


def _libsvm(state: dict[str, Any], normalise: bool) -> RbfScorer:
    """A machine that libsvm calibrated (``SVC(probability=True)``), as the original's models are."""
    if state.get("_probA") is None or not _numbers(state["_probA"]).size:
        raise ModelError("its SVC was trained without probabilities")
    # The private pair has libsvm's own sign, which is that of its sigmoid: the margin of class 0.
    a, b = _number(state["_probA"]), _number(state["_probB"])
    return _machine(state, normalise, sign=-1.0, slope=-a, offset=-b, coupled=True)


def _calibrated(state: dict[str, Any], normalise: bool) -> Scorer:
    (pair,) = state["calibrated_classifiers_"]
    inner = _state(pair)
    (sigmoid,) = inner["calibrators"]
    if _kind(sigmoid) != "_SigmoidCalibration" or _kind(inner["estimator"]) != "SVC":
        raise ModelError(f"its calibration is of a kind that is not known here ({_kind(sigmoid)})")
    a, b = _number(_state(sigmoid)["a_"]), _number(_state(sigmoid)["b_"])
    # P(class 1) = 1 / (1 + exp(a f + b)), so the tag's is the sigmoid of a f + b itself.
    machine = _state(inner["estimator"])
    if _is_text(machine["kernel"], "linear"):
        normal = _row(machine["dual_coef_"]) @ _array(machine["support_vectors_"])
        return LinearScorer(a * normal, a * _number(machine["intercept_"]) + b, normalise)
    return _machine(machine, normalise, sign=1.0, slope=a, offset=b, coupled=False)


def _machine(
    state: dict[str, Any], normalise: bool, *, sign: float, slope: float, offset: float, coupled: bool
) -> RbfScorer:
    if not _is_text(state["kernel"], "rbf"):
        raise ModelError("its SVC has a kernel that is not known here (rbf and linear are)")
    return RbfScorer(
        support_vectors=_array(state["support_vectors_"]),
        dual_coef=sign * _row(state["dual_coef_"]),
        intercept=sign * _number(state["intercept_"]),
        gamma=_number(state["_gamma"]),
        slope=slope,
        offset=offset,
        normalise=normalise,
        coupled=coupled,
    )


def _kind(value: object) -> str:
    return value.kind if isinstance(value, Inert) else type(value).__name__


def _state(value: object) -> dict[str, Any]:
    state = value.state if isinstance(value, Inert) else vars(value)
    if not isinstance(state, dict):
        raise ModelError(f"its {_kind(value)} has no state")
    return state


def _is_text(value: object, text: str) -> bool:
    """Whether it is this text; an array, compared with a text, would give an array."""
    return type(value) is str and value == text


def _numbers(value: object) -> NDArray[Any]:
    """Numbers of any kind as they stand."""
    array = value.state if isinstance(value, Inert) else value
    if not isinstance(array, (np.ndarray, np.number, int, float)):
        raise TypeError("numbers were expected")
    return np.asarray(array)


def _array(value: object) -> NDArray[np.float64]:
    """Floats alone: of single bytes or truth values, float64 would make eight times what the file holds."""
    array = _numbers(value)
    if array.dtype.kind != "f":
        raise TypeError("floats were expected")
    return np.asarray(array, dtype=np.float64, order="C")


def _row(value: object) -> NDArray[np.float64]:
    """The one row of a (1, K) array."""
    (row,) = _array(value)
    return np.asarray(row)


def _number(value: object) -> float:
    array = _numbers(value)
    if array.size != 1:
        raise ValueError("one number was expected")
    return float(array.ravel()[0])


_READERS: dict[str, Callable[[dict[str, Any], bool], Scorer]] = {
    "LogisticRegression": _linear,
    "SVC": _libsvm,
    "CalibratedClassifierCV": _calibrated,
}
