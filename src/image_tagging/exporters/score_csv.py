"""``output.csv``: a row per image file, a column per tag, for spreadsheets and programs; made from ``output.json``."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable
from contextlib import suppress

from ..errors import OutputError
from ..tag_models import CardedModel
from ..text import encodable
from ..writing import new_text, require_ours
from .reading import OUTPUT_JSON, read_results
from .tag_answers import FILE_PATH, HASH_ID, TagAnswers, column_of

OUTPUT_CSV = "output.csv"

_MARK = re.compile(rb'\A(?:\xef\xbb\xbf)?"?hash_id"?,"?file_path"?')

#: What a spreadsheet takes for the begin of a formula, also behind white space.
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")


def require_csv_ours(folder: str) -> None:
    """Raise OutputError, before any work, where an ``output.csv`` in ``folder`` is not ours."""
    require_ours(os.path.join(folder, OUTPUT_CSV), _MARK)


def has_csv(folder: str) -> bool:
    """Return whether ``folder`` has an ``output.csv`` of ours, which later runs then keep up to date."""
    with suppress(OutputError):
        require_csv_ours(folder)
        return os.path.exists(os.path.join(folder, OUTPUT_CSV))
    return False


def write_csv(folder: str, models: Iterable[CardedModel], *, has_others: bool) -> str:
    """Write the ``output.csv`` of the ``output.json`` in a folder; return its path.

    ``models`` are those of the run; with ``has_others`` there are pictures that other models have scored. Raises
    OutputError where it cannot be written.
    """
    source, path, models = os.path.join(folder, OUTPUT_JSON), os.path.join(folder, OUTPUT_CSV), tuple(models)
    tags = {model.tag for model in models}
    if has_others:
        tags.update(score.tag for picture in read_results(source) for score in picture.scores)
    columns, answers = sorted(tags), TagAnswers(models)
    with new_text(path, _MARK) as file:
        # Texts are always quoted, so that a line end in a name stays within its cell.
        rows = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        rows.writerow([HASH_ID, FILE_PATH, *(spreadsheet_text(column_of(tag)) for tag in columns)])
        for picture in read_results(source):
            probabilities = {score.tag: score.probability for score in answers.of(picture.scores)}
            cells = [probabilities.get(tag, "") for tag in columns]
            rows.writerows([picture.hash_id, spreadsheet_text(path), *cells] for path in picture.file_paths)
    return path


def spreadsheet_text(text: str) -> str:
    """Return a text as a cell that no spreadsheet computes: one that begins like a formula gets a ``'`` in front."""
    return encodable(f"'{text}" if _FORMULA.match(text) else text)
