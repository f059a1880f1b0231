"""What the name of a tag says, blended into a linear model of images: for tags with few images, or with none.

With an encoder whose texts and images share one space, the name of a tag gives a direction v (D,) in which images of
the tag are expected to lie. A linear model of unit image vectors x, p = sigmoid(w . x + b), takes it as a belief about
its weights before it has seen an image: w is Gaussian around t v instead of around 0 (Bishop 2006, "Pattern recognition
and machine learning", section 4.5, for logistic regression under such a prior). The most probable w minimises

    sum_i s_i log(1 + exp(-y_i (w . x_i + b))) + |w - t v|^2 / (2 C),  y_i = +1 for the tag and -1 for the others,

which is ordinary logistic regression at t = 0. Few images leave w close to t v, many move it to where they belong.
Adapters of CLIP for few images are of this kind: zero-shot weights as what a linear probe is held to (Silva-Rodríguez
et al. 2024, "A closer look at the few-shot adaptation of large vision-language models") or blended with (Huang et al.
2024, "LP++: a surprisingly strong linear probe for few-shot CLIP"). How far a name is to be believed, t, is what
cross-validation says; 0 must be among the choices, because names can mislead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import TrainingError
from ...tag_models import unit_rows
from .offset_regression import fit_with_offsets
from .prompts import neutral_prompts, prompts_of

Floats = NDArray[np.float64]

#: Texts -> (N, D), as an ``encoders.TextEncoder`` gives them.
EmbedTexts = Callable[[Sequence[str]], NDArray[np.float32]]

#: How many standard deviations of the others a name alone is believed to move an image of its tag. Of images two apart,
#: 92 in 100 pairs of one with and one without the tag are in the right order.
EFFECT = 2.0

#: The strengths to choose from, in the same measure: from "the name says nothing" to "as much as where it is alone".
EFFECTS = (0.0, 0.5, 1.0, 2.0)

#: The share of images that are believed to have a tag of which no image is known.
SHARE = 0.05

#: With fewer other images nothing can be said about how far an image must stand out.
MIN_OTHERS = 10

#: Directions shorter than this are nothing but rounding: the name says no more than "something" does.
_SHORTEST = 1e-6

#: A spread that is smaller is that of copies of one image; the reciprocal is the largest length of a model's weights.
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, eq=False)
class TextPrior:
    """The directions that the names of tags give; ``without`` are the tags that have none, each with the reason."""

    directions: Mapping[str, Floats]
    without: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, tags: Iterable[str], embed_texts: EmbedTexts) -> TextPrior:
        """Ask for one tag after the other, so that its direction is the same to the last bit whatever the others are.

        Raises whatever ``embed_texts`` raises.
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
        """(D,) float64 of length 1, towards images of the tag; ``None`` where its name gives no direction."""
        return self.directions.get(tag)

    def why_without(self, tag: str) -> str:
        """Why the name of a tag gives no direction, as the end of a sentence about the tag."""
        return dict(self.without).get(tag, "its name was not asked for a direction")


def text_direction(prompts: ArrayLike, neutral: ArrayLike) -> Optional[Floats]:
    """The direction in which a tag's sentences differ from sentences about anything.

    Texts and images lie in two separate narrow cones of their common space (Liang et al. 2022, "Mind the gap", on the
    modality gap). The embedding of a sentence is mostly the middle of its cone, which tells nothing about images; what
    it has beyond that can be added to weights of images, and the intercept does the rest. The middle is not taken from
    the other tags: then a further tag would change the models of all.

    Parameters
    ----------
    prompts, neutral:
        (P, D) and (Q, D), embeddings of the sentences about the tag and about anything, of any length.

    Returns
    -------
    (D,) float64 of length 1; ``None`` where the two do not differ.
    """
    direction = _middle(prompts) - _middle(neutral)
    length = float(np.linalg.norm(direction))
    return direction / length if length > _SHORTEST else None


def _middle(embeddings: ArrayLike) -> Floats:
    """The unit mean (D,) of unit embeddings, as Radford et al. ensemble prompts."""
    mean = unit_rows(np.asarray(embeddings, dtype=np.float64)).mean(axis=0)
    return np.asarray(unit_rows(mean[np.newaxis])[0])


def strengths_for(others: Floats, direction: Floats, effects: Sequence[float] = EFFECTS) -> list[float]:
    """The strengths t that move an image by so many standard deviations of the others, for :func:`fit_with_prior`.

    In this measure they mean the same for every encoder, whatever the spread of its embeddings. ``others`` are unit
    rows (m, D). Raises TrainingError where there are fewer than ``MIN_OTHERS``.
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
    """The linear models of one tag under a belief of each of the strengths: coefficients (D,) and intercept.

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
        The t of the belief, from :func:`strengths_for`.
    c:
        How far a model may move from the belief, and from 0 where there is none.
    weights:
        (n,), how many images each one stands for; 1 where nothing is said.

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
    """The linear model of a tag of which there is no image, only its name and images without it.

    CLIP multiplies cosines by 100 for a softmax over classes. Here each tag is asked alone, and a cosine says nothing
    before it is known what images without the tag have; so the scale comes from them. Along the direction they are
    taken for Gaussian, with median and spread as measured; images of the tag for the same Gaussian, ``EFFECT`` spreads
    further. The log-odds of two Gaussians of one width are linear in x (Bishop 2006, section 4.2.1):

        logit p(tag | x) = EFFECT (x . v - median) / spread - EFFECT^2 / 2 + log(share / (1 - share)).

    At the default share of 5 %, half a chance is where one in 140 of the others lies. Both figures are assumptions, so
    such probabilities order images and are not calibrated.

    Parameters
    ----------
    direction:
        (D,) of length 1, from :func:`text_direction`.
    others:
        (m, D) float64, unit rows of images without the tag, ``MIN_OTHERS`` or more. Some may have it after all: the
        median and the median deviation do not mind a few.
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
    """The middle of the others along the direction and their standard deviation, both safe from outliers."""
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
