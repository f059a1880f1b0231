"""How long does `duplicates` take on an output folder of many pictures, and what does it miss?

    python benchmarks/duplicates.py [--pictures 1e5] [--folder DIR] [--rounds 3] [--without-baseline]

A real output folder is made (``review_files.py``; one picture in twenty is nearly that before it, tiny PNGs in zips),
and the command runs on it as a whole process: the first time, which compares all embeddings and reads the images that
only their sharpness tells apart, and again. "Groups" is the comparison alone. The baseline compares every pair by NumPy
in the same process: what no index can miss. Seconds are the least of the rounds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from review_files import make_output

from image_tagging.datasets import join_labels, near_duplicate_groups
from image_tagging.encoders import near_duplicate_cosine
from image_tagging.pipeline.search import PictureTable, open_table
from image_tagging.progress import say_nothing
from image_tagging.store import REPEATS_NAME

_PROGRAM = "import sys; from image_tagging.cli import main; sys.exit(main())"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=float, default=1e5)
    parser.add_argument("--folder", type=Path, help="where the folder is made, and kept for the next run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-baseline", action="store_true", help="for many pictures: all pairs take hours")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)) / f"{int(given.pictures)}"
        folder.mkdir(parents=True, exist_ok=True)
        output = make_output(folder, int(given.pictures), 8, 48)
        table = open_table(str(output), say_nothing)
        print(f"{len(table):,} pictures, {table.embeddings.shape[1]} values")
        first, again, bare = [], [], []
        for _ in range(given.rounds):
            (output / REPEATS_NAME).unlink(missing_ok=True)
            first.append(command(output))
            again.append(command(output))
            started = time.perf_counter()
            groups = near_duplicate_groups(table.embeddings, cosine=near_duplicate_cosine(table.encoder))
            bare.append(time.perf_counter() - started)
        print(f"duplicates, the first time  {min(first):7.2f} s")
        print(f"duplicates, again           {min(again):7.2f} s")
        print(f"groups                      {min(bare):7.2f} s")
        if not given.without_baseline:
            compare(table, groups)


def command(output: Path) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", _PROGRAM, "duplicates", str(output), "--json"], check=True, capture_output=True
    )
    return time.perf_counter() - started


def compare(table: PictureTable, groups: np.ndarray) -> None:
    """Print what comparing every pair takes, and how many pictures of its groups are in none or in another."""
    limit, started = near_duplicate_cosine(table.encoder), time.perf_counter()
    unit = table.embeddings.astype(np.float32) * table.lengths[:, np.newaxis]
    first, second = [], []
    for start in range(0, len(unit), 2048):
        left, right = np.nonzero(unit[start : start + 2048] @ unit[start:].T >= limit)
        first.append(left + start)
        second.append(right + start)
    exact = join_labels(np.arange(len(unit)), np.concatenate(first), np.concatenate(second))
    print(f"every pair by NumPy         {time.perf_counter() - started:7.2f} s")
    repeats = int((exact != np.arange(len(exact))).sum())
    missed = repeats - int((groups != np.arange(len(groups))).sum())
    print(f"{repeats:,} pictures repeat another one by every pair; {missed:,} of them are missed")


if __name__ == "__main__":
    main()
