"""The quick refit of one tag."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.errors import TrainingError
from image_tagging.training.active import Labels, Pool, QuickLearner
from reviewed import Reviewer, mountain


@pytest.fixture(scope="module")
def reviewed():
    reviewer = Reviewer(*mountain())
    for _ in range(3):
        reviewer.judge()
    return reviewer


def test_one_example_ranks_its_kind_first():
    x, is_tag = mountain()
    reviewer = Reviewer(x, is_tag)
    best = np.argsort(-reviewer.margins)[:20]
    assert is_tag[best].mean() > 0.6  # one in twenty of all


def test_without_unlabelled_pictures_there_is_nothing_to_tell_a_first_example_from():
    x, _ = mountain(40)
    learner = QuickLearner(Pool(x), np.zeros(40, dtype=bool))
    with pytest.raises(TrainingError, match="every picture is yes"):
        learner.fit(Labels(np.array([1]), np.array([True])))


def test_a_tag_without_a_yes_is_refused(reviewed):
    with pytest.raises(TrainingError, match="no picture is yes"):
        reviewed.learner.fit(Labels(np.array([1, 2]), np.array([False, False]), 2))


def test_two_verdicts_of_one_picture_are_refused():
    with pytest.raises(TrainingError, match="keep the last one"):
        Labels(np.array([1, 1]), np.array([False, True]), 2)


def test_a_warm_start_leads_to_the_same_model(reviewed):
    cold = reviewed.learner.fit(reviewed.labels)
    warm = reviewed.learner.fit(reviewed.labels, reviewed.fit)
    assert cold.c == warm.c
    cosine = cold.model.coef @ warm.model.coef / np.linalg.norm(cold.model.coef) / np.linalg.norm(warm.model.coef)
    assert cosine > 0.9999
    np.testing.assert_allclose(
        reviewed.pool.margins(cold.model), reviewed.pool.margins(warm.model), atol=0.02, rtol=0.02
    )


def test_the_same_labels_give_the_same_model_to_the_bit(reviewed):
    again = QuickLearner(reviewed.pool, seed=0).fit(reviewed.labels)
    once = QuickLearner(reviewed.pool, seed=0).fit(reviewed.labels)
    assert np.array_equal(again.model.coef, once.model.coef)
    assert again.model.intercept == once.model.intercept


def test_the_strength_is_chosen_from_forty_verdicts_on(reviewed):
    chosen = []

    class Spy(QuickLearner):
        def _choose_c(self, *arguments):
            chosen.append(len(arguments[0]))
            return super()._choose_c(*arguments)

    learner = Spy(reviewed.pool)
    labels = reviewed.labels
    for verdicts in (39, 40):
        learner.fit(Labels(labels.rows[: verdicts + 1], labels.is_yes[: verdicts + 1], verdicts))
    assert chosen == [41]


def test_a_no_moves_pictures_like_it_down(reviewed):
    labels = reviewed.labels
    wrong = np.flatnonzero(reviewed.is_open & ~reviewed.truth)
    worst = wrong[np.argmax(reviewed.margins[wrong])]
    more = Labels(np.append(labels.rows, worst), np.append(labels.is_yes, False), labels.verdicts + 1)
    after = reviewed.pool.margins(reviewed.learner.fit(more).model)
    before = reviewed.pool.margins(reviewed.learner.fit(labels).model)
    assert after[worst] < before[worst]


def test_a_judged_picture_is_no_longer_an_unlabelled_no(reviewed):
    row = int(reviewed.learner.unlabelled[0])
    as_yes = Labels(np.array([row]), np.array([True]))
    assert reviewed.pool.margins(reviewed.learner.fit(as_yes).model)[row] > 0


def test_pictures_left_out_have_no_part_in_the_model(reviewed):
    labels, learner = reviewed.labels, reviewed.learner
    left_out = np.setdiff1d(learner.unlabelled, labels.rows)[:50]
    task = learner._task(Labels(labels.rows, labels.is_yes, labels.verdicts, left_out))
    assert not task.weights[len(labels) :][np.isin(learner.unlabelled, left_out)].any()
    assert task.weights[len(labels) :].sum() == pytest.approx(max(labels.is_yes.sum(), (~labels.is_yes).sum()))
    with pytest.raises(TrainingError, match="two verdicts"):
        Labels(labels.rows, labels.is_yes, labels.verdicts, labels.rows[:1])


def test_a_wrong_label_stands_out_out_of_fold(reviewed):
    labels = reviewed.labels
    is_yes = labels.is_yes.copy()
    wrong = int(np.flatnonzero(is_yes)[2])
    is_yes[wrong] = False
    mislabelled = Labels(labels.rows, is_yes, labels.verdicts)
    margins = reviewed.learner.out_of_fold(mislabelled, reviewed.learner.fit(mislabelled))
    doubt = np.where(is_yes, -margins, margins)
    assert doubt[wrong] >= np.sort(doubt)[-3]


def test_out_of_fold_needs_two_pictures_of_either_class(reviewed):
    labels = Labels(np.array([reviewed.rows[0], 1]), np.array([True, False]))
    assert reviewed.learner.out_of_fold(labels, reviewed.learner.fit(labels)) is None
