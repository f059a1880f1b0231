"""How similar are the embeddings of versions of one picture, of different pictures, and of parts of one kind?

Usage: python benchmarks/near_duplicates.py FOLDER [FOLDER ...]

Every sub-folder of a FOLDER is one kind of picture; folders are measured separately. The limit of
near-duplicates of the embedded encoder and those of ``tag_checks`` were chosen by these figures.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from builtin_encoder import pictures_in
from PIL import Image, ImageChops, ImageEnhance

from image_tagging.addresses import ImageRef
from image_tagging.encoders.builtin import FAMILY
from image_tagging.encoders.builtin.encoder import BuiltinEncoder
from image_tagging.images.decode import decode


def main() -> None:
    for folder in sys.argv[1:] or sys.exit(__doc__):
        paths, kinds = pictures_in([folder])
        pictures = [decode(ImageRef(path), Path(path).read_bytes()).picture for path in paths]
        unit = embedded(pictures)
        print(folder)
        show_closest(unit, paths)
        for name, version in VERSIONS.items():
            cosines = (embedded([version(picture) for picture in pictures]) * unit).sum(axis=1)
            share = np.mean(cosines >= FAMILY.nearly_the_same)
            print(f"  {name:32s} {share:4.0%} at the limit; median {np.median(cosines):.3f}")
        show_kinds(unit, kinds)


def embedded(pictures: list[Image.Image]) -> np.ndarray:
    """Return the embeddings (n, D), in rows of length 1."""
    encoder = BuiltinEncoder()
    rows = encoder.embed([encoder.preprocess(picture) for picture in pictures])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def show_closest(unit: np.ndarray, paths: list[str]) -> None:
    """Print how similar different pictures are, and the closest three pairs."""
    first, second = np.triu_indices(len(unit), 1)
    cosines = (unit @ unit.T)[first, second]
    middle, most = np.quantile(cosines, [0.5, 0.999])
    print(f"  {len(cosines):,} pairs: median {middle:.3f}, 999 in 1,000 below {most:.3f}")
    for pair in np.argsort(-cosines)[:3]:
        print(f"  {cosines[pair]:.3f}  {Path(paths[first[pair]]).name}  {Path(paths[second[pair]]).name}")


def show_kinds(unit: np.ndarray, kinds: np.ndarray) -> None:
    """Print how often, relative to chance, nearest neighbours lie in the other half of a kind, and in another kind."""
    rows = {kind: np.random.default_rng(0).permutation(np.flatnonzero(kinds == kind)) for kind in np.unique(kinds)}
    halves = [across(unit[r[: len(r) // 2]], unit[r[len(r) // 2 :]]) for r in rows.values()]
    names = list(rows)
    others = [across(unit[rows[a]], unit[rows[b]]) for i, a in enumerate(names) for b in names[i + 1 :]]
    print(
        f"  halves of a kind {min(halves):.2f} to {max(halves):.2f}; two kinds {min(others):.2f} to {max(others):.2f}"
    )


def across(one: np.ndarray, other: np.ndarray) -> float:
    smaller, larger = sorted((one, other), key=len)
    both = np.concatenate([smaller, larger])
    cosines = smaller @ both.T
    np.fill_diagonal(cosines, -np.inf)
    return float((cosines.argmax(axis=1) >= len(smaller)).mean() / (len(larger) / (len(both) - 1)))


def as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return Image.open(content).convert("RGB")


def scaled(picture: Image.Image, by: float, how: Image.Resampling = Image.Resampling.BICUBIC) -> Image.Image:
    return picture.resize((max(1, int(picture.width * by)), max(1, int(picture.height * by))), how)


def cut(picture: Image.Image, share: float) -> Image.Image:
    width, height = picture.size
    return picture.crop((int(width * share), int(height * share), int(width * (1 - share)), int(height * (1 - share))))


def brighter(picture: Image.Image, by: float) -> Image.Image:
    return ImageEnhance.Color(ImageEnhance.Brightness(picture).enhance(by)).enhance(by)


VERSIONS = {
    "JPEG of quality 75": lambda picture: as_jpeg(picture, 75),
    "JPEG of quality 50": lambda picture: as_jpeg(picture, 50),
    "half the size": lambda picture: scaled(picture, 0.5),
    "1.5 times the size": lambda picture: scaled(picture, 1.5),
    "twice the size, pixel for pixel": lambda picture: scaled(picture, 2, Image.Resampling.NEAREST),
    "moved by a pixel": lambda picture: ImageChops.offset(picture, 1, 0),
    "2 % cut off each side": lambda picture: cut(picture, 0.02),
    "5 % cut off each side": lambda picture: cut(picture, 0.05),
    "5 % brighter and more colourful": lambda picture: brighter(picture, 1.05),
    "10 % brighter and more colourful": lambda picture: brighter(picture, 1.1),
    "mirrored": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


if __name__ == "__main__":
    main()
