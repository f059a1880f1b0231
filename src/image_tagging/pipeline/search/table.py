"""The pictures of an output folder as a search needs them: names and embeddings, mapped, ready in a moment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
import orjson
from numpy.typing import NDArray

from ...errors import InputError
from ...files import stamp_of
from ...progress import Say
from ...records import EncoderSpec
from ...search import inverse_lengths
from ...store import (
    EMBEDDINGS_NAME,
    LENGTHS_NAME,
    NAMES_NAME,
    STORE_NAME,
    WorkingStore,
    open_array,
    stamp_of_array,
    write_array,
)
from ..collected_embeddings import collect_embeddings, encoder_of, models_by_tag, require_output

#: So many characters of the begin of a name are enough, where one picture alone has them.
_SHORTEST_NAME = 4


@dataclass(frozen=True, eq=False)
class PictureTable:
    """The names (N,) of all pictures, as bytes in order, and their embeddings (N, D) float16, a row each.

    ``lengths`` (N,) float32 are 1 / the length of each embedding, 0 where it has none. ``stamp`` is what it was made
    from; empty where that is no state of the store.
    """

    folder: str
    encoder: EncoderSpec
    names: NDArray[np.bytes_]
    embeddings: NDArray[Any]
    lengths: NDArray[np.float32]
    stamp: str = ""

    def __len__(self) -> int:
        return len(self.names)

    def row(self, begin: str) -> int:
        """Return the row of a picture by its name, or by the begin of that.

        Raises
        ------
        InputError
            No picture is called so, or several are.
        """
        wanted = begin.encode("utf-8", "replace")
        first = int(np.searchsorted(self.names, wanted))
        found = [name for name in self.names[first : first + 2].tolist() if name.startswith(wanted)]
        if not found or (found[0] != wanted and len(wanted) < _SHORTEST_NAME):
            raise InputError(f"no picture of {self.folder} has a hash that begins with {begin!r:.100}.")
        if len(found) > 1 and found[0] != wanted:
            raise InputError(f"the hashes of several pictures begin with {begin!r:.100}: give more of it.")
        return first

    def flags(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """Return which rows (N,) have one of the names; others are left out."""
        rows, flags = self.rows_of(names), np.zeros(len(self), dtype=bool)
        flags[rows[rows >= 0]] = True
        return flags

    def rows_of(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Return the row of each name (n,), -1 where no picture has it."""
        wanted = np.array([name.encode("utf-8", "replace") for name in names], dtype=np.bytes_)
        if not len(wanted) or not len(self):
            return np.full(len(wanted), -1, dtype=np.int64)
        rows = np.minimum(np.searchsorted(self.names, wanted), len(self) - 1)
        return np.where(self.names[rows] == wanted, rows, -1)

    def name(self, row: int) -> str:
        """Return the name of a row."""
        return bytes(self.names[row]).decode()


def open_table(folder: str, say: Say) -> PictureTable:
    """Return the pictures of an output folder; they are read from its store only where that has changed.

    Raises
    ------
    InputError
        It is no output folder, or holds no picture.
    OutputError
        Another run works there, the store cannot be used, or the folder cannot be written.
    """
    require_output(folder)
    store_path = os.path.join(folder, STORE_NAME)
    if found := _mapped(folder, stamp_of(store_path)):
        return found
    with WorkingStore(folder) as store:
        pictures, encoder, embeddings, stamp = collect_embeddings(store, folder, encoder_of(models_by_tag(folder)), say)
        names = [picture.hash_id.encode() for picture in pictures]
    of_store = stamp_of(store_path)  # when it is closed: then all of it is in the file
    array = np.array(names, dtype=f"S{max(map(len, names))}")
    lengths, made_from = inverse_lengths(embeddings), _stamp(of_store, encoder, stamp)
    write_array(os.path.join(folder, LENGTHS_NAME), made_from, lengths.shape, [lengths])
    write_array(os.path.join(folder, NAMES_NAME), made_from, array.shape, [array])
    return _mapped(folder, of_store) or PictureTable(folder, encoder, array, embeddings, lengths, made_from)


def _stamp(of_store: str, encoder: EncoderSpec, of_embeddings: str) -> str:
    return orjson.dumps(
        [of_store, encoder.name, encoder.pretrained, encoder.dim, encoder.preprocess, of_embeddings]
    ).decode()


def _mapped(folder: str, of_store: str) -> Optional[PictureTable]:
    """Return what was written from this state of the store; ``None`` where there is none."""
    path = os.path.join(folder, NAMES_NAME)
    stamp = stamp_of_array(path)
    try:
        said = orjson.loads(stamp)
        made_from, name, pretrained, dim, preprocess, of_embeddings = said
    except (orjson.JSONDecodeError, TypeError, ValueError):
        return None
    if made_from != of_store:
        return None
    names, lengths = open_array(path, stamp), open_array(os.path.join(folder, LENGTHS_NAME), stamp)
    embeddings = open_array(os.path.join(folder, EMBEDDINGS_NAME), str(of_embeddings))
    if names is None or lengths is None or embeddings is None:
        return None
    if not len(names) == len(lengths) == len(embeddings) or embeddings.shape[1:] != (dim,):
        return None
    return PictureTable(folder, EncoderSpec(name, pretrained, dim, preprocess), names, embeddings, lengths, stamp)
