"""What do a million to ten billion pictures cost in hours and money, and which part of the design breaks first?

    python benchmarks/cost.py [--pictures 1e6 1e7 …] [--machines 8] [--cores 16] [--core_rate 65] [--machine_price 0.7]

Nothing is measured here: rates, sizes and prices are flags. Defaults of rates and sizes are figures of this program,
from docs/performance.md (stage 1 by builtin of pictures of 320 x 240, on one of two cores) and benchmarks/manifest.py
(rows that are made up, no disk that is searched); sizes are those of 512 values a picture. Measure yours. Prices are
assumed, in any currency: give those of your contract. Decoding in front of a GPU is a published figure (540 to 860
JPEGs a second a core), and so is the rate of a GPU (ViT-B-32 on an A100).

For each number of pictures: hours of listing, computing and merging one after the other, the machine-hours, and the
money. Then each part of the design, the number of pictures at which it breaks, and what to do then.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

_HOUR = 3600.0
_GB = 1e9

#: The most pictures that one input can have: the bits of a position in the working store.
_POSITIONS = 2.0**36


@dataclass(frozen=True)
class Plan:
    """Rates a second, sizes in bytes, prices by the hour, by the thousand requests and by the GB a month.

    ``core_rate`` is all of stage 1 on one core. With ``gpus`` (of a machine) its pictures are embedded at ``gpu_rate``
    each, as fast as its cores decode at ``decode_rate`` each. ``spot`` is the share of the price that spot machines
    save, ``lost`` the share of the work that is done again. ``shard_seconds`` is what a shard takes besides its images.
    ``most_hours`` is how long one step of the driver may take.
    """

    machines: float = 8
    cores: float = 16
    gpus: float = 0
    core_rate: float = 65
    gpu_rate: float = 2500
    decode_rate: float = 540
    picture_bytes: float = 100_000
    dim: float = 512
    shard_images: float = 256
    shard_seconds: float = 0
    list_rate: float = 74_000
    read_rate: float = 74_000
    merge_rate: float = 15_000
    manifest_bytes: float = 11
    store_bytes: float = 3500
    json_bytes: float = 7000
    machine_price: float = 0.70
    driver_price: float = 0.70
    spot: float = 0
    lost: float = 0.02
    get_price: float = 0.0004
    put_price: float = 0.005
    transfer_price: float = 0
    keep_price: float = 0.023
    driver_disk: float = 1e12
    driver_memory: float = 64e9
    most_hours: float = 24
    most_files: float = 1e6
    most_json: float = 100e9


@dataclass(frozen=True)
class Cost:
    """The hours of the steps, which follow each other, the machine-hours of computing, and the money."""

    list_hours: float
    compute_hours: float
    merge_hours: float
    machine_hours: float
    money: float
    kept_bytes: float
    kept_money: float

    @property
    def hours(self) -> float:
        """From the start of listing to the last file."""
        return self.list_hours + self.compute_hours + self.merge_hours


@dataclass(frozen=True)
class Part:
    """A part of the design: with how many pictures it breaks, why, and what to do then."""

    name: str
    breaks_at: float
    why: str
    then: str


def machine_rate(plan: Plan) -> float:
    """Return the pictures a second of one machine, shards aside."""
    if plan.gpus:
        return min(plan.gpus * plan.gpu_rate, plan.cores * plan.decode_rate)
    return plan.cores * plan.core_rate


def cost_of(pictures: float, plan: Plan) -> Cost:
    """Return what so many pictures cost."""
    shards = math.ceil(pictures / plan.shard_images)
    workers = plan.gpus or plan.cores
    busy = pictures / machine_rate(plan) + shards * plan.shard_seconds / workers
    machine_hours = busy * (1 + plan.lost) / _HOUR
    compute_hours = machine_hours / plan.machines
    list_hours = pictures / plan.list_rate / _HOUR
    merge_hours = pictures * (1 / plan.read_rate + 1 / plan.merge_rate) / _HOUR
    driver_hours = list_hours + compute_hours + merge_hours
    requests = pictures * plan.get_price / 1000 + shards * plan.put_price / 1000
    transfer = pictures * plan.picture_bytes / _GB * plan.transfer_price
    kept = pictures * (plan.manifest_bytes + plan.store_bytes + 8 * plan.dim)  # shards and the Parquet of metadata
    return Cost(
        list_hours=list_hours,
        compute_hours=compute_hours,
        merge_hours=merge_hours,
        machine_hours=machine_hours,
        money=machine_hours * plan.machine_price * (1 - plan.spot)
        + driver_hours * plan.driver_price
        + requests
        + transfer,
        kept_bytes=kept,
        kept_money=kept / _GB * plan.keep_price,
    )


def parts_of(plan: Plan) -> list[Part]:
    """Return the parts of the design, that which breaks first at the top."""
    seconds = plan.most_hours * _HOUR
    by_prefix = "list and run each prefix of the source apart, each with its own output folder"
    parts = [
        Part(
            "listing",
            seconds * plan.list_rate,
            f"takes {plan.most_hours:g} hours on one machine",
            "list each prefix on its own machine, or give the inventory of the bucket as a list of URLs",
        ),
        Part(
            "manifest",
            seconds * plan.read_rate,
            f"takes {plan.most_hours:g} hours to read",
            by_prefix,
        ),
        Part(
            "shards",
            plan.most_files * plan.shard_images,
            f"are {plan.most_files:,.0f} files in one folder",
            "larger shards: --shard_images 16384",
        ),
        Part(
            "merge",
            seconds / (1 / plan.read_rate + 1 / plan.merge_rate),
            f"takes {plan.most_hours:g} hours",
            f"{by_prefix}; the shards are done in any case",
        ),
        Part(
            "working store (SQLite)",
            min(plan.driver_disk / plan.store_bytes, _POSITIONS),
            f"fills {plan.driver_disk / _GB:,.0f} GB of disk",
            f"a larger disk, or {by_prefix}",
        ),
        Part(
            "metadata as JSON",
            plan.most_json / plan.json_bytes,
            f"is {plan.most_json / _GB:,.0f} GB in one file",
            "--metadata_format parquet",
        ),
        Part(
            "metadata as Parquet",
            plan.driver_disk / (4 * plan.dim + 110),
            f"fills {plan.driver_disk / _GB:,.0f} GB of disk",
            "read the shards in its place",
        ),
        Part(
            "train",
            plan.driver_memory / (8 * plan.dim),
            f"needs more than {plan.driver_memory / _GB:,.0f} GB of memory, if all pictures are examples",
            "train on the labelled ones, with a sample of the others as --background",
        ),
    ]
    return sorted(parts, key=lambda part: part.breaks_at)


def lines_of(pictures: Sequence[float], plan: Plan) -> list[str]:
    """Return what is printed."""
    lines = [
        f"{plan.machines:g} machines of {machine_rate(plan):,.0f} pictures a second at {plan.machine_price:g} an hour",
        "",
        "    pictures   list h  compute h  merge h  all h  machine h       money       kept  kept a month",
    ]
    for count in pictures:
        cost = cost_of(count, plan)
        lines.append(
            f"{count:12,.0f} {cost.list_hours:8.2f} {cost.compute_hours:10.2f} {cost.merge_hours:8.2f} "
            f"{cost.hours:6.1f} {cost.machine_hours:10,.1f} {cost.money:11,.2f} {cost.kept_bytes / _GB:7,.0f} GB "
            f"{cost.kept_money:13,.2f}"
        )
    lines += ["", "breaks at      what, why, and what then"]
    for part in parts_of(plan):
        lines.append(f"{part.breaks_at:14,.0f} {part.name}: {part.why}; then: {part.then}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=float, nargs="+", default=[1e6, 1e7, 1e8, 1e9, 1e10])
    for each in fields(Plan):
        parser.add_argument(f"--{each.name}", type=float, default=each.default, help=f"default {each.default:g}")
    given = vars(parser.parse_args())
    pictures = given.pop("pictures")
    wrong = [name for name, value in given.items() if not value >= 0 or (value == 0 and name in _NOT_ZERO)]
    if wrong or not all(count > 0 for count in pictures):
        parser.error(f"must be above 0: {', '.join(wrong) or 'pictures'}")
    print("\n".join(lines_of(pictures, Plan(**given))))


#: What is divided by.
_NOT_ZERO = frozenset(
    "machines cores core_rate gpu_rate decode_rate dim shard_images list_rate read_rate merge_rate store_bytes "
    "json_bytes".split()
)


if __name__ == "__main__":
    main()
