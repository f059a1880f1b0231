"""A third kind of tag model, nearest class mean, lives in this module alone, and every stage and report has it.

Of two classes that are spheres of one width, the log-odds of an image are the difference of its squared distances to
the two means, in units of that width: scikit-learn's ``GaussianNB`` with one variance.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import joblib
import numpy as np
import pytest

from image_tagging import (
    ClassifyConfig,
    ProcessConfig,
    TrainConfig,
    classify_images,
    list_models,
    load_tag_models,
    process_dataset,
    train_tag_models,
)
from image_tagging.cli import main
from image_tagging.cli.summaries import show_train
from image_tagging.errors import ModelError, NoImagesError, UnsafeModelError
from image_tagging.tag_models import Kind, register_kind, scorer_of, sigmoid, unregister_kind
from image_tagging.tag_models.estimator_state import float_array, number
from image_tagging.training import Method, register_method, unregister_method
from image_tagging.training.fitting.estimators import behind_unit_length

# How it scores.


@dataclass(frozen=True, eq=False)
class MeansScorer:
    """Probability of the tag by the means (2, D) of the tag and of the others."""

    means: np.ndarray
    slope: float
    offset: float
    normalise: bool

    def __post_init__(self):
        if self.means.shape[:1] != (2,) or not np.isfinite(self.means).all():
            raise ModelError("its means are not two rows of numbers")

    @property
    def dim(self):
        return self.means.shape[1]

    @staticmethod
    def stack(scorers):
        return MeansStack(scorers)


class MeansStack:
    """All means are one matrix product."""

    def __init__(self, scorers: Sequence[MeansScorer]):
        self.means = np.concatenate([scorer.means for scorer in scorers])
        self.slopes = np.array([scorer.slope for scorer in scorers])
        self.offsets = np.array([scorer.offset for scorer in scorers])

    def probabilities(self, x):
        nearness = x @ self.means.T - (self.means**2).sum(axis=1) / 2
        return sigmoid(self.slopes * (nearness[:, ::2] - nearness[:, 1::2]) + self.offsets)


# How it is read.


def read_means(state, normalise):
    variances, share = float_array(state["var_"]), float_array(state["class_prior_"])
    if variances.min() != variances.max():
        raise ModelError("its classes have more than one width")
    offset = np.log(share[0] / share[1])
    return MeansScorer(float_array(state["theta_"]), 1 / number(variances[0, :1]), number(offset), normalise)


NEAREST_MEAN = Kind(
    name="nearest-mean",
    description="a nearest class mean",
    title="Nearest class mean",
    short_title="Mean",
    abbreviation="ncm",
    readers={"GaussianNB": read_means},
)


# How it is learned.


@dataclass(frozen=True)
class MeansRecipe:
    """The means of both classes; each moves towards the mean of all by a share ``shrunk``."""

    shrunk: float

    def __str__(self):
        return f"class means, shrunk by {self.shrunk:g}"

    def fit(self, images):
        x, is_tag = images.examples.x, images.examples.is_tag
        means = np.stack([x[is_tag].mean(axis=0), x[~is_tag].mean(axis=0)])
        return FittedMeans(means + self.shrunk * (x.mean(axis=0) - means))


@dataclass(frozen=True, eq=False)
class FittedMeans:
    means: np.ndarray

    def margins(self, fold):
        nearness = fold.x @ self.means.T - (self.means**2).sum(axis=1) / 2
        return nearness[:, 0] - nearness[:, 1]

    def estimator(self, sigmoid_of_margins):
        from sklearn.naive_bayes import GaussianNB

        share = float(sigmoid(np.array(sigmoid_of_margins.offset)))
        model = GaussianNB()
        model.classes_, model.n_features_in_ = np.array([0, 1]), self.means.shape[1]
        model.theta_, model.var_ = self.means, np.full_like(self.means, 1 / sigmoid_of_margins.slope)
        model.class_prior_ = np.array([share, 1 - share])
        return behind_unit_length(model)


LEARNED = Method(NEAREST_MEAN, lambda examples: (MeansRecipe(0.0), MeansRecipe(0.2)))


@dataclass(frozen=True)
class Run:
    """What both stages wrote, and said at the end."""

    output: object
    training: object
    classification: object

    @property
    def model(self):
        return self.output / "models" / "model-nearest-mean-tag-tiles.pkl"


@pytest.fixture(scope="module")
def run(trained, tmp_path_factory):
    """Stages 2 and 3 with the third kind, which is gone when the module ends; the shared data was trained without."""
    output = tmp_path_factory.mktemp("third")
    register_kind(NEAREST_MEAN)
    register_method(LEARNED)
    training = train_tag_models(
        TrainConfig(metadata_json=str(trained.metadata), tag_to_hash_json=str(trained.tag_lists), output=str(output))
    )
    classification = classify_images(
        ClassifyConfig(
            directory=str(trained.images),
            metadata_json=str(trained.metadata),
            output=str(output),
            model=str(output / "models"),
        )
    )
    yield Run(output, training, classification)
    unregister_method(LEARNED)
    unregister_kind(NEAREST_MEAN)


def test_it_is_trained_for_every_tag_after_the_other_two(run):
    kinds = ["ovr-logistic-regression", "ovr-svm", "nearest-mean"]
    reports = [(report.tag, report.kind) for report in run.training.reports]
    assert reports == [(tag, kind) for tag in ("isometric", "sprites", "tiles") for kind in kinds]


def test_it_is_saved_with_a_card_and_anyone_can_load_it(run, trained):
    card = json.loads(run.model.with_suffix(".json").read_text(encoding="utf-8"))
    assert (card["kind"], card["tag"]) == ("nearest-mean", "tiles")
    assert card["recipe"].startswith("class means, shrunk by ")
    assert card["cross_validation"]["average_precision"] > 0.5
    (model,) = load_tag_models(str(run.model)).models
    x = np.random.default_rng(0).normal(size=(20, model.dim))
    np.testing.assert_allclose(model.probabilities(x), joblib.load(run.model).predict_proba(x)[:, 0], atol=1e-9)


def test_all_kinds_score_together_as_they_do_alone(run):
    models = load_tag_models(str(run.output / "models"))
    x = np.random.default_rng(0).normal(size=(20, models.dim))
    together = models.probabilities(x)
    for column, model in enumerate(models.models):
        np.testing.assert_allclose(together[:, column], model.probabilities(x), atol=1e-12)


def test_it_is_listed_and_explained(run, capsys):
    list_models(str(run.output / "models"))
    assert "model-type = nearest-mean, tag= tiles\n" in capsys.readouterr().out
    assert main(["models", str(run.output / "models")]) == 0
    assert "9 models of 3 tags" in capsys.readouterr().out
    assert main(["models", str(run.model)]) == 0
    shown = capsys.readouterr().out
    assert "images of the tag tiles; it is a nearest class mean (nearest-mean)" in shown
    assert "class means, shrunk by" in shown


def test_it_is_among_the_kinds_of_the_summary_of_training(run, capsys):
    show_train(run.training)
    shown = capsys.readouterr().out
    assert "lr: ovr-logistic-regression, svm: ovr-svm, ncm: nearest-mean" in shown
    assert "3 tags, 24 pictures" in shown


def test_its_scores_are_in_the_results(run):
    results = json.loads((run.output / "output.json").read_text(encoding="utf-8"))
    assert len(results) == 24
    for picture in results.values():
        scores = [score["tag_name"] for score in picture["classifiers_output"] if score["model_type"] == "nearest-mean"]
        assert scores == ["isometric", "sprites", "tiles"]
    with closing(sqlite3.connect(run.output / "stage3.db")) as table:
        ((rows,),) = table.execute("SELECT count(*) FROM stage3 WHERE model_type = 'nearest-mean'")
    assert rows == 24 * 3
    assert len(run.classification.models) == 9


def test_it_places_images_in_bins_that_are_no_input_of_a_later_run(run, tmp_path):
    for tag in ("isometric", "sprites", "tiles"):
        assert len(list((run.output / "nearest-mean" / tag).glob("*/*.png"))) == 24
    with pytest.raises(NoImagesError, match="3 folders of earlier results"):
        process_dataset(ProcessConfig(input_folder=str(run.output), output_folder=str(tmp_path), clip_model="builtin"))


def test_it_is_in_every_report(run):
    reports = run.output / "reports"
    text = (reports / "model-report-nearest-mean-tag-tiles.txt").read_text(encoding="utf-8")
    assert text.startswith("model: nearest-mean\n")
    entries = json.loads((reports / "reports.json").read_text(encoding="utf-8"))["models"]
    assert [entry["tag"] for entry in entries if entry["kind"] == "nearest-mean"] == ["isometric", "sprites", "tiles"]
    page = (reports / "index.html").read_text(encoding="utf-8")
    assert page.count('<td class="kind" title="Nearest class mean">Mean</td>') == 3
    assert '["nearest-mean","Nearest class mean","Mean"]' in page


def test_a_damaged_file_of_it_is_refused(run):
    estimator = joblib.load(run.model)
    estimator["model"].theta_[0, 0] = np.nan
    with pytest.raises(ModelError, match="its means are not two rows of numbers"):
        scorer_of(estimator)
    del estimator["model"].var_
    with pytest.raises(ModelError, match="lacks what a trained tag model has"):
        scorer_of(estimator)


def test_its_files_are_refused_where_nobody_registered_it(run):
    unregister_kind(NEAREST_MEAN)
    try:
        with pytest.raises(UnsafeModelError, match="GaussianNB"):
            load_tag_models(str(run.model))
    finally:
        register_kind(NEAREST_MEAN)
