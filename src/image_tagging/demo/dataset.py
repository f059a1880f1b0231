"""Writes drawings as a data set: tagged folders to learn from, untagged pictures and an archive to sort."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..errors import OutputError
from .drawings import KINDS, draw

UNTAGGED_PER_KIND = 8
ARCHIVED_PER_KIND = 3  # two at the top of the archive, one in the archive inside it

# Picture numbers from here on are in no tagged folder, however large that is drawn.
_UNTAGGED_FROM, _ARCHIVED_FROM = 1_000_000, 2_000_000

# What each kind is saved as, in turn: mostly as such pictures are met.
_SUFFIXES: dict[str, tuple[str, ...]] = {
    "charts": (".png", ".png", ".png", ".jpg"),
    "gradients": (".jpg", ".jpg", ".jpg", ".webp"),
    "isometric": (".png",),
    "maps": (".png", ".png", ".jpg", ".gif"),
    "portraits": (".png", ".png", ".gif"),
    "sprites": (".png", ".png", ".png", ".gif"),
    "star-fields": (".png", ".jpg", ".png", ".webp"),
    "tiles": (".png", ".png", ".png", ".bmp"),
}


@dataclass(frozen=True)
class DrawnDataset:
    """Where a drawn data set lies.

    ``tagged`` holds one folder of pictures per kind, ``untagged`` a mixed handful of further ones, and
    ``archive`` is a zip of yet others, some in ``more/inner.zip`` inside it. ``truth`` gives the kind of each
    file name in ``untagged``, and of each member's file name in the archive.
    """

    tagged: str
    untagged: str
    archive: str
    truth: dict[str, str]


def draw_dataset(folder: str, *, images_per_kind: int = 40, seed: int = 0) -> DrawnDataset:
    """Draw a data set into a folder, which is made where it is missing; nothing outside it is touched.

    The same arguments write the same bytes again. Files of a larger earlier run stay where they are.
    Raises ``ValueError`` for fewer than one image per kind, ``OutputError`` where the folder cannot be written.
    """
    if images_per_kind < 1:
        raise ValueError(f"a data set needs 1 or more images per kind, not {images_per_kind}")
    drawn = DrawnDataset(
        tagged=os.path.join(folder, "tagged"),
        untagged=os.path.join(folder, "untagged"),
        archive=os.path.join(folder, "untagged.zip"),
        truth={},
    )
    try:
        for kind in KINDS:
            for number in range(images_per_kind):
                name = f"{kind}-{number:03d}{_suffix(kind, number)}"
                _write(os.path.join(drawn.tagged, kind, name), _encoded(kind, number, seed))
        _write_untagged(drawn, seed)
        _write_archive(drawn, seed)
    except OSError as error:
        raise OutputError(
            f"the data set cannot be drawn into {folder}: {error}; choose a folder you may write to"
        ) from error
    return drawn


def _suffix(kind: str, number: int) -> str:
    suffixes = _SUFFIXES[kind]
    return suffixes[number % len(suffixes)]


def _encoded(kind: str, number: int, seed: int) -> bytes:
    """The bytes of a picture's file."""
    image = draw(kind, number, seed)
    suffix = _suffix(kind, number)
    buffer = io.BytesIO()
    if suffix == ".jpg":
        image.convert("RGB").save(buffer, "JPEG", quality=90)
    elif suffix == ".webp":
        image.save(buffer, "WEBP", quality=90)
    elif suffix == ".gif":
        _with_palette(image).save(buffer, "GIF")
    elif suffix == ".bmp":
        image.save(buffer, "BMP")
    else:
        image.save(buffer, "PNG")
    return buffer.getvalue()


def _with_palette(image: Image.Image) -> Image.Image:
    return image if image.mode in ("P", "RGBA") else image.quantize(colors=128)


def _write(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def _shuffled(count: int, start: int, seed: int) -> list[tuple[str, int]]:
    """``count`` pictures of each kind from number ``start`` on, as (kind, number), mixed."""
    pairs = [(kind, start + step) for kind in KINDS for step in range(count)]
    return [pairs[place] for place in np.random.default_rng([seed, start]).permutation(len(pairs))]


def _write_untagged(drawn: DrawnDataset, seed: int) -> None:
    for place, (kind, number) in enumerate(_shuffled(UNTAGGED_PER_KIND, _UNTAGGED_FROM, seed), start=1):
        name = f"img-{place:04d}{_suffix(kind, number)}"
        drawn.truth[name] = kind
        _write(os.path.join(drawn.untagged, name), _encoded(kind, number, seed))


def _write_archive(drawn: DrawnDataset, seed: int) -> None:
    outer: dict[str, bytes] = {}
    inner: dict[str, bytes] = {}
    for place, (kind, number) in enumerate(_shuffled(ARCHIVED_PER_KIND, _ARCHIVED_FROM, seed), start=1):
        name = f"zip-{place:04d}{_suffix(kind, number)}"
        drawn.truth[name] = kind
        holder = inner if number == _ARCHIVED_FROM else outer
        holder[name] = _encoded(kind, number, seed)
    outer["more/inner.zip"] = _zipped(inner)
    _write(drawn.archive, _zipped(outer))


def _zipped(members: dict[str, bytes]) -> bytes:
    """A zip of the members with nothing of the clock or the machine in it, hence the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, also where the archive is written on Windows
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, members[name])
    return buffer.getvalue()
