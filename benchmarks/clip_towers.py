"""How fast is CLIP's image tower by each library, on this CPU, with nothing around it?

    python benchmarks/clip_towers.py [--model ViT-B-32] [--batch 32] [--threads 2] [--rounds 7]

One batch of drawn arrays and one set of random weights go through every tower in turn, so that a busy machine disturbs
all of them: open_clip's on PyTorch, this project's on onnxruntime and OpenVINO. ``a part a thread`` is the batch in as
many parts as there are threads, instead of every product on all threads. Figures are medians; ``x`` is the median
ratio, within a round, to the first tower. ``cosine`` is the least to the first tower, ``centred`` the same less the
mean embedding. What is not installed is left out, with a line that says so.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import numpy as np

from image_tagging.encoders.clip.architectures import ARCHITECTURES
from image_tagging.encoders.clip.onnx import OnnxImageTower, random_tensors
from image_tagging.encoders.clip.onnx.openvino_towers import OpenVinoImageTower
from image_tagging.errors import EncoderUnavailableError

#: Computes the embeddings (N, D) of the batch.
Tower = Callable[[], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="ViT-B-32", choices=ARCHITECTURES)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)  # which onnxruntime's tower heeds too
    logging.disable(logging.WARNING)  # that the weights are random
    side = ARCHITECTURES[arguments.model].image_size
    pictures = np.random.default_rng(0).standard_normal((arguments.batch, 3, side, side), dtype=np.float32)
    towers: dict[str, Tower] = {}
    for library in (of_pytorch, of_onnxruntime, of_openvino):
        try:
            towers.update(library(arguments, pictures))
        except ImportError as error:
            print(f"{library.__name__[3:]} is left out: {error}")
    report(arguments, towers)


def report(arguments: argparse.Namespace, towers: dict[str, Tower]) -> None:
    """Time the towers in turn and print a line for each."""
    rows = {name: tower() for name, tower in towers.items()}
    rounds = []
    for _ in range(arguments.rounds):
        rounds.append({name: seconds_of(tower) for name, tower in towers.items()})
    first = next(iter(towers))
    print(f"{arguments.model}, batches of {arguments.batch}, {arguments.threads} threads, {arguments.rounds} rounds\n")
    print(f"| tower | pictures/s | x {first} | from | to | cosine | centred |\n|---|---|---|---|---|---|---|")
    for name in towers:
        ratios = [played[first] / played[name] for played in rounds]
        rate = arguments.batch / statistics.median(played[name] for played in rounds)
        mean = rows[first].mean(axis=0)
        cosines = least_cosine(rows[name], rows[first]), least_cosine(rows[name] - mean, rows[first] - mean)
        spread = f"{statistics.median(ratios):.2f} | {min(ratios):.2f} | {max(ratios):.2f}"
        print(f"| {name} | {rate:.1f} | {spread} | {cosines[0]:.5f} | {cosines[1]:.5f} |")


def seconds_of(tower: Tower) -> float:
    started = time.perf_counter()
    tower()
    return time.perf_counter() - started


def least_cosine(rows: Any, exact: Any) -> float:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(exact, axis=1)
    return float(((rows * exact).sum(axis=1) / lengths).min())


def of_pytorch(arguments: argparse.Namespace, pictures: Any) -> Iterator[tuple[str, Tower]]:
    """Give the towers on PyTorch: open_clip's, whole and in parts."""
    import torch

    torch.set_num_threads(arguments.threads)
    visual = open_clip_tower(arguments.model)
    half = open_clip_tower(arguments.model).to(torch.bfloat16)

    def share() -> None:
        torch.get_num_threads()  # makes torch's setup of a new thread happen now, not after the next line
        torch.set_num_threads(1)

    pool = ThreadPoolExecutor(arguments.threads, initializer=share)

    def compute(vision: Any, dtype: Any, part: Any) -> Any:
        with torch.inference_mode():
            return vision(torch.from_numpy(part).to(dtype)).float().numpy()

    def in_parts(vision: Any, dtype: Any) -> Any:
        parts = np.array_split(pictures, arguments.threads)
        return np.concatenate(list(pool.map(lambda part: compute(vision, dtype, part), parts)))

    yield "open_clip fp32", lambda: compute(visual, torch.float32, pictures)
    yield "open_clip fp32, a part a thread", lambda: in_parts(visual, torch.float32)
    yield "open_clip bf16", lambda: compute(half, torch.bfloat16, pictures)
    yield "open_clip bf16, a part a thread", lambda: in_parts(half, torch.bfloat16)


def open_clip_tower(model: str) -> Any:
    """Return open_clip's tower with the weights that all have."""
    import open_clip
    import torch

    whole = open_clip.create_model(model)
    weights = {name: torch.from_numpy(values) for name, values in random_tensors(ARCHITECTURES[model], 0).items()}
    whole.load_state_dict(weights, strict=False)
    return whole.visual.float().eval().requires_grad_(False)


def of_onnxruntime(arguments: argparse.Namespace, pictures: Any) -> Iterator[tuple[str, Tower]]:
    """Give this project's tower on onnxruntime."""
    architecture = ARCHITECTURES[arguments.model]
    for precision in ("fp32", "int8"):
        tower = OnnxImageTower(architecture, random_tensors(architecture, 0), precision=precision)
        yield f"onnxruntime {precision}", lambda tower=tower: tower.embed(list(pictures))


def of_openvino(arguments: argparse.Namespace, pictures: Any) -> Iterator[tuple[str, Tower]]:
    """Give this project's tower on OpenVINO, in the precisions that this CPU has instructions for."""
    import openvino  # noqa: F401  asked only whether it is there

    architecture = ARCHITECTURES[arguments.model]
    for precision in ("fp32", "bf16"):
        try:
            tower = OpenVinoImageTower(
                architecture, random_tensors(architecture, 0), precision, architecture.quick_gelu
            )
        except EncoderUnavailableError as error:
            print(f"left out: {error}")
            continue
        yield f"OpenVINO {precision}", lambda tower=tower: tower.embed(list(pictures))


if __name__ == "__main__":
    main()
