"""Thresholds that a person sets: on all cards of a tag, kept by training, given back by auto."""

from __future__ import annotations

import json

import pytest

from image_tagging import SortConfig, TrainConfig, sort_images, train_tag_models
from image_tagging.cli import app as cli
from image_tagging.errors import InputError, ModelError, NoModelsError
from image_tagging.pipeline import set_threshold
from image_tagging.tag_models import load_tag_models


def cards(output, tag="tiles"):
    return [json.loads(path.read_text("utf-8")) for path in sorted((output / "models").glob(f"*-tag-{tag}.json"))]


def thresholds(output, tag="tiles"):
    return [(card["threshold"], card["threshold_for"]) for card in cards(output, tag)]


def train(output, **settings):
    lists = output / "input-tag-to-image-hash-list.json"
    return train_tag_models(
        TrainConfig(metadata_json=str(output / "input-metadata.json"), tag_to_hash_json=str(lists), **settings)
    )


def test_a_number_is_the_threshold_of_every_kind_of_the_tag(output):
    models = {path: path.read_bytes() for path in (output / "models").glob("*.pkl")}
    others = cards(output, "sprites")
    summary = set_threshold("tiles", 0.8, output)
    assert [change.threshold for change in summary.changes] == [0.8, 0.8]
    assert thresholds(output) == [(0.8, "you")] * 2
    assert {model.threshold for model in load_tag_models(output / "models").models if model.tag == "tiles"} == {0.8}
    assert {path: path.read_bytes() for path in models} == models
    assert cards(output, "sprites") == others


def test_auto_gives_the_choice_back_as_it_was(output):
    before = thresholds(output)
    set_threshold("tiles", "0.8", output)
    set_threshold("tiles", "recall=0.9", output)
    set_threshold("tiles", "auto", output)
    assert thresholds(output) == before
    assert not [card for card in cards(output) if {"threshold_set", "by_training"} & card.keys()]


def test_figures_of_another_threshold_are_not_kept(output):
    set_threshold("tiles", 0.8, output)
    for card in cards(output):
        assert card["cross_validation"]["precision"] is None
        assert card["validation"]["balanced_accuracy"] is None
        assert card["cross_validation"]["average_precision"] is not None


@pytest.mark.parametrize("aim", ["f1", "balanced", "recall=0.9", "precision=0.95"])
def test_a_usual_aim_is_applied_at_once(output, aim):
    expected = [(card["thresholds"][aim], aim) for card in cards(output)]
    summary = set_threshold("tiles", aim, output)
    assert thresholds(output) == expected
    assert not any(change.is_pending for change in summary.changes)


@pytest.mark.slow
def test_another_share_waits_for_the_next_training(output, capsys):
    before = thresholds(output)
    assert cli.main(["threshold", "tiles", "recall=0.91", f"--output={output}"]) == 0
    assert "The cards do not say which threshold that is: the next training (" in capsys.readouterr().out
    assert thresholds(output) == before
    train(output)
    assert [what for _, what in thresholds(output)] == ["recall=0.91"] * 2


@pytest.mark.slow
def test_training_keeps_what_was_set_and_says_so(output):
    set_threshold("tiles", 0.8, output)
    set_threshold("sprites", "recall=0.9", output)
    models = {path: path.read_bytes() for path in (output / "models").glob("*.pkl")}
    reports = train(output).reports
    marks = {report.tag: report.marks[-1] for report in reports}
    assert marks["tiles"] == "threshold set by you: 0.8"
    assert marks["sprites"] == "threshold set by you: recall=0.9"
    assert thresholds(output) == [(0.8, "you")] * 2
    assert {path: path.read_bytes() for path in models} == models
    set_threshold("tiles", "auto", output)
    again = [report for report in train(output).reports if report.tag == "tiles"]
    assert {report.threshold for report in again} != {0.8}
    assert not any("set by you" in mark for report in again for mark in report.marks)


@pytest.mark.slow
def test_python_gives_single_tags_their_own_aim(output):
    train(output, threshold_for={"tiles": 0.7, "sprites": "recall=0.9"})
    assert thresholds(output) == [(0.7, "you")] * 2
    assert [what for _, what in thresholds(output, "sprites")] == ["recall=0.9"] * 2
    assert [what for _, what in thresholds(output, "isometric")] == ["f1"] * 2
    train(output)
    assert [what for _, what in thresholds(output)] == ["f1"] * 2  # it was for one training


def test_a_threshold_for_what_is_no_tag_names_the_nearest(output):
    with pytest.raises(InputError, match=r"threshold_for names 'tile', which is no tag\. Did you mean tiles\?"):
        train(output, threshold_for={"tile": 0.5})


@pytest.mark.parametrize("value", ["1.8", "-0.1", "nan", "inf", "", "half", "precision=2", "0,8", True, 2])
def test_what_is_no_threshold_is_refused_in_one_line(output, value):
    with pytest.raises(InputError, match=r"is no threshold: give a number from 0 to 1, or an aim") as error:
        set_threshold("tiles", value, output)
    assert "\n" not in str(error.value)


def test_a_tag_without_models_names_those_that_are_nearly_called_so(output):
    with pytest.raises(NoModelsError, match=r"has nothing of a tag tile\. Did you mean tiles\?"):
        set_threshold("tile", 0.5, output)


def test_a_model_without_a_card_cannot_hold_a_threshold(output):
    (output / "models" / "model-ovr-svm-tag-tiles.json").unlink()
    with pytest.raises(ModelError, match="to hold a threshold"):
        set_threshold("tiles", 0.5, output)


def test_cards_of_earlier_versions_keep_an_aim_for_the_next_training(output):
    for path in (output / "models").glob("*tiles.json"):
        content = json.loads(path.read_text("utf-8"))
        del content["thresholds"]
        path.write_text(json.dumps(content))
    before = thresholds(output)
    summary = set_threshold("tiles", "recall=0.9", output)
    assert all(change.is_pending for change in summary.changes)
    assert thresholds(output) == before
    set_threshold("tiles", "0.25", output)
    assert thresholds(output) == [(0.25, "you")] * 2


def test_the_command_says_what_keeps_it_and_what_to_run(output, capsys):
    assert cli.main(["threshold", "tiles", "0.8", f"--output={output}"]) == 0
    said = capsys.readouterr().out
    assert "Threshold of tiles, ovr-svm: 0.8 (was 0." in said
    assert f"To give the choice back: image-tagging threshold tiles auto --output {output}" in said
    assert cli.main(["models", str(output / "models"), "--tag=tiles"]) == 0
    assert "0.8, set by you, kept until image-tagging threshold TAG auto" in capsys.readouterr().out


@pytest.mark.slow
def test_sort_does_not_learn_again_for_a_threshold_that_was_set(trained, tmp_path):
    settings = SortConfig(
        examples=str(trained.images), mountain=str(trained.images), output=str(tmp_path / "o"), clip_model="builtin"
    )
    assert sort_images(settings).train is not None
    set_threshold("tiles", 0.99, tmp_path / "o")
    summary = sort_images(settings)
    assert summary.train is None
    assert next(answer.tagged for answer in summary.folder.answers if answer.tag == "tiles") <= 8
    set_threshold("tiles", "recall=0.91", tmp_path / "o")
    assert sort_images(settings).train is not None
