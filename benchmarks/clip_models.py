"""What do the CLIP models of docs/encoders.md cost on this machine, against the default?

    python benchmarks/clip_models.py [--models ViT-B-32-256 ...] [--rounds 5] [--images 32] [--threads 2]

Every model has random weights, which cost what trained ones do, and is loaded as the program loads it: its vision tower
alone, in the precision ``auto``. The models take turns, a batch each, so that a busy machine disturbs all of them;
figures are medians of processor time, and ``cost`` is the median ratio to the first model of the same round.

Memory is the peak of a process that loads the model from a file and embeds one batch; ``file`` is the size of that
file, which holds the text tower too. The largest takes 3.5 GB in the folder for temporary files.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np

from image_tagging.encoders.clip.encoder import ClipEncoder
from image_tagging.encoders.clip.loading import import_open_clip, random_model
from image_tagging.encoders.clip.weights import activation_for

#: The models that docs/encoders.md compares, by ``--clip_model`` and ``--pretrained``; the first is the default.
MODELS = (
    ("ViT-B-32", "openai"),
    ("ViT-B-32", "datacomp_xl_s13b_b90k"),
    ("ViT-B-32-256", "datacomp_s34b_b86k"),
    ("ViT-B-32-SigLIP2-256", "webli"),
    ("ViT-B-16", "datacomp_xl_s13b_b90k"),
    ("PE-Core-B-16", "meta"),
    ("ViT-B-16-SigLIP2-256", "webli"),
    ("ViT-L-14", "datacomp_xl_s13b_b90k"),
    ("ViT-L-16-SigLIP2-256", "webli"),
    ("PE-Core-L-14-336", "meta"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", metavar="NAME", help="only these, and the default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=32, help="pictures in a batch")
    parser.add_argument("--threads", type=int, default=multiprocessing.cpu_count(), help="threads of torch")
    arguments = parser.parse_args()
    chosen = [model for model in MODELS if model == MODELS[0] or model[0] in (arguments.models or [model[0]])]
    # Before this process grows: a new process begins with the peak of the one that starts it.
    memory = [peak_memory(model, arguments.images) for model in chosen]
    report(chosen, memory, arguments)


def report(models: list[tuple[str, str]], memory: list[tuple[float, float]], arguments: argparse.Namespace) -> None:
    """Time the models in turn and print a line for each."""
    import torch

    torch.set_num_threads(arguments.threads)
    encoders = [ClipEncoder.with_random_weights(architecture(*model)) for model in models]
    batches = [pictures(encoder, arguments.images) for encoder in encoders]
    for encoder, batch in zip(encoders, batches):
        encoder.embed(batch)
    rounds = []
    for number in range(arguments.rounds):
        rounds.append([seconds_of(encoder, batch) for encoder, batch in zip(encoders, batches)])
        print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)

    print(f"torch {torch.__version__}, {arguments.threads} threads, batches of {arguments.images}")
    print(f"{'model':44} values precision   cost (from, to)     ms/picture   peak GB  file GB")
    for place, (model, encoder) in enumerate(zip(models, encoders)):
        costs = [each[place] / each[0] for each in rounds]
        milliseconds = statistics.median(each[place] for each in rounds) / arguments.images * 1e3
        peak, file = memory[place]
        print(
            f"{'/'.join(model):44} {encoder.spec.dim:6} {encoder.precision:9} {statistics.median(costs):6.2f} "
            f"({min(costs):.2f} to {max(costs):.2f}) {milliseconds:10.0f} {peak:9.1f} {file:8.2f}"
        )


def architecture(name: str, tag: str) -> str:
    """Return the name of the model with the activation that the weights of the tag were trained with."""
    needs_twin = activation_for(import_open_clip(), name, tag) and not activation_for(import_open_clip(), name)
    return f"{name}-quickgelu" if needs_twin else name


def pictures(encoder: ClipEncoder, count: int) -> list[Any]:
    random = np.random.default_rng(0)
    return list(random.standard_normal((count, 3, *encoder.preprocess.size), dtype=np.float32))


def seconds_of(encoder: ClipEncoder, batch: list[Any]) -> float:
    """Return the processor time of all threads."""
    started = time.process_time()
    encoder.embed(batch)
    return time.process_time() - started


def peak_memory(model: tuple[str, str], count: int) -> tuple[float, float]:
    """Return the peak memory of a process that loads the model from a file, and the size of the file, in GB."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "random.safetensors"
        apart(save_random, model, file)
        return apart(load_and_embed, model, file, count), file.stat().st_size / 1e9


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def save_random(model: tuple[str, str], file: Path) -> None:
    from safetensors.torch import save_file

    weights = random_model(architecture(*model), seed=0).model.state_dict()
    save_file({name: values.contiguous() for name, values in weights.items()}, file)


def load_and_embed(model: tuple[str, str], file: Path, count: int) -> float:
    import resource  # not on Windows

    logging.getLogger("image_tagging").setLevel(logging.ERROR)  # it warns that no tag says which activation is right
    encoder = ClipEncoder(architecture(*model), str(file))
    encoder.embed(pictures(encoder, count))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e9 if sys.platform == "darwin" else peak * 1024 / 1e9


if __name__ == "__main__":
    main()
