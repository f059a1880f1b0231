"""The eight kinds of drawings, and the data set of them: tagged folders to learn from, and others to sort."""

from __future__ import annotations

import io
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
from PIL import Image

from ..errors import OutputError
from ..writing import folder_below, make_folder, new_file, new_text
from .charts import draw_chart
from .figures import draw_portrait, draw_sprite
from .painting import Random
from .scenery import draw_gradient, draw_map, draw_star_field
from .worlds import draw_isometric, draw_tile

#: Each kind by its name: what draws it, and the file types it is kept in by turns.
_KINDS: dict[str, tuple[Callable[[Random], Image.Image], str]] = {
    "charts": (draw_chart, "png png png jpg"),
    "gradients": (draw_gradient, "jpg jpg jpg webp"),
    "isometric": (draw_isometric, "png"),
    "maps": (draw_map, "png png jpg gif"),
    "portraits": (draw_portrait, "png png gif"),
    "sprites": (draw_sprite, "png png png gif"),
    "star-fields": (draw_star_field, "png jpg png webp"),
    "tiles": (draw_tile, "png png bmp"),
}
KINDS: tuple[str, ...] = tuple(_KINDS)
#: The file that says that a folder was drawn, so that drawing it again may replace what is there.
_NOTE = "drawn-by-image-tagging.txt"
_ANY = re.compile(b"")

#: Pictures to sort, in the folder, the archive and the archive in it: prefix, how many of each kind, first number.
MIXED = (("img", 8, 1_000_000), ("zip", 2, 2_000_000), ("zip-inner", 1, 3_000_000))


@dataclass(frozen=True)
class DrawnDataset:
    """Where a drawn data set lies.

    ``tagged`` holds one folder of pictures per kind, ``untagged`` a mixture of further ones, and ``archive`` is a
    zip of others, some in ``more/inner.zip`` inside it. ``truth`` gives the kind of each file name in the last two.
    """

    tagged: str
    untagged: str
    archive: str
    truth: dict[str, str]


def draw(kind: str, number: int, seed: int = 0) -> Image.Image:
    """Draw picture ``number`` (0, 1, ...) of a kind; the same arguments always give the same picture.

    Raises ``ValueError`` for a kind that is not in :data:`KINDS` or a negative number or seed.
    """
    if kind not in _KINDS:
        raise ValueError(f"there is no kind of drawing named {kind!r}: choose one of {', '.join(KINDS)}")
    if number < 0 or seed < 0:
        raise ValueError(f"number and seed start at 0, not {min(number, seed)}: give 0 or more")
    # The kind counts by its name, so that a new kind leaves the pictures of the others as they are.
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), number])
    image = _KINDS[kind][0](rng)
    if max(image.size) <= 80 and rng.random() < 0.3:  # pixel art is often kept with larger pixels
        image = image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST)
    return image


def draw_dataset(folder: str, *, images_per_kind: int = 40, seed: int = 0) -> DrawnDataset:
    """Draw a data set into a folder, which is made where it is missing; nothing outside it is touched.

    The same arguments write the same bytes again. Files of a larger earlier run stay where they are.
    Raises ``ValueError`` for fewer than one image per kind, ``OutputError`` where the folder cannot be written.
    """
    if images_per_kind < 1:
        raise ValueError(f"a data set needs 1 or more images per kind, not {images_per_kind}")
    pictures = [(f"tagged/{kind}/{kind}-{n:03d}", kind, n) for kind in KINDS for n in range(images_per_kind)]
    mixed = [_mixed(*group, seed) for group in MIXED]
    loose, outer, inner = (files_of(group, seed) for group in mixed)
    files = {**files_of(pictures, seed), **{f"untagged/{name}": content for name, content in loose.items()}}
    files["untagged.zip"] = zipped({**outer, "more/inner.zip": zipped(inner)})
    write_drawn(folder, files)
    tagged, untagged, archive = (os.path.join(folder, name) for name in ("tagged", "untagged", "untagged.zip"))
    truth = dict(zip([*loose, *outer, *inner], [kind for group in mixed for _, kind, _ in group]))
    return DrawnDataset(tagged, untagged, archive, truth)


def write_drawn(folder: str, files: Mapping[str, bytes]) -> None:
    """Write the files that are not there already; others under their names are replaced in a drawn folder alone."""
    note = os.path.join(make_folder(folder), _NOTE)
    is_drawn = os.path.lexists(note)
    for name, content in files.items():
        path = os.path.join(folder_below(folder, *name.split("/")[:-1]), os.path.basename(name))
        if not is_drawn and os.path.lexists(path) and not _holds(path, content):
            raise OutputError(f"{path} is another file than the one that would be drawn. Choose another folder.")
        with new_file(path, _ANY) as file:
            file.write(content)
    with new_text(note, _ANY) as text:
        text.write("The pictures of this folder are drawn by the command: image-tagging demo\n")


def _holds(path: str, content: bytes) -> bool:
    try:
        return Path(path).read_bytes() == content
    except OSError:
        return False


def _mixed(prefix: str, count: int, start: int, seed: int) -> list[tuple[str, str, int]]:
    """Return ``count`` pictures of each kind in mixed order: name, kind, and number, which begins at ``start``."""
    pictures = [(kind, start + step) for kind in KINDS for step in range(count)]
    order = np.random.default_rng([seed, start]).permutation(len(pictures))
    return [(f"{prefix}-{place:04d}", *pictures[index]) for place, index in enumerate(order, start=1)]


def files_of(pictures: list[tuple[str, str, int]], seed: int) -> dict[str, bytes]:
    """Return the names, now with a suffix, and the contents of files of pictures (name, kind, number)."""
    return dict(encoded(name, kind, number, draw(kind, number, seed)) for name, kind, number in pictures)


def encoded(name: str, kind: str, number: int, image: Image.Image) -> tuple[str, bytes]:
    """Return the name, now with a suffix, and the content of the file of a picture, in a type of its kind."""
    types, buffer = _KINDS[kind][1].split(), io.BytesIO()
    file_type = types[number % len(types)]
    image = image.convert("RGB") if file_type == "jpg" else image
    image.save(buffer, file_type.replace("jpg", "jpeg"), quality=90)
    return f"{name}.{file_type}", buffer.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip of the members without the time or the system in it, hence the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name)  # of 1980
            entry.create_system = 0
            archive.writestr(entry, members[name])
    return buffer.getvalue()
