"""Pictures of an export with odd names, and a folder that exports go to, as the formats see them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Optional

from image_tagging.addresses import ImageRef
from image_tagging.interchange import EXAMPLE, MODEL, VERDICT, ExportedPicture, ExportedTag
from samples import drawn, encoded, written

#: Tags as strangers name them: none of them can be told from its neighbour by its letters of ASCII alone.
ODD_TAGS = (
    "café",
    "日本",
    "a, b",
    "\"quoted\" & 'so'",
    "<b>",
    "two\nlines",
    "CON",
    ".hidden",
    "a/b",
    "A/B",
    "🏰 castle",
)

#: Names of files that readers take for parts of a data set, cut short, or open in the encoding of the system.
ODD_NAMES = (
    "test/1.png",
    "a.b.c.png",
    "Ünï 名.png",
    "__x/$(x) 'q'.png",
    "validation-1.png",
    "no suffix",
    "back\\slash.png",
)


class Pictures:
    """A stream of pictures that can be read as often as wanted."""

    def __init__(self, pictures: list[ExportedPicture]) -> None:
        self._pictures = sorted(pictures, key=lambda picture: picture.hash_id)

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(sorted({tag.tag for picture in self._pictures for tag in picture.tags}))

    def __iter__(self) -> Iterator[ExportedPicture]:
        return iter(self._pictures)


def odd_pictures(folder: Path) -> Pictures:
    """Pictures on disk, the last without tags, with odd names; of the first file a copy lies there, too."""
    pictures = []
    for number, name in enumerate(ODD_NAMES):
        data = encoded(drawn(number), "JPEG" if number == 2 else "PNG")
        tags = [ExportedTag(tag, 1.0, (EXAMPLE, VERDICT)[number % 2]) for tag in ODD_TAGS[number : number + 1]]
        tags += [ExportedTag(tag, 0.987654321 - number / 100, MODEL) for tag in ODD_TAGS[number + 1 : number + 3]]
        files = [ImageRef(written(folder / name, data))]
        if not number:
            files.append(ImageRef(written(folder / "again.png", data)))
        pictures.append(_picture(number, tuple(files), "JPEG" if number == 2 else "PNG", tuple(tags)))
    last = ImageRef(written(folder / "untagged.png", encoded(drawn(99))))
    tags = tuple(ExportedTag(tag, 0.75, MODEL) for tag in sorted(ODD_TAGS))
    everything = ImageRef(written(folder / "everything.png", encoded(drawn(98))))
    return Pictures([*pictures, _picture(98, (everything,), "PNG", tags), _picture(99, (last,), "PNG", ())])


def _picture(
    number: int, files: tuple[ImageRef, ...], image_format: str, tags: tuple[ExportedTag, ...]
) -> ExportedPicture:
    return ExportedPicture(f"{number * 2654435761 % 2**32:08x}" * 16, files, image_format, 12, 8, tags)


class PlainFolder:
    """A folder that an export is written to, below which nothing of others lies."""

    def __init__(self, root: Path, source: Path) -> None:
        self.root, self.source = root, source
        self.unreadable: list[ImageRef] = []

    def name_of(self, ref: ImageRef) -> str:
        return ref.path_in(str(self.source))

    def write(self, name: str, content: bytes) -> None:
        with self.new_file(name) as file:
            file.write(content)

    @contextmanager
    def new_file(self, name: str) -> Iterator[BinaryIO]:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        with open(self.root / name, "xb") as file:
            yield file

    def read(self, ref: ImageRef) -> Optional[bytes]:
        if not os.path.exists(ref.file):
            self.unreadable.append(ref)
            return None
        return Path(ref.file).read_bytes()

    def copy(self, ref: ImageRef, name: str, place: str) -> bool:
        if self.read(ref) is None:
            return False
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        place_file = {"copy": shutil.copyfile, "hardlink": os.link, "symlink": os.symlink}[place]
        place_file(ref.file, self.root / name)
        return True
