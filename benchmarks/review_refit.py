"""How long does a person wait for the next page: refit of a tag, new scores of all pictures, the page, live figures?

Usage: python benchmarks/review_refit.py [--pictures 100000] [--pages 12] [--folder FOLDER]

Embeddings of 512 values in float16 are drawn into a file, of 200 kinds of pictures, and read through a map of it. The
person says yes to those near one of them. There is no baseline: the goals are 1 s for a hundred thousand pictures
and 3 s for a million, for refit and scores.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from image_tagging.training.active import (
    Candidates,
    Checks,
    Labels,
    Pool,
    QuickLearner,
    Unlabelled,
    Verdicts,
    live_figures,
    next_page,
    open_rows,
    top_share_of,
)

_DIM, _KINDS, _SPREAD, _BLOCK = 512, 200, 0.9, 10_000
_STEPS = ("refit", "scores", "page", "live figures")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--folder", help="where the file is drawn; by default a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        embeddings = _draw(Path(folder) / "embeddings.f16", options.pictures)
        started = time.perf_counter()
        pool = Pool(embeddings)
        learner = QuickLearner(pool)
        print(f"once for all tags: {time.perf_counter() - started:.2f} s")
        times = np.array(list(_review(pool, learner, options.pages)))
        for name, column in zip((*_STEPS, "all but live figures"), (*times.T, times[:, :3].sum(axis=1))):
            print(f"{name}: {column.min():.3f} to {column.max():.3f} s, median {np.median(column):.3f} s")
    print(f"most memory, with the file: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")


def _draw(path: Path, count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    centres = random.normal(size=(_KINDS, _DIM)).astype(np.float32)
    with path.open("wb") as file:
        for start in range(0, count, _BLOCK):
            kinds = random.integers(0, _KINDS, min(_BLOCK, count - start))
            noise = random.normal(size=(len(kinds), _DIM)).astype(np.float32)
            (centres[kinds] + _SPREAD * noise).astype(np.float16).tofile(file)
    return np.memmap(path, dtype=np.float16, mode="r", shape=(count, _DIM))


def _review(pool: Pool, learner: QuickLearner, pages: int) -> Iterator[list[float]]:
    """Yield for each page the seconds of its steps."""
    centre, rows, verdicts, fit, share = pool.unit(np.array([5]))[0], [5], [True], None, None
    for number in range(pages):
        labels = Labels(np.array(rows), np.array(verdicts), len(rows) - 1)
        times = [time.perf_counter()]
        fit = learner.fit(labels, fit)
        times.append(time.perf_counter())
        margins = pool.margins(fit.model)
        times.append(time.perf_counter())
        is_open = open_rows(pool, labels.rows)
        page = next_page(Candidates(pool, margins, is_open, labels.rows), share, number)
        times.append(time.perf_counter())
        is_yes = pool.unit(page.rows) @ centre > 0.5
        nothing = Checks(np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))
        seen = Verdicts(page.margins, is_yes, sum(verdicts))
        live_figures(Unlabelled(margins, is_open, learner.unlabelled), seen, nothing)
        times.append(time.perf_counter())
        yield np.diff(times).tolist()
        share = top_share_of(page, is_yes)
        rows, verdicts = [*rows, *page.rows.tolist()], [*verdicts, *is_yes.tolist()]


if __name__ == "__main__":
    main()
