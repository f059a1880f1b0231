"""Models of tags that people have said something of: they change for these tags alone, and checks teach nothing."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from image_tagging.datasets import Splitter, VerdictLabel, VerdictLabels, gather
from image_tagging.training import Aim, TagLearner
from labelled import tag_lists
from mountains import ENCODER, background, labelled, mountain

COUNTS, SHARES, PICTURES = {"cat": 20, "dog": 20, "owl": 12}, (0.1, 0.1), 600
MOUNTAIN = mountain(PICTURES, SHARES)


def data_of(labels, **lists):
    images, listed = labelled(COUNTS)
    known = {picture.hash_id: picture for picture in MOUNTAIN}
    verdicts = VerdictLabels(labels, lambda names: [known[name] for name in names if name in known])
    return gather(iter(images), tag_lists({**listed, **lists}), verdicts=verdicts)


def learn(labels=(), *, with_background, tags=None, **lists):
    """The models by tag and kind: their bytes, reports and cards; ``lists`` replace those of tags."""
    data = data_of(labels, **lists)
    made = background(MOUNTAIN) if with_background else None
    learner = TagLearner(data, ENCODER, seed=0, aim=Aim("f1"), background=made)
    splitter = Splitter(data, test_share=None, seed=0, with_background=with_background)
    return {
        (tag, model.report.kind): (pickle.dumps(model.estimator), model.report, model.card)
        for tag in tags or data.tags
        for model in learner.learn(tag, splitter.split(tag))
    }


def changed(one, other):
    return sorted({tag for tag, kind in one.keys() | other.keys() if files(one, tag, kind) != files(other, tag, kind)})


def files(learned, tag, kind):
    return learned.get((tag, kind), [None])[0]


YES = [VerdictLabel("cat", f"m-{number}", True) for number in range(20)]
NO = [VerdictLabel("cat", f"m-{number}", False) for number in range(200, 230)]
UNSURE = [VerdictLabel("cat", f"m-{number}", None) for number in range(60, 65)]
CHECKS = [VerdictLabel("cat", f"m-{number}", number < 100, True) for number in (*range(30, 40), *range(300, 320))]

both = pytest.mark.parametrize("with_background", [False, True])


@both
def test_only_the_tags_concerned_change(with_background):
    before = learn(with_background=with_background)
    assert changed(before, learn([*YES, *NO, *UNSURE, *CHECKS], with_background=with_background)) == ["cat"]
    new = [*(VerdictLabel("new", f"m-{number}", True) for number in range(65, 75)), *YES]
    assert changed(learn(YES, with_background=with_background), learn(new, with_background=with_background)) == ["new"]


@both
def test_a_verdict_on_an_example_is_another_folder(with_background):
    """To the byte: what it says is what moving the file would say."""
    by_verdicts = learn(
        [VerdictLabel("cat", "cat-3", False), VerdictLabel("dog", "cat-3", True)], with_background=with_background
    )
    cats, dogs = ([f"{tag}-{number}" for number in range(20)] for tag in ("cat", "dog"))
    cats.remove("cat-3")
    by_lists = learn(with_background=with_background, cat=cats, dog=[*dogs, "cat-3"])
    assert changed(by_verdicts, by_lists) == []
    assert changed(by_verdicts, learn(with_background=with_background)) == ["cat", "dog"]


@both
def test_the_order_of_what_was_said_changes_no_byte(with_background):
    labels = [*YES, *NO, *UNSURE, *CHECKS, VerdictLabel("dog", "m-3", False), VerdictLabel("new", "m-5", True)]
    order = np.random.default_rng(1).permutation(len(labels))
    shuffled = [labels[number] for number in order]
    one, other = (learn(each, with_background=with_background) for each in (labels, shuffled))
    assert changed(one, other) == []


@both
def test_what_a_check_says_teaches_nothing(with_background):
    """The pictures are the same, and what is said of them is the opposite."""
    opposite = [label._replace(has_tag=not label.has_tag) for label in CHECKS]
    one, other = (
        learn([*YES, *NO, *checks], with_background=with_background, tags=["cat"]) for checks in (CHECKS, opposite)
    )
    assert changed(one, other) == []
    for key, (_, report, card) in one.items():
        assert card["threshold"] == other[key][2]["threshold"]
        assert (report.validation_tag, other[key][1].validation_tag) == (10 + 4, 20 + 4)  # and a tenth of the others
        assert report.validation_precision > other[key][1].validation_precision


@both
def test_verdicts_teach_what_no_example_shows(with_background):
    """Pictures along the axis of the dogs are cats too, by the word of a person; others of them were not shown."""
    labels = [VerdictLabel("cat", f"m-{number}", True) for number in range(60, 90)]
    labels += [VerdictLabel("cat", f"dog-{number}", True) for number in range(20)]
    unseen = np.array([picture.embedding for picture in MOUNTAIN[90:120]])
    estimators = [
        pickle.loads(learn(each, with_background=with_background, tags=["cat"])["cat", "ovr-logistic-regression"][0])
        for each in (labels, [])
    ]
    now, before = (estimator.predict_proba(unseen)[:, 0].mean() for estimator in estimators)
    assert now > max(0.2, 5 * before)


def test_pictures_of_the_background_that_are_known_are_no_others():
    from image_tagging.training.mountain.sample import MountainSample

    data = data_of([*YES[:3], *NO[:3], *UNSURE[:3], *CHECKS[:3]])
    made = background(MOUNTAIN)
    sample = MountainSample.of(made, data)
    of_tag, is_apart = sample.of_tag("cat", data)
    named = {picture.hash_id for picture, apart in zip(made.pictures, is_apart) if apart}
    assert named == {label.hash_id for label in (*YES[:3], *NO[:3], *UNSURE[:3], *CHECKS[:3])}
    assert sample.of_tag("dog", data) == (sample, None)
    assert of_tag.changed(0.0) is sample.changed(0.0)


def test_near_duplicates_of_a_check_in_the_background_are_no_others():
    from image_tagging.training.mountain.sample import MountainSample

    data = data_of([VerdictLabel("cat", "m-300", False, True), VerdictLabel("cat", "m-301", False)])
    near = [picture.__class__(f"near-{picture.hash_id}", "", picture.embedding * 2) for picture in MOUNTAIN[300:302]]
    made = background([*MOUNTAIN, *near])
    _, is_apart = MountainSample.of(made, data).of_tag("cat", data)
    named = sorted(picture.hash_id for picture, apart in zip(made.pictures, is_apart) if apart)
    assert named == ["m-300", "m-301", "near-m-300"]
