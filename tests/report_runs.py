"""Runs for the page of a training: what `reports.json` holds, of a few tags, and names as strangers choose them."""

from __future__ import annotations

import base64

from samples import drawn, encoded

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=http://example.com/x onerror=alert(1)>",
    "\"quotes' & <b>",
    "line\u2028end\u2029\nnew",
    "\u202egnp.exe",
    "__proto__",
    "a/b %41#?",
    "odd \udcff",
    "-->]]>",
    "猫 🐈‍⬛",
)
KINDS = ("ovr-logistic-regression", "ovr-svm")


def example(tag, number, probability=0.5):
    name = f"{tag}-{number}.png"
    return {"file_path": f"/in/{tag}/{name}", "file_name": name, "probability": probability, "tags": [tag]}


def model(tag="cat", kind="ovr-svm", ap=0.8, **changed):
    known = {
        "tag": tag,
        "kind": kind,
        "pictures": 46,
        "images": 42,
        "others": 198,
        "validation_images": 4,
        "validation_others": 22,
        "recipe": "linear, C 0.1",
        "average_precision": ap,
        "average_precision_interval": [ap - 0.1, ap + 0.1],
        "measured_on": "examples",
        "among_examples": {"average_precision": ap, "average_precision_interval": [ap - 0.1, ap + 0.1]},
        "roc_auc": 0.9,
        "balanced_accuracy": 0.84,
        "precision": 0.7,
        "recall": 0.9,
        "threshold": 0.31,
        "calibration_error": 0.04,
        "log_loss": 0.2,
        "warnings": [],
        "precision_recall": [[0.0, 1.0], [0.5, 0.9], [0.9, 0.7], [1.0, 0.2]],
        "reliability": [
            {"predicted": 0.1, "observed": 0.12, "images": 30},
            {"predicted": 0.8, "observed": 0.7, "images": 9},
        ],
        "histogram_tag": [1, 0, 0, 2, 3, 4, 5, 6, 9, 12],
        "histogram_other": [150, 30, 10, 4, 2, 1, 1, 0, 0, 0],
        "confused_with": [{"tag": "dog", "images": 12, "above_threshold": 5, "mean_probability": 0.6}],
        "hits": [example(tag, number, 0.9) for number in range(3)],
        "misses": [example(tag, number, 0.1) for number in range(3, 6)],
        "label_errors": [example("dog", 1, 0.95), example(tag, 9, 0.02)],
    }
    return {**known, **changed}


def mountain(tag="cat", **changed):
    known = {
        "pictures": 18000,
        "prevalence": 0.0071,
        "prevalence_interval": [0.0046, 0.013],
        "average_precision": 0.83,
        "precision": 0.81,
        "recall": 0.7,
        "f1": 0.75,
        "tagged": 121,
        "expected_right": 98.2,
        "warnings": [],
        "surest": [example(tag, number, 0.99) for number in range(20, 23)],
        "at_threshold": [example(tag, number, 0.32) for number in range(23, 26)],
        "just_below": [example(tag, number, 0.3) for number in range(26, 29)],
    }
    return {**known, **changed}


UNKNOWN = {
    **dict.fromkeys(
        "average_precision average_precision_interval measured_on roc_auc balanced_accuracy precision recall "
        "calibration_error log_loss".split()
    ),
    "among_examples": {"average_precision": None, "average_precision_interval": None},
    **{name: [] for name in ("precision_recall", "reliability", "confused_with", "hits", "misses", "label_errors")},
    "histogram_tag": [0] * 10,
    "histogram_other": [0] * 10,
}


def run(*models, **changed):
    known = {
        "program": "image-tagging-tools",
        "version": 1,
        "encoder": {"name": "ViT-B-32", "pretrained": "openai", "dim": 512, "preprocess": "open_clip"},
        "created": "2026-11-24T19:47:12+00:00",
        "images": 240,
        "seed": 0,
        "threshold_for": "balanced",
        "advice": [],
        "skipped": [],
        "models": list(models),
    }
    return {**known, **changed}


def two_kinds(*tags):
    """Models of both kinds for each tag, each tag a little better than the one before."""
    return [
        model(tag, kind, ap=0.2 + 0.5 * number / len(tags) + 0.1 * (kind == "ovr-svm"))
        for number, tag in enumerate(tags)
        for kind in KINDS
    ]


def uri(seed=0):
    return f"data:image/png;base64,{base64.b64encode(encoded(drawn(seed))).decode()}"
