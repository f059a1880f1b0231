"""How long do images take out of a tar, plain or compressed, compared with the same images in a zip?

Usage: python benchmarks/archives.py [--images 5000] [--side 64] [--threads 4] [--rounds 5] [--stage]

``list`` finds the images, ``read`` reads the bytes of all of them on threads as stage 1 does; ``--stage`` runs all of
stage 1 with the embedded encoder too. The kinds take turns, and each round starts without what an earlier one has
listed. A ratio is that of the least times, with the median of the ratios of the rounds behind it.
"""

from __future__ import annotations

import argparse
import io
import os
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from statistics import median

import numpy as np
from PIL import Image

from image_tagging import ProcessConfig, process_dataset
from image_tagging.records import FoundImage
from image_tagging.sources import ThreadReaders, find_images

_PACKINGS = {".tar": "", ".tar.gz": "gz", ".tar.bz2": "bz2", ".tar.xz": "xz"}


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        paths = _written(folder, options)
        sizes = ", ".join(f"{kind} {os.path.getsize(path) / 1e6:.1f} MB" for kind, path in paths.items())
        print(f"{options.images} images, {os.cpu_count()} cores, {options.threads} threads: {sizes}")
        _compare("list, read", paths, options, lambda path: _list_and_read(path, options.threads))
        if options.stage:
            _compare("stage 1", paths, options, lambda path: _stage(path, options.threads))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=5000, help="images to draw")
    parser.add_argument("--side", type=int, default=64, help="their width and height")
    parser.add_argument("--threads", type=int, default=4, help="threads that read")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take the least and the median of")
    parser.add_argument("--kinds", nargs="+", default=list(_PACKINGS), choices=list(_PACKINGS), help="tars to compare")
    parser.add_argument("--stage", action="store_true", help="run stage 1 too")
    return parser.parse_args()


def _written(folder: str, options: argparse.Namespace) -> dict[str, str]:
    """The same images as a zip and as each kind of tar, their times as the tar program writes them."""
    paths = {kind: os.path.join(folder, f"images{kind}") for kind in (".zip", *options.kinds)}
    images = dict(_drawn(options.images, options.side))
    with zipfile.ZipFile(paths[".zip"], "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in images.items():
            archive.writestr(name, data)
    for kind in options.kinds:
        with tarfile.open(paths[kind], f"w:{_PACKINGS[kind]}", format=tarfile.GNU_FORMAT) as tar:
            for name, data in images.items():
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(data), 1_700_000_000
                tar.addfile(info, io.BytesIO(data))
    return paths


def _drawn(count: int, side: int) -> Iterator[tuple[str, bytes]]:
    """PNG sprites, no two alike, in folders of a thousand."""
    random = np.random.default_rng(7)
    for number in range(count):
        blocks = random.integers(0, 256, (side // 4, side // 4, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(blocks).resize((side, side), Image.Resampling.NEAREST).save(file, "PNG")
        yield f"{number // 1000}/{number}.png", file.getvalue()


def _compare(name: str, paths: dict[str, str], options: argparse.Namespace, work: object) -> None:
    seconds: dict[str, list[tuple[float, ...]]] = {kind: [] for kind in paths}
    for turn in range(options.rounds):
        for kind, path in paths.items():
            os.utime(path, (turn, turn))  # another file: what was listed before does not count
            seconds[kind].append(work(path))  # type: ignore[operator]
    for kind, taken in seconds.items():
        totals = [sum(parts) for parts in taken]
        zips = [sum(parts) for parts in seconds[".zip"]]
        ratio = min(totals) / min(zips), median(one / other for one, other in zip(totals, zips))
        least = " + ".join(f"{min(part):.2f}" for part in zip(*taken))
        print(
            f"{name:10s} {kind:8s} {least} s, median {median(totals):.2f} s: {ratio[0]:.2f} ({ratio[1]:.2f}) times .zip"
        )


def _list_and_read(path: str, threads: int) -> tuple[float, float]:
    started = time.perf_counter()
    found = [item for item in find_images(path) if isinstance(item, FoundImage)]
    listed = time.perf_counter()
    with closing(ThreadReaders()) as readers, ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda item: readers.read(item.ref), found):
            pass
    return listed - started, time.perf_counter() - listed


def _stage(path: str, threads: int) -> tuple[float]:
    with tempfile.TemporaryDirectory() as output:
        started = time.perf_counter()
        process_dataset(
            ProcessConfig(input_folder=path, output_folder=output, clip_model="builtin", num_threads=threads)
        )
        return (time.perf_counter() - started,)


if __name__ == "__main__":
    main()
