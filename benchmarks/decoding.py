"""What does it cost that images are decoded in processes that can be replaced, instead of on threads?

Usage: python benchmarks/decoding.py FOLDER [--images 400] [--threads 4] [--rounds 5]

Both ways decode the same images of a folder, hash them and prepare them for the encoder, with the same code and
concurrency, in turns; the ratio is the median of the rounds. ``builtin`` does all its work there, CLIP only scales the
picture. ``start`` is the time until the processes are ready, ``hashes`` sends images as the file cache does.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median
from typing import Any

from image_tagging.addresses import ImageRef
from image_tagging.encoders.builtin.encoder import BuiltinEncoder
from image_tagging.encoders.clip.preprocess import ClipPreprocess
from image_tagging.images.decode import content_hash, decode
from image_tagging.images.decoders import Decoders, RemoteImage
from image_tagging.records import FoundImage
from image_tagging.sources.find import find_images
from image_tagging.sources.read import SourceReader

_TOGETHER = 32

Image = tuple[ImageRef, bytes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="images to decode")
    parser.add_argument("--images", type=int, default=400, help="how many of them")
    parser.add_argument("--threads", type=int, default=4, help="threads, and processes")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take the median of")
    options = parser.parse_args()
    images = _read(options.folder, options.images)
    print(
        f"{len(images)} images, {os.cpu_count()} cores, {options.threads} threads, medians of {options.rounds} rounds"
    )
    print(f"start: {_start_seconds(options.threads, images[0]):.2f} s for {options.threads} processes")
    for name, preprocess in (("builtin", BuiltinEncoder().preprocess), ("CLIP", ClipPreprocess())):
        _compare(name, images, options, *_ways(preprocess))
    groups = [images[start : start + _TOGETHER] for start in range(0, len(images), _TOGETHER)]
    _compare(
        "hashes", groups, options, lambda group: [content_hash(data) for _, data in group], Decoders.content_hashes
    )


def _read(folder: str, most: int) -> list[Image]:
    reader = SourceReader()
    found = [item for item in find_images(folder) if isinstance(item, FoundImage)]
    images = [(item.ref, reader.read(item.ref)) for item in found[:most]]
    reader.close()
    return images


def _ways(preprocess: Any) -> tuple[Callable[[Image], object], Callable[[Decoders, Image], object]]:
    def here(image: Image) -> object:
        return preprocess(decode(*image).picture)

    def there(decoders: Decoders, image: Image) -> object:
        with decoders.decoded(*image) as decoded:
            return decoded.prepared(preprocess) if isinstance(decoded, RemoteImage) else decoded

    return here, there


def _compare(
    name: str,
    work: list[Any],
    options: argparse.Namespace,
    here: Callable[[Any], object],
    there: Callable[[Decoders, Any], object],
) -> None:
    seconds: dict[str, list[float]] = {"threads": [], "processes": []}
    with Decoders() as decoders, ThreadPoolExecutor(options.threads) as pool:
        list(pool.map(lambda item: there(decoders, item), work))  # started, and all imported
        for _ in range(options.rounds):
            with _timed(seconds["threads"]):
                list(pool.map(here, work))
            with _timed(seconds["processes"]):
                list(pool.map(lambda item: there(decoders, item), work))
    ratio = median(one / other for one, other in zip(seconds["processes"], seconds["threads"]))
    count = options.images
    speeds = ", ".join(f"{count / median(taken):,.0f} images/s in {what}" for what, taken in seconds.items())
    print(f"{name:8s} {speeds}; processes take {ratio:.2f} times the time of threads")


def _start_seconds(threads: int, image: Image) -> float:
    taken: list[float] = []
    with _timed(taken), Decoders() as decoders, ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: _decode(decoders, image), range(threads)))
    return taken[0]


def _decode(decoders: Decoders, image: Image) -> None:
    with decoders.decoded(*image):
        pass


@contextmanager
def _timed(taken: list[float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    taken.append(time.perf_counter() - started)


if __name__ == "__main__":
    main()
