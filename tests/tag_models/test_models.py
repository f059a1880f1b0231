"""Fitting, and the scorers against scikit-learn's own probabilities."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from image_tagging.errors import EncoderError, EncoderMismatchError, ModelError, NoModelsError
from image_tagging.records import EncoderSpec
from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM, kind_names
from image_tagging.tag_models.estimator_arrays import scorer_of
from image_tagging.tag_models.models import TagModel, TagModels
from image_tagging.tag_models.scorers import LinearScorer, RbfScorer, margins
from image_tagging.training.fitting.fit import fit_models
from labelled import DIM, examples


@cache
def fitted(**changes):
    """The estimators of both kinds, by kind; fitted once for all tests, and not to be changed."""
    return {kind: fit.estimator for kind, fit in fit_models(*examples(**changes), seed=0).items()}


def tag_model(kind=LOGISTIC_REGRESSION.name, tag="cat", encoder=None, **changes):
    return TagModel(tag, kind, encoder, scorer_of(fitted(**changes)[kind]))


@pytest.mark.parametrize("kind", kind_names())
@pytest.mark.parametrize(
    ("positives", "negatives"), [(30, 50), (1, 40), (2, 40), (3, 40), (40, 1), (40, 2), (1, 1), (2, 2)]
)
def test_scorers_equal_scikit_learn(kind, positives, negatives):
    estimator = fitted(positives=positives, negatives=negatives)[kind]
    fresh = examples(60, 60, seed=9)[0].astype(np.float64)
    expected = estimator.predict_proba(fresh)
    assert estimator.classes_.tolist() == [0, 1]
    assert np.abs(TagModel("t", kind, None, scorer_of(estimator)).probabilities(fresh) - expected[:, 0]).max() < 1e-6


@pytest.mark.parametrize("kind", kind_names())
def test_float32_embeddings_score_as_their_float64_values(kind):
    x, _ = examples()
    estimator = fitted()[kind]
    ours = TagModel("t", kind, None, scorer_of(estimator)).probabilities(x)
    assert np.abs(ours - estimator.predict_proba(x)[:, 0]).max() < 1e-5


@pytest.mark.parametrize("kind", kind_names())
@pytest.mark.parametrize("scale", [0.01, 1.0, 1000.0])
def test_the_tag_scores_above_others_at_any_scale(kind, scale):
    x, is_tag = examples(scale=scale)
    p = tag_model(kind, scale=scale).probabilities(x)
    assert p[is_tag].mean() > p[~is_tag].mean() + 0.2


def mixed_models():
    """Both kinds, four tags, and a machine of libsvm's own calibration on raw vectors; in no special order."""
    models = [tag_model(kind, f"{kind} {seed}", seed=seed) for seed in range(4) for kind in kind_names()]
    x, _ = examples(seed=1)
    raw = x[:9].astype(np.float64)
    for gamma in (0.002, 0.003):
        scorer = RbfScorer(raw, np.linspace(-1, 1, 9), 0.1, gamma, -1.7, 0.2, normalise=False, coupled=True)
        models.append(TagModel(f"raw {gamma}", SVM.name, None, scorer))
    models.append(TagModel("raw linear", LOGISTIC_REGRESSION.name, None, LinearScorer(np.ones(DIM), -40.0, False)))
    return models


def test_columns_are_in_the_order_of_the_names():
    models = mixed_models()
    together = TagModels(models)
    x, _ = examples(seed=7)
    assert together.names == [(model.kind, model.tag) for model in models]
    assert len(together) == len(models)
    for column, model in enumerate(models):
        assert np.abs(together.probabilities(x)[:, column] - model.probabilities(x)).max() < 1e-12


def test_rows_do_not_depend_on_their_neighbours_or_on_chunks(monkeypatch):
    models = mixed_models()
    x, _ = examples(seed=7)
    whole = TagModels(models).probabilities(x)
    alone = np.concatenate([TagModels(models).probabilities(x[i : i + 1]) for i in range(len(x))])
    monkeypatch.setattr(margins, "_CHUNK", 7)
    chunked = TagModels(models).probabilities(x)
    assert np.abs(whole - alone).max() < 1e-12
    assert np.abs(whole - chunked).max() < 1e-12


def test_no_rows_and_zero_rows():
    together = TagModels(mixed_models())
    assert together.probabilities(np.empty((0, DIM))).shape == (0, len(together))
    assert np.isfinite(together.probabilities(np.zeros((2, DIM)))).all()


def test_extreme_margins_stay_probabilities():
    model = TagModel("t", LOGISTIC_REGRESSION.name, None, LinearScorer(np.full(DIM, 1e6), 0.0, False))
    p = model.probabilities(np.array([[1e30] * DIM, [-1e30] * DIM, [-1e-5] * DIM]))
    assert p[0] == 1
    assert p[1] == 0
    assert 0 < p[2] < 1e-100


@pytest.mark.parametrize("shape", [(3, DIM + 1), (DIM,), (3, 0), (2, 2, DIM)])
def test_embeddings_of_another_shape_are_refused(shape):
    with pytest.raises(EncoderMismatchError, match=rf"\(N, {DIM}\)"):
        tag_model().probabilities(np.ones(shape))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39])
def test_rows_that_hold_no_number_are_named(bad):
    x = np.ones((5, DIM))
    x[[1, 3], 2] = bad
    with pytest.raises(EncoderError, match="rows 1, 3 of 5"):
        tag_model().probabilities(x)


CLIP = EncoderSpec("ViT-B-32", "openai", DIM, "clip-224")


def test_the_common_encoder():
    unknown = tag_model()
    known = tag_model(encoder=CLIP)
    assert TagModels([unknown]).encoder is None
    assert TagModels([unknown, known]).encoder == CLIP
    assert TagModels([known]).dim == DIM


def test_encoders_do_not_mix():
    other = EncoderSpec("ViT-B-32", "laion2b", DIM, "clip-224")
    models = [tag_model(encoder=CLIP), tag_model(tag="dog", encoder=other)]
    with pytest.raises(EncoderMismatchError, match=r"ViT-B-32/openai.*dog.*ViT-B-32/laion2b"):
        TagModels(models)
    narrow = TagModel("x", SVM.name, None, LinearScorer(np.ones(3), 0.0, True), file="models/x.pkl")
    with pytest.raises(EncoderMismatchError, match=r"models/x\.pkl"):
        TagModels([tag_model(), narrow])


def test_no_model_is_an_error():
    with pytest.raises(NoModelsError):
        TagModels([])


@pytest.mark.parametrize(
    "estimator",
    [
        SimpleNamespace(),
        type("LogisticRegression", (), {})(),
        type("SVC", (), {"__init__": lambda self: setattr(self, "classes_", np.array([0, 1]))})(),
    ],
)
def test_what_is_no_tag_model_has_no_scorer(estimator):
    with pytest.raises(ModelError):
        scorer_of(estimator)


def test_classes_the_other_way_round_are_refused():
    x, is_tag = examples()
    estimator = fit_models(x, is_tag, seed=0)[LOGISTIC_REGRESSION.name].estimator
    estimator[-1].classes_ = np.array([1, 0])
    with pytest.raises(ModelError, match="classes"):
        scorer_of(estimator)
