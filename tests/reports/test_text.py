"""The text that says what a model was validated to do."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from image_tagging.errors import OutputError
from image_tagging.reports.text import as_text, report_path, write_report
from image_tagging.tag_models import AveragePrecision
from labelled import report
from report_runs import mountain

KEYS = [
    "model",
    "task",
    "tag",
    "tag-set-image-count",
    "other-set-image-count",
    "validation-tag-image-count",
    "validation-other-image-count",
    "false-positive-rate",
    "false-negative-rate",
    "true-positive-rate",
    "true-negative-rate",
    "false-positive",
    "false-negative",
    "true-positive",
    "true-negative",
    "accuracy",
    "classification report",
    "in-distribution histogram",
    "out-distribution histogram",
]


def test_keys_come_in_the_documented_order():
    found = re.findall(r"^([a-z -]+):", as_text(report()), re.MULTILINE)
    assert [key for key in found if key in KEYS] == KEYS
    assert "false-positive: 2 out of 4\nfalse-negative: 1 out of 3\n" in as_text(report())


def test_histogram_bars_show_edges_and_counts():
    text = as_text(report([0.05] * 200 + [0.95], [1] * 201))
    assert "[0.0, 0.1] 200 " + "#" * 40 + "\n" in text
    assert "(0.9, 1.0]   1 #\n" in text


@pytest.mark.parametrize(
    ("truth", "says"),
    [
        ([1, 1], "note: nothing was validated on other images"),
        ([0, 0], "note: nothing was validated on images of the tag"),
    ],
)
def test_what_was_not_validated_is_said(truth, says):
    made = report([0.4] * len(truth), truth, marks=("7 images: too few for a test set",))
    text = as_text(made)
    assert says in text
    assert "note: 7 images: too few for a test set\n" in text
    assert "-rate: n/a" in text
    assert made.roc_auc is None
    assert made.balanced_accuracy is None


def test_that_nothing_at_all_was_validated_is_said_once():
    assert "note: nothing was validated: no image" in as_text(report([], []))
    assert "nothing was validated" not in as_text(report([], [], marks=("only 3 images, none held back",)))


@pytest.mark.parametrize("seed", range(8))
def test_the_classification_report_is_that_of_scikit_learn(seed):
    from sklearn.metrics import classification_report

    random = np.random.default_rng(seed)
    truth, p = np.arange(30 + seed) < 3 + seed, random.random(30 + seed)
    said = p >= (2.0 if seed == 7 else 0.5)  # seed 7: no image is given the tag
    expected = classification_report(~truth, ~said, target_names=["tag", "other"], zero_division=0)
    assert expected.rstrip() in as_text(report(np.where(said, p, p / 2.5), truth))


@pytest.mark.parametrize("tag", ["it's", "a/b", "..", "new\nline: x", "🐈‍⬛", "odd \udcff", "50%"])
def test_any_tag_has_its_report(tmp_path, tag):
    path = write_report(str(tmp_path / "reports"), report(tag=tag))
    assert os.path.dirname(path) == str(tmp_path / "reports")
    assert os.listdir(tmp_path / "reports") == [os.path.basename(path)]
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    assert lines[2].startswith("tag: ")
    assert lines[3].startswith("tag-set-image-count: ")


def test_the_name_is_that_of_the_model_file():
    assert report_path("r", "ovr-svm", "model-a/b") == os.path.join("r", "model-report-ovr-svm-tag-model-a%2Fb.txt")


def test_a_report_that_cannot_be_written(tmp_path):
    (tmp_path / "reports").write_text("in the way")
    with pytest.raises(OutputError):
        write_report(str(tmp_path / "reports"), report())


def test_the_one_figure_stands_apart_from_that_of_the_images_held_back():
    lines = as_text(replace(report(), precision=AveragePrecision(0.83, (0.71, 0.9), "mountain"))).splitlines()
    start = lines.index("average-precision: 0.8300")
    assert lines[start + 1 : start + 3] == [
        "average-precision-interval: 0.7100 to 0.9000",
        "average-precision-measured: out of fold, on the mountain",
    ]
    assert "validation-average-precision: 0.5889" in lines
    assert "average-precision: n/a" in as_text(report()).splitlines()


def test_what_is_known_of_the_mountain_comes_after_all_documented_keys():
    plain, whole = as_text(report()), as_text(report(), mountain())
    assert whole.startswith(plain)
    assert whole[len(plain) :] == (
        "\non the mountain:\n"
        "background-image-count: 18000\n"
        "mountain-prevalence: 0.0071 (0.0046 to 0.0130)\n"
        "mountain-precision: 0.8100\n"
        "mountain-recall: 0.7000\n"
        "mountain-f1: 0.7500\n"
        "mountain-tagged: 121 out of 18000\n"
        "mountain-expected-right: 98.2\n"
    )


def test_a_warning_on_the_mountain_is_a_note_and_takes_figures_back(tmp_path):
    path = write_report(str(tmp_path / "reports"), report(), mountain(warnings=["too\nfew"], prevalence_interval=None))
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "mountain-note: too\\nfew"
    assert {"mountain-prevalence: 0.0071", "mountain-precision: n/a", "mountain-expected-right: n/a"} < set(lines)


def test_figures_of_the_mountain_that_are_not_known_are_not_zero():
    assert "mountain-tagged: n/a out of n/a\n" in as_text(report(), dict.fromkeys(mountain()))
