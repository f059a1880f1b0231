"""What does it cost that a support vector machine learns from a limited number of others, half of them the nearest?

    python benchmarks/machine_bound.py METADATA_JSON TAG_TO_HASH_JSON [--bounds 200,500,1000] [--tags 12]
    python benchmarks/machine_bound.py [--images 20000]                 synthetic images, 20 of each tag

For some tags, the machine is fitted with each limit, once with the nearest others and once with random others (as it
would be without the linear model), and measured on unseen images: of files, each fifth in turn; of synthetic images,
200 new ones of the tag among as many new others as were in training. Average precision measures the ranking, log-loss
the probabilities; both are means over the tags.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from unittest import mock

import numpy as np
from million_files import Drawing
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import StratifiedKFold

from image_tagging.datasets import read_embeddings, read_tag_lists
from image_tagging.datasets.tagged_embeddings import gather
from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM
from image_tagging.training.fitting import fit as fitting
from image_tagging.training.fitting.fit import fit_models

_MOST_WHOLE = 5_000  # the table of kernels of so many others, with its copies for the folds, takes a gigabyte

Problem = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # embeddings and truth to learn from, and to measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--bounds", default="500,1000,2000,5000")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--tags", type=int, default=10)
    arguments = parser.parse_args()
    problems = list(of_files(arguments) if arguments.files else synthetic(arguments))
    others = int(np.mean([(~truth).sum() for _, truth, _, _ in problems]))
    print(
        f"{len(problems)} fits each, {others:,} others, {int(np.mean([y.sum() for _, y, _, _ in problems]))} of the tag"
    )
    print(f"{'':28} {'AP':>7} {'log-loss':>9} {'seconds':>8}")
    report("logistic regression, all", problems, None, nearest=False)
    for bound in [int(text) for text in arguments.bounds.split(",")]:
        for nearest in (True, False):
            how = "half the nearest" if nearest else "drawn"
            report(f"machine, {bound:,} {how}", problems, bound, nearest=nearest)
    if others <= _MOST_WHOLE:
        report("machine, all", problems, others, nearest=False)


def report(what: str, problems: list[Problem], bound: int | None, *, nearest: bool) -> None:
    figures = []
    for x, truth, fresh, fresh_truth in problems:
        started = time.perf_counter()
        model = fitted(x, truth, bound, nearest)
        seconds = time.perf_counter() - started
        p = model.predict_proba(fresh.astype(np.float64))[:, 0]
        figures.append((average_precision_score(fresh_truth, p), log_loss(fresh_truth, p), seconds))
    precision, loss, seconds = np.mean(figures, axis=0)
    print(f"{what:28} {precision:7.3f} {loss:9.4f} {seconds:8.3f}", flush=True)


def fitted(x: np.ndarray, truth: np.ndarray, bound: int | None, nearest: bool):
    if bound is None:
        return fit_models(x, truth)[LOGISTIC_REGRESSION.name].estimator
    rows, weight = np.arange(len(truth)), 1.0
    if not nearest:
        others = np.random.default_rng(1).permutation(rows[~truth])[:bound]
        rows, weight = np.concatenate([rows[truth], others]), (~truth).sum() / len(others)
    with mock.patch.object(fitting, "MOST_LEARNED", bound):
        return fit_models(x[rows], truth[rows], weights=(1.0, weight))[SVM.name].estimator


def of_files(arguments: argparse.Namespace) -> Iterator[Problem]:
    """Yield the tags with the most images, each against all other images."""
    data = gather(read_embeddings(arguments.files[0])[1], read_tag_lists(arguments.files[1]))
    for tag in sorted(data.tags, key=lambda tag: -len(data.rows[tag]))[: arguments.tags]:
        truth = np.isin(np.arange(len(data.embeddings)), data.rows[tag])
        for seen, unseen in StratifiedKFold(5, shuffle=True, random_state=0).split(data.embeddings, truth):
            yield data.embeddings[seen], truth[seen], data.embeddings[unseen], truth[unseen]


def synthetic(arguments: argparse.Namespace) -> Iterator[Problem]:
    tags = arguments.images // 20
    draw, tag_of = Drawing(tags), np.arange(arguments.images) % tags
    x, others = draw.embeddings(tag_of, seed=1), draw.embeddings(tag_of, seed=2)
    for tag in range(0, tags, tags // arguments.tags):
        fresh = np.concatenate([draw.embeddings(np.full(200, tag), seed=100 + tag), others[tag_of != tag]])
        yield x, tag_of == tag, fresh, np.arange(len(fresh)) < 200


if __name__ == "__main__":
    main()
