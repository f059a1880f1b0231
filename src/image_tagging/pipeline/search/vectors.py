"""The vector of a query: that of each term, by the encoder of the output folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Optional

import numpy as np

from ...encoders import Encoder, EncoderChoice
from ...errors import InputError
from ...search import FileTerm, NearTerm, Term, TextTerm, sum_of_terms
from ...tag_models import Floats
from ..arrays import embed_images
from ..text_reader import TextReader, weights_of
from .table import PictureTable

_THEN = "Or run the search again with the file of the weights (--pretrained)."


class QueryVectors:
    """Makes queries vectors; each side of the encoder is loaded when a term first needs it, and stays.

    ``direction`` gives the vector (D,) of a text, by default by the encoder of the table. ``pretrained`` is the file of
    its weights, where the folder does not say it.
    """

    def __init__(
        self, table: PictureTable, direction: Optional[Callable[[str], Floats]] = None, pretrained: str = ""
    ) -> None:
        self._table = table
        self._pretrained = pretrained
        self._encoder: Optional[Encoder] = None
        self._direction = direction or TextReader(table.folder, table.encoder, _THEN, pretrained).direction

    def of(self, terms: Sequence[Term]) -> Optional[Floats]:
        """Return the vector (D,) of a query, of length 1; ``None`` of one without terms.

        Raises
        ------
        InputError
            A term cannot be read: no text side, no such picture; or the terms take each other away.
        EncoderError
            The encoder is not here to embed a picture.
        """
        if not terms:
            return None
        vector = sum_of_terms([self._of_term(term) for term in terms], [term.weight for term in terms])
        if vector is None:
            raise InputError("nothing is left of the query: its terms take each other away. Give one another weight.")
        return vector

    def _of_term(self, term: Term) -> Floats:
        if isinstance(term, TextTerm):
            return self._direction(term.text)
        return self._near(term) if isinstance(term, NearTerm) else self._of_file(term)

    def _near(self, term: NearTerm) -> Floats:
        vector = self._table.embeddings[self._table.row(term.hash_id)].astype(np.float64)
        if not np.isfinite(vector).all() or not vector.any():
            raise InputError(f"the picture {term.hash_id!r:.100} has no embedding by {self._table.encoder.label}.")
        return np.asarray(vector)

    def _of_file(self, term: FileTerm) -> Floats:
        if not os.path.exists(term.path):
            raise InputError(
                f"there is no picture at {term.path}. Check the path; what begins or ends like one is no text."
            )
        if os.path.isdir(term.path):
            raise InputError(f"{term.path} is a folder. Name one picture in it, or filter by path:NAME.")
        if self._encoder is None:
            weights = self._pretrained or weights_of(self._table.folder)
            is_file = os.path.isfile(weights)
            self._encoder = EncoderChoice.by_spec(self._table.encoder, weights if is_file else None).load()
        embedded = embed_images(term.path, self._encoder)
        if embedded.failures:
            raise InputError(f"{term.path} cannot be searched by: {embedded.failures[0].reason}")
        return np.asarray(embedded.embeddings[0], dtype=np.float64)
