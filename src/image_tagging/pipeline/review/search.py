"""Search in the pictures of a review: by a query, by the names of files, and by a picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from typing import Optional

import numpy as np

from ...errors import InputError, OutputError
from ...search import Query, TextTerm, parse_text
from ...store import CollectedPicture
from ...tag_models import Floats
from ..search import PictureTable, QueryVectors, find_rows
from ..text_reader import TextReader
from .collected import Collected
from .repeats import is_repeat

#: Pictures of one way to search, at most.
_MOST = 48
_LONGEST_TEXT = 300


@dataclass(frozen=True)
class SearchResults:
    """The pictures that a query is about, the likeliest first; of a text, those whose files or folders have its words.

    ``why_not`` says why the first cannot be found here; a sentence. ``is_text`` says that the query is one text alone.
    """

    by_words: Sequence[CollectedPicture]
    by_name: Sequence[CollectedPicture]
    why_not: str = ""
    is_text: bool = True


class Search:
    """Searches what ``collected`` gives then; any thread may call these methods."""

    def __init__(self, collected: Callable[[], Collected]) -> None:
        self._collected = collected
        self._lock = threading.Lock()
        self._reader: Optional[TextReader] = None

    def words(self, text: str) -> SearchResults:
        """Return what is found by a query, as ``image-tagging search`` reads it, which names no file."""
        collected, text = self._collected(), " ".join(text.split())[:_LONGEST_TEXT]
        if not text:
            return SearchResults((), ())
        try:
            query = parse_text(text)
            rows, why = self._rows(collected, query), ""
        except (InputError, OutputError) as error:  # another run at work passes
            query, rows, why = Query((TextTerm(text),)), [], str(error)
        is_text = query.terms == (TextTerm(text),) and not query.filters
        by_name = _named(collected, text) if is_text else ()
        return SearchResults([collected.pictures[row] for row in rows], by_name, why, is_text=is_text)

    def _rows(self, collected: Collected, query: Query) -> list[int]:
        names = np.array([picture.hash_id.encode() for picture in collected.pictures], dtype=np.bytes_)
        table = PictureTable(
            collected.folder, collected.encoder, names, collected.pool.embeddings, collected.pool.inverse_lengths
        )
        return find_rows(query, table, QueryVectors(table, self.direction), _MOST, is_repeat(collected)).rows

    def like(self, hash_id: str, most: int = _MOST) -> list[CollectedPicture]:
        """Return the pictures most like one, the nearest first; InputError where there is none of this name."""
        collected = self._collected()
        row, pool = collected.row(hash_id), collected.pool
        if not pool.inverse_lengths[row]:
            return []
        return _nearest(collected, pool.unit(np.array([row]))[0].astype(np.float64), most, without=row)

    def direction(self, text: str) -> Floats:
        """Return where pictures lie that a text is about, (D,) of length 1; InputError where that is not known."""
        collected = self._collected()
        with self._lock:
            if self._reader is None or self._reader.encoder.label != collected.encoder.label:
                self._reader = TextReader(collected.folder, collected.encoder, "Then start this review again.")
        return self._reader.direction(text)


def _nearest(
    collected: Collected, vector: Floats, most: int = _MOST, without: Optional[int] = None
) -> list[CollectedPicture]:
    """Return the pictures of the highest cosine with a vector (D,), the best first."""
    cosines = collected.pool.cosines(vector)
    cosines[is_repeat(collected)] = -np.inf
    if without is not None:
        cosines[without] = -np.inf
    some = np.arange(len(cosines))
    if most < len(cosines):
        some = np.sort(np.argpartition(-cosines, most - 1)[:most])
    order = some[np.argsort(-cosines[some], kind="stable")]
    return [collected.pictures[row] for row in order.tolist() if np.isfinite(cosines[row])]


def _named(collected: Collected, text: str) -> list[CollectedPicture]:
    """Return the first pictures with a file that has all words of a text in its path, in any order and case."""
    words = text.casefold().split()

    def is_meant(picture: CollectedPicture) -> bool:
        paths = (file.path.casefold() for file in picture.files)
        return any(all(word in path for word in words) for path in paths)

    is_shown = ~is_repeat(collected)
    return list(islice(filter(is_meant, compress(collected.pictures, is_shown)), _MOST))
