"""Does memory stay bounded when a data set has a million images?

    python benchmarks/million.py [--records 1000000] [--tags 5] [--models 80] [--folder DIR] [--steps write-json,…]

Makes seeded records (512 values each; no picture is drawn) and runs every step over them in a separate process:
writing the metadata as JSON and as Parquet, training (two models a tag, each tag with 0.2 % of the images and the rest
in ``other-training``) from either file, and scoring with 80 models straight from the file, without placing images.
Prints the seconds and the peak memory of each step. A million records take 9 GB of disk, which are freed at the end
unless ``--folder`` says where to keep them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

DIM = 512
STEPS = ("write-json", "write-parquet", "train-parquet", "train-json", "fit-models", "score-parquet", "score-json")
CONCEPTS = 200
#: How far the images of a tag lie apart from the others; at this distance few of the nearest are confused.
TAG_STRENGTH = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--tags", type=int, default=5)
    parser.add_argument("--models", type=int, default=80)
    parser.add_argument("--folder")
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)  # for the process of one step
    arguments = parser.parse_args()
    if arguments.step:
        run_step(arguments, Path(arguments.folder))
    elif arguments.folder:
        run_all(arguments, arguments.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run_all(arguments, folder)


def run_all(arguments: argparse.Namespace, folder: str) -> None:
    print(f"{arguments.records:,} records, {arguments.tags} tags, {arguments.models} models", flush=True)
    figures = [f"--{name}={getattr(arguments, name)}" for name in ("records", "tags", "models")]
    for step in arguments.steps.split(","):
        subprocess.run([sys.executable, __file__, *figures, f"--folder={folder}", f"--step={step}"], check=True)


def run_step(arguments: argparse.Namespace, folder: Path) -> None:
    started = time.perf_counter()
    action, _, suffix = arguments.step.partition("-")
    if action == "write":
        note = write(arguments, folder, suffix)
    elif action == "train":
        note = train(folder, suffix)
    elif action == "fit":
        note = models_to_score(arguments, folder)
    else:
        note = score(folder, suffix)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # GiB: Linux counts in KiB, macOS in bytes
    peak = peak / 1024 if sys.platform == "darwin" else peak
    print(f"{arguments.step:14} {seconds:8.1f} s  {peak:6.2f} GiB at most  {note}", flush=True)


def write(arguments: argparse.Namespace, folder: Path, suffix: str) -> str:
    from image_tagging.datasets.metadata import TAG_TO_HASHES, record_writer, write_lists

    path = folder / f"input-metadata.{suffix}"
    hashes: dict = {}
    with record_writer([str(path)], encoder(), tagged=True) as writer:
        for record in records(arguments.records, arguments.tags):
            writer.add(record)
            hashes.setdefault(record.tags[0], []).append(record.hash_id)
    write_lists(str(folder / TAG_TO_HASHES), sorted(hashes.items()))
    return f"{path.stat().st_size / 1e9:.2f} GB"


def train(folder: Path, suffix: str) -> str:
    from image_tagging import TrainConfig, train_tag_models
    from image_tagging.datasets.metadata import TAG_TO_HASHES

    metadata, lists = folder / f"input-metadata.{suffix}", folder / TAG_TO_HASHES
    output = folder / f"trained-{suffix}"
    summary = train_tag_models(
        TrainConfig(metadata_json=str(metadata), tag_to_hash_json=str(lists), output=str(output))
    )
    precision = [report.average_precision for report in summary.reports if report.average_precision is not None]
    return f"{len(summary.reports)} models, mean average precision {sum(precision) / max(1, len(precision)):.3f}"


def models_to_score(arguments: argparse.Namespace, folder: Path) -> str:
    """Train small models to score with: 300 examples each, of which the machines keep nearly all."""
    import numpy as np

    from image_tagging.tag_models import kind_names
    from image_tagging.tag_models.files import save_tag_model
    from image_tagging.training.fitting.fit import fit_models

    card = {"encoder": {"name": "ViT-B-32", "pretrained": "openai", "dim": DIM, "preprocess": ""}}
    draw, is_tag = Drawing(arguments.models), np.arange(300) < 60
    for number in range(arguments.models):
        kind, tag = kind_names()[number % len(kind_names())], number // len(kind_names())
        examples = draw.embeddings(np.where(is_tag, tag, -1), seed=number)
        save_tag_model(str(folder / "models"), f"tag-{tag}", kind, fit_models(examples, is_tag)[kind].estimator, card)
    return f"{arguments.models} models"


def score(folder: Path, suffix: str) -> str:
    import numpy as np

    from image_tagging import load_tag_models
    from image_tagging.datasets.metadata import read_embeddings

    models = load_tag_models(str(folder / "models"))
    _, images = read_embeddings(str(folder / f"input-metadata.{suffix}"))
    count, total = 0, 0.0
    while batch := list(islice(images, 512)):
        probabilities = models.probabilities(np.stack([image.embedding for image in batch]))
        count, total = count + probabilities.size, total + float(probabilities.sum())
    return f"{count:,} scores, mean {total / count:.6f}"


class Drawing:
    """Embeddings like those of an encoder: a common direction, many concepts, and one for each tag."""

    def __init__(self, tags: int) -> None:
        import numpy as np

        random = np.random.default_rng(0)
        self._common = random.normal(size=DIM)
        self._concepts = random.normal(size=(CONCEPTS, DIM)) * 0.6
        self._tags = np.concatenate([random.normal(size=(tags, DIM)) * TAG_STRENGTH, np.zeros((1, DIM))])

    def embeddings(self, tags, seed: int):
        """Return an embedding (n, D) float32 for each number of a tag (n,), -1 for none."""
        import numpy as np

        random = np.random.default_rng([1, seed])
        concepts = self._concepts[random.integers(CONCEPTS, size=len(tags))]
        noise = random.normal(size=(len(tags), DIM)) * 0.5
        return (self._common + concepts + self._tags[tags] + noise).astype(np.float32)


def records(count: int, tags: int) -> Iterator:
    """Yield the records, the same for every step. Of 500 images each tag has one and ``other-training`` the others."""
    import numpy as np

    from image_tagging.addresses import ImageRef
    from image_tagging.datasets.tagged_embeddings import OTHER_TRAINING
    from image_tagging.records import ImageRecord

    draw, spec = Drawing(tags), encoder()
    for start in range(0, count, 4096):
        numbers = np.arange(start, min(start + 4096, count))
        tag_numbers = np.where(numbers % 500 < tags, numbers % 500, -1)
        for number, tag, embedding in zip(numbers.tolist(), tag_numbers, draw.embeddings(tag_numbers, seed=start)):
            name = OTHER_TRAINING if tag < 0 else f"tag-{tag}"
            path = os.path.join("/data/images", name, f"{number:07}.png")
            hash_id = hashlib.blake2b(str(number).encode()).hexdigest()
            yield ImageRecord(ImageRef(path), hash_id, hash_id, "PNG", 100_000, 512, 512, (name,), embedding, spec)


def encoder():
    from image_tagging.records import EncoderSpec

    return EncoderSpec("ViT-B-32", "openai", DIM, "")


if __name__ == "__main__":
    main()
