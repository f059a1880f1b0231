"""Estimators told by their solutions: scikit-learn's own, as anyone loads them."""

from __future__ import annotations

import io
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC

from image_tagging.tag_models.estimator_arrays import scorer_of
from image_tagging.tag_models.models import TagModel
from image_tagging.tag_models.scorers import sigmoid, unit_rows
from image_tagging.training.fitting.calibration import Sigmoid
from image_tagging.training.fitting.estimators import linear_svm, logistic_regression, rbf_svm
from image_tagging.training.fitting.linear import Linear
from image_tagging.training.fitting.svm import fit_kernel_svm, squared_distances

RANDOM = np.random.default_rng(0)
IS_TAG = np.arange(60) < 20
X = RANDOM.normal(size=(60, 5)) * 7 + np.where(IS_TAG, 15.0, 0.0)[:, np.newaxis] * np.eye(5)[0]
UNIT = unit_rows(X)
LINEAR = Linear(RANDOM.normal(size=5), 0.3)
SIGMOID = Sigmoid(1.7, -0.4)
GAMMA = 0.8
MACHINE = fit_kernel_svm(np.exp(-GAMMA * squared_distances(UNIT @ UNIT.T)), IS_TAG, 1.0)

MARGINS = {
    "logistic regression": LINEAR.margins(UNIT),
    "linear machine": LINEAR.margins(UNIT),
    "RBF machine": MACHINE.margins(np.exp(-GAMMA * squared_distances(UNIT @ UNIT.T))),
}


def made(name):
    if name == "logistic regression":
        return logistic_regression(LINEAR, 1.0), sigmoid(MARGINS[name])
    if name == "linear machine":
        return linear_svm(LINEAR, 0.5, SIGMOID), SIGMOID.of(MARGINS[name])
    vectors = UNIT[MACHINE.supports]
    return rbf_svm(vectors, MACHINE, 1.0, GAMMA, SIGMOID), SIGMOID.of(MARGINS[name])


@pytest.mark.parametrize("name", MARGINS)
def test_an_estimator_says_what_it_was_told_and_scores_alike(name):
    estimator, expected = made(name)
    assert estimator.classes_.tolist() == [0, 1]
    np.testing.assert_allclose(estimator.predict_proba(X)[:, 0], expected, atol=1e-12)
    np.testing.assert_array_equal(estimator.predict(X), np.where(expected >= 0.5, 0, 1))
    ours = TagModel("t", "ovr-svm", None, scorer_of(estimator)).probabilities(X)
    np.testing.assert_allclose(ours, estimator.predict_proba(X)[:, 0], atol=1e-12)


@pytest.mark.parametrize("name", ["linear machine", "RBF machine"])
def test_margins_of_the_machine_inside_are_for_class_1(name):
    (pair,) = made(name)[0]["model"].calibrated_classifiers_
    np.testing.assert_allclose(pair.estimator.decision_function(UNIT), -MARGINS[name], atol=1e-12)


@pytest.mark.parametrize("name", MARGINS)
def test_it_can_be_cloned_and_fitted_again(name):
    again = clone(made(name)[0]).fit(X, np.where(IS_TAG, 0, 1))
    assert (again.predict(X) == np.where(IS_TAG, 0, 1)).mean() > 0.7


def test_the_calibration_is_as_scikit_learn_would_leave_it():
    estimator, _ = made("RBF machine")
    machine = SVC(C=1.0, gamma=GAMMA, class_weight="balanced")
    plain = CalibratedClassifierCV(machine, ensemble=False).fit(UNIT, np.where(IS_TAG, 0, 1))
    (pair,) = plain.calibrated_classifiers_
    (calibrator,) = pair.calibrators
    told = Sigmoid(-calibrator.a_, calibrator.b_)
    ours = rbf_svm(UNIT[MACHINE.supports], MACHINE, 1.0, GAMMA, told)
    np.testing.assert_allclose(ours.predict_proba(X), plain.predict_proba(UNIT), atol=5e-3)
    assert vars(ours["model"]).keys() == vars(plain).keys()
    assert estimator["model"].get_params().keys() == plain.get_params().keys()


def test_anyone_can_load_it(tmp_path):
    for name in MARGINS:
        held = io.BytesIO()
        joblib.dump(made(name)[0], held)
        (tmp_path / f"{name}.pkl").write_bytes(held.getvalue())
    script = (
        "import glob, joblib, numpy, sys\n"
        "for path in glob.glob('*.pkl'):\n"
        "    assert joblib.load(path).predict_proba(numpy.ones((2, 5))).shape == (2, 2)\n"
        "assert not any(name.startswith('image_tagging') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, timeout=60)
