"""The file cache: an SQLite table of image files by content hash, for other programs.

Images are found, read and decoded as in stage 1; the table is :mod:`image_tagging.pipeline.file_cache_table`.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from itertools import chain, islice
from typing import Any, Optional, Union

from ..errors import InputError, NoImagesError, OutputError
from ..failures import FailureList, attempt
from ..files import StrPath, user_path
from ..images import Decoders
from ..processors import processor_count
from ..records import Failure, Found, FoundArchive, FoundImage, LeftOut, LeftOutCount, count_left_out
from ..runners import local
from ..sources import DataSetRules, ThreadReaders, find_images
from ..tag_models import kind_names
from ..text import name_encoding, short_path
from ..writing import make_folder
from .file_cache_table import CacheTable, Row, file_row, key_of, open_cache

log = logging.getLogger(__name__)

#: The most images sent to a decoding process together, and the bytes after which they are sent.
_TOGETHER = 32
_HELD_BYTES = 1 << 18

#: Groups of images per transaction: enough to make its cost negligible, few enough to lose little when interrupted.
_GROUPS = 64


class FileCache:
    """Makes, fills and reads file caches; keeps nothing open between calls.

    A file is returned as a dictionary of the columns of its row, with ``file_path`` and ``file_type`` as other names
    of ``path`` and ``type``. ``container_archive`` is the path of the archive that directly holds the file.

    Every ``db_path`` raises InputError where there is no file cache, and every method OutputError where the
    database cannot be used (locked by another program, disk full).
    """

    def create_file_cache(self, out_dir: StrPath = "./output", db_name: str = "file_cache.sqlite") -> None:
        """Create an empty file cache and its folder; an existing file cache is left as it is.

        Raises
        ------
        InputError
            The file exists and is not a file cache.
        """
        with open_cache(_cache_path(out_dir, db_name), make=True):
            pass

    def add_folder_to_file_cache(
        self,
        data_dir: StrPath,
        out_dir: StrPath = "./output",
        db_name: str = "file_cache.sqlite",
        follow_links: bool = False,
        exclude: Sequence[str] = (),
        archive_encoding: Optional[str] = None,
    ) -> None:
        """Add the images of a folder or an archive, including archives inside it; create a missing cache.

        A file is identified by its exact address, however ``data_dir`` spells it, and keeps the path by which it was
        first added. It is read again only if it has changed. Rows of files that are gone, or can no longer be
        read, stay. Files that cannot be used are skipped, and the log names and counts them; so are links that lead
        out of the folder, unless ``follow_links`` is true. What is no part of a data set is left out and counted, and
        so is what a pattern of ``exclude`` matches, as in a ``.gitignore`` file. ``archive_encoding`` is that of names
        in archives that do not say it; without it, it is chosen for each archive.

        Raises
        ------
        InputError
            There is nothing at ``data_dir``, or it is a file of another kind, or a pattern means nothing.
        NoImagesError
            It holds no image, or none that can be used.
        """
        encoding = None if archive_encoding is None else name_encoding(archive_encoding)
        rules = DataSetRules(exclude, kind_names())
        root = user_path(data_dir, "data_dir")
        found = find_images(root, rules, follow_links=follow_links, archive_encoding=encoding)
        with open_cache(_cache_path(out_dir, db_name), make=True) as table:
            adder = _Adder(table, encoding)
            adder.add(found)
        counts = {**adder.counts, "failed": sum(adder.failures.codes.values())}
        if adder.failures.more:
            log.warning("skipped %s more, which are not named", f"{adder.failures.more:,}")
        for left_out in adder.left_out.values():
            log.info("left out %s; the first: %s", left_out.words, short_path(left_out.first.path))
        log.info("%s: %s", data_dir, ", ".join(f"{count} {what}" for what, count in counts.items()))
        if not adder.counts:
            first = "".join(f" The first that failed: {it.ref.path}: {it.reason}." for it in adder.failures.held[:1])
            raise NoImagesError(f"there is no image at {data_dir} that can be used.{first}")

    def get_random_hash(self, db_path: StrPath) -> dict[str, str]:
        """Return ``{"hash_id": ...}`` of an image drawn as in ``get_random_image``; raises the same errors."""
        return {"hash_id": self.get_random_image(db_path)["hash_id"]}

    def get_img_by_hash(self, db_path: StrPath, hash_id: str) -> Optional[dict[str, Any]]:
        """Return the image with this content hash, of several the one added first; ``None`` where there is none."""
        with open_cache(db_path) as table:
            return table.by_hash(hash_id)

    def get_random_image(self, db_path: StrPath) -> dict[str, Any]:
        """Return a random image, never an archive; each is equally likely, and ``random.seed`` makes it repeatable.

        The cost does not grow with the cache: row numbers are drawn until one is that of an image. Only where
        images are rare among the numbers (most rows deleted by hand, or archives without images) may the draw
        return the next image after a number, which favours images after a wide gap.

        Raises
        ------
        InputError
            The cache holds no image, or there is no cache.
        """
        with open_cache(db_path) as table:
            image = table.at_random()
        if image is None:
            raise InputError(f"the file cache at {db_path} holds no image. Add a folder first.")
        return image

    def clear_cache(self, db_path: StrPath, delete_cache: bool = False) -> None:
        """Remove every row; with ``delete_cache`` remove the database file too. Images are never changed.

        A database that holds other tables as well is not removed: OutputError says so.
        """
        db_path = user_path(db_path, "db_path")
        with open_cache(db_path, change=True) as table:
            if delete_cache and not table.is_alone():
                raise OutputError(
                    f"{db_path} holds other tables too, so it is not removed. Clear it without delete_cache."
                )
            table.clear()
        try:
            for end in ("", "-wal", "-shm", "-journal") if delete_cache else ():
                with suppress(FileNotFoundError):
                    os.remove(db_path + end)
        except OSError as error:
            raise OutputError(f"cannot remove {db_path}: {error.strerror}. Close the program that uses it.") from error


def _cache_path(out_dir: StrPath, db_name: StrPath) -> str:
    """Return the path of a file cache, whose folder is made."""
    return os.path.join(make_folder(user_path(out_dir, "out_dir")), db_name)


class _Adder:
    """Adds found images to one cache: read and decoded on threads, written here in batches."""

    def __init__(self, table: CacheTable, archive_encoding: Optional[str]) -> None:
        self._table = table
        self._readers = ThreadReaders(archive_encoding)
        self._decoders = Decoders()
        self._archives: list[FoundArchive] = []
        self.failures = FailureList()
        self.left_out: dict[str, LeftOutCount] = {}
        self.counts: Counter[str] = Counter()  # added, updated, unchanged

    def add(self, found: Iterable[Found]) -> None:
        new = self._new_or_changed(found)
        self._add_on_threads(new)
        if self.counts:
            unopened = {failure.ref for failure in self.failures.held}
            archives = (archive for archive in self._archives if archive.images or archive.ref not in unopened)
            self._table.put([file_row(archive.ref, "", n_content=archive.images) for archive in archives])

    def _add_on_threads(self, new: Iterator[FoundImage]) -> None:
        outcomes = local.run(
            self._read,
            lambda: self._put,
            iter(lambda: list(islice(new, _TOGETHER)), []),
            batch_size=_GROUPS,
            threads=min(8, processor_count()),
        )
        with closing(self._readers), closing(outcomes), self._decoders:
            for counts in outcomes:
                if not isinstance(counts, Failure):
                    self.counts.update(counts)

    def _put(self, groups: Sequence[Sequence[Union[Row, Failure]]]) -> list[Counter[str]]:
        """Write a batch in one transaction; return how many files of each group were added and updated."""
        for failure in chain.from_iterable(groups):
            if isinstance(failure, Failure):
                self._skip(failure)
        rows = [[row for row in group if not isinstance(row, Failure)] for group in groups]
        outcomes = iter(self._table.put([*chain.from_iterable(rows)]))
        return [Counter(islice(outcomes, len(group))) for group in rows]

    def _new_or_changed(self, found: Iterable[Found]) -> Iterator[FoundImage]:
        source = iter(found)
        while items := list(islice(source, _GROUPS * _TOGETHER)):
            addresses = [key_of(item.ref) for item in items]
            stamps = self._table.stamps_of(addresses)
            for item, address in zip(items, addresses):
                if isinstance(item, Failure):
                    self._skip(item)
                elif isinstance(item, FoundArchive):
                    self._archives.append(item)
                elif isinstance(item, LeftOut):
                    count_left_out(self.left_out, item)
                elif not isinstance(item, FoundImage):
                    continue
                elif stamps.get(address) == item.stamp:
                    self.counts["unchanged"] += 1
                else:
                    yield item

    def _skip(self, failure: Failure) -> None:
        if self.failures.add(failure):
            path = short_path(failure.ref.path)
            log.warning("skipped %s: %s (%s, %s)", path, failure.reason, failure.step, failure.code)

    def _read(self, group: Sequence[FoundImage]) -> list[Union[Row, Failure]]:
        """Read and hash a group of images, on a thread."""
        rows: list[Union[Row, Failure]] = []
        held: list[tuple[FoundImage, bytes]] = []
        for found in group:
            with ExitStack() as reading:
                rows += self._taken(reading, found, held)
        return [*rows, *self._hashed(held)]

    def _taken(
        self, reading: ExitStack, found: FoundImage, held: list[tuple[FoundImage, bytes]]
    ) -> Iterator[Union[Row, Failure]]:
        """Read an image and add it to those held; where these are many bytes, hash and release them."""
        data = attempt(found.ref, "read", lambda: reading.enter_context(self._readers.reading(found.ref)))
        if isinstance(data, Failure):
            yield data
            return
        held.append((found, data))
        if sum(len(each) for _, each in held) > _HELD_BYTES:
            yield from self._hashed(held)
            held.clear()

    def _hashed(self, held: Sequence[tuple[FoundImage, bytes]]) -> Iterator[Union[Row, Failure]]:
        hashes = self._decoders.content_hashes([(found.ref, data) for found, data in held])
        for (found, _), hash_id in zip(held, hashes):
            yield hash_id if isinstance(hash_id, Failure) else file_row(found.ref, found.stamp, hash_id=hash_id)
