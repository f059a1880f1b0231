"""How a tag can be learned: the recipes that cross-validation chooses from, in the order in which they are trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...tag_models import LOGISTIC_REGRESSION, SVM
from ..text_prior.prior import EFFECT, EFFECTS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """Logistic regression or a support vector machine on unit vectors.

    ``c`` is the inverse strength of the regularisation, as scikit-learn's ``C``. ``decorrelation`` is the amount of it
    (``background.Background.decorrelation``). ``gamma`` is that of an RBF kernel, 0 for a linear machine. ``effect`` is
    how far the name of the tag is believed to move its images (``text_prior.strengths_for``), 0 where it has no say. At
    ``c`` 0 no image could move what is believed, and there is nothing but the name.
    """

    kind: str
    c: float
    decorrelation: float = 0.0
    gamma: float = 0.0
    effect: float = 0.0

    def __str__(self) -> str:
        if not self.c:
            return f"its name alone, believed by {self.effect:g}"
        kernel = f"RBF kernel of gamma {self.gamma:g}" if self.gamma else "linear"
        space = f", decorrelated by {self.decorrelation:g}" if self.decorrelation else ""
        name = f", its name believed by {self.effect:g}" if self.effect else ""
        return f"{kernel}, C {self.c:g}{space}{name}"


#: What is taken where nothing can be chosen: it calibrates itself, and works from one image up.
PLAIN = Recipe(LOGISTIC_REGRESSION.name, 1.0)

#: What is taken of a tag without an image: ``text_prior.zero_shot``.
NAME_ALONE = Recipe(LOGISTIC_REGRESSION.name, 0.0, effect=EFFECT)

#: The first is trusted, and the second for a tag of ``FEW`` images (docs/classifiers.md has the figures of all).
RECIPES = {
    LOGISTIC_REGRESSION.name: (
        Recipe(LOGISTIC_REGRESSION.name, 1.0, 0.05),
        Recipe(LOGISTIC_REGRESSION.name, 1.0),
        Recipe(LOGISTIC_REGRESSION.name, 3.0, 0.1),
        Recipe(LOGISTIC_REGRESSION.name, 10.0, 0.05),
        Recipe(LOGISTIC_REGRESSION.name, 10.0),
    ),
    SVM.name: (
        Recipe(SVM.name, 0.5, 0.1),
        Recipe(SVM.name, 0.3),
        Recipe(SVM.name, 2.0, 0.05),
        Recipe(SVM.name, 1.0, gamma=0.5),
        Recipe(SVM.name, 3.0, gamma=1.0),
    ),
}

#: With fewer images of a tag than this, the second recipe is the one that is trusted: so few do not say which of the
#: shortened directions the tag needs.
FEW = 8


def trusted(kind: str, tagged: int) -> Recipe:
    """The recipe of a kind for a tag of so many images, unless cross-validation finds a better one."""
    return RECIPES[kind][1 if tagged < FEW else 0]


def compared(kind: str, tagged: int, *, has_name: bool) -> tuple[Recipe, ...]:
    """The recipes of a kind to choose from; a name that says something has a say in logistic regression."""
    if kind != LOGISTIC_REGRESSION.name or not has_name:
        return RECIPES[kind]
    return (*RECIPES[kind], *(replace(trusted(kind, tagged), effect=effect) for effect in EFFECTS if effect))


#: How many standard errors of a difference are beyond doubt.
_BEYOND_DOUBT = 2.0


def choose(losses: Sequence[Floats], weights: Floats, first: int) -> int:
    """Which of the recipes: the one of the least mean loss, if it beats the trusted one beyond doubt.

    ``losses`` are each recipe's (n,), of the same unseen images; ``first`` is the number of the trusted one. The doubt
    is the standard error of the difference from image to image, where one that stands for many counts as one (as in the
    rule of Breiman et al. 1984, "Classification and regression trees", with the trusted recipe for their simplest): the
    least of several noisy means is most often luck.
    """
    best, gain = first, 0.0
    for number, loss in enumerate(losses):
        better = losses[first] - loss
        mean = float(np.average(better, weights=weights))
        error = float(np.linalg.norm(weights * (better - mean)) / weights.sum())
        if mean > max(gain, _BEYOND_DOUBT * error):
            best, gain = number, mean
    return best
