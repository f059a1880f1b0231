"""How well, and how fast, does the embedded encoder describe pictures, and what does each of its blocks add?

Usage: python benchmarks/builtin_encoder.py FOLDER [FOLDER ...] [--train 4 8 24] [--splits 5] [--before SRC]

Every sub-folder of every FOLDER is one kind of picture. A linear classifier learns all kinds from a few
pictures of each and classifies the others; accuracy is the mean over kinds, then over random splits.
``scaled`` is StandardScaler + LogisticRegression(C=0.01), ``unit`` is vectors of length 1 + LogisticRegression.
It is measured on the kinds of each FOLDER and on all together: the whole embedding, each of its blocks alone, and the
embedding without each block. ``--before`` names the ``src`` folder of another checkout, whose encoder is measured too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from typing import Optional

import cv2
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from image_tagging.addresses import ImageRef
from image_tagging.encoders.builtin.encoder import BuiltinEncoder
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode

Rows = dict[str, np.ndarray]


def main() -> None:
    options = _options()
    if options.embed:  # the child process of --before
        np.save(options.embed, _embed(pictures_in(options.folders)[0])[0])
        return
    paths, kinds = pictures_in(options.folders)
    few = [kind for kind in np.unique(kinds) if np.sum(kinds == kind) <= max(options.train)]
    if not paths or few:
        sys.exit(f"every kind needs more than {max(options.train)} pictures: {few or 'there is none'}")
    started = time.perf_counter()
    embeddings, known = _embed(paths)
    seconds = time.perf_counter() - started
    kinds = kinds[known]
    print(f"{len(embeddings)} pictures of {len(np.unique(kinds))} kinds, {embeddings.shape[1]} values each")
    print(f"{len(paths) / seconds:.0f} pictures per second, reading and decoding included, single-threaded")
    rows = {**_before(options.before, options.folders), **dict(_rows(embeddings))}
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name, chosen in _sets(kinds).items():
        print(f"\n{name}, {len(np.unique(kinds[chosen]))} kinds; pictures of each to learn from: {options.train}")
        for row, values in rows.items():
            for probe in PROBES if row in {"before", "all blocks"} else ["scaled"]:
                figures = [
                    accuracy(PROBES[probe], values[chosen], kinds[chosen], n, options.splits) for n in options.train
                ]
                shown = "   ".join(f"{mean:.3f} +- {spread:.3f}" for mean, spread in figures)
                print(f"  {row:17s} {values.shape[1]:5d}  {probe:9s}  {shown}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="a folder with one sub-folder for each kind")
    parser.add_argument("--train", type=int, nargs="+", default=[4, 8, 24], help="pictures of each kind to learn from")
    parser.add_argument("--splits", type=int, default=5, help="random splits to average over")
    parser.add_argument("--before", metavar="SRC", help="the src folder of another checkout")
    parser.add_argument("--embed", metavar="FILE", help=argparse.SUPPRESS)
    return parser.parse_args()


def pictures_in(folders: list[str]) -> tuple[list[str], np.ndarray]:
    """Return all files of all kinds, in a stable order, and the kind of each."""
    found = [
        (entry.path, os.path.join(os.path.basename(os.path.abspath(folder)), kind.name))
        for folder in folders
        for kind in sorted(os.scandir(folder), key=lambda entry: entry.name)
        if kind.is_dir()
        for entry in sorted(os.scandir(kind.path), key=lambda entry: entry.name)
        if entry.is_file()
    ]
    return [path for path, _ in found], np.array([kind for _, kind in found])


def _embed(paths: list[str]) -> tuple[np.ndarray, list[int]]:
    """Return the embeddings (n, D) of the pictures that can be decoded, and their indices in ``paths``."""
    cv2.setNumThreads(1)  # as the figure promises
    encoder = BuiltinEncoder()
    rows, known = [], []
    for place, path in enumerate(paths):
        with open(path, "rb") as file:
            data = file.read()
        try:
            rows.append(encoder.preprocess(decode(ImageRef(path), data).picture))
        except DecodeError as error:
            print(f"left out {path}: {error}", file=sys.stderr)
        else:
            known.append(place)
    return encoder.embed(rows), known


def _before(source: Optional[str], folders: list[str]) -> Rows:
    """Return the embeddings of another checkout's encoder, computed by its code in another process."""
    if source is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "before.npy")
        script = [sys.executable, os.path.abspath(__file__), *folders, f"--embed={file}"]
        subprocess.run(script, check=True, env={**os.environ, "PYTHONPATH": os.path.abspath(source)})
        return {"before": np.load(file)}


def _rows(embeddings: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the whole embedding, each block alone, and the embedding without each block."""
    from image_tagging.encoders.builtin.blocks import BLOCKS  # not in the code before

    yield "all blocks", embeddings
    ends = np.cumsum(list(BLOCKS.values()))
    parts = dict(zip(BLOCKS, np.split(embeddings, ends[:-1], axis=1)))
    yield from parts.items()
    for left_out in parts:
        yield f"without {left_out}", np.hstack([values for name, values in parts.items() if name != left_out])


def _sets(kinds: np.ndarray) -> dict[str, np.ndarray]:
    """Return all pictures, and those of each folder, by name."""
    folder = np.array([os.path.dirname(kind) for kind in kinds])
    names = np.unique(folder)
    alone = {str(name): np.flatnonzero(folder == name) for name in names}
    return {" + ".join(alone): np.arange(len(kinds)), **(alone if len(alone) > 1 else {})}


PROBES = {
    "scaled": make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)),
    **{f"unit C={c}": make_pipeline(Normalizer(), LogisticRegression(C=c, max_iter=1000)) for c in (3, 10, 30)},
}


def accuracy(
    probe: Pipeline, embeddings: np.ndarray, kinds: np.ndarray, train: int, splits: int = 5
) -> tuple[float, float]:
    """Return the mean and standard deviation of the accuracy over random splits."""
    shares = [_accuracy_of_split(probe, embeddings, kinds, train, seed) for seed in range(splits)]
    return float(np.mean(shares)), float(np.std(shares))


def _accuracy_of_split(probe: Pipeline, embeddings: np.ndarray, kinds: np.ndarray, train: int, seed: int) -> float:
    """Learn from ``train`` pictures of each kind, drawn by ``seed``; return the mean accuracy on the rest."""
    random = np.random.default_rng(seed)
    given = np.concatenate(
        [random.permutation(np.flatnonzero(kinds == kind))[:train] for kind in np.unique(kinds)],
    )
    asked = np.setdiff1d(np.arange(len(kinds)), given)
    probe.fit(embeddings[given], kinds[given])
    return float(balanced_accuracy_score(kinds[asked], probe.predict(embeddings[asked])))


if __name__ == "__main__":
    main()
