"""How fast is the logistic regression with offsets, against a Newton method written for it?

Usage: python benchmarks/offset_regression.py [--rounds 5] [--train 100]

The baseline is what this project had before: Newton steps by conjugate gradients, which fit several offsets of the same
images together. Both take turns in each round, on one thread of BLAS as in training; the ratio is the median over the
rounds. ``objective`` and ``probability`` are the largest differences between the two solutions, relative and absolute.
At the end ``fit_models`` learns one tag from ``--train`` images, as many others four times over, and its name, with
either. The baseline does not converge where offsets alone separate the classes, so the sizes here avoid that.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import Callable, Optional
from unittest.mock import patch

import numpy as np

from image_tagging.tag_models import sigmoid
from image_tagging.training.blas_threads import one_thread_a_product
from image_tagging.training.fitting.fit import fit_models
from image_tagging.training.text_prior import prior
from image_tagging.training.text_prior.offset_regression import fit_with_offsets

SIZES = [(200, 512), (200, 768), (800, 512), (800, 768), (4000, 512), (4000, 768)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--train", type=int, default=100, help="images of the tag in the whole training")
    arguments = parser.parse_args()
    with one_thread_a_product():
        print("     n    D     C  offsets  ratio  objective  probability")
        for count, dim in SIZES:
            for c in (0.1, 1.0, 10.0):
                for problems in (1, 4):
                    compare(count, dim, c, problems, arguments.rounds)
        compare_training(arguments.train, arguments.rounds)


def compare(count: int, dim: int, c: float, problems: int, rounds: int) -> None:
    x, is_tag, direction = images(count, dim, count // 5)
    s = np.where(is_tag, 1.0, 3.0)
    offsets = [strength * (x @ direction) for strength in (8.0, 0.0, 4.0, 16.0)[:problems]]
    turns = []
    for _ in range(rounds):
        baseline, theirs = timed(lambda: fit_by_newton(x, is_tag, offsets, c, s))
        seconds, ours = timed(lambda: [fit_with_offsets(x, is_tag, each, c, s) for each in offsets])
        turns.append(seconds / baseline)
    losses, said = [], []
    for fits in (theirs, ours):
        margins = np.array([x @ u + b + each for (u, b), each in zip(fits, offsets)])
        squares = np.array([u @ u for u, _ in fits])
        losses.append(np.logaddexp(0, np.where(is_tag, -1, 1) * margins) @ s + squares / (2 * c))
        said.append(sigmoid(margins))
    objective = np.max((losses[1] - losses[0]) / losses[0])
    probability = np.abs(said[1] - said[0]).max()
    print(
        f"{count:6} {dim:4} {c:5} {problems:8} {median(turns):6.2f} {objective:10.0e} {probability:12.0e}", flush=True
    )


def compare_training(tagged: int, rounds: int) -> None:
    """All that stage 2 fits for one tag of which a text encoder knows the name."""
    x, is_tag, direction = images(5 * tagged, 512, tagged)

    def by_newton(x, is_tag, offsets, c, weights):
        return fit_by_newton(x, is_tag, [offsets], c, weights)[0]

    def train() -> object:
        return fit_models(x.astype(np.float32), is_tag, direction=direction)

    turns = []
    for _ in range(rounds):
        with patch.object(prior, "fit_with_offsets", by_newton):
            baseline, _ = timed(train)
        turns.append(timed(train)[0] / baseline)
    print(f"a whole training of {tagged} images of the tag and {4 * tagged} others: ratio {median(turns):.2f}")


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Seconds of processor time, and the result: of a shared machine the time on the wall says little."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def images(count: int, dim: int, tagged: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors (n, D) in a cone, spread unequally as embeddings are; which have the tag; the tag's direction."""
    random = np.random.default_rng(0)
    axes = np.linalg.qr(random.normal(size=(dim, dim)))[0]
    spread = np.exp(-4 * np.arange(dim) / dim)
    spread /= np.linalg.norm(spread)
    is_tag = np.arange(count) < tagged
    x = axes[0] + 0.8 * (random.normal(size=(count, dim)) * spread) @ axes + 0.1 * is_tag[:, np.newaxis] * axes[-1]
    return x / np.linalg.norm(x, axis=1, keepdims=True), is_tag, axes[-1]


# The baseline -------------------------------------------------------------------------------------------------


def fit_by_newton(
    x: np.ndarray, is_tag: np.ndarray, offsets: list[np.ndarray], c: float, weights: Optional[np.ndarray] = None
) -> list[tuple[np.ndarray, float]]:
    """Newton's method with a line search, each step by preconditioned conjugate gradients; K offsets together.

    Nocedal and Wright 2006, "Numerical optimization", section 7.1.
    """
    s = (np.ones(len(x)) if weights is None else weights)[:, np.newaxis]
    truth, sign = is_tag[:, np.newaxis], np.where(is_tag, -1.0, 1.0)[:, np.newaxis]
    offset = np.stack(offsets, axis=1)
    share = float((s * truth).sum() / s.sum())
    at = np.zeros((x.shape[1] + 1, len(offsets)))
    at[-1] = np.log(share / (1 - share)) - (s * offset).sum(axis=0) / s.sum()
    margins = offset + at[-1]

    def value(at: np.ndarray, margins: np.ndarray) -> np.ndarray:
        return (s * np.logaddexp(0, sign * margins)).sum(axis=0) + (at[:-1] ** 2).sum(axis=0) / (2 * c)

    values = value(at, margins)
    for _ in range(100):
        p = sigmoid(margins)
        slope = summed(x, s * (p - truth))
        slope[:-1] += at[:-1] / c
        step = newton_step(x, slope, s * p * (1 - p), c, float(s.sum()))
        gain = (slope * step).sum(axis=0)
        if (gain <= 1e-14 * (1 + values)).all():
            at = at - step
            return [(column[:-1], float(column[-1])) for column in at.T]
        moved = along(x, step)
        size = np.ones(len(offsets))
        for _ in range(50):
            below = value(at - size * step, margins - size * moved)
            short = below > values - 1e-4 * size * gain + 1e-14 * (1 + values)
            if not short.any():
                break
            size[short] /= 2
        at, margins, values = at - size * step, margins - size * moved, below
    raise AssertionError("the search does not end")


def newton_step(x: np.ndarray, slope: np.ndarray, bend: np.ndarray, c: float, total: float) -> np.ndarray:
    least = np.full_like(slope, 1 / c)
    least[-1] = 1e-12 * total
    scale = least + bend.sum(axis=0) / np.append(np.full(len(slope) - 1, len(slope)), 1.0)[:, np.newaxis]
    step, rest = np.zeros_like(slope), slope.copy()
    way = rest / scale
    size = (rest * way).sum(axis=0)
    enough = size * np.minimum(0.01, np.sqrt(size / (1 + total)))
    for _ in range(2 * len(slope)):
        if (size <= enough).all():
            break
        bent = summed(x, bend * along(x, way)) + least * way
        far = quotient(size, (way * bent).sum(axis=0))
        step += far * way
        rest -= far * bent
        scaled = rest / scale
        before, size = size, (rest * scaled).sum(axis=0)
        way = scaled + quotient(size, before) * way
    return step


def along(x: np.ndarray, step: np.ndarray) -> np.ndarray:
    return (step[:-1].T @ x.T).T + step[-1]


def summed(x: np.ndarray, images: np.ndarray) -> np.ndarray:
    return np.vstack([(images.T @ x).T, images.sum(axis=0)])


def quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


if __name__ == "__main__":
    main()
