"""The recipe: what is fitted from labelled embeddings."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from image_tagging.errors import TrainingError
from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM, kind_names
from image_tagging.tag_models.estimator_arrays import scorer_of
from image_tagging.tag_models.models import TagModel
from image_tagging.tag_models.scorers import LinearScorer, sigmoid, unit_rows
from image_tagging.training.fitting import fit as fitting
from image_tagging.training.fitting.decorrelation import Moments
from image_tagging.training.fitting.fit import fit_models
from image_tagging.training.fitting.recipes import NAME_ALONE
from image_tagging.training.text_prior.prior import zero_shot
from labelled import DIM, examples


@pytest.mark.parametrize("kind", kind_names())
def test_one_image_of_the_tag_ranks_its_likes_first(kind):
    x, is_tag = examples(1, 40)
    p = TagModel("t", kind, None, scorer_of(fit_models(x, is_tag, seed=0)[kind].estimator)).probabilities(x)
    assert p.argmax() == 0


@pytest.mark.slow
@pytest.mark.parametrize("positives", [2, 3, 4])
@pytest.mark.parametrize("seed", range(6))
def test_a_machine_of_few_images_never_ranks_backwards(positives, seed):
    x, is_tag = examples(positives, 30, seed=seed)
    scorer = scorer_of(fit_models(x, is_tag, seed=seed)[SVM.name].estimator)
    assert isinstance(scorer, LinearScorer) or scorer.slope < 0  # the margin is that of class 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", kind_names())
def test_a_seed_decides_the_model(kind):
    x, is_tag = examples()
    one, two = (scorer_of(fit_models(x, is_tag, seed=5)[kind].estimator) for _ in range(2))
    assert all(np.array_equal(vars(one)[name], vars(two)[name]) for name in vars(one))


@pytest.mark.parametrize("kind", kind_names())
def test_equal_images_do_not_stop_a_fit(kind):
    x = np.ones((12, DIM), dtype=np.float32)
    p = TagModel("t", kind, None, scorer_of(fit_models(x, np.arange(12) < 5, seed=0)[kind].estimator)).probabilities(x)
    assert np.isfinite(p).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"is_tag": np.zeros(80, bool)}, "no image has the tag"),
        ({"is_tag": np.ones(80, bool)}, "every image has the tag"),
        ({"is_tag": np.ones(79, bool)}, "do not fit"),
        ({"embeddings": np.full((80, DIM), np.nan, np.float32)}, "no number"),
    ],
)
def test_what_cannot_be_learnt_is_said(change, says):
    x, is_tag = examples()
    with pytest.raises(TrainingError, match=says):
        fit_models(**{"embeddings": x, "is_tag": is_tag, "seed": 0, **change})


@pytest.mark.parametrize("every", [1, 3])
def test_rows_of_a_table_are_learned_from_as_if_they_were_alone(every):
    x, is_tag = examples()
    table = np.repeat(x, every, axis=0) * 2
    rows = np.arange(len(x)) * every
    moments = Moments.of(x)
    alone, among = fit_models(x, is_tag, moments=moments), fit_models(table, is_tag, moments=moments, rows=rows)
    for kind, model in alone.items():
        np.testing.assert_array_equal(model.rows, among[kind].rows)
        np.testing.assert_allclose(model.out_of_fold, among[kind].out_of_fold, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("kind", kind_names())
def test_a_sample_of_the_others_gives_the_probabilities_of_the_whole(kind):
    x, is_tag = examples(positives=60, negatives=3000)
    sample = np.flatnonzero(is_tag | (np.arange(len(is_tag)) % 10 == 0))
    whole = fit_models(x, is_tag)[kind].estimator
    plain = fit_models(x[sample], is_tag[sample])[kind].estimator
    weighted = fit_models(x[sample], is_tag[sample], weights=(1.0, 10.0))[kind].estimator
    expected, without, with_weights = (model.predict_proba(x)[:, 0].sum() for model in (whole, plain, weighted))
    assert abs(with_weights - expected) < 0.4 * abs(without - expected)


@pytest.mark.slow
@pytest.mark.parametrize("kind", kind_names())
def test_weights_of_one_change_nothing(kind):
    x, is_tag = examples()
    models = [fit_models(x, is_tag, **settings)[kind].estimator for settings in ({}, {"weights": (1.0, 1.0)})]
    np.testing.assert_array_equal(*(model.predict_proba(x) for model in models))


@pytest.mark.slow
def test_of_many_others_a_machine_learns_from_those_near_the_tag(monkeypatch):
    x, is_tag = examples(positives=30, negatives=3000)
    whole = fit_models(x, is_tag)[SVM.name].estimator
    monkeypatch.setattr(fitting, "MOST_LEARNED", 300)
    model = fit_models(x, is_tag)[SVM.name]
    assert len(model.rows) == 330
    bounded = model.estimator
    fresh, truth = examples(200, 4000, seed=9)
    fresh = fresh.astype(np.float64)
    p, expected = bounded.predict_proba(fresh)[:, 0], whole.predict_proba(fresh)[:, 0]
    assert average_precision_score(truth, p) > average_precision_score(truth, expected) - 0.01
    # The probabilities are those of all 3,000, though the machine met a tenth of them, and the hardest.
    assert p.mean() == pytest.approx(expected.mean(), rel=0.2)
    some = is_tag | (np.arange(len(x)) % 10 == 0)
    drawn_alone = fit_models(x[some], is_tag[some])[SVM.name].estimator
    assert drawn_alone.predict_proba(fresh)[:, 0].mean() > 2 * expected.mean()


@pytest.mark.slow
def test_of_many_images_of_a_tag_a_machine_learns_from_some(monkeypatch):
    x, is_tag = examples(positives=400, negatives=200)
    monkeypatch.setattr(fitting, "MOST_LEARNED", 200)
    bounded = fit_models(x, is_tag)[SVM.name]
    assert len(bounded.rows) == 400
    assert bounded.estimator.predict_proba(x.astype(np.float64))[:, 0].mean() == pytest.approx(is_tag.mean(), abs=0.05)


def named_cloud(positives, direction_is_right):
    """Few images of a tag among many, and a direction that a name might give: towards them, or elsewhere."""
    random = np.random.default_rng(3)
    towards, elsewhere = np.linalg.qr(random.normal(size=(DIM, 2)))[0].T
    is_tag = np.arange(positives + 200) < positives
    x = random.normal(size=(len(is_tag), DIM)) + 2.0
    x[is_tag] += 2.0 * towards
    return x.astype(np.float32), is_tag, towards if direction_is_right else elsewhere


@pytest.mark.slow
def test_the_name_of_a_tag_has_a_say_where_it_helps_and_none_where_it_misleads():
    x, is_tag, direction = named_cloud(12, direction_is_right=True)
    helped = fit_models(x, is_tag, direction=direction)[LOGISTIC_REGRESSION.name]
    assert helped.recipe.effect > 0
    fresh, truth, _ = named_cloud(150, direction_is_right=True)
    alone = fit_models(x, is_tag)[LOGISTIC_REGRESSION.name]
    scores = [
        average_precision_score(truth, model.estimator.predict_proba(fresh.astype(np.float64))[:, 0])
        for model in (helped, alone)
    ]
    assert scores[0] > scores[1]
    x, is_tag, direction = named_cloud(12, direction_is_right=False)
    assert fit_models(x, is_tag, direction=direction)[LOGISTIC_REGRESSION.name].recipe.effect == 0


@pytest.mark.parametrize("kind", kind_names())
def test_a_tag_without_an_image_has_the_model_of_its_name(kind):
    x, is_tag, direction = named_cloud(12, direction_is_right=True)
    others = x[~is_tag]
    model = fit_models(others, np.zeros(len(others), dtype=bool), direction=direction)[kind]
    assert model.recipe is NAME_ALONE
    assert "name alone" in model.warning
    assert len(model.rows) == len(model.out_of_fold) == len(model.weights) == 0
    assert model.estimator.classes_.tolist() == [0, 1]
    coef, intercept = zero_shot(direction, unit_rows(others.astype(np.float64)))
    expected = sigmoid(unit_rows(x.astype(np.float64)) @ coef + intercept)
    np.testing.assert_allclose(model.estimator.predict_proba(x.astype(np.float64))[:, 0], expected, atol=1e-12)
    np.testing.assert_allclose(TagModel("t", kind, None, scorer_of(model.estimator)).probabilities(x), expected)


def test_a_name_alone_takes_others_enough():
    x, _, direction = named_cloud(12, direction_is_right=True)
    with pytest.raises(TrainingError, match="only 9 images without the tag"):
        fit_models(x[:9], np.zeros(9, dtype=bool), direction=direction)


@pytest.mark.slow
def test_a_name_says_nothing_of_too_few_others():
    x, is_tag, direction = named_cloud(12, direction_is_right=True)
    few = np.arange(len(x)) < 22
    assert fit_models(x[few], is_tag[few], direction=direction)[LOGISTIC_REGRESSION.name].recipe.effect == 0
