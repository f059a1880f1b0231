"""The card of a tag model: what stages 3 and 4 go by must be right, what is for people may be missing."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from image_tagging.errors import ModelError
from image_tagging.records import EncoderSpec
from image_tagging.tag_models.card_values import ImageCounts
from image_tagging.tag_models.cards import DEFAULT_THRESHOLD, read_card
from image_tagging.tag_models.mountain import MountainFigures

FULL = {
    "sha256": "abc",
    "encoder": {"name": "ViT-B-32", "pretrained": "openai", "dim": 512, "preprocess": "clip-224"},
    "threshold": 0.31,
    "training_images": {"tag": 42, "other": 198},
    "validation_images": {"tag": 4, "other": 22},
    "validation": {"average_precision": 0.81, "roc_auc": 0.9, "accuracy": 0.8, "balanced_accuracy": 0.78},
    "recipe": "linear, C 0.1",
    "threshold_for": "balanced",
    "marks": ["rough: 4 measured"],
    "created": "2026-11-03T12:30:00+00:00",
}


def card(tmp_path, **changes):
    path = tmp_path / "card.json"
    path.write_text(json.dumps({**FULL, **changes}), encoding="utf-8")
    return read_card(str(path))


def test_all_that_a_card_says(tmp_path):
    read = card(tmp_path)
    assert (read.sha256, read.threshold) == ("abc", 0.31)
    assert read.encoder == EncoderSpec("ViT-B-32", "openai", 512, "clip-224")
    assert (read.training, read.validation) == (ImageCounts(42, 198), ImageCounts(4, 22))
    assert (read.validation_precision, read.balanced_accuracy) == (0.81, 0.78)
    assert (read.recipe, read.threshold_for, read.marks) == ("linear, C 0.1", "balanced", ("rough: 4 measured",))
    assert read.created == datetime(2026, 11, 3, 12, 30, tzinfo=timezone.utc)


def test_where_there_is_no_card_there_is_none(tmp_path):
    assert read_card(str(tmp_path / "none.json")) is None


def test_a_card_that_names_its_model_alone_will_do(tmp_path):
    (tmp_path / "card.json").write_text('{"sha256": "abc"}', encoding="utf-8")
    read = read_card(str(tmp_path / "card.json"))
    assert (read.encoder, read.threshold) == (None, DEFAULT_THRESHOLD)
    assert (read.training, read.average_precision, read.created, read.marks) == (None, None, None, ())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("training_images", value) for value in ("many", {"tag": -1, "other": 2}, {"tag": 10**400, "other": 1}, [])],
        *[("validation", {"average_precision": value}) for value in ("1", -1, 10**400, float("nan"), None)],
        *[("validation", value) for value in ([], "well", None)],
        *[("created", value) for value in ("yesterday", 5, "9999-99-99", "")],
        *[("marks", value) for value in ("one", [1, None, "x" * 2000, ""], {})],
        *[("recipe", value) for value in (5, "", "x" * 2000)],
    ],
)
def test_what_is_for_people_and_cannot_be_right_is_not_said(tmp_path, key, value):
    read = card(tmp_path, **{key: value})
    name = {"training_images": "training", "validation": "validation_precision"}.get(key, key)
    assert not getattr(read, name)


@pytest.mark.parametrize(
    "content",
    [
        '{"sha256": "a", "threshold": 0.1, "threshold": 0.9}',
        '{"sha256": "a", "sha256": "b"}',
        '{"sha256": "a", "encoder": {"name": "m", "name": "n", "pretrained": "p", "dim": 2}}',
        '{"sha256": "a", "threshold": 1' + "0" * 900_000 + "}",
        '{"sha256": "a", "encoder": {"name": "\\ud800", "pretrained": "p", "dim": 2}}',
        '{"sha256": "a", "encoder": {"name": "' + "m" * 1001 + '", "pretrained": "p", "dim": 2}}',
        '{"sha256": "a", "encoder": {"name": "m", "pretrained": "p", "dim": true}}',
        '{"sha256": "a", "encoder": {"name": "m", "pretrained": "p", "dim": 1' + "0" * 5000 + "}}",
        '{"sha256": "a", "threshold": Infinity}',
        '{"sha256": "a", "x": ' + "[" * 200_000 + "]" * 200_000 + "}",
    ],
    ids=["thresholds", "sums", "names", "digits", "half a character", "long", "true", "a large length", "inf", "deep"],
)
def test_a_card_that_says_what_cannot_be_right_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "card.json").write_text(content)
    with pytest.raises(ModelError, match=r"card\.json") as raised:
        read_card(str(tmp_path / "card.json"))
    assert "\n" not in str(raised.value)


def test_true_is_neither_a_count_nor_a_share(tmp_path):
    read = card(tmp_path, training_images={"tag": True, "other": False}, validation={"average_precision": True})
    assert (read.training, read.validation_precision) == (None, None)


@pytest.mark.parametrize("threshold", [True, "0.5", None, -0.1, 1.1, float("nan"), 10**400, [0.5]])
def test_a_threshold_that_is_no_number_between_0_and_1_is_refused(tmp_path, threshold):
    with pytest.raises(ModelError, match=r"card\.json"):
        card(tmp_path, threshold=threshold)


@pytest.mark.parametrize("threshold", [0, 1, 0.0, 0.25, 1.0])
def test_a_threshold_between_0_and_1_is_read(tmp_path, threshold):
    assert card(tmp_path, threshold=threshold).threshold == threshold


@pytest.mark.parametrize("made", ["2026-11-03T12:30:00Z", "2026-11-03T12:30:00", "2026-11-03"])
def test_times_in_other_spellings_are_read(tmp_path, made):
    assert card(tmp_path, created=made).created.date().isoformat() == "2026-11-03"


@pytest.mark.parametrize("mark", ["weak", "x" * 1000, "é"])
def test_a_card_keeps_twenty_marks(tmp_path, mark):
    assert card(tmp_path, marks=[mark] * 1000).marks == (mark,) * 20
    assert card(tmp_path, marks=[mark] * 20).marks == (mark,) * 20


MOUNTAIN = {
    "pictures": 18000,
    "prevalence": 0.0071,
    "prevalence_interval": [0.0046, 0.013],
    "average_precision": 0.83,
    "precision": 0.81,
    "recall": 0.7,
    "f1": 0.75,
    "tagged": 121,
    "expected_right": 98.2,
    "warnings": ["cannot be distinguished from the mountain"],
    "average_precision_interval": [0.7, 0.9],
}


def test_what_a_card_says_of_the_mountain_and_of_its_threshold(tmp_path):
    read = card(tmp_path, mountain=MOUNTAIN, threshold_on="mountain", cross_validation={"average_precision": 0.9})
    assert (read.threshold_on, read.out_of_fold) == ("mountain", (0.9, None, "examples"))
    assert read.mountain == MountainFigures(
        pictures=18000,
        prevalence=0.0071,
        interval=(0.0046, 0.013),
        average_precision=0.83,
        precision=0.81,
        recall=0.7,
        f1=0.75,
        tagged=121,
        expected_right=98.2,
        warnings=("cannot be distinguished from the mountain",),
        average_precision_interval=(0.7, 0.9),
    )


EXAMPLES = {"average_precision": 0.9, "average_precision_interval": [0.8, 0.95]}


def test_the_one_figure_of_a_model_is_that_on_the_mountain(tmp_path):
    read = card(tmp_path, mountain=MOUNTAIN, cross_validation=EXAMPLES)
    assert read.precision == (0.83, (0.7, 0.9), "mountain")
    assert (read.average_precision, str(read.precision)) == (0.83, "0.83 (0.70 to 0.90)")


@pytest.mark.parametrize("mountain", [None, {**MOUNTAIN, "average_precision": None}])
def test_without_a_figure_on_the_mountain_it_is_that_among_the_examples(tmp_path, mountain):
    assert card(tmp_path, mountain=mountain, cross_validation=EXAMPLES).precision == (0.9, (0.8, 0.95), "examples")


def test_a_card_of_an_earlier_version_has_the_figure_without_an_interval(tmp_path):
    read = card(tmp_path, cross_validation={"average_precision": 0.9})
    assert str(read.precision) == "0.90"


@pytest.mark.parametrize("value", [None, {}, {"average_precision": 2}, "well"])
def test_the_figure_on_images_held_back_never_stands_in(tmp_path, value):
    assert card(tmp_path, cross_validation=value).precision is None


def test_pictures_are_all_that_there_were(tmp_path):
    assert card(tmp_path).pictures == (46, 220)
    assert card(tmp_path, pictures={"tag": 12000, "other": 300}).pictures == (12000, 300)
    assert card(tmp_path, validation_images=None).pictures == (42, 198)


@pytest.mark.parametrize("value", [None, [], "well", {}, 5])
def test_a_card_without_a_background_says_nothing_of_the_mountain(tmp_path, value):
    assert card(tmp_path, mountain=value).mountain is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("pictures", value) for value in (-1, 1.5, True, "many", 10**400)],
        *[("prevalence", value) for value in (2, -0.1, "half", True, float("nan"))],
        *[("prevalence_interval", value) for value in ([0.1], [0.2, 0.1], [0, 2], {}, "0 to 1", [None, 1], None)],
        *[("average_precision", value) for value in (None, 1.1, [])],
        *[("average_precision_interval", value) for value in (None, [0.1], [0.2, 0.1], "wide", [0.1, 2])],
        *[("tagged", value) for value in (None, -1, 0.5)],
        *[("expected_right", value) for value in (None, -1, float("inf"), "98")],
        *[("warnings", value) for value in ("one", [1, None, "x" * 2000, ""], {})],
    ],
)
def test_a_figure_of_the_mountain_that_cannot_be_right_is_not_said(tmp_path, key, value):
    read = card(tmp_path, mountain={**MOUNTAIN, key: value}).mountain
    assert not getattr(read, {"prevalence_interval": "interval"}.get(key, key))
    assert read.precision == 0.81


@pytest.mark.parametrize("value", [5, {}, None, "x" * 2000])
def test_an_odd_word_on_the_threshold_is_not_said(tmp_path, value):
    assert card(tmp_path, threshold_on=value, cross_validation=value).threshold_on is None
