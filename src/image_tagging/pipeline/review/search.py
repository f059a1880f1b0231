"""Search in the pictures of a review: by what a text says, by the names of files, and by a picture."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Optional, Union

import numpy as np

from ...encoders import EncoderChoice, TextEncoder
from ...errors import EncoderError, EncoderUnavailableError, InputError, OutputError
from ...records import EncoderSpec
from ...store import CollectedPicture
from ...tag_models import Floats
from ...training import TextPrior
from ..settings_of_sort import remembered_sort
from .collected import Collected

#: Pictures of one way to search, at most.
_MOST = 48
_LONGEST_TEXT = 300

_NOT_BY_WORDS = "Pictures cannot be found by what they show: "
_THEN = "Then start this review again."


@dataclass(frozen=True)
class SearchResults:
    """The pictures that a text is about, the likeliest first, and those whose files or folders have its words.

    ``why_not`` says why the first cannot be found here; a sentence.
    """

    by_words: Sequence[CollectedPicture]
    by_name: Sequence[CollectedPicture]
    why_not: str = ""


class Search:
    """Searches what ``collected`` gives then; any thread may call these methods."""

    def __init__(self, collected: Callable[[], Collected]) -> None:
        self._collected = collected
        self._lock = threading.Lock()  # held while the text encoder is loaded, and while it reads: one at a time
        #: The encoder that was asked for texts, and what reads them, or why nothing does.
        self._reader: Optional[tuple[str, Union[TextEncoder, str]]] = None

    def words(self, text: str) -> SearchResults:
        """Return what is found by a text."""
        collected, text = self._collected(), " ".join(text.split())[:_LONGEST_TEXT]
        if not text:
            return SearchResults((), ())
        try:
            direction, why = self.direction(text), ""
        except InputError as error:
            direction, why = None, str(error)
        by_words = _nearest(collected, direction) if direction is not None else []
        return SearchResults(by_words, _named(collected, text), why)

    def like(self, hash_id: str, most: int = _MOST) -> list[CollectedPicture]:
        """Return the pictures most like one, the nearest first; InputError where there is none of this name."""
        collected = self._collected()
        row, pool = collected.row(hash_id), collected.pool
        if not pool.inverse_lengths[row]:
            return []
        return _nearest(collected, pool.unit(np.array([row]))[0].astype(np.float64), most, without=row)

    def direction(self, text: str) -> Floats:
        """Return where pictures lie that a text is about, (D,) of length 1.

        Raises
        ------
        InputError
            The encoder of the folder reads no text, or is not here to read it, or the text says nothing to it.
        """
        with self._lock:
            try:
                prior = TextPrior.of([text], self._text_encoder().embed_texts)
            except EncoderError as error:  # it stays so: nothing is loaded again in vain for each search
                collected = self._collected()
                self._reader = collected.encoder.label, _why_not(collected.encoder, error)
                raise InputError(self._reader[1]) from error
            except OutputError as error:  # another run works in the folder: that passes
                raise InputError(f"{_NOT_BY_WORDS}{error}") from error
        direction = prior.direction_of(text)
        if direction is None:
            raise InputError(f"{_NOT_BY_WORDS}{prior.why_without(text)}.")
        return direction

    def _text_encoder(self) -> TextEncoder:
        collected = self._collected()
        label = collected.encoder.label
        if self._reader is None or self._reader[0] != label:
            self._reader = label, _loaded(collected)
        reader = self._reader[1]
        if isinstance(reader, str):
            raise InputError(reader)
        return reader


def _loaded(collected: Collected) -> TextEncoder:
    of_sort = remembered_sort(collected.folder)
    given = str(of_sort.pretrained) if of_sort else ""
    if os.path.isabs(given) and not os.path.isfile(given):
        raise EncoderUnavailableError(
            f"{given}, the file that sort took the weights of {collected.encoder.label} from, is not there: put it back"
        )
    return EncoderChoice.by_spec(collected.encoder, given if os.path.isfile(given) else None).load_text()


def _why_not(encoder: EncoderSpec, error: EncoderError) -> str:
    """Return why no text is read while this review runs, and what to do, in words for its pages."""
    reason = getattr(error, "reason", str(error)).rstrip(".")
    why, _, remedy = reason.rpartition(": ")
    if "--" not in remedy:  # what to do has nothing to do with the flags of a command
        return f"{_NOT_BY_WORDS}{reason}. {_THEN}"
    if not encoder.reads_text:
        return f"{_NOT_BY_WORDS}{why}. A CLIP model does: sort the pictures by one (--clip_model) into another folder."
    return (
        f"{_NOT_BY_WORDS}{why}. Put the weights there, or let this machine fetch them, or run sort again with the file "
        f"(--pretrained). {_THEN}"
    )


def _nearest(
    collected: Collected, vector: Floats, most: int = _MOST, without: Optional[int] = None
) -> list[CollectedPicture]:
    """Return the pictures of the highest cosine with a vector (D,), the best first."""
    cosines = collected.pool.cosines(vector)
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

    return list(islice(filter(is_meant, collected.pictures), _MOST))
