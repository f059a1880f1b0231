"""How long does stage 2 take, against one scikit-learn fit after the other with fixed settings?

    python benchmarks/training.py METADATA_JSON TAG_TO_HASH_JSON    your data set
    python benchmarks/training.py --tags 1000 --images 20000        a synthetic one
    python benchmarks/training.py FILES --background 20000          also with so many pictures as background
    python benchmarks/training.py FILES --against CHECKOUT/src      against another checkout of this program
    python benchmarks/training.py FILES --against SRC --every 8     the same, of every eighth tag alone

The background is made up: blends of three embeddings of the data set each, with noise.

The baseline only fits scikit-learn's two estimators for each tag on the same images, with fixed settings; stage 2 also
reads the metadata, compares ten recipes per tag by cross-validation, measures, and writes models, cards, reports and
their page. They take turns, and the figures are medians. On a synthetic data set the baseline fits only some tags
(``--fitted``), and its time is scaled up.

With ``--against`` both checkouts train as whole processes, in turn, and nothing else is measured: seconds, processor
time, memory, and the mean figures of their models by their cards: out of fold (``cross_validation``), on the images
held back (``validation``), and with a background on the mountain.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import SVC

from image_tagging import EncoderSpec, TrainConfig, TrainSummary, train_tag_models
from image_tagging.addresses import ImageRef
from image_tagging.datasets import read_embeddings, read_tag_lists, record_writer, write_lists
from image_tagging.datasets.json_writer import json_object
from image_tagging.datasets.metadata import as_json
from image_tagging.datasets.splits import Splitter
from image_tagging.datasets.tagged_embeddings import OTHER_TRAINING, OTHER_VALIDATION, gather
from image_tagging.records import ImageRecord


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--tags", type=int, default=1000)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--fitted", type=int, default=3, help="synthetic tags that the baseline fits")
    parser.add_argument("--rounds", type=int, default=5, help="rounds over a data set of your own")
    parser.add_argument("--background", type=int, default=0, help="pictures of a background")
    parser.add_argument("--against", help="the src folder of another checkout")
    parser.add_argument("--every", type=int, default=1, help="learn only every so many of the tags of FILES")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        if arguments.files:
            files, most, rounds = some_tags(arguments.files, arguments.every, work), None, arguments.rounds
            if not arguments.against:
                stage2(files, work)  # not counted: scikit-learn is imported, and the files are read from the disk
        else:
            files, most, rounds = synthetic(work, arguments.tags, arguments.images), arguments.fitted, 1
        background = (blends(files[0], work, arguments.background),) if arguments.background else ()
        if arguments.against:
            compare(arguments.against, [*files, *background], rounds, work)
            return
        turns = [(baseline(files, most), stage2(files, work)) for _ in range(rounds)]
        with_background = [stage2(files, work, background).seconds for _ in range(rounds if background else 0)]
    fits, stages = zip(*turns)
    summary = stages[0]
    print(f"{len(summary.reports)} models, {summary.images:,} images, medians of {rounds}")
    print(f"one fit after the other {median(fits):8.2f} s{'' if most is None else f' (scaled up from {most} tags)'}")
    print(f"stage 2                 {median(stage.seconds for stage in stages):8.2f} s")
    ratio = median(stage.seconds / seconds for seconds, stage in turns)
    print(f"stage 2 takes {ratio:.2f} x the time of the fits alone")
    if with_background:
        print(f"with {arguments.background:,} of background {median(with_background):8.2f} s")


def stage2(files: tuple[str, str], work: Path, background: tuple[str, ...] = ()) -> TrainSummary:
    metadata, lists = files
    output = str(work / "output")
    return train_tag_models(
        TrainConfig(metadata_json=metadata, tag_to_hash_json=lists, output=output, background=background)
    )


class Run(NamedTuple):
    """What a whole process took, and the figures of each model that it wrote, by tag and kind."""

    seconds: float
    processor: float
    memory: float
    figures: dict[str, dict[str, float]]


def compare(other: str, files: list[str], rounds: int, work: Path) -> None:
    """Print what training takes here and in another checkout, in turn, and how good the models are."""
    sources = {"the other": other, "here": str(Path(__file__).parent.parent / "src")}
    runs = [{name: run(source, files, work / name) for name, source in sources.items()} for _ in range(rounds)]
    for name in sources:
        took = [turn[name] for turn in runs]
        seconds, processor, memory = (median(each) for each in zip(*((one[:3]) for one in took)))
        print(f"{name:9} {seconds:8.2f} s, {processor:8.2f} s of processor time, {memory:5.2f} GiB, median of {rounds}")
    ratios = [
        (turn["the other"].seconds / turn["here"].seconds, turn["the other"].processor / turn["here"].processor)
        for turn in runs
    ]
    print("as fast by {:.2f} x, by processor time {:.2f} x".format(*(median(each) for each in zip(*ratios))))
    before, after = (runs[-1][name].figures for name in sources)
    for figure in sorted({name for model in before.values() for name in model}):
        both = [
            (before[model][figure], after[model][figure])
            for model in before
            if figure in before[model] and figure in after.get(model, {})
        ]
        old, new = (mean(each) for each in zip(*both))
        print(f"{figure:32} {old:.4f} -> {new:.4f} ({new - old:+.4f}), {len(both)} models")


def run(source: str, files: list[str], output: Path) -> Run:
    """Train in a process of its own."""
    metadata, lists, *background = files
    command = [sys.executable, "-m", "image_tagging", "train", "--metadata_json", metadata, "--tag_to_hash_json", lists]
    command += ["--output", str(output), *(part for file in background for part in ("--background", file))]
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": source}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"training with {source} failed")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, dict(figures_of(output / "models")))


def figures_of(models: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the figures on the card of each model."""
    for path in sorted(models.glob("*.json")):
        card = json.loads(path.read_text())
        found = {}
        for part, names in (
            ("cross_validation", ("average_precision", "log_loss", "balanced_accuracy", "calibration_error")),
            ("validation", ("average_precision", "balanced_accuracy")),
            ("mountain", ("average_precision", "log_loss")),
        ):
            of_part = card.get(part) or {}
            found.update({f"{part}: {name}": of_part[name] for name in names if of_part.get(name) is not None})
        yield path.name, found


