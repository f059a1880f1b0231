"""What a Ray cluster costs: the rate of `process` on it and without it, on the same cores, and the driver's memory.

    python benchmarks/ray_overhead.py rate PICTURES [--images 20000]
    python benchmarks/ray_overhead.py rows [--rows 1000000]

``rate`` runs the command line twice over the same pictures with the embedded encoder, once in each way, the start and
the stop of Ray included, and compares the metadata byte by byte. ``rows`` embeds images that are not there by an
encoder that draws numbers, on Ray: what the program that drives it takes, all else left out.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from whole_process import measure

from image_tagging.addresses import ImageRef
from image_tagging.encoders import EncoderChoice
from image_tagging.pipeline.configs import EmbeddingConfig
from image_tagging.pipeline.shard_file import Shard, ShardRow, write_shard
from image_tagging.pipeline.shard_rows import FINAL, FOLDER, read_rows, rows_name
from image_tagging.pipeline.sharded import Sharding, embedder_on
from image_tagging.progress import no_progress
from image_tagging.records import EncoderSpec, FoundImage, ImageFacts
from image_tagging.runners import RayRunner, ShardDone
from image_tagging.storage import LocalStorage, Storage
from image_tagging.store import Role, WorkingStore

_DIM = 64
_SPEC = EncoderSpec("drawn", "v1", _DIM, "none")


def rate(pictures: Path, images: int) -> None:
    """Print the pictures a second of a local run and of one on Ray."""
    with tempfile.TemporaryDirectory(dir=pictures.parent) as folder:
        home = Path(folder)
        files = sorted(path for path in pictures.rglob("*") if path.is_file())[:images]
        for path in files:
            target = home / "in" / path.relative_to(pictures)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target)
        seconds = {}
        for runner in ("local", "ray"):
            command = [sys.executable, "-m", "image_tagging", "process", f"--input_folder={home / 'in'}"]
            command += [f"--output={home / runner}", "--clip_model=builtin", f"--runner={runner}"]
            taken = measure(command)
            seconds[runner] = taken.seconds
            print(
                f"{runner:6} {len(files) / taken.seconds:7.1f} pictures/s  {taken.seconds:7.1f} s  "
                f"{taken.cpu:7.1f} s of processors of the program and its children",
                flush=True,
            )
        local, ray = ((home / runner / "input-metadata.json").read_bytes() for runner in seconds)
        print(f"Ray has {seconds['local'] / seconds['ray']:.1%} of the local rate")
        print("the metadata is the same" if local == ray else "THE METADATA DIFFERS")


@dataclass(frozen=True)
class DrawnShards:
    """Work that draws the results of shards."""

    storage: Storage

    def open(self, cores: int) -> DrawnShards:
        return self

    def close(self) -> None:
        pass

    def __call__(self, shard: str) -> ShardDone:
        images = read_rows(shard, self.storage.read(rows_name(shard)))
        vectors = np.random.default_rng(int(shard[:8], 16)).random((len(images), _DIM), dtype=np.float32)
        rows = [
            ShardRow(found, ImageFacts(found.ref, found.stamp, found.stamp, "PNG", 1, 1, 1), vector, None)
            for found, vector in zip(images, vectors)
        ]
        name = f"{FOLDER}/{shard}{FINAL}"
        self.storage.write(name, write_shard(Shard(rows, _SPEC)))
        return ShardDone(shard, name, len(images), "", 0.0)


class DrawnOnRay:
    """Draws the results of shards on Ray, whatever the work is."""

    def run_shards(self, work, shards) -> Iterator[ShardDone]:
        import ray_overhead  # this module, by a name that workers can import

        with closing(RayRunner().run_shards(ray_overhead.DrawnShards(work.storage), shards)) as done:
            yield from done


def rows(count: int) -> None:
    """Print the time and the memory of the program that drives a run of so many images."""
    folder = Path(tempfile.mkdtemp(prefix="ray-rows-"))
    try:
        with WorkingStore(str(folder)) as store:
            store.inputs.choose(Role.FOLDER, "/drawn")
            started = time.perf_counter()
            store.listing.replace(FoundImage(ImageRef(f"/drawn/{n // 1000}/{n}.png"), f"{n}", "") for n in range(count))
            listed = time.perf_counter()
            choice = EncoderChoice(_SPEC.name, _SPEC.pretrained, None)
            sharding = Sharding(DrawnOnRay(), LocalStorage(str(folder)))
            embedder_on(sharding, store, choice, EmbeddingConfig()).run(no_progress)
            done = time.perf_counter()
            embedded = sum(1 for _ in islice(store.listing.keys(), count)) - store.listing.count_pending(_SPEC)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{embedded:,} rows: listed in {listed - started:.1f} s, then {done - listed:.1f} s by shards on Ray")
        print(f"the program that drives it took {memory:.0f} MiB")
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parsers = parser.add_subparsers(dest="what", required=True)
    of_rate = parsers.add_parser("rate")
    of_rate.add_argument("pictures", type=Path)
    of_rate.add_argument("--images", type=int, default=20_000)
    parsers.add_parser("rows").add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    if given.what == "rate":
        rate(given.pictures, given.images)
    else:
        rows(given.rows)


if __name__ == "__main__":
    main()
