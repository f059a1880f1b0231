"""Labelled embeddings -> fitted scikit-learn estimators: the recipe of the tag models.

The linear models of many tags are solved together (:mod:`image_tagging.logistic_regression`), support vector machines
one by one, over the images that matter to each. scikit-learn takes seconds to import, and only whoever trains needs it:
it is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .classifiers import KINDS, LOGISTIC_REGRESSION
from .errors import TrainingError
from .logistic_regression import solve_together
from .scorers import unit_rows

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.svm import SVC

Floats = NDArray[np.float64]

# The recipe. On unit vectors the figures hold for any encoder, whatever the length of its embeddings; they are the
# middle of a flat optimum (mean average precision and log-loss, 5-fold, over the original's hard cases).
LR_C = 3.0
SVM_C = 1.0
# Fixed, not "scale" (which is close to 1 for any unit vectors): machines of one gamma share one table of kernels.
SVM_GAMMA = 0.5
CALIBRATION_FOLDS = 5

#: No more images of either class than these are given to a support vector machine, whose time grows with their square.
#: Of more others, half are those that the linear model comes closest to taking for the tag: of those that lie far away
#: a machine keeps nothing. benchmarks/machine_bound.py shows what the bound costs.
MOST_FOR_MACHINE = 2_000


def fit_estimator(
    kind: str,
    embeddings: NDArray[np.float32],
    is_tag: NDArray[np.bool_],
    *,
    weights: tuple[float, float] = (1.0, 1.0),
    seed: int = 0,
) -> BaseEstimator:
    """Fit one model of one tag.

    Parameters
    ----------
    kind:
        One of ``KINDS``.
    embeddings:
        (N, D) float32, as the encoder gives them; the model normalises inside.
    is_tag:
        (N,) bool, whether each image has the tag. One image of either class is enough to get a model.
    weights:
        How many images each one with the tag, and each one without, stands for: where they are a sample of one
        class, the probabilities are still those of the whole.
    seed:
        Decides the folds of the calibration and what is drawn; the same seed gives the same model.

    Returns
    -------
    A fitted scikit-learn estimator with ``classes_ == [0, 1]``; ``predict_proba(X)[:, 0]`` is the probability of
    the tag. It holds classes of scikit-learn and numpy alone, so that anyone can load it.

    Raises
    ------
    TrainingError
        The kind is unknown, the arrays do not fit, an embedding is no number, or a class has no image.
    """
    if kind not in KINDS:
        raise TrainingError(f"there is no kind of tag model {kind!r}; choose one of {', '.join(KINDS)}.")
    x, tagged = unit_embeddings(embeddings), np.asarray(is_tag, dtype=bool)
    if x.ndim != 2 or tagged.shape != x.shape[:1]:
        raise TrainingError(f"embeddings {x.shape} and truth {tagged.shape} do not fit: one row of each an image.")
    labels = Labels(np.arange(len(x)), tagged, np.where(tagged, *weights))
    (linear,) = fit_linear(x, [labels])
    return linear if kind == LOGISTIC_REGRESSION else fit_machine(x, labels, linear, seed=seed)


def unit_embeddings(embeddings: NDArray[np.float32]) -> Floats:
    """Embeddings (N, D) float32 -> unit length, float64: then a fit does not depend on who scales them.

    Raises
    ------
    TrainingError
        One holds what is no number.
    """
    x = np.asarray(embeddings, dtype=np.float64)
    if not np.isfinite(x).all():
        raise TrainingError("an embedding to train on holds what is no number. Run stage 1 again.")
    return unit_rows(x)


@dataclass(frozen=True, eq=False)
class Labels:
    """What one tag is learned from: ``rows`` (n,) of a table of embeddings, ``is_tag`` (n,), ``weights`` (n,).

    A weight says how many images a row stands for.

    Raises
    ------
    TrainingError
        A class has no image.
    """

    rows: NDArray[np.intp]
    is_tag: NDArray[np.bool_]
    weights: Floats

    def __post_init__(self) -> None:
        if not self.is_tag.any():
            raise TrainingError("no image has the tag: there is nothing to learn it from. Add images of the tag.")
        if self.is_tag.all():
            raise TrainingError("every image has the tag: there is nothing to tell it from. Add images without it.")


def fit_linear(x: Floats, tags: Sequence[Labels]) -> list[BaseEstimator]:
    """A logistic regression for each of the ``tags``, over the table ``x`` (N, D) that they share, of unit rows.

    Its own probabilities are well calibrated, and it works from one image up.
    """
    is_tag, weights = np.zeros((len(x), len(tags)), dtype=bool), np.zeros((len(x), len(tags)))
    for column, labels in enumerate(tags):
        is_tag[labels.rows, column] = labels.is_tag
        weights[labels.rows, column] = labels.weights
    coefficients, intercepts = solve_together(x, is_tag, weights, c=LR_C)
    return [_logistic_regression(w, b) for w, b in zip(coefficients, intercepts)]


def _logistic_regression(w: Floats, b: float) -> BaseEstimator:
    """The estimator that scikit-learn would have fitted; what is set are its documented attributes."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=LR_C)
    model.classes_ = np.array([0, 1])
    # A decision is for class 1, and the tag is class 0.
    model.coef_, model.intercept_ = -w[np.newaxis], np.array([-b])
    model.n_features_in_ = len(w)
    return _behind_unit_length(model)


