"""What one tag learns: its two models, and what is told of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from image_tagging.datasets.splits import Splitter
from image_tagging.datasets.tagged_embeddings import OTHER_TRAINING, gather
from image_tagging.errors import TrainingError
from image_tagging.records import EncoderSpec, ImportedEmbedding
from image_tagging.tag_models import LOGISTIC_REGRESSION, kind_names
from image_tagging.tag_models.estimator_arrays import scorer_of
from image_tagging.tag_models.models import TagModel
from image_tagging.training import learner
from image_tagging.training.evaluation.thresholds import parse_aim
from image_tagging.training.learner import TagLearner
from image_tagging.training.text_prior.prior import TextPrior
from labelled import tag_lists

DIM = 16
ENCODER = EncoderSpec("builtin", "test", DIM, "")


def data_set(lists, count=120, seed=0):
    """Clouds of embeddings, one for each thirty images; ``lists`` are rows by tag."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, DIM)) + 2 * np.repeat(random.normal(size=(count // 30, DIM)), 30, axis=0)
    brought = (ImportedEmbedding(str(n), f"/{n}.png", vector.astype(np.float32)) for n, vector in enumerate(vectors))
    return gather(brought, tag_lists({tag: [str(row) for row in rows] for tag, rows in lists.items()}))


def learned(data, tag, *, aim="balanced", test_share=0.2, prior=None):
    split = Splitter(data, test_share=test_share, seed=0).split(tag)
    models = TagLearner(data, ENCODER, seed=0, aim=parse_aim(aim), prior=prior).learn(tag, split)
    return split, dict(zip(kind_names(), models))


def same(one, other):
    arrays = [vars(scorer_of(model.estimator)) for model in (one, other)]
    return all(np.array_equal(arrays[0][name], arrays[1][name]) for name in arrays[0])


