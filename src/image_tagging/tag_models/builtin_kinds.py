"""The two kinds of this program, and how scikit-learn's estimators of them are read.

Known are logistic regression, a support vector machine with the RBF kernel (calibrated by libsvm, or by
``CalibratedClassifierCV``), and a linear one calibrated by the latter. A file of either kind may hold any of them.
"""

from __future__ import annotations

from typing import Any

from ..errors import ModelError
from .estimator_state import attributes, class_name, float_array, float_row, is_text, number, numbers
from .kinds import Kind, register_kind
from .scorers import LinearScorer, RbfScorer, Scorer


def _linear(state: dict[str, Any], normalise: bool) -> LinearScorer:
    # scikit-learn's decision is for class 1; the tag is class 0.
    return LinearScorer(-float_row(state["coef_"]), -number(state["intercept_"]), normalise)


def _libsvm(state: dict[str, Any], normalise: bool) -> RbfScorer:
    """A machine that libsvm calibrated (``SVC(probability=True)``), as the original's models are."""
    if state.get("_probA") is None or not numbers(state["_probA"]).size:
        raise ModelError("its SVC was trained without probabilities")
    # The private pair has libsvm's own sign, which is that of its sigmoid: the margin of class 0.
    a, b = number(state["_probA"]), number(state["_probB"])
    return _rbf(state, normalise, sign=-1.0, slope=-a, offset=-b, coupled=True)


def _calibrated(state: dict[str, Any], normalise: bool) -> Scorer:
    (pair,) = state["calibrated_classifiers_"]
    inner = attributes(pair)
    (sigmoid,) = inner["calibrators"]
    if class_name(sigmoid) != "_SigmoidCalibration" or class_name(inner["estimator"]) != "SVC":
        raise ModelError(f"its calibration is of a kind that is not known here ({class_name(sigmoid)})")
    a, b = number(attributes(sigmoid)["a_"]), number(attributes(sigmoid)["b_"])
    # P(class 1) = 1 / (1 + exp(a f + b)), so the tag's is the sigmoid of a f + b itself.
    machine = attributes(inner["estimator"])
    if is_text(machine["kernel"], "linear"):
        normal = float_row(machine["dual_coef_"]) @ float_array(machine["support_vectors_"])
        return LinearScorer(a * normal, a * number(machine["intercept_"]) + b, normalise)
    return _rbf(machine, normalise, sign=1.0, slope=a, offset=b, coupled=False)


def _rbf(
    state: dict[str, Any], normalise: bool, *, sign: float, slope: float, offset: float, coupled: bool
) -> RbfScorer:
    if not is_text(state["kernel"], "rbf"):
        raise ModelError("its SVC has a kernel that is not known here (rbf and linear are)")
    return RbfScorer(
        support_vectors=float_array(state["support_vectors_"]),
        dual_coef=sign * float_row(state["dual_coef_"]),
        intercept=sign * number(state["intercept_"]),
        gamma=number(state["_gamma"]),
        slope=slope,
        offset=offset,
        normalise=normalise,
        coupled=coupled,
    )


LOGISTIC_REGRESSION = Kind(
    name="ovr-logistic-regression",
    description="a logistic regression",
    title="Logistic regression",
    short_title="Logistic",
    abbreviation="lr",
    readers={"LogisticRegression": _linear},
)

SVM = Kind(
    name="ovr-svm",
    description="a support vector machine",
    title="Support vector machine",
    short_title="SVM",
    abbreviation="svm",
    readers={"SVC": _libsvm, "CalibratedClassifierCV": _calibrated},
    parts=frozenset({"_CalibratedClassifier", "_SigmoidCalibration", "StratifiedKFold"}),
)

register_kind(LOGISTIC_REGRESSION)
register_kind(SVM)
