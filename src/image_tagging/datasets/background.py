"""Metadata of unlabelled pictures -> the background: a sample of the mountain that tags are distinguished from.

Which pictures are kept follows from their ``hash_id`` alone, so that the order of records and of files changes nothing.
Files are read as a stream, and only what is kept is held.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import EncoderMismatchError
from ..records import EncoderSpec, ImportedEmbedding
from .hash_lists import HashList
from .metadata import read_embeddings
from .metadata_errors import require_no_pipe
from .tagged_embeddings import draw_of

#: More pictures say little more: the probabilities of a tag of one picture in a thousand rest on twenty of them.
MOST_KEPT = 20_000


@dataclass(frozen=True, eq=False)
class Background:
    """A sample of the mountain: ``embeddings`` (m, D) float32 of its ``pictures``, in the order drawn.

    ``read`` counts the different pictures of the files, ``examples`` those of them that are left out, since they are
    images of the data set.
    """

    embeddings: NDArray[np.float32]
    pictures: tuple[ImportedEmbedding, ...]
    read: int
    examples: int

    def __len__(self) -> int:
        return len(self.pictures)


def read_background(
    paths: Sequence[str], encoder: EncoderSpec, examples: HashList, *, most: int = MOST_KEPT
) -> Background:
    """Return a sample of at most so many pictures of metadata files; those among the ``examples`` are left out.

    Raises
    ------
    MetadataError
        A file is missing, malformed or foreign.
    EncoderMismatchError
        A file holds the embeddings of another encoder.
    """
    sample = BackgroundSample(examples, most)
    for path in paths:
        require_no_pipe(path)
        found, pictures = read_embeddings(path)
        if not found.matches(encoder):
            raise EncoderMismatchError(
                f"the background {path} holds embeddings of {found.label} ({found.dim} values), the metadata those of "
                f"{encoder.label} ({encoder.dim}). Run stage 1 on the mountain with the encoder of the examples."
            )
        sample.add(pictures)
    return sample.finish(encoder.dim)


class BackgroundSample:
    """The pictures whose draws are the least, each picture once."""

    def __init__(self, examples: HashList, most: int) -> None:
        self._examples = frozenset(examples.digests.tolist())
        self._most = most
        self._kept: dict[str, ImportedEmbedding] = {}
        self._greatest_first: list[tuple[int, str]] = []
        self._seen = HashList()

    def add(self, pictures: Iterable[ImportedEmbedding]) -> None:
        """Take the pictures of one file."""
        for picture in pictures:
            self._seen.extend([picture.hash_id])
            known = self._kept.get(picture.hash_id)
            if known is not None:  # of several files: the same one is kept in any order of them
                self._kept[picture.hash_id] = _apart(min(known, picture, key=_content))
                continue
            key = (-draw_of(picture.hash_id), picture.hash_id)
            if len(self._greatest_first) >= self._most and key < self._greatest_first[0]:
                continue
            if self._is_example(picture.hash_id):
                continue
            self._kept[picture.hash_id] = _apart(picture)
            if len(self._greatest_first) < self._most:
                heapq.heappush(self._greatest_first, key)
            else:
                del self._kept[heapq.heappushpop(self._greatest_first, key)[1]]

    def _is_example(self, hash_id: str) -> bool:
        return HashList([hash_id]).digests[0] in self._examples

    def finish(self, dim: int) -> Background:
        """Return the sample in the order drawn."""
        pictures = tuple(self._kept[hash_id] for _, hash_id in sorted(self._greatest_first, reverse=True))
        seen = self._seen.unique().tolist()
        embeddings = np.array([picture.embedding for picture in pictures], dtype=np.float32).reshape(len(pictures), dim)
        return Background(embeddings, pictures, len(seen), len(self._examples.intersection(seen)))


def _apart(picture: ImportedEmbedding) -> ImportedEmbedding:
    """Return the picture with an embedding of its own: a row of a table would keep the whole table."""
    return replace(picture, embedding=picture.embedding.copy())


def _content(picture: ImportedEmbedding) -> tuple[bytes, str]:
    return picture.embedding.tobytes(), picture.file_path
