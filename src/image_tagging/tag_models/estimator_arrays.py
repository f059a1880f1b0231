"""From a scikit-learn estimator, or what was read of a pickled one, to the arrays that score.

The same few attributes are read either way, so that what is trained and what is loaded can never score apart.
"""

from __future__ import annotations

from ..errors import ModelError
from .estimator_state import attributes, class_name, is_text, number, numbers
from .kinds import readers
from .scorers import Scorer


def scorer_of(estimator: object) -> Scorer:
    """Return the scorer of a fitted estimator with classes 0 = tag, 1 = other.

    It is scikit-learn's own, or :class:`.pickled_values.Inert`. Known are the classes that a registered kind reads,
    each alone or behind a ``Normalizer`` in a pipeline.

    Raises
    ------
    ModelError
        It is something else, was never fitted, or its arrays are unusable.
    """
    try:
        return _scorer(estimator)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise ModelError(f"its {class_name(estimator)} lacks what a trained tag model has ({error})") from error


def _scorer(estimator: object) -> Scorer:
    model, normalise = _final_step(estimator)
    reader = readers().get(class_name(model))
    if reader is None:
        raise ModelError(f"it holds a {class_name(model)}, which is no tag model")
    state = attributes(model)
    classes = numbers(state["classes_"])
    if classes.shape != (2,) or classes.tolist() != [0, 1]:
        raise ModelError("its classes are not 0 (the tag) and 1 (other)")
    scorer = reader(state, normalise)
    if number(state.get("n_features_in_", scorer.dim)) != scorer.dim:
        raise ModelError("its arrays do not have the dimension that it states")
    return scorer


def _final_step(estimator: object) -> tuple[object, bool]:
    """The model itself, and whether a Normalizer comes before it."""
    if class_name(estimator) != "Pipeline":
        return estimator, False
    *before, (_, model) = attributes(estimator)["steps"]
    for _, step in before:
        if class_name(step) != "Normalizer" or not is_text(attributes(step)["norm"], "l2"):
            raise ModelError(f"its pipeline has a step {class_name(step)}, which is not known here")
    return model, bool(before)
