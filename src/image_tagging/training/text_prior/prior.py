"""A prior for linear models of images from the name of a tag, for tags with few images or none.

With an encoder whose texts and images share one space, the name of a tag gives a direction v (D,) in which images of
the tag are expected to lie. A linear model of unit image vectors x, p = sigmoid(w . x + b), takes it as prior
knowledge about its weights: w is Gaussian around t v instead of around 0 (Bishop 2006, "Pattern recognition
and machine learning", section 4.5, for logistic regression under such a prior). The most probable w minimises

    sum_i s_i log(1 + exp(-y_i (w . x_i + b))) + |w - t v|^2 / (2 C),  y_i = +1 for the tag and -1 for the others,

which is ordinary logistic regression at t = 0. Few images leave w close to t v, many determine it.
Some adapters of CLIP for few images work in this way: a linear probe is pulled towards zero-shot weights
(Silva-Rodríguez et al. 2024, "A closer look at the few-shot adaptation of large vision-language models") or blended
with them (Huang et al. 2024, "LP++: a surprisingly strong linear probe for few-shot CLIP"). Cross-validation chooses
the strength t of the prior; 0 must be among the choices, because names can mislead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import TrainingError
from ...tag_models import Floats, unit_rows
from .offset_regression import fit_with_offsets
from .prompts import neutral_prompts, prompts_of

#: Maps N texts to embeddings (N, D), as an ``encoders.TextEncoder`` does.
EmbedTexts = Callable[[Sequence[str]], NDArray[np.float32]]

#: Assumed shift of a tag's images along the direction of its name, in standard deviations of the others. At a shift of
#: two, 92 in 100 pairs of an image with and one without the tag are in the right order.
EFFECT = 2.0

#: The shifts to choose from, in the same unit: from "ignore the name" to the shift assumed without any image.
EFFECTS = (0.0, 0.5, 1.0, 2.0)

#: The assumed share of images with a tag of which no image is known.
SHARE = 0.05

#: With fewer other images their spread along a direction cannot be estimated.
MIN_OTHERS = 10

#: Shorter directions are rounding errors: the name means no more than "something" does.
_SHORTEST = 1e-6

#: The smallest spread: copies of one image have less. Its reciprocal bounds the length of a model's weights.
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, eq=False)
class TextPrior:
    """The directions of tags by their names; ``without`` lists the tags without a direction, each with the reason."""

    directions: Mapping[str, Floats]
    without: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, tags: Iterable[str], embed_texts: EmbedTexts) -> TextPrior:
        """Return the prior of tags; raises what ``embed_texts`` raises.

        Tags are embedded one by one, so that a direction is the same to the last bit for any other tags.
        """
        neutral = embed_texts(neutral_prompts())
        directions: dict[str, Floats] = {}
        without: list[tuple[str, str]] = []
        for tag in tags:
            prompts = prompts_of(tag)
            if not prompts:
                without.append((tag, "its name has no letter, or says what images are not"))
                continue
            direction = text_direction(embed_texts(prompts), neutral)
            if direction is None:
                without.append((tag, "to the text encoder its name means no more than 'something'"))
                continue
            directions[tag] = direction
        return cls(directions, tuple(without))

    def direction_of(self, tag: str) -> Optional[Floats]:
        """Return the direction (D,) float64 of length 1 towards images of a tag; ``None`` where its name gives none."""
        return self.directions.get(tag)

    def why_without(self, tag: str) -> str:
        """Return why the name of a tag gives no direction, as the end of a sentence about the tag."""
        return dict(self.without).get(tag, "its name was not asked for a direction")


def text_direction(prompts: ArrayLike, neutral: ArrayLike) -> Optional[Floats]:
    """Return the direction in which the sentences of a tag differ from neutral ones.

    Texts and images lie in two separate narrow cones of their common space (Liang et al. 2022, "Mind the gap", on the
    modality gap). The embedding of a sentence is mostly the mean of its cone, which says nothing about images; its
    difference from the mean can be added to weights for images, and the intercept makes up for the rest. The mean is
    not taken over the other tags: then one more tag would change all models.

    Parameters
    ----------
    prompts, neutral:
        (P, D) and (Q, D), embeddings of the sentences about the tag and of the neutral ones, of any length.

    Returns
    -------
    (D,) float64 of length 1; ``None`` where the two do not differ.
    """
    direction = _unit_mean(prompts) - _unit_mean(neutral)
    length = float(np.linalg.norm(direction))
    return direction / length if length > _SHORTEST else None


def _unit_mean(embeddings: ArrayLike) -> Floats:
    """Return the unit mean (D,) of unit embeddings (N, D), as Radford et al. ensemble prompts."""
    mean = unit_rows(np.asarray(embeddings, dtype=np.float64)).mean(axis=0)
    return np.asarray(unit_rows(mean[np.newaxis])[0])


def strengths_for(others: Floats, direction: Floats, effects: Sequence[float] = EFFECTS) -> list[float]:
    """Return the strengths t that shift images by ``effects`` standard deviations of the others.

    In this unit an effect means the same for every encoder, for any spread of its embeddings. ``others`` are unit rows
    (m, D). Raises TrainingError where there are fewer than ``MIN_OTHERS``.
    """
    _, spread = _projected(others, direction)
    return [effect / spread for effect in effects]


def fit_with_prior(
    x: Floats,
    is_tag: NDArray[np.bool_],
    direction: Floats,
    strengths: Sequence[float],
    c: float,
    weights: Optional[Floats] = None,
) -> list[tuple[Floats, float]]:
    """Return the linear models of one tag, one for each strength of the prior: coefficients (D,) and intercept.

    They are ``coef`` and ``intercept`` of ``scorers.LinearScorer``: sigmoid(x . coef + intercept) is the probability of
    the tag. (An estimator with class 0 for the tag holds both with the other sign.) At strength 0 a model is that of
    scikit-learn's ``LogisticRegression(C=c)`` with these sample weights.

    Parameters
    ----------
    x:
        (n, D) float64, rows of unit length.
    is_tag:
        (n,) bool.
    direction:
        (D,) of length 1, from :func:`text_direction`.
    strengths:
        The strengths t of the prior, from :func:`strengths_for`.
    c:
        The inverse strength of the regularisation towards the prior, as scikit-learn's ``C``.
    weights:
        (n,), how many images each one stands for; all 1 by default.

    Raises
    ------
    TrainingError
        The arrays do not fit, or a class has no image.
    """
    if x.ndim != 2 or is_tag.shape != x.shape[:1] or direction.shape != x.shape[1:]:
        raise TrainingError(f"embeddings {x.shape}, truth {is_tag.shape} and direction {direction.shape} do not fit.")
    along = x @ direction
    fits = [fit_with_offsets(x, is_tag, t * along, c, weights) for t in strengths]
    return [(coef + t * direction, intercept) for t, (coef, intercept) in zip(strengths, fits)]


def zero_shot(direction: Floats, others: Floats, share: float = SHARE) -> tuple[Floats, float]:
    """Return the linear model of a tag from its name and images without it.

    CLIP multiplies cosines by 100 for a softmax over classes. Here each tag is scored alone, and a cosine means
    nothing without those of images without the tag; so the scale comes from them. Along the direction they are assumed
    to be Gaussian, with the measured median and spread; images of the tag have the same Gaussian, ``EFFECT`` spreads
    further. The log-odds of two Gaussians of the same width are linear in x (Bishop 2006, section 4.2.1):

        logit p(tag | x) = EFFECT (x . v - median) / spread - EFFECT^2 / 2 + log(share / (1 - share)).

    At the default share of 5 %, one in 140 of the others has a probability above one half. Share and effect are
    assumptions, so these probabilities rank images and are not calibrated.

    Parameters
    ----------
    direction:
        (D,) of length 1, from :func:`text_direction`.
    others:
        (m, D) float64, unit rows of images without the tag, ``MIN_OTHERS`` or more. Some may have it after all: the
        median and the median deviation are robust to a few.
    share:
        The share of images that have the tag, more than 0 and less than 1.

    Returns
    -------
    ``coef`` (D,) float64 and ``intercept``, as of :func:`fit_with_prior`.

    Raises
    ------
    TrainingError
        There are too few others.
    """
    middle, spread = _projected(others, direction)
    intercept = -EFFECT * middle / spread - EFFECT**2 / 2 + float(np.log(share / (1 - share)))
    return direction * (EFFECT / spread), intercept


def _projected(others: Floats, direction: Floats) -> tuple[float, float]:
    """Return median and standard deviation of the others along the direction, both robust to outliers."""
    if len(others) < MIN_OTHERS:
        raise TrainingError(
            f"there are only {len(others)} images without the tag, too few to say how far one with it must stand out: "
            f"add other images, {MIN_OTHERS} or more."
        )
    along = others @ direction
    middle = float(np.median(along))
    # The median deviation of a Gaussian is 0.6745 of its standard deviation (Hampel 1974).
    spread = float(np.median(np.abs(along - middle))) / 0.6745
    return middle, max(spread, _LEAST_SPREAD)
