"""How good are the tag models on images that they have not seen, against the original's recipes, and with few images?

    python benchmarks/classifiers.py METADATA_JSON TAG_TO_HASH_JSON [--least 10] [--few 1,2,4,8,16] [--recipes]

Each tag with enough images is learned against the images of ``other-training`` (without them, against all others). Each
fifth of the images is measured in turn by models of the other four; it is not used for anything else, not even without
its tags, and all selection happens within the four fifths. The original's recipes are scikit-learn's defaults on raw
embeddings, with 0.5 for a threshold. All figures are means over the tags; the +- is the standard error of the mean over
folds, of the difference to the original's logistic regression. The calibration error is of all tags pooled, in ten bins
of equal mass.

``--few`` trains on this many images of each tag, drawn again in each fold. ``--recipes`` also measures every recipe
alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from unittest import mock

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from sklearn.svm import SVC

from image_tagging.datasets import read_embeddings, read_tag_lists
from image_tagging.datasets.tagged_embeddings import OTHER_TRAINING, gather
from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM, Kind
from image_tagging.tag_models.scorers import unit_rows
from image_tagging.training.blas_threads import one_thread_a_product
from image_tagging.training.evaluation.metrics import calibration_error
from image_tagging.training.evaluation.thresholds import choose_threshold, parse_aim
from image_tagging.training.fitting import fit as fitting
from image_tagging.training.fitting.decorrelation import Moments
from image_tagging.training.fitting.fit import fit_models
from image_tagging.training.fitting.folds import stratified_folds
from image_tagging.training.fitting.methods import Method, Recipe
from image_tagging.training.fitting.recipes import LOGISTIC_RECIPES, SVM_RECIPES

BALANCED = parse_aim("balanced")


@dataclass
class Task:
    """The training and test images of a tag and a fold."""

    x: np.ndarray
    truth: np.ndarray
    groups: np.ndarray
    unseen: np.ndarray
    unseen_truth: np.ndarray
    moments: Moments


@dataclass
class Figures:
    """Average precision, balanced accuracy and log-loss of each fold of each tag, and all probabilities."""

    values: list[tuple[float, float, float]] = field(default_factory=list)
    probabilities: list[np.ndarray] = field(default_factory=list)
    truths: list[np.ndarray] = field(default_factory=list)

    def add(self, task: Task, p: np.ndarray, threshold: float) -> None:
        said, truth = p >= threshold, task.unseen_truth
        balanced = (said[truth].mean() + (~said[~truth]).mean()) / 2
        self.values.append((average_precision_score(truth, p), balanced, log_loss(truth, p)))
        self.probabilities.append(p)
        self.truths.append(truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs=2)
    parser.add_argument("--least", type=int, default=10, help="images of a tag that is measured")
    parser.add_argument("--few", default="1,2,4,8,16")
    parser.add_argument("--recipes", action="store_true")
    arguments = parser.parse_args()
    every = list(tasks(arguments.files, arguments.least))
    print(f"{len(every) // 5} tags, 5 folds, {np.mean([len(task.x) for task in every]):.0f} images learned from")
    show("all images", measured(every))
    for few in [int(text) for text in arguments.few.split(",") if text]:
        show(f"{few} of the tag", measured([with_few(task, few, number) for number, task in enumerate(every)]))
    for kind, recipes in ((LOGISTIC_REGRESSION, LOGISTIC_RECIPES), (SVM, SVM_RECIPES)) if arguments.recipes else ():
        for recipe in recipes:
            show_line(f"{kind.name}: {recipe}", alone(every, kind, recipe), None)


def tasks(files: list[str], least: int) -> Iterator[Task]:
    data = gather(read_embeddings(files[0])[1], read_tag_lists(files[1]))
    everything = Moments.of(data.embeddings)
    others = data.rows.get(OTHER_TRAINING, np.arange(len(data.embeddings)))
    for tag in data.tags:
        rows = np.unique(data.rows[tag])
        if len(rows) < least:
            continue
        rows = np.concatenate([rows, np.setdiff1d(others, rows)])
        truth = np.isin(rows, data.rows[tag])
        folds = stratified_folds(truth, data.groups[rows], seed=1)
        for number in range(5):
            seen, unseen = rows[folds != number], rows[folds == number]
            yield Task(
                data.embeddings[seen],
                truth[folds != number],
                data.groups[seen],
                data.embeddings[unseen],
                truth[folds == number],
                everything.without(unit_rows(data.embeddings[unseen].astype(np.float64))),
            )


def with_few(task: Task, few: int, number: int) -> Task:
    tagged = np.random.default_rng(number).permutation(np.flatnonzero(task.truth))[:few]
    kept = np.concatenate([tagged, np.flatnonzero(~task.truth)])
    return Task(task.x[kept], task.truth[kept], task.groups[kept], task.unseen, task.unseen_truth, task.moments)


def ours(task: Task) -> dict[str, tuple[np.ndarray, float]]:
    models = fit_models(task.x, task.truth, moments=task.moments, groups=task.groups)
    predicted = {}
    for kind, model in models.items():
        p = model.estimator.predict_proba(task.unseen.astype(np.float64))[:, 0]
        truth = task.truth[model.rows]
        known = len(model.rows) > 0
        threshold = choose_threshold(model.out_of_fold, truth, model.weights, BALANCED) if known else task.truth.mean()
        predicted[kind] = p, threshold
    return predicted


def originals(task: Task) -> dict[str, tuple[np.ndarray, float]]:
    regression = LogisticRegression(max_iter=2000).fit(task.x, task.truth)
    predicted = {"the original's LogisticRegression": (regression.predict_proba(task.unseen)[:, 1], 0.5)}
    folds = min(5, int(task.truth.sum()))
    if folds > 1:
        # What SVC(probability=True) did: a sigmoid on five folds' margins.
        machine = CalibratedClassifierCV(SVC(), cv=folds, ensemble=False).fit(task.x, task.truth)
        predicted["the original's SVC"] = machine.predict_proba(task.unseen)[:, 1], 0.5
    return predicted


def measured(every: list[Task]) -> dict[str, Figures]:
    figures: dict[str, Figures] = {}
    with one_thread_a_product(), ThreadPoolExecutor(2) as pool:
        for task, predicted in zip(every, pool.map(lambda task: {**originals(task), **ours(task)}, every)):
            for name, (p, threshold) in predicted.items():
                figures.setdefault(name, Figures()).add(task, p, threshold)
    return figures


def alone(every: list[Task], kind: Kind, recipe: Recipe) -> Figures:
    """Return the figures of one recipe without a selection."""
    figures = Figures()
    with mock.patch.object(fitting, "methods", return_value=(Method(kind, lambda _: (recipe,)),)):
        for task in every:
            figures.add(task, *ours(task)[kind.name])
    return figures


def show(what: str, figures: dict[str, Figures]) -> None:
    print(f"\n{what:42} {'AP':>6} {'+-':>6} {'bal. acc.':>10} {'log-loss':>9} {'cal. error':>11}")
    first = next(iter(figures.values()))
    for name, each in figures.items():
        show_line(name, each, first)


def show_line(name: str, figures: Figures, first: Figures | None) -> None:
    values = np.array(figures.values)
    base = np.array(first.values)[:, 0] if first else values[:, 0]
    error = np.std(values[:, 0] - base) / np.sqrt(len(values))
    p, truth = np.concatenate(figures.probabilities), np.concatenate(figures.truths)
    ece = calibration_error(p, truth, np.ones(len(p)))
    precision, balanced, loss = values.mean(axis=0)
    print(f"{name:42} {precision:6.3f} {error:6.3f} {balanced:10.3f} {loss:9.3f} {ece:11.3f}", flush=True)


if __name__ == "__main__":
    main()
