"""How long does stage 3 take to place copies, against ``shutil.copy`` of the same files to the same folders?

    python benchmarks/placing.py [--images 500] [--models 20] [--pixels 80] [--rounds 5]

Draws noise (80 x 80 pixels: PNGs of about 19 KB) and gives it random embeddings in a metadata file. Every round runs,
in another order and each into a new folder: ``shutil.copy`` of every file into the bins that the models chose, only the
placing of stage 3 in every way, and stage 3 end to end (images known, with ``copy`` and with ``none``). Prints the
medians and their ratios to ``shutil.copy``. ``TMPDIR`` selects the file system; 3 GB are needed there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Callable

import numpy as np
from scoring import write_images, write_models

from image_tagging import ClassifyConfig, classify_images
from image_tagging.exporters.placing import Placer, Target

#: The folders of each file.
Places = dict[str, list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--pixels", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        run(Path(work), arguments)


def run(work: Path, arguments: argparse.Namespace) -> None:
    random = np.random.default_rng(0)
    write_images(work, random.normal(size=(arguments.images, 512)).astype(np.float32), arguments.pixels)
    write_models(work / "models", arguments.models // 2, random)
    # The first run decodes every image for its hash; it also says what goes where.
    classify(work, "copy")
    places = placed_below(work / "output", work / "images")
    size = sum(os.path.getsize(file) for file in places)
    tasks: dict[str, Callable[[Path], None]] = {
        "shutil.copy": partial(copy_each, places),
        **{f"placing alone, {how}": partial(place_each, places, how) for how in ("copy", "hardlink", "symlink")},
        "stage 3, copy": lambda _: classify(work, "copy"),
        "stage 3, none": lambda _: classify(work, "none"),
    }
    seconds = measured(tasks, work, arguments.rounds)
    print(f"{len(places):,} images of {size / len(places) / 1000:.0f} KB, {sum(map(len, places.values())):,} placed")
    for name, each in seconds.items():
        ratio = statistics.median(each) / statistics.median(seconds["shutil.copy"])
        print(f"{name:24} {statistics.median(each):8.3f} s  {ratio:6.2f} x   (fastest {min(each):.3f} s)")


def measured(tasks: dict[str, Callable[[Path], None]], work: Path, rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(rounds):
        for name in np.random.default_rng(number).permutation(list(tasks)):
            # Out of the way and not deleted: file systems are slow to give out again what was freed a moment ago.
            aside = work / "done" / f"{number} {name}"
            aside.mkdir(parents=True)
            for path in [*work.glob("new"), *(work / "output").glob("ovr-*")]:
                path.rename(aside / path.name)
            os.sync()
            started = time.perf_counter()
            tasks[name](work / "new")
            seconds[name].append(time.perf_counter() - started)
    return seconds


def classify(work: Path, place: str) -> None:
    classify_images(
        ClassifyConfig(
            directory=str(work / "images"),
            metadata_json=str(work / "metadata.json"),
            model=str(work / "models"),
            output=str(work / "output"),
            place=place,
        )
    )


def placed_below(output: Path, images: Path) -> Places:
    places: Places = {str(path): [] for path in sorted(images.iterdir())}
    for path in sorted(output.glob("*/*/*/*.png")):
        places[str(images / path.name)].append(str(path.parent.relative_to(output)))
    return places


def copy_each(places: Places, root: Path) -> None:
    for folder in {folder for folders in places.values() for folder in folders}:
        (root / folder).mkdir(parents=True)
    for file, folders in places.items():
        for folder in folders:
            shutil.copy(file, root / folder)


def place_each(places: Places, how: str, root: Path) -> None:
    placer = Placer(str(root), how)
    for file, folders in places.items():
        placer.place(list(map(Target, folders)), os.path.basename(file), file)


if __name__ == "__main__":
    main()
