"""Lists of images: a path or a URL a line of a text file, or a row of a Parquet table, as other programs write them.

A list is read as a stream. A relative path is relative to the folder of the list, and the tag of an image is the folder
that its path names. A list may come from a stranger: where the system shows its state nothing is read.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import IO, Union

from ..addresses import LONGEST_PATH, ImageRef
from ..errors import InputError, ReadError
from ..files import is_url
from ..parquet import Table
from ..text import as_tag, encodable
from .manifest import is_manifest
from .single_files import begins_like_an_image
from .suffixes import is_archive_name, is_image_name, is_table_name, is_unread_name
from .table_errors import TableErrors, require_pyarrow
from .tags import Tags

#: What lists of paths are called.
_TEXT_SUFFIXES = frozenset({".txt", ".lst", ".list"})

#: The columns of a table that hold paths, the first that is there.
_COLUMNS = ("path", "file_path", "image_path", "url")

#: Lines of a text that are looked at to see whether it is a list.
_LOOKED_AT = 100

_UTF8_MARK, _UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")

#: What a list says at one place: a path, or why there is none.
Entry = Union[str, ReadError]


def is_list(file: str) -> bool:
    """Return whether a file that was named is a list of paths: a Parquet table, or a text with lines like them."""
    try:
        if is_table_name(file):
            return os.path.isfile(file) and not begins_like_an_image(file)
        if os.path.splitext(file)[1].lower() not in _TEXT_SUFFIXES or not os.path.isfile(file):
            return False
        with open(file, "rb") as opened:
            if opened.read(2) in _UTF16_MARKS:
                return True  # which is refused in words
            opened.seek(0)
            texts = (text for _, text in islice(_lines(opened), _LOOKED_AT) if isinstance(text, str))
            return any(_looks_like_a_path(text, os.path.dirname(file)) for text in texts)
    except OSError:  # what is wrong shows when it is read
        return False


def _looks_like_a_path(text: str, folder: str) -> bool:
    is_named = is_image_name(text) or is_archive_name(text) or is_unread_name(text)
    return is_named or is_url(text) or ("\0" not in text and os.path.exists(os.path.join(folder, text)))


class PathList:
    """A list of paths at a path.

    Raises
    ------
    InputError
        It is no list: no text in UTF-8, a table without a column of paths, damaged; or a library is missing.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.folder = os.path.dirname(os.path.abspath(file))
        self._is_table = is_table_name(file)
        self._errors = TableErrors(file, "a list of paths", f"Give a table with a column {' or '.join(_COLUMNS)}.")
        self._column = ""
        try:
            with open(file, "rb") as opened:
                if self._is_table:
                    self._column = self._column_of(opened)
                else:
                    self._require_text(opened)
        except OSError as error:
            raise InputError(f"cannot read {file}: {error.strerror or error}. Name another list.") from error

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Yield the absolute path or the URL of each line or row, with its number from 1; empty lines are passed over.

        Raises
        ------
        InputError
            The list cannot be read to its end.
        """
        try:
            with open(self.file, "rb") as opened:
                for number, text in self._rows(opened) if self._is_table else _lines(opened):
                    yield number, text if isinstance(text, ReadError) else self._absolute(text)
        except OSError as error:
            raise InputError(f"cannot read {self.file}: {error.strerror or error}. Name another list.") from error

    def _absolute(self, text: str) -> Entry:
        if "\0" in text or (sys.platform == "win32" and not text.isprintable()):
            return ReadError("not-a-path", "it holds characters that no path has")
        if is_url(text):
            return text
        path = os.path.join(self.folder, text)
        return path if ".." in path else os.path.normpath(path)  # ``..`` behind a link is another folder

    def _rows(self, opened: IO[bytes]) -> Iterator[tuple[int, Entry]]:
        number = 0
        for texts in Table(opened, self._errors).texts(self._column):
            for text in texts:
                number += 1
                if not text:
                    yield number, ReadError("not-a-path", "it holds no path")
                else:
                    yield number, _too_long() if len(text) > LONGEST_PATH else text

    def _column_of(self, opened: IO[bytes]) -> str:
        require_pyarrow(self.file)
        table = Table(opened, self._errors)
        if is_manifest(table):
            raise InputError(f"{self.file} is a manifest: give it as --manifest.")
        leaf = table.leaf("text", *((name,) for name in _COLUMNS))
        if leaf is None:
            raise self._errors.foreign("it has no column of paths, and none of images")
        return leaf.name

    def _require_text(self, opened: IO[bytes]) -> None:
        begin = opened.read(4096)
        if begin.startswith(_UTF16_MARKS) or b"\0" in begin:
            raise InputError(f"{self.file} is no list of paths in UTF-8, a line each: save it as UTF-8.")


def _lines(opened: IO[bytes]) -> Iterator[tuple[int, Entry]]:
    number = 0
    while line := opened.readline(LONGEST_PATH + 2):
        number += 1
        if number == 1:
            line = line.removeprefix(_UTF8_MARK)
        if len(line) > LONGEST_PATH and not line.endswith(b"\n"):
            while (rest := opened.readline(LONGEST_PATH)) and not rest.endswith(b"\n"):
                pass
            yield number, _too_long()
        elif line.strip():
            yield number, line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")  # a path may be no text


def _too_long() -> ReadError:
    return ReadError("long-name", f"it is longer than a path can be ({LONGEST_PATH:,} bytes)")


class ListTags:
    """The tags of images in a list (as :class:`.tags.Tags`): of those below its folder, and of others by their folder.

    Of the latter, ``top`` is that of the folder that holds them too.
    """

    def __init__(self, folder: str, level: str) -> None:
        self._level = level
        self._below = os.path.join(folder, "")
        self._here = Tags(folder, level)
        self._other = lru_cache(maxsize=64)(self._of_folder)

    def of(self, ref: ImageRef) -> tuple[str, str]:
        """Return the tag of an image, and what the first folder below the list stands for."""
        if is_url(ref.file):
            return (_tag_of_url(ref.file),) * 2
        if ref.file.startswith(self._below) and f"{os.pardir}{os.sep}" not in ref.file:
            return self._here.of(ref)
        return self._other(os.path.dirname(ref.file)).of(ref)

    def _of_folder(self, folder: str) -> Tags:
        return Tags(folder, self._level)


def _tag_of_url(url: str) -> str:
    """Return the folder in a URL, or its host where it has none."""
    parts = re.split(r"[?#]", url, maxsplit=1)[0].split("/")
    folders = [part for part in parts[2:-1] if part]
    return as_tag(encodable(folders[-1])) if folders else ""
