"""The kinds of tag model: how one is fitted, and how a set of them scores a whole batch.

A tag model is binary: class 0 is the tag, class 1 is other, as in the models published with the original.
Fitting needs scikit-learn, which takes seconds to import and is imported when it is needed; scoring works on
plain arrays (:mod:`image_tagging.scorers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import EncoderError, EncoderMismatchError, NoModelsError, TrainingError
from .records import EncoderSpec
from .scorers import Scorer, ScorerStack

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

LOGISTIC_REGRESSION = "ovr-logistic-regression"
SVM = "ovr-svm"

KINDS = (LOGISTIC_REGRESSION, SVM)

# The recipe. On unit vectors the figures hold for any encoder, whatever the length of its embeddings; they are the
# middle of a flat optimum (mean average precision and log-loss, 5-fold, over the original's hard cases).
LR_C = 3.0
SVM_C = 1.0
# Fixed, not "scale" (which is close to 1 for any unit vectors): machines of one gamma share one table of kernels.
SVM_GAMMA = 0.5
CALIBRATION_FOLDS = 5


def fit_estimator(
    kind: str, embeddings: NDArray[np.float32], is_tag: NDArray[np.bool_], *, seed: int = 0
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
        return _fit_logistic_regression(x, y)
    return _fit_svm(x, y, seed)


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


def _fit_logistic_regression(x: NDArray[np.float64], y: NDArray[np.int64]) -> BaseEstimator:
    """Logistic regression on unit vectors. Its own probabilities are well calibrated; it works from one image up."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import Normalizer

    model = LogisticRegression(C=LR_C, max_iter=2000)
    return Pipeline([("unit", Normalizer()), ("model", model)]).fit(x, y)


def _fit_svm(x: NDArray[np.float64], y: NDArray[np.int64], seed: int) -> BaseEstimator:
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
        return _fit_logistic_regression(x, y)
    # SVC(probability=True) does the same with unseeded, unshuffled folds, and goes in scikit-learn 1.11.
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    # Balanced weights move the boundary to where few images of the tag meet many others; the sigmoid, which knows no
    # weights, brings the probabilities back to the share that the tag has.
    machine = SVC(C=SVM_C, gamma=SVM_GAMMA, kernel="rbf", class_weight="balanced")
    model = CalibratedClassifierCV(machine, cv=split, ensemble=False)
    fitted = Pipeline([("unit", Normalizer()), ("model", model)]).fit(x, y)
    return fitted if _rises(model) else _fit_logistic_regression(x, y)


def _rises(model: Any) -> bool:
    """Whether the fitted sigmoid 1 / (1 + exp(a f + b)) rises with the margin f."""
    (pair,) = model.calibrated_classifiers_
    return bool(pair.calibrators[0].a_ < 0)


@dataclass(frozen=True, eq=False)
class TagModel:
    """One trained model: the probability that an image has ``tag``.

    ``encoder`` is ``None`` where it is not known (models without a card, as the original's), ``threshold`` the
    probability from which an image counts as having the tag, ``file`` where the model was loaded from.
    """

    tag: str
    kind: str
    encoder: Optional[EncoderSpec]
    scorer: Scorer
    threshold: float = 0.5
    file: Optional[str] = None

    @property
    def dim(self) -> int:
        """D, the length of the embeddings it takes."""
        return self.scorer.dim

    def probabilities(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """Embeddings (N, D), not normalised -> (N,) float64; raises as :meth:`TagModels.probabilities` does."""
        return TagModels([self]).probabilities(embeddings)[:, 0]


@dataclass(frozen=True, eq=False)
class TagModels:
    """Tag models that score together, in a fixed order.

    Raises
    ------
    NoModelsError
        There is none.
    EncoderMismatchError
        They belong to different encoders, or take embeddings of different lengths.
    """

    models: Sequence[TagModel]

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", tuple(self.models))
        if not self.models:
            raise NoModelsError("there is no tag model to score with. Train some first, or name their folder.")
        _require_one_encoder(self.models)

    def __len__(self) -> int:
        return len(self.models)

    @property
    def names(self) -> list[tuple[str, str]]:
        """Kind and tag of each model, in the order of the columns of :meth:`probabilities`."""
        return [(model.kind, model.tag) for model in self.models]

    @property
    def encoder(self) -> Optional[EncoderSpec]:
        """The encoder of all of them, ``None`` where no model says it."""
        return next((model.encoder for model in self.models if model.encoder is not None), None)

    @property
    def dim(self) -> int:
        """D, the length of the embeddings they take."""
        return self.models[0].dim

    def probabilities(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """Embeddings (N, D), not normalised -> probabilities (N, M) float64, M in the order of :attr:`names`.

        Computed in float64 and in chunks: a row does not depend on its neighbours (less than 1e-12), and memory
        beside the result stays bounded.

        Raises
        ------
        EncoderMismatchError
            The embeddings are not rows of length D.
        EncoderError
            A row holds what is no number; the message says which rows.
        """
        x = np.asarray(embeddings, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise EncoderMismatchError(
                f"the tag models take embeddings (N, {self.dim}) and were given {x.shape}. Use those of their encoder."
            )
        _require_numbers(x)
        return self._stack.probabilities(x)

    @cached_property
    def _stack(self) -> ScorerStack:
        return ScorerStack([model.scorer for model in self.models])


def _require_one_encoder(models: Sequence[TagModel]) -> None:
    """Models whose encoder is not known go with any encoder of their dimension."""
    first = next((model for model in models if model.encoder is not None), models[0])
    for model in models:
        if not _go_together(first, model):
            raise EncoderMismatchError(
                "tag models of different encoders cannot score together: "
                f"{_belongs(first)}, {_belongs(model)}. Keep them in two folders."
            )


def _go_together(one: TagModel, other: TagModel) -> bool:
    if one.dim != other.dim:
        return False
    return one.encoder is None or other.encoder is None or one.encoder.matches(other.encoder)


def _belongs(model: TagModel) -> str:
    encoder = "an encoder not named" if model.encoder is None else model.encoder.label
    return f"{model.file or f'{model.kind} {model.tag}'} belongs to {encoder} ({model.dim} numbers)"


def _require_numbers(x: NDArray[np.float64]) -> None:
    # Embeddings are float32: beyond its range is as little an embedding as NaN is, and would overflow below.
    bad = np.flatnonzero(~(np.abs(x) <= float(np.finfo(np.float32).max)).all(axis=1))
    if bad.size:
        shown = ", ".join(str(row) for row in bad[:10]) + (" …" if bad.size > 10 else "")
        raise EncoderError(f"embeddings that hold what is no number cannot be scored: rows {shown} of {len(x)}.")
