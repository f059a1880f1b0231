"""Do a million pictures pass through every stage in bounded memory, and does the work grow no faster than they do?

    python benchmarks/million.py [--sizes 1e5 1e6] [--only near-duplicates …] [--folder DIR] [--tags 5] [--models 80]
                                 [--against SRC]

For each size the commands that a person runs are run as whole processes on real files: zips of tiny pictures, and the
metadata of all of them, so that no encoder is needed. The last column is the exponent: 1 where ten times the pictures
take ten times as long, 2 where they take a hundred times as long; of the seconds, and of the processor time, which
depends less on what else the machine does.

near-duplicates     the groups of near-duplicates of all embeddings, one picture in twenty nearly that before it
train-parquet       train: two models a tag, each tag with 0.2 % of the pictures and the rest in other-training
train-json          the same from JSON
background-parquet  train: 200 examples a tag, with all pictures as the background
background-json     the same from JSON
score-parquet       the probabilities of all records by many models, which go nowhere
score-json          the same from JSON
classify            classify-zip of all pictures with many models and the metadata: each picture is decoded for its hash
classify-again      the same, nothing changed
sort                sort in an output folder that knows all embeddings: lists, samples the background, trains, scores

``--against`` names the ``src`` folder of another version, which takes each step before this one: for the training and
the scores, whose flags it knows. The files are made by this version.

A million take some 12 GB of disk and an hour, and what is made of one step is removed before the next. The scores of a
million by 80 models are more: ``--results`` gives flags to the commands that score, as ``--results="--scores=tagged"``.
"""

from __future__ import annotations

import argparse
import math
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from million_files import Files
from whole_process import Measured, measure, memory_of

HERE = str(Path(__file__).resolve().parents[1] / "src")

Command = list[str]


def near_duplicates(files: Files, _: argparse.Namespace, output: Path) -> Command:
    return [sys.executable, __file__, "--group", str(files.make_metadata("parquet"))]


def train(suffix: str) -> Callable[[Files, argparse.Namespace, Path], Command]:
    def command(files: Files, _: argparse.Namespace, output: Path) -> Command:
        metadata = files.make_metadata(suffix)
        return cli("train", f"--metadata_json={metadata}", f"--tag_to_hash_json={files.lists}", f"--output={output}")

    return command


def background(suffix: str) -> Callable[[Files, argparse.Namespace, Path], Command]:
    def command(files: Files, _: argparse.Namespace, output: Path) -> Command:
        mountain = files.make_metadata(suffix)
        metadata, lists = files.make_examples()
        given = f"--metadata_json={metadata}", f"--tag_to_hash_json={lists}", f"--output={output}"
        return cli("train", *given, f"--background={mountain}")

    return command


def score(suffix: str) -> Callable[[Files, argparse.Namespace, Path], Command]:
    def command(files: Files, arguments: argparse.Namespace, output: Path) -> Command:
        models, metadata = files.make_models(arguments.models), files.make_metadata(suffix)
        return [sys.executable, __file__, "--score", str(models), str(metadata)]

    return command


def classify(files: Files, arguments: argparse.Namespace, output: Path) -> Command:
    metadata, models = files.make_metadata("parquet"), files.make_models(arguments.models)
    given = f"--directory={files.make_pictures()}", f"--metadata_json={metadata}", f"--model={models}"
    return cli("classify-zip", *given, f"--output={output}", "--place=none", *arguments.results)


def sort(files: Files, arguments: argparse.Namespace, output: Path) -> Command:
    files.make_pictures()
    files.make_sorted(output)
    return cli(
        "sort", str(files.examples_folder), str(files.zips), f"--output={output}", "--place=none", *arguments.results
    )


#: The steps in their order. One that ends with ``-again`` works in the output folder of the one before it.
STEPS: dict[str, Callable[[Files, argparse.Namespace, Path], Command]] = {
    "near-duplicates": near_duplicates,
    "train-parquet": train("parquet"),
    "train-json": train("json"),
    "background-parquet": background("parquet"),
    "background-json": background("json"),
    "score-parquet": score("parquet"),
    "score-json": score("json"),
    "classify": classify,
    "classify-again": classify,
    "sort": sort,
}


def cli(*words: str) -> Command:
    return [sys.executable, "-m", "image_tagging", *words]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=float, default=[1e5, 1e6])
    parser.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--tags", type=int, default=5)
    parser.add_argument("--models", type=int, default=80)
    parser.add_argument("--folder", type=Path, help="where the files are made, and kept for the next run")
    flags = "further flags of classify-zip and sort, as one text"
    parser.add_argument("--results", type=shlex.split, default=[], metavar="FLAGS", help=flags)
    parser.add_argument("--against", metavar="SRC", help="the src folder of another version")
    parser.add_argument("--group", type=Path, help=argparse.SUPPRESS)  # for the process of near-duplicates
    parser.add_argument("--score", nargs=2, help=argparse.SUPPRESS)  # and for that of the scores
    arguments = parser.parse_args()
    if arguments.group:
        group(arguments.group)
        return
    if arguments.score:
        score_all(*arguments.score)
        return
    with tempfile.TemporaryDirectory() as temporary:
        run_all(arguments, arguments.folder or Path(temporary))


