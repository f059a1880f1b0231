"""How well do the weights of a run, step by step, tell kinds of pictures apart? The learning curve of the encoder.

Usage: python -m training.evaluate RUN FOLDER [FOLDER ...] [--train 8]

``RUN`` is the folder that ``training.train`` wrote; every sub-folder of every ``FOLDER`` is one kind of picture. What
the network alone sees, before anything is quantised or projected, is asked as ``benchmarks/builtin_encoder.py`` asks.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
import torch
from benchmarks.builtin_encoder import PROBES, accuracy, pictures_in
from numpy.typing import NDArray

from image_tagging.encoders.letterbox import fitted, squared
from image_tagging.images import decode
from image_tagging.records import ImageRef

from .network import Network

_AT_ONCE = 64


def main() -> None:
    options = _options()
    paths, kinds = pictures_in(options.folders)
    pictures = np.stack([squared(fitted(decode(ImageRef(p), Path(p).read_bytes()).picture)) for p in paths])
    for weights in sorted(options.run.glob("weights-*.pt"), key=_step):
        seen = np.sqrt(_seen(weights, pictures))
        mean, spread = accuracy(PROBES["scaled"], seen, kinds, options.train)
        print(f"step {_step(weights):6d}  {options.train} per kind  {mean:.3f} +- {spread:.3f}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--train", type=int, default=8)
    return parser.parse_args()


def _step(weights: Path) -> int:
    return int(re.sub(r"\D", "", weights.stem))


def _seen(weights: Path, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The embeddings (n, LEARNED) of pictures in their squares (n, SIDE, SIDE, 3)."""
    network = Network().eval()
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    network = network.to(memory_format=torch.channels_last)
    parts = torch.from_numpy(pictures).permute(0, 3, 1, 2).split(_AT_ONCE)
    with torch.inference_mode():
        return torch.cat([network(part.float()) for part in parts]).numpy()


if __name__ == "__main__":
    main()