def _behind_unit_length(model: Any) -> BaseEstimator:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import Normalizer

    return Pipeline([("unit", Normalizer().fit(np.zeros((1, model.n_features_in_)))), ("model", model)])


def fit_machine(x: Floats, labels: Labels, linear: BaseEstimator, *, seed: int) -> BaseEstimator:
    """A support vector machine for one tag, with a sigmoid fitted to its out-of-fold margins (Platt 1999).

    ``linear`` is the tag's logistic regression, ``x`` (N, D) the table of unit rows. The sigmoid needs margins of
    images that the machine has not seen, so two images of either class at least. With fewer, or where those margins
    say nothing (a sigmoid that falls while the margin rises, as two or three images unlike each other give), the model
    is ``linear``: strongly regularised, and calibrated by itself. The file is the same kind to its user.
    """
    from sklearn.base import clone
    from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier, _SigmoidCalibration

    labels = _for_machine(x, labels, linear, seed)
    x, y = x[labels.rows], np.where(labels.is_tag, 0, 1)
    folds = min(CALIBRATION_FOLDS, int(np.bincount(y).min()))
    if folds < 2:
        return linear
    kernel = _kernel(x)
    # CalibratedClassifierCV.fit does as much, at many times the cost, and gives the weights to the machine too.
    sigmoid = _SigmoidCalibration().fit(_unseen_margins(kernel, y, folds, seed), y, labels.weights)
    if not sigmoid.a_ < 0:  # 1 / (1 + exp(a f + b)) is to rise with the margin f
        return linear
    machine = _machine(kernel, y)
    _name_kernel(machine, x)
    model = CalibratedClassifierCV(clone(machine), ensemble=False)
    model.classes_, model.n_features_in_ = machine.classes_, machine.n_features_in_
    model.calibrated_classifiers_ = [_CalibratedClassifier(machine, [sigmoid], classes=machine.classes_)]
    return _behind_unit_length(model)


def _kernel(x: Floats) -> Floats:
    """exp(-gamma |x_i - x_j|^2) for all pairs of unit rows (n, D), as (n, n): one product for all machines of a tag."""
    kernel: Floats = x @ x.T
    kernel -= 1
    np.minimum(kernel, 0, out=kernel)
    kernel *= 2 * SVM_GAMMA
    return np.exp(kernel, out=kernel)


def _machine(kernel: Floats, y: NDArray[np.int64]) -> SVC:
    """A machine over the images whose table of kernels (n, n) is given.

    Balanced weights move the boundary to where few images of the tag meet many others; the sigmoid, which knows only
    the weights of the images, brings the probabilities back to the share that the tag has.
    """
    from sklearn.svm import SVC

    return SVC(C=SVM_C, kernel="precomputed", class_weight="balanced").fit(kernel, y)


def _name_kernel(machine: SVC, x: Floats) -> None:
    """Make a machine one over embeddings, as ``SVC(kernel="rbf").fit(x, y)`` is: the same solution, told otherwise."""
    machine.set_params(kernel="rbf", gamma=SVM_GAMMA)
    machine._gamma = SVM_GAMMA
    machine.support_vectors_ = x[machine.support_]
    machine.shape_fit_, machine.n_features_in_ = x.shape, x.shape[1]


def _unseen_margins(kernel: Floats, y: NDArray[np.int64], folds: int, seed: int) -> Floats:
    """The margin (n,) of each image by a machine that learned from the other folds."""
    from sklearn.model_selection import StratifiedKFold

    margins = np.empty(len(y))
    for seen, unseen in StratifiedKFold(folds, shuffle=True, random_state=seed).split(y[:, np.newaxis], y):
        machine = _machine(kernel[np.ix_(seen, seen)], y[seen])
        supports = kernel[np.ix_(unseen, seen[machine.support_])]
        margins[unseen] = supports @ machine.dual_coef_[0] + machine.intercept_[0]
    return margins


def _for_machine(x: Floats, labels: Labels, linear: BaseEstimator, seed: int) -> Labels:
    """The images that a machine learns from: all up to the bound, else as it says, weighted for those left out."""
    random = np.random.default_rng(seed)
    parts = [_drawn(np.flatnonzero(labels.is_tag), MOST_FOR_MACHINE, random)]
    others = np.flatnonzero(~labels.is_tag)
    if len(others) <= MOST_FOR_MACHINE:
        parts.append((others, 1.0))
    else:
        margins = x[labels.rows[others]] @ _weights_of(linear)
        nearest, rest = np.split(others[np.argsort(-margins, kind="stable")], [MOST_FOR_MACHINE // 2])
        parts += [(nearest, 1.0), _drawn(rest, MOST_FOR_MACHINE - len(nearest), random)]
    chosen = np.concatenate([rows for rows, _ in parts])
    weights = np.concatenate([labels.weights[rows] * weight for rows, weight in parts])
    return Labels(labels.rows[chosen], labels.is_tag[chosen], weights)


def _weights_of(linear: Any) -> Floats:
    """(D,), larger towards the tag."""
    return np.asarray(-linear[-1].coef_[0])


def _drawn(rows: NDArray[np.intp], most: int, random: np.random.Generator) -> tuple[NDArray[np.intp], float]:
    """At most so many of the rows, and how many each of them stands for."""
    if len(rows) <= most:
        return rows, 1.0
    return random.permutation(rows)[:most], len(rows) / most
