"""How long does a search wait, in an output folder of many pictures?

    python benchmarks/search.py [--pictures 1e6] [--folder DIR] [--rounds 7]

A real output folder is made (``review_files.py``), and searched as whole processes (``image-tagging search near:HASH``)
and in this process, by one query and by 16 at once. The baseline is what a script does without the project: float16 to
float32 by NumPy, one product, one sort. "Read" is the bound of memory: every byte of the map once. Figures are the
least and the median of the rounds; the mapped file is in the page cache. Memory is what the process takes at most,
without the mapped file. Python keeps compiled modules, as it does for everybody who does not forbid it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from review_files import make_output

from image_tagging.pipeline.search import open_table
from image_tagging.progress import say_nothing
from image_tagging.search import nearest

_PEAK = """
import sys, threading, time
most = [0]
def watch():
    while True:
        with open("/proc/self/status") as status:
            most[0] = max(most[0], *(int(line.split()[1]) for line in status if line.startswith("RssAnon")))
        time.sleep(0.003)
threading.Thread(target=watch, daemon=True).start()
from image_tagging.cli import main
code = main(sys.argv[1:])
print(most[0], file=sys.stderr)
sys.exit(code)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=float, default=1e6)
    parser.add_argument("--folder", type=Path, help="where the folder is made, and kept for the next run")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)) / f"{int(given.pictures)}"
        folder.mkdir(parents=True, exist_ok=True)
        measure(make_output(folder, int(given.pictures), 8, 48), given.rounds)


def measure(output: Path, rounds: int) -> None:
    started = time.perf_counter()
    open_table(str(output), say_nothing)
    print(f"opening, where names were not written yet: {time.perf_counter() - started:.2f} s")
    table = open_table(str(output), say_nothing)
    vectors = np.random.default_rng(0).standard_normal((16, table.embeddings.shape[1]))
    print(f"{len(table):,} pictures, {table.embeddings.shape[1]} values, {table.embeddings.nbytes / 2**30:.2f} GiB")
    bare = np.asarray(table.embeddings)

    def by_hand() -> None:
        products = bare.astype(np.float32) @ vectors[0].astype(np.float32)
        np.argsort(-products * table.lengths)[:50]

    tasks: dict[str, Callable[[], object]] = {
        "every byte read once": lambda: bare.view(np.int16).max(),
        "by hand, one query": by_hand,
        "one query": lambda: nearest(table.embeddings, table.lengths, vectors[:1], 50),
        "16 queries": lambda: nearest(table.embeddings, table.lengths, vectors, 50),
    }
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            began = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - began)
    whole, peaks = [], []
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    query = ["search", f"near:{table.name(len(table) // 2)}", "--output", str(output), "--json"]
    for _ in range(rounds):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, *query], env=compiled, check=True, capture_output=True, encoding="utf-8"
        )
        whole.append(time.perf_counter() - began)
        peaks.append(int(done.stderr.split()[-1]) / 1024)
    seconds["the whole command, near:HASH"] = whole
    for name, times in seconds.items():
        print(f"{name:32} {min(times):7.3f} s least {statistics.median(times):7.3f} s median")
    print(f"memory without the map: {max(peaks):.0f} MiB")


if __name__ == "__main__":
    main()
