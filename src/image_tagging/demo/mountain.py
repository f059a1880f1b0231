"""The drawn data set of the demo: examples of a few tags, and a mountain in which most pictures have none of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable

import numpy as np
from PIL import Image, ImageOps

from .dataset import KINDS, draw, encoded, write_drawn, zipped

#: The kinds that are tags, and how many examples and pictures of the mountain each has.
TAGS = ("isometric", "portraits", "sprites", "tiles")
EXAMPLES, OF_TAG = 20, 13

#: Pictures of the mountain without a tag, by kind.
_OTHERS = {"charts": 120, "gradients": 180, "maps": 160, "star-fields": 140}

#: The first numbers of pictures of the mountain: no example is drawn again.
_FIRST = 4_000_000

#: The shares of the mountain in the folder, in the zip, and in the zip inside that.
_PLACES = (("2023", 0.4), ("2024", 0.4), ("zip", 0.15), ("inner", 0.05))


@dataclass(frozen=True)
class DrawnMountain:
    """Where a drawn mountain lies, and its ``examples``.

    ``truth`` gives, for the name of each file of the mountain, the tag that it has, empty where it has none.
    """

    examples: str
    mountain: str
    truth: dict[str, str]


def draw_mountain(folder: str, *, share: float = 1.0, seed: int = 0) -> DrawnMountain:
    """Draw examples and a mountain into a folder, which is made where it is missing; nothing outside it is touched.

    ``share`` of the pictures of the mountain are drawn. The same arguments write the same bytes again. Raises
    ``OutputError`` where the folder cannot be written.
    """
    files: dict[str, bytes] = {}
    for tag in TAGS:
        for number in range(EXAMPLES):
            name, data = encoded(f"{tag}-{number:03d}", tag, number, draw(tag, number, seed))
            files[f"examples/{tag}/{name}"] = data
    truth: dict[str, str] = {}
    groups: dict[str, dict[str, bytes]] = {name: {} for name, _ in _PLACES}
    pictures = _pictures(share)
    rng = np.random.default_rng([seed, _FIRST])
    places = rng.choice([name for name, _ in _PLACES], size=len(pictures), p=[part for _, part in _PLACES])
    for place, order, (kind, number) in zip(places, rng.permutation(len(pictures)), pictures):
        image = draw(kind, _FIRST + number, seed)
        name, data = encoded(f"img-{order:04d}", kind, number, image if kind in TAGS else _varied(number, image))
        truth[name] = kind if kind in TAGS else ""
        groups[place][name] = data
    inner = zipped(groups["inner"])
    files.update(_below("mountain/2023", groups["2023"]))
    files.update(_below("mountain/2024", groups["2024"]))
    files["mountain/old.zip"] = zipped({**_below("photos", groups["zip"]), "more/inner.zip": inner})
    write_drawn(folder, files)
    return DrawnMountain(os.path.join(folder, "examples"), os.path.join(folder, "mountain"), truth)


def _pictures(share: float) -> list[tuple[str, int]]:
    """Return kind and number of each picture of the mountain."""
    counts: Mapping[str, int] = {kind: _OTHERS.get(kind, OF_TAG) for kind in KINDS}
    return [(kind, number) for kind, count in counts.items() for number in range(max(1, round(share * count)))]


def _below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in files.items()}


def _varied(number: int, image: Image.Image) -> Image.Image:
    """Return a picture as it was drawn or, of two in five, in another manner: a mountain is of many kinds."""
    change = _CHANGES.get(number % 10)
    return change(image.convert("RGB")) if change else image


def _mosaic(image: Image.Image) -> Image.Image:
    """Return four smaller versions of a picture next to each other, two of them mirrored."""
    width, height = max(1, image.width // 2), max(1, image.height // 2)
    part, sheet = image.resize((width, height)), Image.new("RGB", (2 * width, 2 * height))
    for column, row, each in ((0, 0, part), (1, 0, ImageOps.mirror(part)), (0, 1, ImageOps.flip(part)), (1, 1, part)):
        sheet.paste(each, (column * width, row * height))
    return sheet


_CHANGES: dict[int, Callable[[Image.Image], Image.Image]] = {
    1: ImageOps.grayscale,
    3: ImageOps.invert,
    5: _mosaic,
    7: lambda image: ImageOps.posterize(image, 2),
}
