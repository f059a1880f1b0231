"""How many files a second does an export write?

Usage: python benchmarks/export.py [FOLDER] [IMAGES]

An output folder of IMAGES pictures (100,000), each with scores of eight tags by two kinds of models, is made in FOLDER
(/dev/shm, where only the program takes time), and exported to caption files and XMP sidecars, twice. The baseline next
to it writes files of the same sizes into the same folders with nothing but open and write.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from review_files import make_output

from image_tagging.exporters.score_tables import ModelScores, score_table
from image_tagging.exporters.tables import STAGE3
from image_tagging.pipeline import ExportConfig, export_results
from image_tagging.records import ListedFile
from image_tagging.store import WorkingStore
from image_tagging.tag_models import kind_names

TAGS = 8


def main() -> None:
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else "/dev/shm"))
    images = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    try:
        output = scored(folder / "files", images)
        for name in ("txt", "xmp"):
            config = ExportConfig(format=name, output=str(output))
            seconds, summary = timed(lambda config=config: export_results(config))
            files = summary.counts.new
            print(f"{name}: {files:,} files in {seconds:.1f} s, {files / seconds:,.0f} a second")
            seconds, _ = timed(lambda name=name: plainly(output / "export" / name, folder / "plain"))
            print(f"  plain open and write of the same files: {files / seconds:,.0f} a second")
            shutil.rmtree(folder / "plain")
            seconds, summary = timed(lambda config=config: export_results(config))
            print(f"  again, {summary.counts.unchanged:,} as they were: {seconds:.1f} s")
            shutil.rmtree(output / "export")
            (output / "image-tagging.exports").unlink()
        print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")
    finally:
        shutil.rmtree(folder)


def scored(folder: Path, images: int) -> Path:
    """Return an output folder whose pictures have scores; each has one tag or more."""
    folder.mkdir(parents=True, exist_ok=True)
    output, random = make_output(folder, images, TAGS, 4), np.random.default_rng(0)
    models = [(kind, f"tag-{tag}") for kind in kind_names() for tag in range(TAGS)]
    with WorkingStore(str(output)) as store, score_table(str(output / STAGE3.file_name), STAGE3) as table:
        numbers = table.number(models)
        table.set_thresholds(dict.fromkeys(models, 0.8))
        for picture in store.collection.pictures():
            scores = random.random(len(models))
            scores[random.integers(TAGS) :: TAGS] = 0.9
            table.add(
                ListedFile(picture.files[0], 1),
                picture.hash_id,
                ModelScores(numbers, scores.tolist(), (scores >= 0.8).astype(int).tolist()),
            )
    return output


def plainly(source: Path, target: Path) -> None:
    """Write the files of a folder with nothing but open and write."""
    for place, _, files in os.walk(source):
        folder = target / Path(place).relative_to(source)
        folder.mkdir(parents=True)
        for name in files:
            content = b"x" * os.path.getsize(os.path.join(place, name))
            with open(folder / name, "wb") as file:
                file.write(content)


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done


if __name__ == "__main__":
    main()
