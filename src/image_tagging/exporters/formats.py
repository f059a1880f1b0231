"""In which formats the scores of a run are written, and what becomes of files in others that are there already."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from ..datasets import RECORDS_MARK
from ..errors import OutputError
from ..text import counted, in_bytes
from ..writing import remove_below, require_ours
from .disk import free_bytes
from .reading import OUTPUT_JSON
from .score_csv import OUTPUT_CSV, has_csv, require_csv_ours
from .score_parquet import OUTPUT_PARQUET, has_parquet, require_parquet_ours
from .tables import STAGE3, STAGE4

#: About the bytes of a score in the table and in Parquet, and of what JSON has of a picture besides its scores.
_TABLE_BYTES, _PARQUET_BYTES, _PICTURE_BYTES = 44, 10, 500

#: The bytes of a score in JSON besides its tag and its kind of model.
_JSON_BYTES = len('{"model_type":"","tag_name":"","tag_prob":0.012345678901234567,"tagged":false},')

#: Results of fewer bytes are written without asking how many are free.
_LEAST_JUDGED = 10**8

#: From so many bytes of JSON on a run says so before it scores: it is slow to read, and few programs open it.
MUCH_JSON = 2 * 10**9


class ResultFormats(NamedTuple):
    """Whether scores are written as JSON, as CSV and as Parquet; the table of the stage is written in any case."""

    json: bool
    csv: bool
    parquet: bool

    @classmethod
    def of(cls, asked: str, folder: str) -> ResultFormats:
        """Return what a run writes that was ``asked`` for a format.

        CSV is made from JSON. A file of CSV or Parquet that is there already is kept up to date.

        Raises
        ------
        OutputError
            A file of others has the name of one that is written.
        MetadataError
            Parquet is written, and pyarrow is not installed.
        """
        json = asked in {"json", "csv", "both"}
        csv = json and (asked == "csv" or has_csv(folder))
        parquet = asked in {"parquet", "both"} or (asked != "none" and has_parquet(folder))
        if csv:
            require_csv_ours(folder)
        if parquet:
            require_parquet_ours(folder)
        return cls(json, csv, parquet)

    def remove_others(self, folder: str, *, keeps_json: bool) -> tuple[str, ...]:
        """Remove the files of formats that are not written, whose scores are of earlier runs; return their names.

        ``keeps_json`` says that ``output.json`` holds the scores of the other stage alone.
        """
        removed = []
        for name, is_outdated in (
            (OUTPUT_JSON, not self.json and not keeps_json and _is_ours_json(folder)),
            (OUTPUT_CSV, not self.csv and has_csv(folder)),
            (OUTPUT_PARQUET, not self.parquet and has_parquet(folder)),
        ):
            if is_outdated:
                remove_below(folder, "", name)
                removed.append(name)
        return tuple(removed)


def _is_ours_json(folder: str) -> bool:
    path = os.path.join(folder, OUTPUT_JSON)
    require_ours(path, RECORDS_MARK)
    return os.path.exists(path)


def has_results(folder: str) -> bool:
    """Return whether a folder has scores of stage 3 or 4, in any format."""
    names = (OUTPUT_JSON, STAGE3.file_name, STAGE4.file_name)
    return any(os.path.exists(os.path.join(folder, name)) for name in names)


class WrittenResults(NamedTuple):
    """What a run wrote: its ``files``, and how many ``scores``.

    ``left_out`` counts those that were not wanted, ``left_out_tagged`` those of them that are of a tag that the picture
    has. ``removed`` are names of files of earlier runs in other formats, and ``earlier_layout`` is the name of a table
    that was in that of earlier versions, an empty text where it was not.
    """

    files: tuple[str, ...]
    scores: int
    left_out: int
    left_out_tagged: int = 0
    removed: tuple[str, ...] = ()
    earlier_layout: str = ""

    def joined(self, other: WrittenResults) -> WrittenResults:
        """Return what two stages wrote."""
        return WrittenResults(
            tuple(dict.fromkeys((*self.files, *other.files))),
            self.scores + other.scores,
            self.left_out + other.left_out,
            self.left_out_tagged + other.left_out_tagged,
            tuple(dict.fromkeys((*self.removed, *other.removed))),
            " and ".join(filter(None, (self.earlier_layout, other.earlier_layout))),
        )


class ResultsSize(NamedTuple):
    """About the bytes that the scores of a run take as ``json``, and in ``all`` files.

    With ``is_least`` they take more: how many scores are written is not known before.
    """

    pictures: int
    json: int
    all: int
    is_least: bool

    @classmethod
    def of(
        cls, models: Iterable[tuple[str, str]], pictures: int, formats: ResultFormats, *, is_least: bool = False
    ) -> ResultsSize:
        """Return what the scores of so many pictures by ``models`` take, given by kind and tag."""
        of_models = [] if is_least else [len(kind.encode()) + len(tag.encode()) + _JSON_BYTES for kind, tag in models]
        json = pictures * (sum(of_models) + _PICTURE_BYTES) if formats.json else 0
        of_score = _TABLE_BYTES + (_PARQUET_BYTES if formats.parquet else 0)
        return cls(pictures, json, json + pictures * (len(of_models) * of_score + _PICTURE_BYTES), is_least)

    @property
    def sentence(self) -> str:
        """What is said before pictures are scored where JSON takes much; else an empty text."""
        if self.json <= MUCH_JSON:
            return ""
        about = "at least" if self.is_least else "about"
        less = "" if self.is_least else "--scores 0.05 (no lower probability), --scores tagged, or "
        return (
            f"Writing the scores of {counted(self.pictures, 'picture')}: output.json takes {about} "
            f"{in_bytes(self.json)}, all results {in_bytes(self.all)}. To write less: {less}--results_format parquet"
        )

    def require_room(self, folder: str) -> None:
        """Raise OutputError, before pictures are scored, where the disk of a folder has no room for the results."""
        free = free_bytes(folder)
        if self.all > max(free, _LEAST_JUDGED):
            raise OutputError(
                f"cannot write the results into {folder}: they take about {in_bytes(self.all)}, and {in_bytes(free)} "
                "are free. Give --scores 0.05, --results_format parquet or another output folder, or free some space."
            )