LISTS = {"cat": range(30), "dog": range(30, 60)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", kind_names())
def test_what_is_told_of_a_model_fits_together_and_is_json(kind):
    split, models = learned(data_set(LISTS), "cat")
    model = models[kind]
    assert model.entry["threshold"] == model.report.threshold
    assert (model.entry["images"], model.entry["others"]) == (split.is_tag.sum(), (~split.is_tag).sum())
    assert model.entry["average_precision"] == model.card["cross_validation"]["average_precision"] > 0.8
    assert model.entry["average_precision"] == model.report.average_precision
    assert model.entry["pictures"] == model.report.tag_images == 30
    assert model.card["threshold_for"] == "balanced"
    json.dumps([model.entry, model.card], allow_nan=False)


@pytest.mark.slow
def test_what_is_looked_at_was_learned_from_and_never_held_back():
    split, models = learned(data_set(LISTS), "cat")
    rows = {row for model in models.values() for looks in model.examples.values() for row, _ in looks}
    assert rows <= set(split.training.tolist())
    assert not rows & set(split.validation.tolist())


@pytest.mark.slow
def test_images_held_out_in_parts_change_no_model(monkeypatch):
    data = data_set(LISTS)
    split, whole = learned(data, "cat")
    monkeypatch.setattr(learner, "_MEASURED", 5)
    assert len(split.validation) > 5
    _, in_parts = learned(data, "cat")
    for kind, model in whole.items():
        x = data.embeddings.astype(np.float64)
        one, other = (each.estimator.predict_proba(x)[:, 0] for each in (model, in_parts[kind]))
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", kind_names())
def test_a_further_tag_of_the_same_images_changes_nothing(kind):
    _, before = learned(data_set(LISTS), "cat")
    _, after = learned(data_set({**LISTS, "more": range(20, 50), "bird": range(90, 120)}), "cat")
    assert same(before[kind], after[kind])
    assert before[kind].report == after[kind].report


@pytest.mark.slow
@pytest.mark.parametrize("kind", kind_names())
def test_held_back_images_have_no_part_in_a_model(kind):
    """Not even as part of the space that all images span."""
    data = data_set(LISTS)
    split, models = learned(data, "cat")
    data.embeddings[split.validation] += np.random.default_rng(1).normal(size=(len(split.validation), DIM))
    again = TagLearner(data, ENCODER, seed=0, aim=parse_aim("balanced")).learn("cat", split)
    one, other = (scorer_of(model.estimator) for model in (models[kind], dict(zip(kind_names(), again))[kind]))
    for name, value in vars(one).items():
        np.testing.assert_allclose(np.asarray(vars(other)[name], float), np.asarray(value, float), atol=1e-6)


@pytest.mark.parametrize("kind", kind_names())
def test_a_tag_of_one_image_is_learned_without_figures(kind):
    _, models = learned(data_set({**LISTS, "rare": [5]}), "rare")
    model = models[kind]
    assert model.entry["warnings"] == ["1 image", "not calibrated: too few images to hold some out"]
    assert model.entry["average_precision"] is None
    assert model.examples == {"hits": [], "misses": [], "label_errors": []}
    json.dumps(model.entry, allow_nan=False)


def tagged_share(data, model, rows):
    probabilities = model.estimator.predict_proba(data.embeddings[rows])[:, 0]
    return float((probabilities >= model.report.threshold).mean())


@pytest.mark.parametrize("aim", ["balanced", "f1", "recall=0.9", "precision=0.9"])
@pytest.mark.parametrize("rows", [[5], [5, 17], [5, 95]], ids=["one", "two alike", "two unlike"])
def test_a_tag_of_one_or_two_images_takes_none_of_the_others(rows, aim):
    data = data_set({**LISTS, "rare": rows})
    split, models = learned(data, "rare", aim=aim)
    for model in models.values():
        assert model.card["threshold_for"] == "reject-others"
        assert tagged_share(data, model, split.training[~split.is_tag]) == 0


@pytest.mark.parametrize("kind", kind_names())
def test_the_only_image_of_a_tag_has_it(kind):
    data = data_set({**LISTS, "rare": [95]})
    _, models = learned(data, "rare")
    assert tagged_share(data, models[kind], np.array([95])) == 1


def test_a_tag_of_few_images_takes_few_images_that_nobody_showed_it():
    data = data_set({"cat": range(30), "rare": [5]}, count=240)
    _, models = learned(data, "rare")
    for model in models.values():
        assert tagged_share(data, model, np.arange(60, 240)) < 0.1


@pytest.mark.parametrize("others", [[95], [95, 65]], ids=["one other", "two others"])
def test_a_large_tag_keeps_its_own_next_to_one_or_two_others(others):
    data = data_set({"common": range(30), "other": others})
    split, models = learned(data, "common")
    for model in models.values():
        assert tagged_share(data, model, split.training[split.is_tag]) == 1
        assert tagged_share(data, model, np.array(others)) == 0


def test_a_tag_of_few_images_is_told_of():
    _, models = learned(data_set({**LISTS, "rare": range(6)}), "rare")
    assert [model.entry["warnings"] for model in models.values()] == [["6 images"]] * 2


@pytest.mark.slow
def test_other_tags_are_asked_though_nothing_was_learned_from_them():
    data = data_set({"cat": range(20), "kitten": range(20, 30), OTHER_TRAINING: range(60, 120)})
    _, models = learned(data, "cat")
    for model in models.values():
        (told,) = model.entry["confused_with"]
        assert (told["tag"], told["images"]) == ("kitten", 10)
        assert told["above_threshold"] >= 8


@pytest.mark.slow
def test_the_aim_decides_the_threshold():
    data = data_set(LISTS)
    thresholds = [
        learned(data, "cat", aim=aim)[1][LOGISTIC_REGRESSION.name].report.threshold for aim in ("balanced", "recall=1")
    ]
    assert thresholds[0] != thresholds[1]
    assert all(0 <= threshold <= 1 for threshold in thresholds)


@pytest.mark.slow
def test_the_name_of_a_tag_reaches_its_model():
    """A direction in which nothing else points, given by the name, and images that lie there."""
    random = np.random.default_rng(3)
    direction = np.linalg.qr(random.normal(size=(DIM, 1)))[0][:, 0]
    vectors = random.normal(size=(212, DIM)) + 2.0
    vectors[:12] += 2.0 * direction
    brought = (ImportedEmbedding(str(n), f"/{n}.png", vector.astype(np.float32)) for n, vector in enumerate(vectors))
    data = gather(brought, tag_lists({"cat": [str(n) for n in range(12)]}))
    recipes = [
        learned(data, "cat", test_share=0, prior=prior)[1][LOGISTIC_REGRESSION.name].card["recipe"]
        for prior in (TextPrior({"cat": direction}), TextPrior({}), None)
    ]
    assert "its name believed by" in recipes[0]
    assert recipes[1] == recipes[2]
    assert "name" not in recipes[1]


DIRECTION = np.eye(DIM)[0]


@pytest.mark.parametrize("kind", kind_names())
@pytest.mark.parametrize("aim", ["balanced", "precision=0.9"])
def test_a_tag_without_an_image_is_learned_from_its_name_and_told_of(kind, aim):
    data = data_set({**LISTS, "lighthouse": []})
    _, models = learned(data, "lighthouse", aim=aim, prior=TextPrior({"lighthouse": DIRECTION}))
    model = models[kind]
    scores = TagModel("lighthouse", kind, ENCODER, scorer_of(model.estimator)).probabilities(data.embeddings)
    along = data.embeddings @ DIRECTION / np.linalg.norm(data.embeddings, axis=1)
    np.testing.assert_array_equal(np.argsort(scores, kind="stable"), np.argsort(along, kind="stable"))
    assert model.entry["warnings"] == ["0 images", "not calibrated: learned from its name alone"]
    assert model.report.marks == ("no image of the tag", "not calibrated: learned from its name alone")
    assert (model.entry["images"], model.entry["others"], model.entry["average_precision"]) == (0, 120, None)
    assert model.card["recipe"] == "its name alone, believed by 2"
    assert (model.report.threshold, model.card["threshold_for"]) == (0.5, None)
    assert model.examples == {"hits": [], "misses": [], "label_errors": []}
    json.dumps([model.entry, model.card], allow_nan=False)


@pytest.mark.parametrize(
    ("encoder", "prior", "why"),
    [
        ("builtin", None, "it has no image with an embedding"),
        ("ViT-B-32", None, "it has no image with an embedding; --prior=text can learn it from its name alone"),
        ("ViT-B-32", TextPrior({}, (("bare", "it is odd"),)), "it has no image with an embedding, and it is odd"),
    ],
)
def test_a_tag_with_neither_image_nor_name_is_refused_and_what_would_help_is_said(encoder, prior, why):
    data = data_set({**LISTS, "bare": []})
    learner = TagLearner(data, EncoderSpec(encoder, "test", DIM, ""), seed=0, aim=parse_aim("f1"), prior=prior)
    with pytest.raises(TrainingError) as raised:
        learner.learn("bare", Splitter(data, test_share=0.2, seed=0).split("bare"))
    assert str(raised.value) == why


def test_that_a_model_is_not_calibrated_is_in_its_report():
    _, models = learned(data_set({**LISTS, "rare": [5]}), "rare")
    for model in models.values():
        assert model.report.marks[-1] == "not calibrated: too few images to hold some out"


def test_a_tag_of_everything_is_refused():
    with pytest.raises(TrainingError, match="no image without the tag"):
        learned(data_set({"all": range(120)}), "all")


@pytest.mark.parametrize("kind", kind_names())
def test_models_score_as_their_estimators_do(kind):
    data = data_set(LISTS)
    _, models = learned(data, "cat")
    estimator = models[kind].estimator
    scores = TagModel("cat", kind, ENCODER, scorer_of(estimator)).probabilities(data.embeddings)
    np.testing.assert_allclose(scores, estimator.predict_proba(data.embeddings.astype(np.float64))[:, 0], atol=1e-9)
