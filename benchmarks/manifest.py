"""How long do writing and reading a manifest take, how large is it, and how much memory do they take?

    python benchmarks/manifest.py [--rows 1000000 10000000]

Rows are synthetic: addresses of images in folders of a thousand, with stamps as of a file system. Each number of rows
is written and read in processes of their own, whose peak memory is that of the system (VmHWM, Linux).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from image_tagging.addresses import ImageRef
from image_tagging.records import FoundImage
from image_tagging.runners import cut
from image_tagging.sources import ListedBy, Manifest, write_manifest

_MEASURED = """
import sys, time
sys.path.insert(0, sys.argv[1])
import manifest
started = time.monotonic()
getattr(manifest, sys.argv[2])(sys.argv[3], int(sys.argv[4]))
seconds = time.monotonic() - started
status = open("/proc/self/status").read()
print(seconds, int(status.partition("VmHWM:")[2].split()[0]) >> 10)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    print("rows        what    seconds   rows/s  peak MiB   file MB  bytes/row")
    for rows in parser.parse_args().rows:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "manifest.parquet")
            for what in ("write", "read", "read_list"):
                if what == "read_list":
                    path = text_list(os.path.join(folder, "list.txt"), rows)
                here = os.path.dirname(os.path.abspath(__file__))
                done = subprocess.run(
                    [sys.executable, "-c", _MEASURED, here, what, path, str(rows)],
                    check=True,
                    capture_output=True,
                    encoding="utf-8",
                )
                seconds, memory = map(float, done.stdout.split())
                size = os.path.getsize(path)
                speed = f"{rows / seconds:8,.0f}  {memory:8,.0f}"
                print(f"{rows:<11,} {what:9} {seconds:7.1f} {speed}  {size / 1e6:8.1f}  {size / rows:9.1f}", flush=True)


def found(rows: int) -> Iterator[FoundImage]:
    """Images as finding gives them: an own address, stamp and size each."""
    for number in range(rows):
        folder = f"class-{number // 1000:05d}"
        name = f"{number * 2654435761 % (1 << 32):08x}.jpg"
        size, time = 20_000 + number % 90_000, number * 48271 % (1 << 31)
        stamp = f"{size}:17{time:010d}1234567:{number + 5_000_000}:17{number:017d}"
        yield FoundImage(ImageRef(f"/data/photos/{folder}/{name}"), stamp, folder, folder, size)


def write(path: str, rows: int) -> None:
    """Write a manifest, cut into shards."""
    keys: list[str] = []
    numbers = cut(iter(keys.pop, ""))

    def in_shards() -> Iterator[tuple[FoundImage, int]]:
        for image in found(rows):
            keys.append(image.ref.key)
            yield image, next(numbers)

    write_manifest(path, ListedBy("/data/photos"), in_shards())


def read(path: str, rows: int) -> None:
    """Read a manifest as a run does."""
    assert sum(1 for _ in Manifest(path).items()) == rows


def text_list(path: str, rows: int) -> str:
    """Write a list of URLs, a line each, and return its path."""
    with open(path, "w", encoding="utf-8") as file:
        for image in found(rows):
            file.write(f"https://example.org{image.ref.file}\n")
    return path


def read_list(path: str, rows: int) -> None:
    """Find the images of a list of URLs, which are not looked up."""
    from image_tagging.sources import find_images

    assert sum(1 for _ in find_images(path)) == rows


if __name__ == "__main__":
    main()
