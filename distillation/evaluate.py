"""Measure how well the weights of a run, step by step, distinguish kinds of pictures: the learning curve.

Usage: python -m distillation.evaluate RUN FOLDER [FOLDER ...] [--train 8] [--teacher TEACHER]

``RUN`` is the folder that ``distillation.train`` wrote; every sub-folder of every ``FOLDER`` is one kind of picture.
The network alone, before quantisation and projection, is measured as in ``benchmarks/builtin_encoder.py``; so is the
teacher where its .tflite file is given.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import cv2
import numpy as np
import torch
from benchmarks.builtin_encoder import PROBES, accuracy, pictures_in
from numpy.typing import NDArray
from PIL import Image

from image_tagging.encoders.builtin.letterbox import native_pixels, pad_to_square, resize_to_fit, upscale_nearest

from .corpus import picture_of
from .network import Network

_AT_ONCE = 64


def main() -> None:
    options = _options()
    paths, kinds = pictures_in(options.folders)
    pictures = [picture_of(Path(path)) for path in paths]
    squares = np.stack([pad_to_square(resize_to_fit(native_pixels(picture))) for picture in pictures])
    seen = {f"step {_step(each):6d}": _seen(each, squares) for each in sorted(options.run.glob("*.pt"), key=_step)}
    if options.teacher:
        seen["teacher"] = _seen_by_teacher(options.teacher, pictures)
    for who, embeddings in seen.items():
        mean, spread = accuracy(PROBES["scaled"], np.sqrt(embeddings), kinds, options.train)
        print(f"{who:12s}  {options.train} per kind  {mean:.3f} +- {spread:.3f}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--train", type=int, default=8)
    parser.add_argument("--teacher", type=Path)
    return parser.parse_args()


def _step(weights: Path) -> int:
    return int(re.sub(r"\D", "", weights.stem))


def _seen(weights: Path, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the embeddings (n, LEARNED) of pictures fitted into squares (n, SIDE, SIDE, 3)."""
    network = Network().eval()
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    network = network.to(memory_format=torch.channels_last)
    parts = torch.from_numpy(pictures).permute(0, 3, 1, 2).split(_AT_ONCE)
    with torch.inference_mode():
        return torch.cat([network(part.float()) for part in parts]).numpy()


def _seen_by_teacher(path: Path, pictures: list[Image.Image]) -> NDArray[np.float32]:
    """Return the teacher's embeddings of pictures resized to its square, small ones enlarged without blur."""
    from .precompute import SIDE, Teacher

    teacher = Teacher(path, threads=2)
    squeezed = [
        cv2.resize(upscale_nearest(np.asarray(p), SIDE, SIDE), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        for p in pictures
    ]
    return np.stack([teacher.seen(picture) for picture in squeezed]).astype(np.float32)


if __name__ == "__main__":
    main()
