"""Small pictures, files and archives that the tests make on the spot."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Union

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from PIL import Image

from image_tagging.addresses import ImageRef
from image_tagging.exporters.placing import Target
from image_tagging.records import FoundImage, ImageFacts
from image_tagging.sources.tags import Tags

Members = dict[str, Union[bytes, "Members"]]


def drawn(seed: int = 0, size: tuple[int, int] = (12, 8), mode: str = "RGB") -> Image.Image:
    """A picture of random blocks, another for each seed."""
    random = np.random.default_rng(seed)
    width, height = size
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8)).convert(mode)


def plain(colour: object, size: tuple[int, int] = (6, 4)) -> Image.Image:
    """A picture of one colour."""
    return Image.new("RGB", size, colour)


def palette_image(
    colours: list[tuple[int, int, int]], indices: tuple[tuple[int, ...], ...] = ((0, 1), (2, 3))
) -> Image.Image:
    """A palette picture: rows of indices into the colours."""
    image = Image.fromarray(np.array(indices, dtype=np.uint8))
    image.putpalette([channel for colour in colours for channel in colour])
    return image


def encoded(image: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    """The bytes of an image file."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def png(seed: int = 0) -> bytes:
    """The bytes of a small PNG, other ones for each seed."""
    return encoded(drawn(seed))


def written(path: Union[str, Path], data: bytes) -> str:
    """Write a file and the folders above it; its path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return str(path)


def ten_pictures(folder: Path) -> Path:
    """The folder, with ten different pictures in it."""
    for number in range(10):
        written(folder / f"{number}.png", png(number))
    return folder


def zipped(members: Members, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The bytes of a zip; a member that is itself a dict becomes a zip in the zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, zipped(content) if isinstance(content, dict) else content)
    return file.getvalue()


def found(file: str, *members: str, stamp: str = "1") -> FoundImage:
    """An image as finding gives it."""
    ref = ImageRef(file, members)
    return FoundImage(ref, stamp, *Tags(file, "parent").of(ref))


def facts(file: str, *members: str, hash_id: str = "h1", picture_hash: str = "p1") -> ImageFacts:
    """What decoding tells of an image."""
    return ImageFacts(ImageRef(file, members), hash_id, picture_hash, "PNG", 100, 12, 8)


def with_a_piece(text: str, data: DataObject, pieces: list[str]) -> str:
    """The text with one of the pieces drawn into it, in place of at most two characters."""
    at = data.draw(st.integers(0, len(text)))
    return text[:at] + data.draw(st.sampled_from(pieces)) + text[at + data.draw(st.integers(0, 2)) :]


def at(*folders):
    """Folders as a placer takes them."""
    return [Target(folder) for folder in folders]
