"""The images of one run: what was found, and what is still to do.

The listing is replaced by every run; what is known of the images is not.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Optional

from ..failures import KILLED, FailureList
from ..files import is_relinked, stamp_of
from ..records import (
    EncoderSpec,
    Failure,
    Found,
    FoundArchive,
    FoundFolder,
    FoundImage,
    LeftOut,
    LeftOutCount,
    OtherFile,
    count_left_out,
)
from .addresses import as_ref
from .encoders import Encoders
from .failures import Failures
from .finished import FinishedWork
from .imported import HAS_EMBEDDING, Imported
from .store_file import StoreFile

_ADD = "INSERT OR IGNORE INTO listing(address, stamp, name, tag) VALUES (?, ?, ?, ?)"

_NUMBER_NAMES = """
UPDATE listing SET number = ranked.number FROM (
    SELECT seq, row_number() OVER (PARTITION BY name ORDER BY seq) AS number FROM listing) AS ranked
WHERE ranked.seq = listing.seq AND ranked.number > 1
"""

_PENDING = f"""
FROM listing AS l
LEFT JOIN image AS i ON i.address = l.address AND i.stamp = l.stamp
WHERE NOT {HAS_EMBEDDING}
AND NOT EXISTS (SELECT 1 FROM failure AS f WHERE f.address = l.address AND f.stamp = l.stamp
                AND f.step = 'decode' AND f.code <> '{KILLED}' AND f.decoder = :decoder)
"""

_PLAIN_FILES = "SELECT seq, address, stamp FROM listing WHERE seq > ? ORDER BY seq LIMIT ?"

_RENEW_LISTED = "UPDATE listing SET stamp = ? WHERE address = ? AND stamp = ?"
_RENEW_IMAGE = "UPDATE image SET stamp = ? WHERE address = ? AND stamp = ?"
_RENEW_FAILURE = "UPDATE failure SET stamp = ? WHERE address = ? AND stamp = ?"

#: Rows fetched at a time while the store is also written: enough to hide the query, few enough to hold.
_PAGE = 2048

#: Images held before the listing is written, and characters of all their rows: up to here a run in which nothing has
#: changed writes nothing.
_HELD = 50_000
_HELD_CHARACTERS = 1 << 25

#: Folders that are named of those whose images have one tag.
_MOST_TOPS = 4

#: Suffixes that are counted apart, and how long they may be: in archives any name can have any suffix.
_MOST_SUFFIXES = 1000
_LONGEST_SUFFIX = 20
_OTHER_SUFFIXES = ".…"


@dataclass(frozen=True)
class FoundSummary:
    """What one run found: how many images, the archives in order, what could not be opened, how many files of each
    suffix were passed over, and what was left out.

    ``failures`` are the first ones, ``failure_codes`` counts all of them by code. ``bare_folders`` are the tags of
    folders directly in the input in which no image was found; ``merged_tags`` has the tags of images from several
    such folders, with the first of these. ``digest`` stands for all images with their stamps and tags, in order.
    """

    images: int
    archives: tuple[FoundArchive, ...]
    failures: tuple[Failure, ...]
    failure_codes: dict[str, int]
    passed_over: dict[str, int]
    left_out: tuple[LeftOutCount, ...]
    bare_folders: tuple[str, ...]
    merged_tags: dict[str, tuple[str, ...]]
    digest: str


class Listing:
    """The part of the working store that holds the images of the latest run."""

    def __init__(
        self, file: StoreFile, encoders: Encoders, failures: Failures, finished: FinishedWork, imported: Imported
    ) -> None:
        self._imported = imported
        self._file = file
        self._encoders = encoders
        self._failures = failures
        self._finished = finished

    def replace(self, found: Iterable[Found]) -> FoundSummary:
        """Replace the listing by what was found now; nothing that is known of the images is forgotten."""
        sorter = _FoundSorter()
        images = sorter.images(found)
        first = list(_first(images))
        if not sorter.is_done or not self._holds(first):
            self._write(chain(first, images))
        self._failures.replace_unopened(sorter.failures.held)
        return FoundSummary(
            images=self._count(),
            archives=tuple(sorter.archives),
            failures=tuple(sorter.failures.held),
            failure_codes=dict(sorter.failures.codes),
            passed_over=dict(sorter.passed_over),
            left_out=tuple(sorter.left_out.values()),
            bare_folders=tuple(sorter.bare_folders),
            merged_tags={tag: tuple(tops) for tag, tops in sorter.tops.items() if len(tops) > 1},
            digest=sorter.hexdigest(),
        )

    def renew_stamps(self) -> None:
        """Give listed files their present stamp where only their change time is another than when they were listed.

        A hard link to a file changes that, and not the file: without this the next run would read it again.
        """
        after = 0
        while rows := self._file.rows(_PLAIN_FILES, (after, _PAGE)):
            after = rows[-1][0]
            renewed = list(self._renewed(rows))
            if renewed:
                with self._file.transaction() as db:
                    db.executemany(_RENEW_LISTED, renewed)
                    db.executemany(_RENEW_IMAGE, renewed)
                    db.executemany(_RENEW_FAILURE, renewed)

    def _renewed(self, rows: Iterable[tuple[int, str, str]]) -> Iterator[tuple[str, str, str]]:
        """Yield the new stamp, the address and the old stamp of each file that got a further name."""
        for _, address, stamp in rows:
            ref = as_ref(self._file, address)
            with suppress(OSError):  # it is gone: the next run sees that
                if not ref.members and is_relinked(stamp, later := stamp_of(ref.file)):
                    yield later, address, stamp

    def _holds(self, images: list[tuple[str, ...]]) -> bool:
        """Return whether the listing is that of these images: a stranger may have filled the store with another."""
        rows = self._file.rows("SELECT address, stamp, name, tag FROM listing ORDER BY seq")
        listed: dict[str, tuple[str, ...]] = {}
        for row in images:
            listed.setdefault(row[0], row)
        return bool(rows == list(listed.values()))

    def _write(self, images: Iterable[tuple[str, ...]]) -> None:
        with self._file.transaction() as db:
            db.execute("DELETE FROM listing")
            db.executemany(_ADD, images)
            db.execute(_NUMBER_NAMES)
            self._finished.forget_results(db)

    def _count(self) -> int:
        return int(self._file.rows("SELECT count(*) FROM listing")[0][0])

    def count_pending(self, encoder: Optional[EncoderSpec]) -> int:
        """Return how many images ``pending`` gives."""
        (count,) = self._file.rows(f"SELECT count(*) {_PENDING}", self._pending_values(encoder))[0]
        return int(count)

    def pending(self, encoder: Optional[EncoderSpec]) -> Iterator[FoundImage]:
        """Yield the listed images that have no embedding by this encoder and are worth a try, in order."""
        values = self._pending_values(encoder)
        query = f"SELECT l.seq, l.address, l.stamp {_PENDING} AND l.seq > :after ORDER BY l.seq LIMIT {_PAGE}"
        while rows := self._file.rows(query, values):
            values["after"] = rows[-1][0]
            yield from (FoundImage(as_ref(self._file, address), stamp) for _, address, stamp in rows)

    def _pending_values(self, encoder: Optional[EncoderSpec]) -> dict[str, Any]:
        return {
            "encoder": self._encoders.number(encoder),
            "imported": self._imported.is_used,
            "decoder": self._failures.decoder,
            "after": 0,
        }


def _first(images: Iterator[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield as many rows as may be held."""
    characters = 0
    for row in islice(images, _HELD):
        yield row
        characters += sum(map(len, row))
        if characters > _HELD_CHARACTERS:
            return


