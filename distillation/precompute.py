"""Compute the teacher's embedding of every view, once.

Usage: python -m distillation.precompute CORPUS TEACHER OUT [--seed 0] [--threads 2]

``CORPUS`` is the ``train`` folder that ``distillation.corpus`` wrote, ``TEACHER`` the .tflite file, ``OUT`` the .npz to
write: ``views`` (V,) and ``teacher`` (V, 1024) uint8, in steps of the teacher's own quantisation, which starts at 0.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from .corpus import load
from .options import parser_of
from .views import draw_views, render

SIDE = 224
_TOLD_EVERY = 10_000


def main() -> None:
    options = _options()
    corpus = load(options.corpus)
    views = draw_views(corpus, options.seed)
    print(f"{len(corpus.images)} images, {len(views)} views", flush=True)
    cv2.setNumThreads(0)
    teacher = Teacher(options.teacher, options.threads)
    seen = np.empty((len(views), teacher.values), np.uint8)
    began = time.monotonic()
    for row, view in enumerate(views):
        seen[row] = teacher.seen(render(view, corpus.images, SIDE))
        if (row + 1) % _TOLD_EVERY == 0:
            print(f"{row + 1} of {len(views)}, {time.monotonic() - began:.0f} s", flush=True)
    np.savez(options.out, views=views, teacher=seen)


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__, "corpus", "teacher", "out")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


class Teacher:
    """The loaded teacher: a picture (224, 224, 3) -> its embedding (values,) uint8."""

    def __init__(self, path: Path, threads: int) -> None:
        self._interpreter = Interpreter(str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._into = self._interpreter.get_input_details()[0]["index"]
        out = self._interpreter.get_output_details()[0]
        self._out = out["index"]
        self.values = int(out["shape"][-1])

    def seen(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self._interpreter.set_tensor(self._into, picture[np.newaxis])
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._out)).ravel()


if __name__ == "__main__":
    main()
