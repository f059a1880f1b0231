"""How long does stage 2 take, against one scikit-learn fit after the other with the same settings?

    python benchmarks/training.py METADATA_JSON TAG_TO_HASH_JSON    a data set of your own
    python benchmarks/training.py --tags 1000 --images 20000        a synthetic one

The baseline fits the same two estimators for each tag on the same images, and nothing else; stage 2 also reads the
metadata, measures, and writes models, cards and reports. For a synthetic data set, whose baseline would take long, only
stage 2 is run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from image_tagging import EncoderSpec, TrainConfig, train_tag_models
from image_tagging.classifiers import KINDS
from image_tagging.fitting import fit_estimator
from image_tagging.json_objects import json_object
from image_tagging.metadata import as_json, read_embeddings, read_tag_lists, write_lists
from image_tagging.records import ImageRecord, ImageRef
from image_tagging.splits import gather, split_tag


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--tags", type=int, default=1000)
    parser.add_argument("--images", type=int, default=20_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        if arguments.files:
            metadata, tag_lists = arguments.files
            print(f"one fit after the other {baseline(metadata, tag_lists):8.1f} s")
        else:
            metadata, tag_lists = synthetic(work, arguments.tags, arguments.images)
        config = TrainConfig(metadata_json=metadata, tag_to_hash_json=tag_lists, output=str(work / "output"))
        summary = train_tag_models(config)
        print(
            f"stage 2                 {summary.seconds:8.1f} s  {len(summary.reports)} models, {summary.images} images"
        )


def baseline(metadata: str, tag_lists: str) -> float:
    data = gather(read_embeddings(metadata)[1], read_tag_lists(tag_lists))
    splits = [split_tag(data, tag, test_share=0.1, seed=0) for tag in data.tags]
    started = time.perf_counter()
    for split in splits:
        for kind in KINDS:
            fit_estimator(kind, data.embeddings[split.training], split.is_tag)
    return time.perf_counter() - started


def synthetic(work: Path, tags: int, images: int) -> tuple[str, str]:
    """Images around a centre for each tag, as many for each."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(tags, 512))
    encoder = EncoderSpec("ViT-B-32", "openai", 512, "")
    lists: dict[str, list[str]] = {f"tag-{number:04}": [] for number in range(tags)}
    with json_object(str(work / "metadata.json")) as file:
        for number in range(images):
            tag, hash_id = f"tag-{number % tags:04}", f"{number:0128x}"
            embedding = (centres[number % tags] * 0.5 + random.normal(size=512)).astype(np.float32)
            ref = ImageRef(f"/images/{tag}/{number}.png")
            record = ImageRecord(ref, hash_id, hash_id, "PNG", 1, 1, 1, (tag,), embedding, encoder)
            file.add(hash_id, as_json(record, tagged=True))
            lists[tag].append(hash_id)
    write_lists(str(work / "tags.json"), lists.items())
    return str(work / "metadata.json"), str(work / "tags.json")


if __name__ == "__main__":
    main()
