"""How fast is a folder added to the file cache, compared with one connection and one commit for each row?

Usage: python benchmarks/file_cache.py [--images 10000] [--rounds 3]

Both ways read the same archive of small drawn pictures, decode and hash every one with the same code and write the same
columns; only this project writes in batches and keeps indexes. Seconds are medians over the rounds. The cost of a
commit, and so the ratio, depends on the disk that holds the temporary folder. ``again`` adds the same archive a second
time; ``random`` is one call of get_random_image, opening the cache included, on that cache and on made-up ones of a
thousand and a million rows.
"""

from __future__ import annotations

import argparse
import io
import os
import sqlite3
import tempfile
import time
import zipfile
from contextlib import closing
from statistics import median
from typing import Callable

import numpy as np
from PIL import Image

from image_tagging.images.decode import content_hash
from image_tagging.pipeline.file_cache import FileCache
from image_tagging.sources.find import FoundImage, find_images
from image_tagging.sources.read import SourceReader

_CALLS = 200
_ROWS = (1_000, 1_000_000)


def main() -> None:
    options = _options()
    seconds: dict[str, list[float]] = {"naive": [], "add": [], "again": [], "random": []}
    with tempfile.TemporaryDirectory() as folder:
        archive = os.path.join(folder, "pictures.zip")
        _draw(archive, options.images)
        cache = FileCache()
        for turn in range(options.rounds):
            out_dir = os.path.join(folder, str(turn))
            path = os.path.join(out_dir, "file_cache.sqlite")
            seconds["naive"].append(_timed(lambda: _add_naively(archive, f"{out_dir}.sqlite")))  # noqa: B023  at once
            for what in ("add", "again"):
                seconds[what].append(_timed(lambda: cache.add_folder_to_file_cache(archive, out_dir)))  # noqa: B023
            seconds["random"].append(_timed(lambda: [cache.get_random_image(path) for _ in range(_CALLS)]))  # noqa: B023
        calls = {rows: _random_calls(_made_up(os.path.join(folder, str(rows)), rows)) for rows in _ROWS}
    middle = {what: median(taken) for what, taken in seconds.items()}
    print(f"{options.images} pictures in one archive, {os.cpu_count()} cores, medians of {options.rounds} rounds")
    for what in ("naive", "add", "again"):
        print(f"{what:6s}  {middle[what]:8.3f} s  {options.images / middle[what]:10,.0f} pictures per second")
    print(f"random  {middle['random'] / _CALLS * 1000:8.3f} ms")
    for rows, milliseconds in calls.items():
        print(f"random  {milliseconds:8.3f} ms of {rows:,} rows")
    print(f"naive / add: {middle['naive'] / middle['add']:.1f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000, help="pictures to draw")
    parser.add_argument("--rounds", type=int, default=3, help="rounds to take the median of")
    return parser.parse_args()


def _draw(path: str, count: int) -> None:
    """Draw an archive of PNG sprites, 32 x 32, all different."""
    random = np.random.default_rng(7)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            blocks = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            file = io.BytesIO()
            Image.fromarray(blocks).resize((32, 32), Image.Resampling.NEAREST).save(file, "PNG")
            archive.writestr(f"{number // 1000}/{number}.png", file.getvalue())


def _add_naively(archive: str, path: str) -> None:
    columns = "file_name TEXT NOT NULL, path TEXT, hash_id TEXT, type TEXT, is_archive INTEGER, n_content INTEGER"
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"CREATE TABLE file_cache({columns}, container_archive TEXT)")
    with closing(SourceReader()) as reader:
        for found in find_images(archive):
            if isinstance(found, FoundImage):
                ref = found.ref
                hash_id = content_hash(reader.read(ref))
                row = (ref.name, ref.path, hash_id, ref.suffix, None, None, ref.archive)
                with closing(sqlite3.connect(path)) as db:
                    db.execute("INSERT INTO file_cache VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                    db.commit()


def _made_up(out_dir: str, rows: int) -> str:
    """Make a file cache of ``rows`` rows, every hundredth an archive."""
    FileCache().create_file_cache(out_dir)
    path = os.path.join(out_dir, "file_cache.sqlite")
    made = ((f"{n}.png", f"/made/{n}.png", f"{n:0128x}", ".png", None if n % 100 else True) for n in range(rows))
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(
            "INSERT INTO file_cache(file_name, path, hash_id, type, is_archive) VALUES (?, ?, ?, ?, ?)", made
        )
    return path


def _random_calls(path: str) -> float:
    """Return the milliseconds of one call, the median of many."""
    cache = FileCache()
    return median(_timed(lambda: cache.get_random_image(path)) for _ in range(_CALLS)) * 1000


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