def run_all(arguments: argparse.Namespace, folder: Path) -> None:
    print(f"{arguments.tags} tags, {arguments.models} models to score with; memory is that of {memory_of}")
    head = f"{'seconds':>9}{'processor':>11}{'GiB at most':>13}{'GB written':>12}   exponent"
    print(f"{'step':20}{'pictures':>10}{head}", flush=True)
    steps = [step for step in STEPS if step in arguments.only]
    earlier: dict[str, tuple[int, Measured]] = {}
    for count in sorted(map(int, arguments.sizes)):
        files = Files(folder / str(count), count, arguments.tags)
        files.folder.mkdir(parents=True, exist_ok=True)
        for step in steps:
            against = run(files, step, arguments, arguments.against) if arguments.against else None
            measured = run(files, step, arguments)
            print(row(step, count, measured, earlier.get(step)), flush=True)
            if against:
                print(f"{row('  the other version', count, against, None)}   {compared(measured, against)}", flush=True)
            earlier[step] = count, measured
        if not arguments.folder:
            shutil.rmtree(files.folder)


def run(files: Files, step: str, arguments: argparse.Namespace, source: str = HERE) -> Measured:
    output = files.folder / ("output" if source == HERE else "output-of-other")
    if not step.endswith("-again"):
        shutil.rmtree(output, ignore_errors=True)
    measured = measure(STEPS[step](files, arguments, output), {**os.environ, "PYTHONPATH": source})
    if f"{step}-again" not in arguments.only:
        shutil.rmtree(output, ignore_errors=True)
    return measured


def row(step: str, count: int, measured: Measured, earlier: tuple[int, Measured] | None) -> str:
    """Return what is printed of a step; the exponent is against a smaller size."""
    seconds = own_seconds(measured)
    gib, gb = measured.memory / (1 << 30), measured.written / 1e9
    figures = f"{seconds:9.1f}{measured.cpu:11.1f}{gib:13.2f}{gb:12.2f}"
    if earlier is None:
        return f"{step:20}{count:10,}{figures}"
    times = count / earlier[0]
    by_clock = math.log(seconds / own_seconds(earlier[1]), times)
    by_cpu = math.log(measured.cpu / earlier[1].cpu, times)
    return f"{step:20}{count:10,}{figures}   {by_clock:.2f}, of processor time {by_cpu:.2f}"


def compared(here: Measured, against: Measured) -> str:
    times, memory = own_seconds(against) / own_seconds(here), here.memory / against.memory
    return f"{times:.2f} x as fast, {against.cpu / here.cpu:.2f} x in processor time, {memory:.2f} x the memory"


def own_seconds(measured: Measured) -> float:
    """Return the seconds of a step: those that it has printed of itself, else those of the whole process."""
    word, _, seconds = measured.output.strip().rpartition("\n")[2].partition(" ")
    return float(seconds) if word == "grouped" else measured.seconds


def group(path: Path) -> None:
    """Group near-duplicates as training does, and print the seconds; reading the file is counted by ``train``."""
    import numpy as np
    import pyarrow.parquet as pq

    from image_tagging.datasets import near_duplicate_groups
    from image_tagging.training import one_thread_a_product

    table = pq.ParquetFile(path, pre_buffer=False)  # which would hold the whole file
    vectors, start = np.empty((0, 0), dtype=np.float32), 0
    for batch in table.iter_batches(8192, columns=["embeddings_vector"]):
        column = batch.column(0)
        if not start:
            vectors = np.empty((table.metadata.num_rows, column.type.list_size), dtype=np.float32)
        vectors[start : start + len(column)] = column.flatten().to_numpy().reshape(len(column), -1)
        start += len(column)
    with one_thread_a_product():
        started = time.perf_counter()
        groups = near_duplicate_groups(vectors)
        seconds = time.perf_counter() - started
    print(f"{len(groups) - len(np.unique(groups)):,} images nearly the same as another")
    print(f"grouped {seconds}")


def score_all(models_folder: str, metadata: str) -> None:
    """Score all records of a metadata file by all models, some hundred at a time."""
    import numpy as np

    from image_tagging import load_tag_models
    from image_tagging.datasets import read_embeddings

    models = load_tag_models(models_folder)
    _, images = read_embeddings(metadata)
    count, total = 0, 0.0
    while batch := list(islice(images, 512)):
        probabilities = models.probabilities(np.stack([image.embedding for image in batch]))
        count, total = count + probabilities.size, total + float(probabilities.sum())
    print(f"{count:,} scores, their mean {total / count:.6f}")


if __name__ == "__main__":
    main()
