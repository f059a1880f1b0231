"""Unpack the images for training the encoder and for evaluating it.

Usage: python -m distillation.corpus ARCHIVES OUT

``ARCHIVES`` is a folder of ``<source>.tar.gz`` with ``<source>/<label>/<n>.webp`` inside. ``OUT/train`` gets the
training images, ``OUT/unseen`` those of ``UNSEEN``, in the same folders. The images in ``TOO_NEAR`` are left out.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from image_tagging.addresses import ImageRef
from image_tagging.images.decode import decode

#: Sources of drawn pictures: enlarged without blur, and the teacher, who learned from photographs, knows them badly.
DRAWN = frozenset({"crawl", "freedoom", "noto-emoji", "openlayers", "raylib", "superpowers"})

#: Sources whose labels are chapters of a book: they say little about what a picture shows.
WEAKLY_LABELLED = "openstax-"

#: Kinds that are never trained on, so that the encoder can be judged on kinds that it has not seen.
UNSEEN = frozenset(
    {
        *(f"caltech101/{kind}" for kind in ("accordion", "beaver", "cannon", "cellphone", "chandelier", "dalmatian")),
        *(f"caltech101/{kind}" for kind in ("ewer", "ferry", "gramophone", "llama", "scorpion", "starfish")),
        *(f"groceries/{kind}" for kind in ("Kiwi", "Pepper", "Pineapple")),
        "clothing/hat",
    }
)

#: Not trained on either: a kind that the published figures are measured on, and images that look the same as some of
#: those (root mean square of the difference of 16 x 16 thumbnails below 6 of 255).
TOO_NEAR = frozenset(
    {
        "caltech101/sunflower",
        *(f"superpowers/space-shooter-{name}" for name in ("effects/0", "effects/10", "backgrounds/2")),
        *(f"superpowers/rpg-battle-system-char/{number}" for number in (10, 22)),
        *(
            f"crawl/dngn-floor/{number}"
            for number in (6, 15, 65, 70, 73, 80, 136, 139, 147, 181, 196, 208, 231, 232, 242)
        ),
        *(f"crawl/dc-dngn-floor/{number}" for number in (2, 52, 73)),
        "crawl/dc-mon-unique/6",
        "crawl/wall-abyss/70",
    }
)


@dataclass(frozen=True, eq=False)
class Corpus:
    """Images (each (h, w, 3) uint8, RGB), whether each is drawn, and its label, -1 where the label says little."""

    images: list[NDArray[np.uint8]]
    drawn: NDArray[np.bool_]
    labels: NDArray[np.int64]


def load(folder: Path) -> Corpus:
    """Return all images of ``folder/<source>/<label>``, in the order of their names."""
    paths = sorted(folder.glob("*/*/*.webp"))
    kinds = [path.relative_to(folder).parent.as_posix() for path in paths]
    named = sorted({kind for kind in kinds if not kind.startswith(WEAKLY_LABELLED)})
    number = {kind: place for place, kind in enumerate(named)}
    return Corpus(
        images=[np.asarray(picture_of(path)) for path in paths],
        drawn=np.array([kind.split("/")[0] in DRAWN for kind in kinds]),
        labels=np.array([number.get(kind, -1) for kind in kinds]),
    )


def picture_of(path: Path) -> Image.Image:
    """Return one image as the program decodes it: RGB, transparency over white; raise DecodeError where it fails."""
    return decode(ImageRef(str(path)), path.read_bytes()).picture


def unpack(archives: Path, out: Path) -> Iterator[tuple[str, int]]:
    """Unpack one source after the other; yield each with the number of its images that were written."""
    for archive in sorted(archives.glob("*.tar.gz")):
        count = 0
        with tarfile.open(archive) as members:
            for member in members:
                name = PurePosixPath(member.name)
                source = members.extractfile(member) if member.isfile() and name.suffix == ".webp" else None
                if source is None or ".." in name.parts or len(name.parts) != 3:
                    continue
                kind = name.parent.as_posix()
                if not TOO_NEAR.isdisjoint({kind, name.with_suffix("").as_posix()}):
                    continue
                target = out / ("unseen" if kind in UNSEEN else "train") / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "wb") as file:
                    shutil.copyfileobj(source, file)
                count += 1
        yield archive.name, count


if __name__ == "__main__":
    for written in unpack(Path(sys.argv[1]), Path(sys.argv[2])):
        print(*written)
