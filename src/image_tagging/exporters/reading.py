"""The read side of results: ``output.json`` and the tables of stages 1, 3 and 4, as records.

Whoever reads results reads them here, by the exact address of each picture. Files of earlier versions, which lack
addresses or ``tagged``, are read as well. Both are streamed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple, Optional

from ..addresses import ImageRef
from ..datasets import FileErrors, json_entries
from ..errors import InputError
from ..files import StrPath, user_path
from ..text import as_tag
from .stored_tables import stored_rows
from .tables import STAGE3, STAGE4

#: The file of the scores of both stages.
OUTPUT_JSON = "output.json"

_REMEDY = "Give a file that stage 3 or 4 wrote (image-tagging classify, classify-zip)."

_TABLE_REMEDY = "Give a stage1.db, stage3.db or stage4.db."


#: The key of the tags that an entry is an example of, where it is one.
EXAMPLE_OF = "example_of"

#: The keys, and the columns, of a score.
_SCORE = ("tag_name", "model_type", "tag_prob")


class ResultScore(NamedTuple):
    """The probability of one tag by one kind of model; ``tagged`` is ``None`` in results of earlier versions."""

    tag: str
    kind: str
    probability: float
    tagged: Optional[bool]


@dataclass(frozen=True)
class ScoredPicture:
    """A picture of ``output.json``: the files that hold it, and its score by every model, in the order written.

    ``addresses`` are parallel to ``file_paths``, the first file first; empty in results of earlier versions.
    ``input`` is the path of the input that the first file lies in, where there are several; else it is empty.
    ``example_of`` are the tags of which the picture is an example.
    """

    hash_id: str
    file_paths: tuple[str, ...]
    addresses: tuple[ImageRef, ...]
    scores: tuple[ResultScore, ...]
    input: str = ""
    example_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableRow:
    """A row of ``stage1``, ``stage3`` or ``stage4``, whose columns it has; what a table lacks is ``None``.

    A row with a ``hash_id`` is an image (in ``stage3`` and ``stage4``: by one model). One without is an archive, which
    directly holds ``n_img_content`` images. ``input`` is the path of its input where there are several.
    """

    file_name: str
    file_path: str
    type: str
    hash_id: Optional[str]
    archive_path: Optional[str] = None
    n_img_content: Optional[int] = None
    score: Optional[ResultScore] = None
    input: str = ""


def read_results(path: StrPath) -> Iterator[ScoredPicture]:
    """Yield the pictures of an ``output.json``, in the order written.

    Raises
    ------
    InputError
        The file is missing, malformed or something else; for a single picture, while the stream is read.
    """
    path = user_path(path)
    errors = FileErrors(path, InputError, "an output.json", _REMEDY)
    for hash_id, entry in json_entries(path, errors=errors):
        try:
            yield _picture(hash_id, entry)
        except (ValueError, KeyError) as error:
            raise errors.foreign(f"the entry {hash_id[:20]!r} {why(error)}") from error


def why(error: Exception) -> str:
    """Return the words of an error of :func:`files_of`."""
    return f"lacks {error.args[0]}" if isinstance(error, KeyError) else str(error)


def _picture(hash_id: str, entry: Any) -> ScoredPicture:
    """Return the picture of one entry; ValueError and KeyError say what is wrong with it."""
    if not isinstance(entry, dict):
        raise ValueError("is no picture with its scores")
    paths, addresses = files_of(entry)
    tags = _list(entry, EXAMPLE_OF) if EXAMPLE_OF in entry else []
    if not all(isinstance(tag, str) for tag in tags):
        raise ValueError(f"has a tag in {EXAMPLE_OF} that is no text")
    scores = tuple(map(_score, _list(entry, "classifiers_output")))
    return ScoredPicture(hash_id, paths, addresses, scores, _input(entry), tuple(map(as_tag, tags)))


def files_of(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[ImageRef, ...]]:
    """Return the paths and the addresses of one entry; ValueError and KeyError say what is wrong with it."""
    paths = _list(entry, "file_paths") if "file_paths" in entry else [entry["file_path"]]
    if not all(isinstance(path, str) for path in paths):
        raise ValueError("has a file_path that is no text")
    return tuple(paths), _addresses(entry, len(paths))


def _addresses(entry: Mapping[str, Any], count: int) -> tuple[ImageRef, ...]:
    if "addresses" not in entry:
        return ()
    addresses = _list(entry, "addresses")
    if len(addresses) != count:
        raise ValueError("has not one address for each of its file_paths")
    try:
        return tuple(map(ImageRef.of, addresses))
    except ValueError as error:
        raise ValueError(f"has an address that {error}") from error


def _list(entry: Mapping[str, Any], key: str) -> list[Any]:
    value = entry[key]
    if not isinstance(value, list):
        raise ValueError(f"has {key} that are no list")
    return value


def _score(score: Any) -> ResultScore:
    if not isinstance(score, dict):
        raise ValueError("has a score that is no object")
    tag, kind, probability, tagged = (*map(score.__getitem__, _SCORE), score.get("tagged"))
    if not isinstance(tag, str) or not isinstance(kind, str):
        raise ValueError("has a score whose tag_name or model_type is no text")
    if isinstance(probability, bool) or not isinstance(probability, (int, float)) or not math.isfinite(probability):
        raise ValueError("has a score whose tag_prob is no number")
    if tagged not in (None, 0, 1):  # tables hold numbers
        raise ValueError("has a score whose tagged is neither true nor false")
    return ResultScore(as_tag(tag), kind, float(probability), None if tagged is None else bool(tagged))


def read_table(path: StrPath) -> Iterator[TableRow]:
    """Yield the rows of a ``stage1.db``, ``stage3.db`` or ``stage4.db``, in the order written.

    Raises
    ------
    InputError
        The file is missing, or no database with one of the tables; for a single row, while the stream is read.
    """
    errors = FileErrors(user_path(path), InputError, "a table of results", _TABLE_REMEDY)
    for number, row in enumerate(stored_rows(errors), start=1):
        try:
            yield _table_row(row)
        except (ValueError, KeyError) as error:
            raise errors.foreign(f"row {number:,} {why(error)}") from error


def read_scores(folder: StrPath) -> Iterator[ScoredPicture]:
    """Yield the pictures of an output folder with their scores: of ``output.json``, else of the tables of both stages.

    From tables each picture comes once, with one of its files and without addresses.

    Raises
    ------
    InputError
        There are no results, or they are malformed; for a single picture, while the stream is read.
    """
    path = user_path(folder, "output")
    tables = [os.path.join(path, table.file_name) for table in (STAGE3, STAGE4)]
    there = [table for table in tables if os.path.exists(table)]
    if os.path.exists(os.path.join(path, OUTPUT_JSON)) or not there:
        yield from read_results(os.path.join(path, OUTPUT_JSON))
        return
    met: set[str] = set()
    for table in there:
        for (hash_id, file_path, source), rows in groupby(read_table(table), _file_of):
            if hash_id is not None and hash_id not in met:
                met.add(hash_id)
                scores = tuple(row.score for row in rows if row.score is not None)
                yield ScoredPicture(hash_id, (file_path,), (), scores, source)


def _file_of(row: TableRow) -> tuple[Optional[str], str, str]:
    return row.hash_id, row.file_path, row.input


def _table_row(row: Mapping[str, Any]) -> TableRow:
    """Return the row as a record; ValueError and KeyError say what is wrong with it."""
    file_name, file_path, kind = (row[name] for name in ("file_name", "file_path", "type"))
    hash_id, archive_path, images = row["hash_id"], row.get("archive_path"), row.get("n_img_content")
    if not all(isinstance(text, str) for text in (file_name, file_path, kind)):
        raise ValueError("has a file_name, file_path or type that is no text")
    if not all(text is None or isinstance(text, str) for text in (hash_id, archive_path)):
        raise ValueError("has a hash_id or archive_path that is no text")
    if not (images is None or isinstance(images, int)):
        raise ValueError("has an n_img_content that is no number")
    score = _score(row) if row.get("model_type") is not None else None
    return TableRow(file_name, file_path, kind, hash_id, archive_path, images, score, _input(row))


def _input(values: Mapping[str, Any]) -> str:
    source = values.get("input") or ""
    if not isinstance(source, str):
        raise ValueError("has an input that is no text")
    return source
