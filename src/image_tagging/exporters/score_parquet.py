"""``output.parquet``: the rows of ``stage3`` and ``stage4`` in one file, for DuckDB, Polars and pandas.

It has a row per image file and model, without the rows of archives. Scores of the other stage are copied from its
table. Texts are dictionaries, so that a score takes little more than its probability.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Optional

import numpy as np

from ..datasets import require_pyarrow
from ..errors import OutputError
from ..records import ListedFile
from ..text import encodable
from ..writing import new_file, require_ours
from .score_tables import ModelScores
from .stored_tables import rows_to_keep

OUTPUT_PARQUET = "output.parquet"

#: The key of the file's own metadata by which one of ours is known.
_KEY = "image_tagging.scores"
_MARK = re.compile(_KEY.encode())

#: The scores of a row group: what writing holds at a time.
_GROUP = 1 << 20

_OF_FILE = ("file_name", "file_path", "archive_path", "type", "hash_id")
_OF_MODEL = ("model_type", "tag_name")

_File = tuple[Optional[str], ...]


def require_parquet_ours(folder: str) -> None:
    """Raise OutputError, before any work, where an ``output.parquet`` in ``folder`` is not ours.

    Raises MetadataError where pyarrow is not installed.
    """
    require_pyarrow()
    require_ours(os.path.join(folder, OUTPUT_PARQUET), _MARK)


def has_parquet(folder: str) -> bool:
    """Return whether ``folder`` has an ``output.parquet`` of ours, which later runs then keep up to date."""
    path = os.path.join(folder, OUTPUT_PARQUET)
    with suppress(OutputError):
        require_ours(path, _MARK)
        return os.path.exists(path)
    return False


class ScoreParquet:
    """Writes the scores of image files, in row groups of bounded size; ``models`` are kinds and tags, by number."""

    def __init__(self, writer: Any, schema: Any, models: Iterable[tuple[str, str]]) -> None:
        self._writer = writer
        self._schema = schema
        self._models = [*models]
        self._numbers = {model: number for number, model in enumerate(self._models)}
        self._clear()

    def _clear(self) -> None:
        self._files: list[_File] = []
        self._file, self._model, self._probability, self._tagged = array("i"), array("i"), array("d"), array("b")

    def add(self, file: ListedFile, hash_id: str, scores: ModelScores) -> None:
        """Append the scores of an image file."""
        ref = file.ref
        self._add_file((ref.name, ref.path, ref.archive, ref.suffix, hash_id, encodable(file.input)))
        self._file.extend([len(self._files) - 1] * len(scores.models))
        self._model.extend(scores.models)
        self._probability.extend(scores.probabilities)
        self._tagged.extend(scores.tagged)

    def add_kept(self, path: str) -> None:
        """Append what the table of the other stage at ``path`` holds, where there is one; raise OutputError."""
        last: Optional[_File] = None
        for row in rows_to_keep(path):
            of_file = (*(row.get(name) for name in _OF_FILE), row.get("input") or "")
            if of_file != last:
                self._add_file(of_file)
                last = of_file
            model = (row["model_type"], row["tag_name"])
            if model not in self._numbers:
                self._numbers[model] = len(self._models)
                self._models.append(model)
            self._file.append(len(self._files) - 1)
            self._model.append(self._numbers[model])
            self._probability.append(row["tag_prob"])
            self._tagged.append(row["tagged"])

    def _add_file(self, of_file: _File) -> None:
        if len(self._file) >= _GROUP:
            self.flush()
        self._files.append(of_file)

    def flush(self) -> None:
        """Write the row group that is being collected."""
        if not self._file:
            return
        import pyarrow as pa

        by_file = dict(zip((*_OF_FILE, "input"), zip(*self._files)))
        by_model = dict(zip(_OF_MODEL, zip(*self._models)))
        columns = []
        for field in self._schema:
            if field.name in by_file or field.name in by_model:
                values = by_file.get(field.name) or by_model[field.name]
                numbers = self._file if field.name in by_file else self._model
                columns.append(_texts(pa, numbers, values))
            elif field.name == "tag_prob":
                columns.append(pa.array(memoryview(self._probability), field.type))
            else:
                columns.append(pa.array(memoryview(self._tagged), pa.int8()).cast(field.type))
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._clear()


def _texts(pa: Any, numbers: array[int], values: tuple[Optional[str], ...]) -> Any:
    """Return a column of texts, or of none, each given by its number among ``values``."""
    distinct = dict.fromkeys(value for value in values if value is not None)
    codes: dict[Optional[str], int] = {value: code for code, value in enumerate(distinct)}
    codes[None] = -1
    indices = np.array([codes[value] for value in values], dtype=np.int32)[np.frombuffer(numbers, dtype=np.intc)]
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), pa.array(distinct, pa.string()))


@contextmanager
def score_parquet(folder: str, models: Iterable[tuple[str, str]], *, with_input: bool) -> Iterator[ScoreParquet]:
    """Write the ``output.parquet`` of a folder, which appears only when it is complete.

    Raises
    ------
    MetadataError
        pyarrow is not installed.
    OutputError
        The file cannot be written, or another file is there.
    """
    require_parquet_ours(folder)
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.dictionary(pa.int32(), pa.string())
    names = [*_OF_FILE, *_OF_MODEL]
    fields = [(name, text) for name in names] + [("tag_prob", pa.float64()), ("tagged", pa.bool_())]
    schema = pa.schema([*fields, *([("input", text)] if with_input else [])], metadata={_KEY: "1"})
    path = os.path.join(folder, OUTPUT_PARQUET)
    texts = [*names, *(["input"] if with_input else [])]
    with (
        new_file(path, _MARK) as file,
        pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=texts, store_schema=True) as writer,
    ):
        table = ScoreParquet(writer, schema, models)
        yield table
        table.flush()
