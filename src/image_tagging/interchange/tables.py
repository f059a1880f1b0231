"""Tables for programs: ``export.csv`` and ``export.jsonl``, a picture each line, and ``export.parquet``.

CSV is that of RFC 4180 (commas, quotes doubled, CRLF), UTF-8, with a header: a row for each picture and tag that it
has, so that names of tags need no separator. JSON Lines (https://jsonlines.org) has an object a line. Parquet has the
rows of CSV, and by a column ``has_tag`` all scores.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson

from ..errors import LibraryMissingError
from ..parquet import has_pyarrow, write_rows
from ..text import encodable
from .base import ExportedPicture, ExportedPictures, ExportedTag, ExportFolder, ExportOptions

_COLUMNS = ("hash_id", "file_path", "format", "width", "height", "tag", "probability", "said_by")

#: Pictures whose lines are written together.
_TOGETHER = 1 << 18

_PARQUET = {
    "hash_id": "text",
    "file_path": "text",
    "format": "text",
    "width": "whole",
    "height": "whole",
    "tag": "text",
    "probability": "number",
    "said_by": "text",
    "has_tag": "truth",
}


class CsvFormat:
    """The format ``csv``: a row for each picture and tag that it has; without tags one with empty cells."""

    def __init__(self, _options: ExportOptions) -> None:
        pass

    def write(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        """Write ``export.csv``; raise OutputError."""
        with folder.new_file("export.csv") as file:
            lines = io.StringIO()
            writer = csv.writer(lines)
            writer.writerow(_COLUMNS)
            for picture in pictures:
                own = _facts(picture)
                rows = ((*own, encodable(each.tag), each.probability, each.said_by) for each in picture.tags)
                writer.writerows(rows if picture.tags else [(*own, "", "", "")])
                if lines.tell() > _TOGETHER:
                    file.write(lines.getvalue().encode())
                    lines.seek(0)
                    lines.truncate()
            file.write(lines.getvalue().encode())


class JsonLinesFormat:
    """The format ``jsonl``: an object for each picture, with all its files, its tags, and its scores."""

    def __init__(self, _options: ExportOptions) -> None:
        pass

    def write(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        """Write ``export.jsonl``; raise OutputError."""
        with folder.new_file("export.jsonl") as file:
            for picture in pictures:
                hash_id, path, kind, width, height = _facts(picture)
                entry = {
                    **{"hash_id": hash_id, "file_path": path, "file_paths": [ref.path for ref in picture.files]},
                    **{"addresses": [ref.address for ref in picture.files]},
                    **{"format": kind, "width": width, "height": height},
                    "tags": list(map(_entry, picture.tags)),
                    "scores": list(map(_entry, picture.scores)),
                }
                file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))


class ParquetFormat:
    """The format ``parquet``: a row for each picture and tag that there is an answer for, ``has_tag`` says which."""

    def __init__(self, _options: ExportOptions) -> None:
        if not has_pyarrow():
            raise LibraryMissingError("export parquet needs pyarrow. Install it: pip install pyarrow; or export csv.")

    def write(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        """Write ``export.parquet``; raise OutputError."""
        words = frozenset({"file_path", "hash_id", "format", "tag", "said_by"})
        with folder.new_file("export.parquet") as file, write_rows(file, _PARQUET, {}, words) as add:
            for picture in pictures:
                own, having = _facts(picture), {each.tag for each in picture.tags}
                for each in picture.scores:
                    add((*own, encodable(each.tag), each.probability, each.said_by, each.tag in having))


def _facts(picture: ExportedPicture) -> tuple[str, str, str, int, int]:
    return picture.hash_id, picture.files[0].path, picture.format, picture.width, picture.height


def _entry(each: ExportedTag) -> dict[str, Any]:
    return {"tag": encodable(each.tag), "probability": each.probability, "said_by": each.said_by}
