"""One model in words: what its card says, what it leaves out, and nothing that it does not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from image_tagging.records import EncoderSpec
from image_tagging.reports.model_words import explain
from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM, AveragePrecision
from image_tagging.tag_models.card_values import ImageCounts
from image_tagging.tag_models.cards import ModelCard
from image_tagging.tag_models.folder import ListedModel
from image_tagging.tag_models.mountain import MountainFigures

CARD = ModelCard(
    sha256="abc",
    encoder=EncoderSpec("ViT-B-32", "openai", 512, ""),
    threshold=0.3125,
    training=ImageCounts(42, 1980),
    validation=ImageCounts(1, 3),
    validation_precision=0.3,
    balanced_accuracy=0.75,
    recipe="linear, C 0.1",
    threshold_for=None,
    created=datetime(2026, 11, 3, 12, 30, tzinfo=timezone.utc),
    marks=("rough: 1 held back", "7 images"),
    out_of_fold=AveragePrecision(0.814, (0.7, 0.9), "examples"),
)


def words(kind=SVM.name, **changes):
    card = replace(CARD, **changes)
    return list(explain(ListedModel(kind, "cat", "/m/model.pkl", card, 512)))


def test_a_model_with_a_full_card():
    told = words()
    assert told == [
        ("Model", "/m/model.pkl"),
        ("Recognises", "images of the tag cat; it is a support vector machine (ovr-svm)"),
        ("Learned from", "42 images of the tag and 1,980 others"),
        (
            "Average precision",
            "0.81 of 1 (95 % interval 0.70 to 0.90), out of fold, among the examples: how far it puts images of the "
            "tag before all others; a guess gets 0.021",
        ),
        ("Held back", "1 image of the tag and 3 others, from none of which it learned"),
        (
            "Balanced accuracy",
            "0.75 of 1, of those held back: the share it gets right, the mean of images of the tag and of others; a "
            "guess gets 0.50",
        ),
        (
            "Threshold",
            "0.3125, as its training set it; an image with a probability of 0.3125 or more counts as having the tag",
        ),
        ("Recipe", "linear, C 0.1"),
        ("Encoder", "ViT-B-32/openai (512 numbers an image); it scores embeddings of no other"),
        ("Made", "2026-11-03 12:30 UTC"),
        ("File", "sound: it loads, and its SHA-256 is the one on its card"),
        ("Note", "rough: 1 held back"),
        ("Note", "7 images"),
    ]


def test_a_model_without_a_card():
    told = dict(explain(ListedModel(LOGISTIC_REGRESSION.name, "cat", "/m/model.pkl", None, 512)))
    assert told["Card"].startswith("none, as models published with the original")
    assert told["Threshold"].startswith("0.5, as no card says otherwise")
    assert "512 numbers" in told["Encoder"]
    assert "Learned from" not in told


def test_what_a_card_leaves_out_is_not_made_up():
    told = dict(
        words(
            *("a-third-kind",),
            encoder=None,
            training=None,
            validation=None,
            out_of_fold=None,
            balanced_accuracy=None,
            recipe=None,
            created=None,
            marks=(),
        )
    )
    unsaid = "its card does not say"
    assert (told["Learned from"], told["Held back"], told["Made"]) == (unsaid,) * 3
    assert told["Encoder"] == f"{unsaid}; it takes embeddings of 512 numbers"
    assert told["Recognises"] == "images of the tag cat; it is a model (a-third-kind)"
    assert told["Average precision"].startswith("not known")
    assert not {"Balanced accuracy", "Recipe", "Note"} & set(told)


def test_a_model_that_was_not_measured_says_so():
    told = dict(words(validation=ImageCounts(0, 0), out_of_fold=None, balanced_accuracy=None))
    assert told["Held back"] == "nothing: it learned from all"
    assert told["Average precision"].startswith("not known: there are too few images")


def test_a_model_of_a_name_alone_says_so():
    changes = {"training": ImageCounts(0, 40), "validation": ImageCounts(0, 0), "recipe": "its name alone"}
    told = dict(words(**changes, threshold=0.5, out_of_fold=None, balanced_accuracy=None))
    assert told["Learned from"] == "its name alone, set against 40 others"
    assert told["Held back"] == "nothing: it learned from all"
    assert told["Average precision"].startswith("not known: there are too few images")
    assert told["Threshold"].startswith("0.5, where having the tag and not having it are as likely")


@pytest.mark.parametrize(
    ("aim", "threshold", "why"),
    [
        ("balanced", 0.2, "0.2, chosen for the best balanced accuracy;"),
        ("f1", 0.2, "0.2, chosen for the best F1: few images missed"),
        ("precision=0.9", 0.2, "0.2, chosen so that of the images it tags a share of 0.9 has the tag;"),
        ("recall=0.95", 0.2, "0.2, chosen so that of the images of the tag it finds a share of 0.95;"),
        ("the {share} of it", 0.2, "0.2, chosen for the {share} of it;"),
        (None, 0.5, "0.5, where having the tag and not having it are as likely;"),
    ],
)
def test_why_the_threshold_is_what_it_is(aim, threshold, why):
    assert dict(words(threshold_for=aim, threshold=threshold))["Threshold"].startswith(why)


MOUNTAIN = MountainFigures(18000, 0.0071, (0.0046, 0.013), 0.83, 0.81, 0.7, 0.75, 121, 98.2, ())


@pytest.mark.parametrize(
    ("chosen_on", "said"), [("mountain", ", estimated on the mountain;"), ("examples", ", measured on its examples;")]
)
def test_on_what_the_threshold_was_chosen_is_said(chosen_on, said):
    for aim in ("f1", "precision=0.9", "something-new"):
        assert said in dict(words(threshold_for=aim, threshold_on=chosen_on))["Threshold"]
    assert said not in dict(words(threshold_for="f1", threshold_on="odd"))["Threshold"]


def test_the_figure_on_the_mountain_is_the_one_that_is_said():
    known = dict(words(mountain=replace(MOUNTAIN, average_precision_interval=(0.8, 0.9))))["Average precision"]
    assert known.startswith("0.83 of 1 (95 % interval 0.80 to 0.90), out of fold, on the mountain: ")
    assert known.endswith("; a guess gets 0.0071")


def test_how_much_of_the_mountain_has_the_tag_is_said():
    assert dict(words(mountain=MOUNTAIN))["On the mountain"] == (
        "About 0.7 % of the mountain, some 130 pictures (83 to 230). "
        "121 of 18,000 background pictures are tagged, of which about 98 are right."
    )
    assert "On the mountain" not in dict(words())


def test_warnings_about_the_mountain_are_said():
    told = words(mountain=replace(MOUNTAIN, prevalence=None, tagged=None, warnings=("too few", "empty")))
    assert dict(told)["On the mountain"] == "how many of its pictures have the tag is not known"
    assert [said for heading, said in told if heading == "Warning"] == ["too few", "empty"]
