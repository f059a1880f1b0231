"""Which files in the bins this program placed there, so that later runs may move them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from ..addresses import ImageRef
from .addresses import as_ref
from .store_file import StoreFile

_PAGE = 2048

_UNLISTED = """
SELECT address FROM placed WHERE substr(made_from, 1, 2) = ? AND address > ?
AND NOT EXISTS (SELECT 1 FROM listing WHERE listing.address = placed.address) ORDER BY address LIMIT ?
"""


class PlacedFile(NamedTuple):
    """A file that was placed: its folder below the output, its name there, its size and its time in nanoseconds."""

    folder: str
    name: str
    size: int
    mtime_ns: int


class PlacedFiles:
    """The part of the working store that remembers what was placed in bins, by the address of the image.

    With every model a copy, 100,000 images by 80 models are 8,000,000 files. The copies of one image have one name, one
    size and one time, so that there is one row for each image, with the numbers of its folders.
    """

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        self._numbers: dict[str, int] = {}
        self._folders: dict[int, str] = {}

    def of(self, address: str) -> list[PlacedFile]:
        """Return what was placed of the image with this key, as far as the store can be trusted to say it."""
        rows = self._file.rows("SELECT files FROM placed WHERE address = ?", (address,))
        try:
            return [
                PlacedFile(self._folder(number), name, size, mtime_ns)
                for name, size, mtime_ns, numbers in (orjson.loads(rows[0][0]) if rows else ())
                for number in numbers
            ]
        except (ValueError, TypeError, KeyError) as error:
            raise self._file.damaged("what was placed in bins cannot be read") from error

    def folders(self) -> list[str]:
        """Return all folders in which something was placed."""
        return [folder for (folder,) in self._file.rows("SELECT folder FROM placed_folder ORDER BY id")]

    def within(self, folders: Container[str]) -> Iterator[tuple[ImageRef, list[PlacedFile]]]:
        """Yield each image with what was placed of it in these folders; nothing is written while they are taken."""
        numbered = self._file.rows("SELECT id, folder FROM placed_folder")
        within = {number: folder for number, folder in numbered if folder in folders}
        for address, files in self._file.stream("SELECT address, files FROM placed ORDER BY rowid"):
            try:
                found = [
                    PlacedFile(within[number], name, size, mtime_ns)
                    for name, size, mtime_ns, numbers in orjson.loads(files)
                    for number in numbers
                    if number in within
                ]
            except (ValueError, TypeError) as error:
                raise self._file.damaged("what was placed in bins cannot be read") from error
            if found:
                yield as_ref(self._file, address), found

    def forget(self, images: Mapping[str, Iterable[PlacedFile]]) -> None:
        """Forget files of images, by their keys; what else is placed of the images stays."""
        left: dict[str, dict[str, list[PlacedFile]]] = {}
        for address, files in images.items():
            gone = {(file.folder, file.name) for file in files}
            others = [file for file in self.of(address) if (file.folder, file.name) not in gone]
            for (made_from,) in self._file.rows("SELECT made_from FROM placed WHERE address = ?", (address,)):
                left.setdefault(str(made_from), {})[address] = others
        for made_from, remaining in left.items():
            stage, _, rest = made_from.partition("/")
            self.remember(remaining, stage, rest)

    def has_others(self, stage: str, made_from: str) -> bool:
        """Return whether a stage has placed images from anything else, which a later run has not placed again."""
        query = "SELECT 1 FROM placed WHERE made_from <> ? AND substr(made_from, 1, ?) = ? LIMIT 1"
        return bool(self._file.rows(query, (f"{stage}/{made_from}", len(stage) + 1, f"{stage}/")))

    def remember(self, images: Mapping[str, Iterable[PlacedFile]], stage: str, made_from: str) -> None:
        """Remember what is placed of images, by their keys, in one transaction; of other images it stays.

        ``made_from`` stands for the models and the bins that a ``stage`` places by.
        """
        with self._file.transaction() as db:
            for address, files in images.items():
                if text := self._as_text(db, files):
                    db.execute(
                        "INSERT OR REPLACE INTO placed VALUES (?, ?, ?)", (address, f"{stage}/{made_from}", text)
                    )
                else:
                    db.execute("DELETE FROM placed WHERE address = ?", (address,))

    def keep(self, address: str, files: Iterable[PlacedFile]) -> None:
        """Remember that of what was placed of an image these files are left."""
        with self._file.transaction() as db:
            if text := self._as_text(db, files):
                db.execute("UPDATE placed SET files = ? WHERE address = ?", (text, address))
            else:
                db.execute("DELETE FROM placed WHERE address = ?", (address,))

    def unlisted(self, stage: str) -> Iterator[str]:
        """Yield the keys of images that a stage has placed and no input of its role holds; they may be changed."""
        after = ""
        while rows := self._file.rows(_UNLISTED, (stage + "/", after, _PAGE)):
            after = rows[-1][0]
            yield from (address for (address,) in rows)

    def _as_text(self, db: Any, files: Iterable[PlacedFile]) -> str:
        """Return files as the table has them; empty where there is none."""
        groups: dict[tuple[str, int, int], list[int]] = {}
        for file in files:
            groups.setdefault((file.name, file.size, file.mtime_ns), []).append(self._number(db, file.folder))
        return orjson.dumps([[*key, numbers] for key, numbers in groups.items()]).decode() if groups else ""

    def _folder(self, number: int) -> str:
        if number not in self._folders:
            self._folders.update(self._file.rows("SELECT id, folder FROM placed_folder"))
        return self._folders[number]

    def _number(self, db: Any, folder: str) -> int:
        if folder not in self._numbers:
            db.execute("INSERT OR IGNORE INTO placed_folder(folder) VALUES (?)", (folder,))
            ((number,),) = db.execute("SELECT id FROM placed_folder WHERE folder = ?", (folder,)).fetchall()
            self._numbers[folder] = number
        return self._numbers[folder]
