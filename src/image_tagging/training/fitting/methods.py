"""How models of each kind are learned: which recipes are compared, and what fits one.

The methods of the two kinds of this program are registered in :mod:`image_tagging.training.fitting`. Whoever registers
a further one, for a kind that ``tag_models.register_kind`` knows, has models of it learned for every tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional, Protocol, runtime_checkable

from ...tag_models import Floats, Kind, kinds
from .calibration import Sigmoid
from .examples import Examples
from .training_images import FoldedImages, TrainingImages, Unseen


class Fitted(Protocol):
    """A model as it was fitted, before its margins are turned into probabilities."""

    def margins(self, unseen: Unseen, /) -> Floats:
        """Return the margins (k,) of images that the model was not fitted to, higher for the tag."""

    def estimator(self, sigmoid: Sigmoid, /) -> Any:
        """Return the estimator that is written: scikit-learn's own, as a reader of the kind takes it.

        It takes embeddings of any length, has ``classes_ == [0, 1]`` with 0 for the tag, and gives the probabilities
        that the sigmoid makes of the margins.
        """


class Recipe(Protocol):
    """A way to fit a model, with all its settings; its text is what the card says of it. It can be hashed."""

    def fit(self, images: TrainingImages, /) -> Fitted:
        """Fit a model to all the images."""

    def __hash__(self) -> int: ...


@runtime_checkable
class TakesAllFolds(Protocol):
    """What a recipe may have in addition: the fits of all folds at once, where they share more than their images."""

    def out_of_fold(self, folded: FoldedImages, /) -> Floats:
        """Return the margins (n,) of the images, each by a model of the other folds."""


@dataclass(frozen=True)
class Method:
    """How models of a ``kind`` are learned.

    ``candidates`` returns the recipes that cross-validation chooses from, for a tag of these examples: the first is the
    default, from which only what is better beyond doubt leads away. ``with_background`` returns those to choose from
    where a tag is distinguished from a background too; without it there is one, the default of ``candidates``.
    """

    kind: Kind
    candidates: Callable[[Examples], Sequence[Recipe]]
    with_background: Optional[Callable[[Examples], Sequence[Recipe]]] = None

    def candidates_with_background(self, examples: Examples) -> Sequence[Recipe]:
        """Return the recipes to choose from where there is a background, the default first."""
        return self.with_background(examples) if self.with_background else self.candidates(examples)[:1]


_registered: dict[str, Method] = {}


def register_method(method: Method) -> None:
    """Have models learned by a method, after those of the methods that are registered.

    Raises
    ------
    ValueError
        Its kind is not registered, or has a method already.
    """
    if method.kind not in kinds():
        raise ValueError(f"the kind {method.kind.name} is not registered")
    if method.kind.name in _registered:
        raise ValueError(f"the kind {method.kind.name} has a method already")
    _registered[method.kind.name] = method


def unregister_method(method: Method) -> None:
    """Remove a registered method; KeyError where it is not registered."""
    del _registered[method.kind.name]


def methods() -> tuple[Method, ...]:
    """Return the registered methods, in the order of their registration: that of the models of a tag."""
    return tuple(_registered.values())
