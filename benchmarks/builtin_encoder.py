"""How well, and how fast, does the embedded encoder describe pictures?

Usage: python benchmarks/builtin_encoder.py FOLDER [FOLDER ...] [--train 24] [--splits 5]

Every sub-folder of every FOLDER is one kind of picture. A linear classifier learns all kinds from a few
pictures of each and classifies the others; accuracy is the mean over kinds, then over random splits.
``scaled`` is StandardScaler + LogisticRegression(C=0.01), ``unit`` is vectors of length 1 + LogisticRegression.
Each block of the embedding is also measured alone: that of the network, and that of the classical features.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from image_tagging.addresses import ImageRef
from image_tagging.encoders.builtin import network
from image_tagging.encoders.builtin.encoder import BuiltinEncoder
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode

_FEWER = 8


def main() -> None:
    options = _options()
    paths, kinds = pictures_in(options.folders)
    too_few = [kind for kind in np.unique(kinds) if np.sum(kinds == kind) <= options.train]
    if not len(paths) or too_few:
        sys.exit(f"every kind needs more than {options.train} pictures: {too_few or 'there is none'}")
    started = time.perf_counter()
    embeddings, known = _embed(paths)
    seconds = time.perf_counter() - started
    kinds = kinds[known]
    print(f"{len(embeddings)} pictures of {len(np.unique(kinds))} kinds, {embeddings.shape[1]} values each")
    print(f"{len(paths) / seconds:.0f} pictures per second, reading and decoding included, single-threaded")
    blocks = {"both": slice(None), "seen": slice(network.NETWORK_DIM), "described": slice(network.NETWORK_DIM, None)}
    for train in sorted({_FEWER, options.train}):
        for block, values in blocks.items():
            for name, probe in (PROBES if block == "both" else {"scaled": PROBES["scaled"]}).items():
                mean, spread = accuracy(probe, embeddings[:, values], kinds, train, options.splits)
                print(f"{train:3d} per kind  {block:10s} {name:12s}  {mean:.3f} +- {spread:.3f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="a folder with one sub-folder for each kind")
    parser.add_argument("--train", type=int, default=24, help="pictures of each kind to learn from")
    parser.add_argument("--splits", type=int, default=5, help="random splits to average over")
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