class _FoundSorter:
    """Sorts what was found, in one pass: the images into rows and a digest, archives and failures into lists."""

    def __init__(self) -> None:
        self.archives: list[FoundArchive] = []
        self.failures = FailureList()
        self.is_done = False
        self.passed_over: Counter[str] = Counter()
        self.left_out: dict[str, LeftOutCount] = {}
        self.bare_folders: dict[str, None] = {}
        self.tops: dict[str, list[str]] = {}  # by tag
        self._digest = hashlib.blake2b(digest_size=32)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()

    def images(self, found: Iterable[Found]) -> Iterator[tuple[str, ...]]:
        """Yield the row of each image; what is no image is put into its list on the way."""
        for item in found:
            if isinstance(item, FoundArchive):
                self.archives.append(item)
            elif isinstance(item, Failure):
                self.failures.add(item)
            elif isinstance(item, OtherFile):
                self.passed_over[self._counted_suffix(item.ref.suffix)] += 1
            elif isinstance(item, LeftOut):
                count_left_out(self.left_out, item)
            elif isinstance(item, FoundFolder):
                self.bare_folders[item.tag] = None
            else:
                address = item.ref.key
                self._digest.update(f"{address} {item.stamp} {item.tag}\n".encode())
                self._note_tag(item)
                yield address, item.stamp, item.ref.name.casefold(), item.tag
        self.is_done = True

    def _note_tag(self, image: FoundImage) -> None:
        self.bare_folders.pop(image.top, None)
        tops = self.tops.setdefault(image.tag, [])
        if len(tops) < _MOST_TOPS and image.top not in tops:
            tops.append(image.top)

    def _counted_suffix(self, suffix: str) -> str:
        is_new = suffix not in self.passed_over
        if is_new and (len(suffix) > _LONGEST_SUFFIX or len(self.passed_over) >= _MOST_SUFFIXES):
            return _OTHER_SUFFIXES
        return suffix
