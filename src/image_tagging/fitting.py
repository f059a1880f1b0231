"""Labelled embeddings -> a fitted scikit-learn estimator of one kind: the recipe of the tag models.

scikit-learn takes seconds to import, and only whoever trains needs it: it is imported when it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .classifiers import KINDS, LOGISTIC_REGRESSION
from .errors import TrainingError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

# The recipe. On unit vectors the figures hold for any encoder, whatever the length of its embeddings; they are the
# middle of a flat optimum (mean average precision and log-loss, 5-fold, over the original's hard cases).
LR_C = 3.0
# Tight: of a rare tag little of the gradient is its own, and at the 1e-4 of scikit-learn the fit ends too soon.
LR_TOL = 1e-6
SVM_C = 1.0
# Fixed, not "scale" (which is close to 1 for any unit vectors): machines of one gamma share one table of kernels.
SVM_GAMMA = 0.5
CALIBRATION_FOLDS = 5


def fit_estimator(
    kind: str,
    embeddings: NDArray[np.float32],
    is_tag: NDArray[np.bool_],
    *,
    weights: tuple[float, float] = (1.0, 1.0),
    seed: int = 0,
) -> BaseEstimator:
    """Fit one tag model.

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
        Decides the folds of the calibration; the same seed gives the same model.

    Returns
    -------
    A fitted scikit-learn estimator with ``classes_ == [0, 1]``; ``predict_proba(X)[:, 0]`` is the probability of
    the tag. It holds classes of scikit-learn and numpy alone, so that anyone can load it.

    Raises
    ------
    TrainingError
        The kind is unknown, the arrays do not fit, an embedding is no number, or a class has no image.
    """
    x, y = _training_arrays(kind, embeddings, is_tag)
    if kind == LOGISTIC_REGRESSION:
        return _fit_logistic_regression(x, y, weights)
    return _fit_svm(x, y, weights, seed)


def _training_arrays(
    kind: str, embeddings: NDArray[np.float32], is_tag: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """X (N, D) float64 and y (N,), 0 for the tag. In float64 the fit does not depend on who scales the vectors."""
    if kind not in KINDS:
        raise TrainingError(f"there is no kind of tag model {kind!r}; choose one of {', '.join(KINDS)}.")
    x, tagged = np.asarray(embeddings, dtype=np.float64), np.asarray(is_tag, dtype=bool)
    if x.ndim != 2 or tagged.shape != x.shape[:1]:
        raise TrainingError(f"embeddings {x.shape} and truth {tagged.shape} do not fit: one row of each an image.")
    if not np.isfinite(x).all():
        raise TrainingError("an embedding to train on holds what is no number. Run stage 1 again.")
    if not tagged.any():
        raise TrainingError("no image has the tag: there is nothing to learn it from. Add images of the tag.")
    if tagged.all():
        raise TrainingError("every image has the tag: there is nothing to tell it from. Add images without the tag.")
    return x, np.where(tagged, 0, 1)


def _fit_logistic_regression(
    x: NDArray[np.float64], y: NDArray[np.int64], weights: tuple[float, float]
) -> BaseEstimator:
    """Logistic regression on unit vectors. Its own probabilities are well calibrated; it works from one image up."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import Normalizer

    model = LogisticRegression(C=LR_C, max_iter=2000, tol=LR_TOL)
    # Not class_weight, which would stay in the file.
    each = None if weights == (1, 1) else np.asarray(weights)[y]
    return Pipeline([("unit", Normalizer()), ("model", model)]).fit(x, y, model__sample_weight=each)


def _fit_svm(x: NDArray[np.float64], y: NDArray[np.int64], weights: tuple[float, float], seed: int) -> BaseEstimator:
    """A support vector machine on unit vectors, with a sigmoid fitted to its out-of-fold margins (Platt 1999).

    The sigmoid needs margins of images that the machine has not seen, so two images of either class at least. With
    fewer, or where those margins say nothing (a sigmoid that falls while the margin rises, as two or three images
    unlike each other give), the model is the logistic regression of the other kind: linear, strongly regularised,
    and calibrated by itself. The file is the same kind to its user.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import Normalizer
    from sklearn.svm import SVC

    folds = min(CALIBRATION_FOLDS, int(np.bincount(y).min()))
    if folds < 2:
        return _fit_logistic_regression(x, y, weights)
    # SVC(probability=True) does the same with unseeded, unshuffled folds, and goes in scikit-learn 1.11.
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    # Balanced weights move the boundary to where few images of the tag meet many others; the sigmoid, which knows no
    # weights, brings the probabilities back to the share that the tag has.
    machine = SVC(C=SVM_C, gamma=SVM_GAMMA, kernel="rbf", class_weight="balanced")
    model = CalibratedClassifierCV(machine, cv=split, ensemble=False)
    fitted = Pipeline([("unit", Normalizer()), ("model", model)]).fit(x, y)
    if not _rises(model):
        return _fit_logistic_regression(x, y, weights)
    _shift_odds(model, weights)
    return fitted


def _shift_odds(model: Any, weights: tuple[float, float]) -> None:
    """From the odds among the images learned from to those among all that they stand for (King and Zeng 2001)."""
    (pair,) = model.calibrated_classifiers_
    pair.calibrators[0].b_ -= float(np.log(weights[1] / weights[0]))


def _rises(model: Any) -> bool:
    """Whether the fitted sigmoid 1 / (1 + exp(a f + b)) rises with the margin f."""
    (pair,) = model.calibrated_classifiers_
    return bool(pair.calibrators[0].a_ < 0)
