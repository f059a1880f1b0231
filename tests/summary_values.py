"""Summaries of commands and reports of models, made by hand, for the tests of what a person sees."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from image_tagging.exporters import WrittenResults
from image_tagging.pipeline.summaries import ClassifySummary, EmbeddingSummary, ProcessSummary, TrainSummary
from image_tagging.records import EncoderSpec
from image_tagging.tag_models import EXAMPLES, AveragePrecision
from image_tagging.training.evaluation.validation import validate

ENCODER = EncoderSpec("builtin", "learned-2", 1024, "")


def embedding(**values):
    values = {"images": 3, "pictures": 3, "computed": 3, "computed_on": "cpu in fp32", **values}
    return EmbeddingSummary(
        **{
            "encoder": ENCODER,
            "archives": (),
            "failures": (),
            "failure_codes": dict(Counter(failure.code for failure in values.get("failures", ()))),
            "no_encoder": "",
            "passed_over": {},
            "left_out": (),
            "bare_folders": (),
            "merged_tags": {},
            "shared_hashes": (),
            "shared_count": 0,
            "unchanged": False,
            "digest": "",
            **values,
        }
    )


def process_summary(**values):
    values = {"embedding": embedding(), "tags": {}, "empty_tags": (), "warnings": (), "files": (), **values}
    return ProcessSummary(**{"namesake": "", "seconds": 2.0, **values})


def classify_summary(**values):
    values = {"embedding": embedding(), "models": (("lr", "cat"), ("svm", "cat")), "place_failures": (), **values}
    values = {"place_failed": len(values["place_failures"]), **values}
    values = {"tagged": 2, "untagged": 1, "answers": (), **values}
    values = {"with_tag": values["tagged"], **values}
    return ClassifySummary(
        **{
            "of_archives": False,
            "directory": "/mountain",
            "outside": None,
            "model_warnings": (),
            "place": "copy",
            "by_tag": False,
            "examples": 0,
            "plan": None,
            "mixed_bins": False,
            **dict.fromkeys(("moved", "removed", "stayed"), 0),
            "first_stayed": "",
            "differing": 0,
            "left_out": 0,
            "replaced": 0,
            "dropped": 0,
            "kept": 0,
            "written": WrittenResults((), 0, 0),
            "folder": "/o",
            "seconds": 1.0,
            **values,
        }
    )


def report(tag, ap=None, kind="ovr-svm", on=EXAMPLES, **values):
    """A report of a training; ``ap`` is the one average precision, measured ``on`` the examples or the mountain."""
    made = validate(kind=kind, tag=tag, training_tag=9, training_other=20, probabilities=(), is_tag=())
    precision = None if ap is None else AveragePrecision(ap, (ap / 2, (1 + ap) / 2), on)
    return replace(made, precision=precision, out_of_fold=precision if on == EXAMPLES else None, **values)


def reports(tag, *arguments, **values):
    return tuple(report(tag, *arguments, kind=kind, **values) for kind in ("ovr-logistic-regression", "ovr-svm"))


def train_summary(reports, **values):
    values = {"skipped": (), "unknown": 0, "warnings": (), "advice": (), "background": None, **values}
    return TrainSummary(
        images=30,
        encoder=ENCODER,
        reports=reports,
        models="/o/models",
        reports_folder="/o/reports",
        page="/o/reports/index.html",
        seconds=1,
        **values,
    )
