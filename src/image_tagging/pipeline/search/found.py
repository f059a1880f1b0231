"""The pictures of an output folder that a query is about, the best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ...addresses import ImageRef
from ...errors import InputError
from ...files import StrPath, absolute, user_path
from ...progress import Say, say_nothing
from ...search import NearTerm, Query, TagFilter, nearest
from ...store import WorkingStore
from ...tag_models import Floats
from ..repeats.hidden import is_hidden
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
class FoundPictures:
    """What a query found: ``pictures`` to show, how many ``passed`` its filters, and how many there are in all."""

    pictures: tuple[FoundPicture, ...]
    passed: int
    all: int


class FoundRows(NamedTuple):
    """The rows that a query found, the best first, a score of each, and how many ``passed`` the filters."""

    rows: list[int]
    scores: list[Optional[float]]
    passed: int


def search_pictures(
    query: Query,
    output: StrPath = "./output",
    *,
    top: int = 50,
    pretrained: StrPath = "",
    hide_repeats: bool = False,
    say: Say = say_nothing,
) -> FoundPictures:
    """Return the pictures of an output folder that pass the filters of a query, the nearest to its terms first.

    The pictures that a query names by ``near:`` are not among them. The result is exact: every embedding is compared.
    ``pretrained`` is the weights file of the encoder, where the folder was made by one and ``sort`` has not kept it.
    With ``hide_repeats`` one picture of each group of near-duplicates is found (:func:`.hidden_repeats`).

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
    weights = absolute(user_path(pretrained, "pretrained")) if pretrained else ""
    hidden = is_hidden(table, say) if hide_repeats else None
    found = find_rows(query, table, QueryVectors(table, pretrained=weights), top, hidden)
    with WorkingStore(table.folder) as store:
        pictures = tuple(_picture(store, table, row, score) for row, score in zip(found.rows, found.scores))
    return FoundPictures(pictures, found.passed, len(table))


def find_rows(
    query: Query,
    table: PictureTable,
    vectors: QueryVectors,
    most: int,
    hidden: Optional[NDArray[np.bool_]] = None,
) -> FoundRows:
    """Return what a query finds in a table; ``hidden`` (N,) pictures are left out.

    The store is open while filters are read. Raises as above.
    """
    vector = vectors.of(query.terms)
    is_shown = np.ones(len(table), dtype=bool) if hidden is None else ~hidden
    if not query.filters and vector is not None:
        return _nearest(query, table, vector, is_shown, most)
    with WorkingStore(table.folder) as store:
        filters = Filters(table, store)
        passed = filters.passed(query.filters) & is_shown
        if vector is not None:
            return _nearest(query, table, vector, passed, most)
        rows = np.flatnonzero(passed)
        tag = next((each.tag for each in query.filters if isinstance(each, TagFilter) and not each.is_not), None)
        if tag is None:
            return FoundRows(rows[:most].tolist(), [None] * min(most, len(rows)), len(rows))
        probabilities = np.nan_to_num(filters.probabilities(tag)[rows])
    order = np.lexsort((rows, -probabilities))[:most]
    return FoundRows(rows[order].tolist(), probabilities[order].tolist(), len(rows))


def _nearest(query: Query, table: PictureTable, vector: Floats, passed: NDArray[np.bool_], most: int) -> FoundRows:
    is_allowed = passed.copy()
    is_allowed[[table.row(term.hash_id) for term in query.terms if isinstance(term, NearTerm)]] = False
    ranked = nearest(table.embeddings, table.lengths, vector[np.newaxis], most, is_allowed)[0]
    return FoundRows(ranked.rows.tolist(), ranked.cosines.tolist(), int(passed.sum()))


def _picture(store: WorkingStore, table: PictureTable, row: int, score: Optional[float]) -> FoundPicture:
    name = table.name(row)
    picture = store.collection.picture(name)
    if picture is None:
        raise InputError(f"the picture {name} is gone: another run has changed {table.folder}. Search again.")
    return FoundPicture(name, picture.files[0].path, score, picture.files, picture.width, picture.height)