def some_tags(files: list[str], every: int, work: Path) -> list[str]:
    """Return the files with only every so many of the tags; the sets of other images stay."""
    if every == 1:
        return files
    lists = json.loads(Path(files[1]).read_text())
    tags = sorted(lists)[::every]
    others = {OTHER_TRAINING, OTHER_VALIDATION}.intersection(lists)
    path = work / "some-tags.json"
    path.write_text(json.dumps({tag: lists[tag] for tag in [*tags, *others]}))
    return [files[0], str(path)]


def blends(metadata: str, work: Path, count: int) -> str:
    """Write the metadata of so many pictures, each a blend of three of the data set, with noise."""
    encoder, images = read_embeddings(metadata)
    x, random = np.array([image.embedding for image in images]), np.random.default_rng(0)
    path = str(work / "background.json")
    with record_writer([path], encoder, tagged=False) as writer:
        for number in range(count):
            mixed = random.dirichlet([1, 1, 1]) @ x[random.integers(len(x), size=3)]
            embedding = (mixed + random.normal(size=x.shape[1]) * x.std() / 2).astype(np.float32)
            name = f"{number:0128x}"
            ref = ImageRef(f"/mountain/{number}.png")
            writer.add(ImageRecord(ref, name, name, "PNG", 1, 1, 1, (), embedding, encoder))
    return path


def baseline(files: tuple[str, str], most: int | None) -> float:
    """Return the seconds of the fits alone."""
    data = gather(read_embeddings(files[0])[1], read_tag_lists(files[1]))
    splitter = Splitter(data, test_share=0.1, seed=0)
    splits = [splitter.split(tag) for tag in data.tags[:most]]
    started = time.perf_counter()
    for split in splits:
        x, y = data.embeddings[split.training], np.where(split.is_tag, 0, 1)
        make_pipeline(Normalizer(), LogisticRegression(C=3.0, max_iter=2000, tol=1e-6)).fit(x, y)
        folds = min(5, int(split.is_tag.sum()))
        if folds > 1:
            machine = SVC(C=1.0, gamma=0.5, class_weight="balanced")
            cv = StratifiedKFold(folds, shuffle=True, random_state=0)
            make_pipeline(Normalizer(), CalibratedClassifierCV(machine, cv=cv, ensemble=False)).fit(x, y)
    return (time.perf_counter() - started) * len(data.tags) / len(splits)


def synthetic(work: Path, tags: int, images: int) -> tuple[str, str]:
    """Make images around a centre for each tag, the same number for each."""
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
