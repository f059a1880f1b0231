"""What a review reads from an output folder: its pictures and embeddings from the store, and which tags have models."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ...datasets import OTHER_SETS, Rows, near_duplicate_groups
from ...errors import InputError
from ...files import absolute
from ...progress import Say, say_nothing
from ...records import EncoderSpec
from ...store import GROUPS_NAME, CollectedPicture, WorkingStore, open_array, write_array
from ...tag_models import ListedModel
from ...text import as_tag, encodable
from ...training import active
from ..collected_embeddings import collect_embeddings, encoder_of, models_by_tag, require_output
from ..learned_verdicts import LearnedVerdicts, read_learned

#: Pictures whose cosine is at least this are shown once.
_NEAR_DUPLICATES = 0.97


@dataclass(frozen=True, eq=False)
class Collected:
    """The pictures of an output folder, a row each, in the order of their names.

    ``rows`` finds a row by its name, ``is_mountain`` (N,) says which are no examples (all where there is no mountain),
    ``examples`` has the rows of each tag of the examples, ``models`` the models of each tag, ``copies`` (N,) how many
    pictures are in the group of near-duplicates of each, and ``learned`` which verdicts the models have learned.
    ``kept`` (N,) is the row that is shown of the repeats of each where these are hidden, else its own.
    ``stamp`` changes with the embeddings. Where near-duplicates are not known yet, it ``is_grouped`` is not, and every
    picture is in a group of its own (:func:`grouped`).
    """

    folder: str
    encoder: EncoderSpec
    pictures: Sequence[CollectedPicture]
    rows: Mapping[str, int]
    pool: active.Pool
    is_mountain: NDArray[np.bool_]
    has_mountain: bool
    examples: Mapping[str, Rows]
    models: Mapping[str, Sequence[ListedModel]]
    copies: Rows
    kept: Rows
    learned: Optional[LearnedVerdicts]
    stamp: str
    is_grouped: bool

    def row(self, hash_id: str) -> int:
        """Return the row of a picture; InputError where there is none of this name."""
        if hash_id not in self.rows:
            raise InputError(f"no picture of {self.folder} is called {hash_id!r:.100}.")
        return self.rows[hash_id]


def collect(output: str, say: Say = say_nothing) -> Collected:
    """Read an output folder. The store is open meanwhile, and closed when this returns.

    ``say`` gets a sentence where that takes a while: the first time, and when pictures were added.

    Raises
    ------
    InputError
        It is no output folder, or no picture in it has an embedding.
    OutputError
        Another run works there, the store cannot be used, or the folder cannot be written.
    """
    folder = absolute(output)
    require_output(folder)
    models = models_by_tag(folder)
    with WorkingStore(folder) as store:
        pictures, encoder, embeddings, stamp = collect_embeddings(store, folder, encoder_of(models), say)
    return _collected(folder, encoder, pictures, embeddings, stamp, models)


def _collected(
    folder: str,
    encoder: EncoderSpec,
    pictures: Sequence[CollectedPicture],
    embeddings: NDArray[Any],
    stamp: str,
    models: Mapping[str, Sequence[ListedModel]],
) -> Collected:
    known = open_array(os.path.join(folder, GROUPS_NAME), stamp)
    groups = np.arange(len(pictures)) if known is None else np.asarray(known, dtype=np.int64)
    pool = active.Pool(embeddings, groups)
    if not (pool.inverse_lengths > 0).any():
        raise InputError(
            f"no picture of {folder} has an embedding by {encoder.label}: run image-tagging process first."
        )
    is_mountain = np.array([picture.is_mountain for picture in pictures], dtype=bool)
    has_mountain = bool(is_mountain.any())
    return Collected(
        folder=folder,
        encoder=encoder,
        pictures=pictures,
        rows={picture.hash_id: row for row, picture in enumerate(pictures)},
        pool=pool,
        is_mountain=is_mountain if has_mountain else np.ones(len(pictures), dtype=bool),
        has_mountain=has_mountain,
        examples=_examples(pictures),
        models=models,
        copies=_sizes(groups),
        kept=np.arange(len(pictures)),
        learned=read_learned(folder),
        stamp=stamp,
        is_grouped=known is not None,
    )


def grouped(collected: Collected, is_wanted: Callable[[], bool] = lambda: True) -> Optional[Collected]:
    """Find near-duplicates, and keep them for the next start; ``None`` where that is not wanted any more meanwhile.

    Raises
    ------
    OutputError
        They cannot be written into the folder.
    """
    embeddings = collected.pool.embeddings
    groups = near_duplicate_groups(embeddings, cosine=_NEAR_DUPLICATES, is_wanted=is_wanted)
    if not is_wanted():
        return None
    write_array(os.path.join(collected.folder, GROUPS_NAME), collected.stamp, groups.shape, [groups])
    return replace(collected, pool=active.Pool(embeddings, groups), copies=_sizes(groups), is_grouped=True)


def _sizes(groups: Rows) -> Rows:
    sizes: Rows = np.bincount(groups, minlength=len(groups))[groups]
    return sizes


def _examples(pictures: Sequence[CollectedPicture]) -> dict[str, Rows]:
    rows: dict[str, list[int]] = {}
    for row, picture in enumerate(pictures):
        for tag in picture.tags:
            rows.setdefault(encodable(as_tag(tag)), []).append(row)
    return {tag: np.array(of_tag, dtype=np.int64) for tag, of_tag in sorted(rows.items()) if tag not in OTHER_SETS}
