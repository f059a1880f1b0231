"""The pictures of an output folder that a query is about, the best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ...addresses import ImageRef
from ...errors import InputError
from ...files import StrPath, absolute, user_path
from ...progress import Say, say_nothing
from ...search import NearTerm, Query, TagFilter, nearest
from ...store import WorkingStore
from .filters import Filters
from .table import PictureTable, open_table
from .vectors import QueryVectors

#: More results than this are no search but a listing.
MOST_RESULTS = 100_000


@dataclass(frozen=True)
class FoundPicture:
    """A picture that was found, and its files.

    ``score`` is its cosine with the query; of a query of filters alone the probability of the first tag in it, ``None``
    where it names none.
    """

    hash_id: str
    file_path: str
    score: Optional[float]
    files: tuple[ImageRef, ...]
    width: int
    height: int


@dataclass(frozen=True)
class Found:
    """What a query found: the ``pictures`` to show, how many ``passed`` its filters, and how many there are (``all``)."""

    pictures: tuple[FoundPicture, ...]
    passed: int
    all: int


def search_pictures(query: Query, output: StrPath = "./output", *, top: int = 50, say: Say = say_nothing) -> Found:
    """Return the pictures of an output folder that pass the filters of a query, the nearest to its terms first.

    The pictures that a query names by ``near:`` are not among them. The result is exact: every embedding is compared.

    Raises
    ------
    InputError
        It is no output folder, or the query asks for what is not there: a tag, a picture, a text side of the encoder.
    EncoderError
        The encoder is not here to embed a picture of the query.
    OutputError
        Another run works in the folder, or it cannot be written.
    """
    if not 0 < top <= MOST_RESULTS:
        raise InputError(f"top is {top}: a number from 1 to {MOST_RESULTS:,}.")
    table = open_table(absolute(user_path(output, "output")), say)
    vector = QueryVectors(table).of(query.terms)
    with WorkingStore(table.folder) as store:
        filters = Filters(table, store)
        passed = filters.passed(query.filters) if query.filters else np.ones(len(table), dtype=bool)
        if vector is not None:
            is_named = np.zeros(len(table), dtype=bool)
            is_named[[table.row(term.hash_id) for term in query.terms if isinstance(term, NearTerm)]] = True
            ranked = nearest(table.embeddings, vector[np.newaxis], top, passed & ~is_named)[0]
            rows, scores = ranked.rows.tolist(), ranked.cosines.tolist()
        else:
            rows, scores = _by_probability(query, filters, passed, top)
        pictures = tuple(_picture(store, table, row, score) for row, score in zip(rows, scores))
    return Found(pictures, int(passed.sum()), len(table))


def _by_probability(
    query: Query, filters: Filters, passed: NDArray[np.bool_], top: int
) -> tuple[list[int], list[Optional[float]]]:
    """Return the rows that passed, by the probability of the first tag that they shall have, else by name."""
    rows = np.flatnonzero(passed)
    tag = next((each.tag for each in query.filters if isinstance(each, TagFilter) and not each.is_not), None)
    if tag is None:
        return rows[:top].tolist(), [None] * min(top, len(rows))
    probabilities = filters.probabilities(tag)[rows]
    order = np.lexsort((rows, -np.nan_to_num(probabilities)))[:top]
    scores = [None if np.isnan(each) else float(each) for each in probabilities[order]]
    return rows[order].tolist(), scores


def _picture(store: WorkingStore, table: PictureTable, row: int, score: Optional[float]) -> FoundPicture:
    name = table.name(row)
    picture = store.collection.picture(name)
    if picture is None:
        raise InputError(f"the picture {name} is gone: another run has changed {table.folder}. Search again.")
    return FoundPicture(name, picture.files[0].path, score, picture.files, picture.width, picture.height)
