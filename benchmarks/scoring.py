"""How fast does stage 3 score images whose embeddings are known, against one call per image and model?

    python benchmarks/scoring.py [--images 10000] [--tags 40] [--calls 4000]

Draws small images, gives them random embeddings (512 values) in a metadata file, and trains two models for each tag on
random embeddings. The baseline calls scikit-learn's ``predict_proba`` for one image and one model at a time, as the
original does, for ``--calls`` calls, half of them before stage 3 and half after it, and is scaled up to all of them.
Stage 3 is run end to end with ``place=none``: once on images it has never seen (every image is decoded for its hash),
and three times on known ones.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from PIL import Image

from image_tagging import ClassifyConfig, EncoderSpec, classify_images
from image_tagging.addresses import ImageRef
from image_tagging.datasets.json_writer import json_object
from image_tagging.datasets.metadata import as_json
from image_tagging.images.decode import decode
from image_tagging.records import ImageRecord
from image_tagging.tag_models import kind_names
from image_tagging.tag_models.files import save_tag_model
from image_tagging.training.fitting.fit import fit_models

ENCODER = EncoderSpec("ViT-B-32", "openai", 512, "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--tags", type=int, default=40)
    parser.add_argument("--calls", type=int, default=4_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        run(Path(work), arguments.images, arguments.tags, arguments.calls)


def run(work: Path, images: int, tags: int, calls: int) -> None:
    random = np.random.default_rng(0)
    embeddings = random.normal(size=(images, 512)).astype(np.float32)
    write_images(work, embeddings)
    estimators = write_models(work / "models", tags, random)
    before = baseline(estimators, embeddings, calls // 2)
    config = ClassifyConfig(
        directory=str(work / "images"),
        metadata_json=str(work / "metadata.json"),
        model=str(work / "models"),
        output=str(work / "output"),
        place="none",
    )
    first, *again = [classify_images(config).seconds for _ in range(4)]
    known = statistics.median(again)
    seconds_a_call = (before + baseline(estimators, embeddings, calls // 2)) / 2
    baseline_seconds = seconds_a_call * images * len(estimators)
    print(f"{images:,} images, {len(estimators)} models, {images * len(estimators):,} scores")
    print(f"one call per image and model  {baseline_seconds:9.1f} s  ({calls:,} calls timed)")
    print(f"stage 3, images not seen yet  {first:9.1f} s  {baseline_seconds / first:6.0f} x")
    print(f"stage 3, images known         {known:9.1f} s  {baseline_seconds / known:6.0f} x")


def write_images(work: Path, embeddings: np.ndarray, pixels: int = 16) -> None:
    """Write different pictures of ``pixels`` x ``pixels``, and the metadata with the embedding of each."""
    folder = work / "images"
    folder.mkdir()
    random = np.random.default_rng(1)
    with json_object(str(work / "metadata.json")) as metadata:
        for number, embedding in enumerate(embeddings):
            path = folder / f"{number:06}.png"
            Image.fromarray(random.integers(0, 256, (pixels, pixels, 3), dtype=np.uint8)).save(path, compress_level=1)
            facts = decode(ImageRef(str(path)), path.read_bytes()).facts
            fields = {name: getattr(facts, name) for name in facts.__dataclass_fields__}
            record = ImageRecord(**fields, tags=(), embedding=embedding, encoder=ENCODER)
            metadata.add(record.hash_id, as_json(record, tagged=False))


def write_models(folder: Path, tags: int, random: np.random.Generator) -> list:
    estimators = []
    card = {"encoder": {"name": "ViT-B-32", "pretrained": "openai", "dim": 512, "preprocess": ""}}
    for number in range(tags):
        examples = random.normal(size=(300, 512)).astype(np.float32)
        is_tag = np.arange(300) < 60
        examples[is_tag] += random.normal(size=512) * 0.3
        for kind in kind_names():
            path = save_tag_model(
                str(folder), f"tag-{number}", kind, fit_models(examples, is_tag)[kind].estimator, card
            )
            estimators.append(joblib.load(path))
    return estimators


def baseline(estimators: list, embeddings: np.ndarray, calls: int) -> float:
    """Return the seconds of one ``predict_proba`` call on one image, the mean over all models in turn."""
    rows = itertools.cycle(embeddings[:, np.newaxis])
    started = time.perf_counter()
    for estimator, row in zip(itertools.islice(itertools.cycle(estimators), calls), rows):
        estimator.predict_proba(row)
    return (time.perf_counter() - started) / calls


if __name__ == "__main__":
    main()
