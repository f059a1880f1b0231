"""What names of tags add to linear models of images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from image_tagging.errors import TrainingError
from image_tagging.training.text_prior.prior import (
    EFFECT,
    MIN_OTHERS,
    SHARE,
    TextPrior,
    fit_with_prior,
    strengths_for,
    text_direction,
    zero_shot,
)
from image_tagging.training.text_prior.prompts import neutral_prompts, prompts_of

DIM = 24


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


class Space:
    """A space like CLIP's: images and texts lie in two cones, and what a word means moves both the same way."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self.image_cone, self.text_cone = unit(random.normal(size=(2, DIM)))
        self.cat = unit(random.normal(size=DIM))
        self.asked: list[tuple[str, ...]] = []

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.append(tuple(texts))
        rows = []
        for text in texts:
            noise = np.random.default_rng([ord(char) for char in text]).normal(size=DIM)
            rows.append(self.text_cone + 0.3 * self.cat * ("cat" in text) + 0.02 * noise)
        return (7 * np.array(rows)).astype(np.float32)

    def images(self, count: int, cats: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        noise = np.random.default_rng(seed).normal(size=(count, DIM))
        is_cat = np.arange(count) < cats
        return unit(self.image_cone + 0.15 * noise + 0.3 * is_cat[:, np.newaxis] * self.cat), is_cat


@pytest.fixture
def space() -> Space:
    return Space()


@pytest.fixture
def direction(space: Space) -> np.ndarray:
    found = TextPrior.of(["cat"], space.embed_texts).direction_of("cat")
    assert found is not None
    return found


def ranked_rightly(scores: np.ndarray, is_tag: np.ndarray) -> float:
    """The share of pairs in the right order (the area under the ROC curve)."""
    return float((scores[is_tag][:, np.newaxis] > scores[~is_tag]).mean())


def test_a_direction_is_what_a_name_means_and_not_where_texts_lie(space: Space, direction: np.ndarray) -> None:
    assert direction.shape == (DIM,)
    assert direction.dtype == np.float64
    assert np.linalg.norm(direction) == pytest.approx(1)
    along = space.cat - (space.cat @ space.text_cone) * space.text_cone
    assert direction @ unit(along) > 0.95
    assert abs(direction @ space.text_cone) < 0.3
    plain = unit(space.embed_texts(prompts_of("cat")).mean(axis=0))
    assert plain @ space.text_cone > 0.9  # with nothing taken from it, it is mostly that


def test_a_direction_does_not_depend_on_lengths_or_on_the_order_of_sentences(space: Space) -> None:
    prompts, neutral = space.embed_texts(prompts_of("cat")), space.embed_texts(neutral_prompts())
    lengths = np.random.default_rng(0).uniform(0.1, 10, (len(prompts), 1))
    np.testing.assert_allclose(
        text_direction(prompts[::-1] * lengths, neutral), text_direction(prompts, neutral), atol=1e-6
    )


def test_a_further_tag_changes_no_direction_to_the_last_bit(space: Space, direction: np.ndarray) -> None:
    with_others = TextPrior.of(["dog", "cat", "not-cat", "a much longer name than that"], space.embed_texts)
    np.testing.assert_array_equal(with_others.direction_of("cat"), direction)


def test_names_without_a_sentence_have_no_direction_and_are_told(space: Space) -> None:
    prior = TextPrior.of(["not-cat", "cat", "123"], space.embed_texts)
    assert prior.direction_of("not-cat") is None
    assert prior.direction_of("123") is None
    assert prior.direction_of("never heard of") is None
    assert [tag for tag, _ in prior.without] == ["not-cat", "123"]
    assert "what images are not" in prior.why_without("not-cat")
    assert "not asked" in prior.why_without("never heard of")
    assert not any("not" in text.split() for texts in space.asked for text in texts)


def test_a_name_that_says_what_anything_says_has_no_direction() -> None:
    same = np.ones((3, DIM))
    assert text_direction(same, same) is None
    prior = TextPrior.of(["cat"], lambda texts: np.ones((len(texts), DIM), dtype=np.float32))
    assert [tag for tag, _ in prior.without] == ["cat"]


def test_at_strength_zero_a_model_is_that_of_scikit_learn(space: Space, direction: np.ndarray) -> None:
    x, is_cat = space.images(200, 10)
    weights = np.where(is_cat, 1.0, 3.0)
    ((coef, intercept),) = fit_with_prior(x, is_cat, direction, [0.0], 3.0, weights)
    theirs = LogisticRegression(C=3.0, tol=1e-10, max_iter=10_000).fit(x, is_cat, weights)
    np.testing.assert_allclose(coef, theirs.coef_[0], atol=1e-5)
    assert intercept == pytest.approx(theirs.intercept_[0], abs=1e-5)


@pytest.mark.parametrize("count", [DIM // 2, 5 * DIM])
def test_a_model_is_the_most_probable_one_under_the_belief(space: Space, direction: np.ndarray, count: int) -> None:
    x, is_cat = space.images(count, 3)
    y = np.where(is_cat, 1, -1)

    def objective(at: np.ndarray, t: float) -> float:
        off = at[:-1] - t * direction
        return float(np.logaddexp(0, -y * (x @ at[:-1] + at[-1])).sum() + off @ off / 6)

    for t, (coef, intercept) in zip((0.0, 4.0, 20.0), fit_with_prior(x, is_cat, direction, (0.0, 4.0, 20.0), 3.0)):
        best = minimize(objective, np.append(t * direction, 0.0), (t,), "BFGS", options={"gtol": 1e-8})
        assert objective(np.append(coef, intercept), t) <= best.fun + 1e-10
        np.testing.assert_allclose(np.append(coef, intercept), best.x, atol=1e-3)


def test_the_more_images_the_less_a_name_counts(space: Space, direction: np.ndarray) -> None:
    drift = []
    for times in (1, 10, 100):
        x, is_cat = space.images(40, 20)
        rows = np.tile(np.arange(40), times)
        (without, _), (under, _) = fit_with_prior(x[rows], is_cat[rows], direction, [0.0, 10.0], 3.0)
        drift.append(np.linalg.norm(under - without) / np.linalg.norm(without))
    assert drift[0] > drift[1] > drift[2]


def test_a_true_name_helps_a_tag_of_one_image(space: Space, direction: np.ndarray) -> None:
    unseen, is_cat = space.images(2000, 200, seed=99)
    gains = []
    for seed in range(10):
        x, tagged = space.images(60, 1, seed=seed)
        strengths = strengths_for(x[~tagged], direction)
        rights = [
            ranked_rightly(unseen @ coef, is_cat) for coef, _ in fit_with_prior(x, tagged, direction, strengths, 3.0)
        ]
        gains.append(rights[-1] - rights[0])
    assert np.mean(gains) > 0.05


def test_arrays_that_do_not_fit_are_refused(space: Space, direction: np.ndarray) -> None:
    x, is_cat = space.images(50, 3)
    for wrong in ((x[0], is_cat, direction), (x, is_cat[1:], direction), (x, is_cat, direction[1:])):
        with pytest.raises(TrainingError, match="do not fit"):
            fit_with_prior(*wrong, [0.0], 1.0)


def test_strengths_are_measured_by_the_spread_of_the_others(space: Space, direction: np.ndarray) -> None:
    others, _ = space.images(5000, 0)
    spread = np.std(others @ direction)
    assert strengths_for(others, direction, [0.0, 1.0, 2.0]) == pytest.approx([0, 1 / spread, 2 / spread], rel=0.05)


def test_a_tag_without_an_image_is_found_by_its_name(space: Space, direction: np.ndarray) -> None:
    others, _ = space.images(500, 0)
    coef, intercept = zero_shot(direction, others)
    unseen, is_cat = space.images(2000, 200, seed=1)
    assert ranked_rightly(unseen @ coef + intercept, is_cat) > 0.85


def test_the_scale_of_a_name_alone_is_the_one_that_is_stated(space: Space, direction: np.ndarray) -> None:
    others, _ = space.images(20_000, 0)
    coef, intercept = zero_shot(direction, others)
    margins = others @ coef + intercept
    assert np.std(margins) == pytest.approx(EFFECT, rel=0.05)
    assert np.mean(margins) == pytest.approx(np.log(SHARE / (1 - SHARE)) - EFFECT**2 / 2, abs=0.1)
    assert (margins > 0).mean() == pytest.approx(1 / 140, rel=0.3)
    likelier = zero_shot(direction, others, share=0.5)
    assert likelier[1] - intercept == pytest.approx(np.log(19))


def test_a_few_images_of_the_tag_among_the_others_move_little(space: Space, direction: np.ndarray) -> None:
    mixed, is_cat = space.images(1000, 30)
    coef, intercept = zero_shot(direction, mixed)
    clean, at = zero_shot(direction, mixed[~is_cat])
    np.testing.assert_allclose(coef, clean, rtol=0.1)
    assert intercept == pytest.approx(at, abs=0.5)


def test_too_few_others_say_nothing(space: Space, direction: np.ndarray) -> None:
    others, _ = space.images(MIN_OTHERS - 1, 0)
    for ask in (zero_shot, strengths_for):
        with pytest.raises(TrainingError, match=f"only {MIN_OTHERS - 1} images") as raised:
            ask(direction=direction, others=others)
        assert "\n" not in str(raised.value)


def test_copies_of_one_image_give_finite_weights(space: Space, direction: np.ndarray) -> None:
    others = np.repeat(space.images(1, 0)[0], 20, axis=0)
    coef, intercept = zero_shot(direction, others)
    assert np.isfinite(coef).all()
    assert np.isfinite(intercept)
