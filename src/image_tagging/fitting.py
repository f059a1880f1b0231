"""Labelled embeddings -> fitted scikit-learn estimators: the recipe of the tag models.

scikit-learn fits them; what is ours is which images a support vector machine learns from, and that all machines of a
tag share one table of kernels. It takes seconds to import, and only whoever trains needs it: it is imported when it is
needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .classifiers import LOGISTIC_REGRESSION, SVM
from .errors import TrainingError
from .scorers import unit_rows

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.svm import SVC

Floats = NDArray[np.float64]

# The recipe. On unit vectors the figures hold for any encoder, whatever the length of its embeddings; they are the
# middle of a flat optimum (mean average precision and log-loss, 5-fold, over the original's hard cases).
LR_C = 3.0
# Tight: of a rare tag little of the gradient is its own, and at the 1e-4 of scikit-learn the fit ends too soon.
LR_TOL = 1e-6
SVM_C = 1.0
# Fixed, not "scale" (which is close to 1 for any unit vectors): machines of one gamma share one table of kernels.
SVM_GAMMA = 0.5
CALIBRATION_FOLDS = 5

#: No more images of either class than these are given to a support vector machine, whose time grows with their square.
#: Of more others, half are those that the linear model comes closest to taking for the tag: of those that lie far away
#: a machine keeps nothing. benchmarks/machine_bound.py shows what the bound costs.
MOST_FOR_MACHINE = 2_000


def fit_models(
    embeddings: NDArray[np.float32],
    is_tag: NDArray[np.bool_],
    *,
    weights: tuple[float, float] = (1.0, 1.0),
    seed: int = 0,
) -> dict[str, BaseEstimator]:
    """Fit the models of one tag, one of each of ``KINDS``.

    Parameters
    ----------
    embeddings:
        (N, D) float32, as the encoder gives them; the models normalise inside.
    is_tag:
        (N,) bool, whether each image has the tag. One image of either class is enough to get models.
    weights:
        How many images each one with the tag, and each one without, stands for: where they are a sample of one
        class, the probabilities are still those of the whole.
    seed:
        Decides the folds of the calibration and what is drawn; the same seed gives the same models.

    Returns
    -------
    By kind, a fitted scikit-learn estimator with ``classes_ == [0, 1]``; ``predict_proba(X)[:, 0]`` is the probability
    of the tag. It holds classes of scikit-learn and numpy alone, so that anyone can load it.

    Raises
    ------
    TrainingError
        The arrays do not fit, an embedding is no number, or a class has no image.
    """
    tagged = np.asarray(is_tag, dtype=bool)
    examples = _Examples(_unit_embeddings(embeddings, tagged), tagged, np.where(tagged, *weights))
    linear = _fit_logistic_regression(examples)
    return {LOGISTIC_REGRESSION: linear, SVM: _fit_machine(examples, linear, seed)}


def _unit_embeddings(embeddings: NDArray[np.float32], tagged: NDArray[np.bool_]) -> Floats:
    """(N, D) float64, of unit length: in float64 a fit does not depend on who scales the vectors."""
    x = np.asarray(embeddings, dtype=np.float64)
    if x.ndim != 2 or tagged.shape != x.shape[:1]:
        raise TrainingError(f"embeddings {x.shape} and truth {tagged.shape} do not fit: one row of each an image.")
    if not np.isfinite(x).all():
        raise TrainingError("an embedding to train on holds what is no number. Run stage 1 again.")
    return unit_rows(x)


@dataclass(frozen=True, eq=False)
class _Examples:
    """What one tag is learned from: ``x`` (n, D) unit rows, ``is_tag`` (n,), and how many images each stands for.

    Raises
    ------
    TrainingError
        A class has no image.
    """

    x: Floats
    is_tag: NDArray[np.bool_]
    weights: Floats

    def __post_init__(self) -> None:
        if not self.is_tag.any():
            raise TrainingError("no image has the tag: there is nothing to learn it from. Add images of the tag.")
        if self.is_tag.all():
            raise TrainingError("every image has the tag: there is nothing to tell it from. Add images without it.")

    @property
    def y(self) -> NDArray[np.int64]:
        """(n,): 0 for the tag, 1 for other."""
        return np.where(self.is_tag, 0, 1)


def _fit_logistic_regression(examples: _Examples) -> BaseEstimator:
    """Logistic regression on unit vectors. Its own probabilities are well calibrated; it works from one image up."""
    from sklearn.linear_model import LogisticRegression

    # The weights are not class_weight, which would stay in the file.
    model = LogisticRegression(C=LR_C, max_iter=2000, tol=LR_TOL)
    return _behind_unit_length(model.fit(examples.x, examples.y, examples.weights))


def _behind_unit_length(model: Any) -> BaseEstimator:
    """A pipeline that takes embeddings as the encoder gives them, of a model fitted to unit vectors."""
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import Normalizer

    return Pipeline([("unit", Normalizer().fit(np.zeros((1, model.n_features_in_)))), ("model", model)])


def _fit_machine(examples: _Examples, linear: BaseEstimator, seed: int) -> BaseEstimator:
    """A support vector machine on unit vectors, with a sigmoid fitted to its out-of-fold margins (Platt 1999).

    The sigmoid needs margins of images that the machine has not seen, so two images of either class at least. With
    fewer, or where those margins say nothing (a sigmoid that falls while the margin rises, as two or three images
    unlike each other give), the model is ``linear``, the logistic regression of the other kind: strongly regularised,
    and calibrated by itself. The file is the same kind to its user.
    """
    from sklearn.base import clone
    from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier, _SigmoidCalibration

    examples = _for_machine(examples, linear, seed)
    y = examples.y
    folds = min(CALIBRATION_FOLDS, int(np.bincount(y).min()))
    if folds < 2:
        return linear
    kernel = _kernel(examples.x)
    # CalibratedClassifierCV.fit does as much, at many times the cost, and gives the weights to the machine too.
    sigmoid = _SigmoidCalibration().fit(_unseen_margins(kernel, y, folds, seed), y, examples.weights)
    if not sigmoid.a_ < 0:  # 1 / (1 + exp(a f + b)) is to rise with the margin f
        return linear
    machine = _machine(kernel, y)
    _name_kernel(machine, examples.x)
    model = CalibratedClassifierCV(clone(machine), ensemble=False)
    model.classes_, model.n_features_in_ = machine.classes_, machine.n_features_in_
    model.calibrated_classifiers_ = [_CalibratedClassifier(machine, [sigmoid], classes=machine.classes_)]
    return _behind_unit_length(model)


def _kernel(x: Floats) -> Floats:
    """exp(-gamma |x_i - x_j|^2) for all pairs of rows (n, D), as (n, n): one product for all machines of a tag."""
    squares = np.einsum("nd,nd->n", x, x)  # 1, but for an embedding of zeros
    kernel: Floats = x @ x.T
    kernel *= 2
    kernel -= squares[:, np.newaxis]
    kernel -= squares
    np.minimum(kernel, 0, out=kernel)
    kernel *= SVM_GAMMA
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


def _for_machine(examples: _Examples, linear: BaseEstimator, seed: int) -> _Examples:
    """What a machine learns from: all images up to the bound, else as it says, weighted for those left out."""
    random = np.random.default_rng(seed)
    parts = [_drawn(np.flatnonzero(examples.is_tag), MOST_FOR_MACHINE, random)]
    others = np.flatnonzero(~examples.is_tag)
    if len(others) <= MOST_FOR_MACHINE:
        parts.append((others, 1.0))
    else:
        margins = examples.x[others] @ _towards_tag(linear)
        nearest, rest = np.split(others[np.argsort(-margins, kind="stable")], [MOST_FOR_MACHINE // 2])
        parts += [(nearest, 1.0), _drawn(rest, MOST_FOR_MACHINE - len(nearest), random)]
    chosen = np.concatenate([rows for rows, _ in parts])
    weights = np.concatenate([examples.weights[rows] * weight for rows, weight in parts])
    return _Examples(examples.x[chosen], examples.is_tag[chosen], weights)


def _towards_tag(linear: Any) -> Floats:
    """(D,): what a unit vector is multiplied with for the linear model's margin, but for a constant."""
    return np.asarray(-linear[-1].coef_[0])


def _drawn(rows: NDArray[np.intp], most: int, random: np.random.Generator) -> tuple[NDArray[np.intp], float]:
    """At most so many of the rows, and how many each of them stands for."""
    if len(rows) <= most:
        return rows, 1.0
    return random.permutation(rows)[:most], len(rows) / most
