"""What do the results of many tags and pictures cost: to write, on the disk, and to ask?

    python benchmarks/results.py                                   2,000 pictures by 1,056 models
    python benchmarks/results.py --pictures 1000000 --tags 40      80 million scores; takes 9 GB of disk with JSON
    python benchmarks/results.py --pictures 1000000 --tags 40 --formats none

Probabilities are drawn. The writing of ``output.json`` and ``stage3.db`` is measured in processor seconds, against a
bare loop that puts the same values into the same tables and the same file: ``executemany`` of sqlite3, and ``dumps`` of
orjson on dictionaries. Both take turns. Then the table is asked the questions that it has indexes for.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import orjson

from image_tagging.addresses import ImageRef
from image_tagging.exporters import PictureScores, Placing, ResultFormats, Scoring, results
from image_tagging.exporters.score_tables import statements
from image_tagging.exporters.tables import STAGE3
from image_tagging.records import EncoderSpec, ImageRecord, ListedFile
from image_tagging.tag_models import TagModel, TagModels
from image_tagging.tag_models.scorers import LinearScorer

ENCODER = EncoderSpec("ViT-B-32", "openai", 2, "")
KINDS = ("ovr-logistic-regression", "ovr-svm")

QUESTIONS = {
    "the 100 best of a tag": "WHERE tag_name = 'tag-7' ORDER BY tag_prob DESC LIMIT 100",
    "the 100 best of a tag by a kind": "WHERE model_type = 'ovr-svm' AND tag_name = 'tag-7' "
    "ORDER BY tag_prob DESC LIMIT 100",
    "all tags of a picture": f"WHERE hash_id = '{1000:0128x}' ORDER BY tag_prob DESC",
    "a tag between two probabilities": "WHERE tag_name = 'tag-7' AND tag_prob BETWEEN 0.5 AND 0.5001",
    "any tag between two probabilities": "WHERE tag_prob BETWEEN 0.9 AND 0.900001",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--tags", type=int, default=528)
    parser.add_argument("--formats", default="json", choices=["json", "both", "parquet", "none"])
    parser.add_argument("--rounds", type=int, default=5, help="rounds of writing, where there are few scores")
    arguments = parser.parse_args()
    scorer = LinearScorer(np.zeros(2), 0.0, normalise=False)
    models = TagModels(
        [TagModel(f"tag-{tag}", kind, ENCODER, scorer) for kind in KINDS for tag in range(arguments.tags)]
    )
    scores = arguments.pictures * len(models)
    print(f"{arguments.pictures:,} pictures by {len(models):,} models, {scores:,} scores")
    with tempfile.TemporaryDirectory() as work:
        seconds = {}
        is_compared = scores < 10**7 and arguments.formats == "json"
        turns = [(bare_loop, "bare loop"), (program, "this program")] if is_compared else [(program, "this program")]
        for _ in range(arguments.rounds if is_compared else 1):
            for write, name in turns:
                started = time.process_time()
                folder = write(Path(work), models, arguments.pictures, arguments.formats)
                seconds.setdefault(name, []).append(time.process_time() - started - drawing(models, arguments.pictures))
        for name, each in seconds.items():
            print(f"{name:14}{statistics.median(each):8.2f} processor seconds, {min(each):.2f} to {max(each):.2f}")
        if is_compared:
            ratios = [ours / bare for bare, ours in zip(*seconds.values())]
            print(f"writing takes {statistics.median(ratios):.2f} x the bare loop")
        for file in sorted(folder.iterdir()):
            print(f"{file.name:14}{file.stat().st_size / scores:8.1f} bytes a score")
        ask(folder / "stage3.db")


def drawn(models: TagModels, pictures: int) -> Iterator[tuple[ImageRecord, ListedFile, PictureScores]]:
    """Yield pictures with their scores, the same for every writer."""
    random, scoring = np.random.default_rng(0), Scoring(models, 10)
    nothing = np.zeros(2, dtype=np.float32)
    for start in range(0, pictures, 512):
        many = range(start, min(start + 512, pictures))
        probabilities = random.random((len(many), len(models)))
        tagged = probabilities >= 0.5
        for row, number in enumerate(many):
            ref, name = ImageRef(f"/home/someone/pictures/2026/{number:07}.png"), f"{number:0128x}"
            record = ImageRecord(ref, name, name, "PNG", 1, 1, 1, (), nothing, ENCODER)
            yield record, ListedFile(ref, 1), PictureScores(scoring, probabilities[row], tagged[row])


def drawing(models: TagModels, pictures: int) -> float:
    """Return the processor seconds of :func:`drawn` alone."""
    started = time.process_time()
    for _ in drawn(models, pictures):
        pass
    return time.process_time() - started


def program(work: Path, models: TagModels, pictures: int, formats: str) -> Path:
    folder = work / "program"
    folder.mkdir(exist_ok=True)
    (folder / "output.json").unlink(missing_ok=True)  # which would be read first
    chosen, thresholds = ResultFormats.of(formats, str(folder)), Scoring(models, 10).thresholds
    with results(str(folder), thresholds, formats=chosen, archives=None, bins=10, placing=Placing("none")) as writer:
        for record, file, scores in drawn(models, pictures):
            writer.add(record, [file], scores)
    return folder


def bare_loop(work: Path, models: TagModels, pictures: int, _formats: str) -> Path:
    folder = work / "bare"
    folder.mkdir(exist_ok=True)
    (folder / "stage3.db").unlink(missing_ok=True)
    tags = {tag: number for number, tag in enumerate(models.tags)}
    kinds = {kind: number for number, kind in enumerate(KINDS)}
    *tables, by_hash, by_tag = statements(STAGE3)
    with open(folder / "output.json", "wb") as json, closing(sqlite3.connect(folder / "stage3.db")) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA journal_mode = OFF")
        for statement in tables:
            db.execute(statement)
        db.executemany("INSERT INTO tags VALUES (?, ?)", [(number, tag) for tag, number in tags.items()])
        db.executemany("INSERT INTO kinds VALUES (?, ?)", [(number, kind) for kind, number in kinds.items()])
        names = [(tags[tag], kinds[kind]) for kind, tag in models.names]
        db.executemany("INSERT INTO models VALUES (?, ?, 0.5)", names)
        for number, (record, file, scores) in enumerate(drawn(models, pictures), start=1):
            values = list(zip(models.names, scores.probabilities.tolist(), scores.tagged.tolist()))
            entry = {
                "hash_id": record.hash_id,
                "file_path": file.ref.path,
                "classifiers_output": [
                    {"model_type": kind, "tag_name": tag, "tag_prob": probability, "tagged": tagged}
                    for (kind, tag), probability, tagged in values
                ],
            }
            json.write(orjson.dumps({record.hash_id: entry}) + b"\n")
            ref = file.ref
            db.execute(
                "INSERT INTO files VALUES (?, ?, ?, NULL, ?, NULL, ?, NULL)",
                (number, ref.name, ref.path, ref.suffix, record.hash_id),
            )
            db.executemany(
                "INSERT INTO scores VALUES (?, ?, ?, ?)",
                [(number, *pair, probability) for pair, (_, probability, _) in zip(names, values)],
            )
        db.execute(by_hash)
        db.execute(by_tag)
        db.commit()
    return folder


def ask(path: Path) -> None:
    for what, condition in QUESTIONS.items():
        with closing(sqlite3.connect(path)) as db:
            started = time.perf_counter()
            found = db.execute(f"SELECT * FROM stage3 {condition}").fetchall()
            print(f"{what:36}{len(found):7,} rows in {(time.perf_counter() - started) * 1000:8.1f} ms")


if __name__ == "__main__":
    main()
