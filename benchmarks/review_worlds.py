"""Worlds of labelled pictures for review_order.py: a pool that is reviewed, and a test part that measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from mountain_scenarios import Pictures

from image_tagging.datasets import near_duplicate_groups
from image_tagging.training.active import Pool

#: Pool and test share no near-duplicates by the cosine that ``builtin`` has for them; those by .97 are shown once.
_APART, _SHOWN_ONCE = 0.93, 0.97
POOL_SHARE = 0.6

#: The share of a tag in the pool, in bands.
BANDS = {".14-.4 %": (0.0014, 0.004), ".4-1.1 %": (0.004, 0.011), "1.1-3 %": (0.011, 0.03), "3-20 %": (0.03, 0.2)}


@dataclass(frozen=True, eq=False)
class DataSet:
    """Embeddings ``x`` (n, D) of pictures with a ``label`` (n,) each, and their groups by the two cosines."""

    name: str
    x: np.ndarray
    label: np.ndarray
    apart: np.ndarray
    shown_once: np.ndarray

    @classmethod
    def of(cls, name: str, pictures: Pictures, cache: Path) -> DataSet:
        """Return the pictures with their groups, which are kept in a folder by the bytes of the embeddings."""
        x = np.ascontiguousarray(pictures.x, dtype=np.float32)
        kept = cache / f"groups-{sha256(x).hexdigest()}.npy"
        if kept.exists():
            apart, shown_once = np.load(kept)
        else:
            apart, shown_once = (near_duplicate_groups(x, cosine=cosine) for cosine in (_APART, _SHOWN_ONCE))
            np.save(kept, (apart, shown_once))
        return cls(name, x, pictures.label, apart, shown_once)


#: Kinds of drawn pictures: their numbers, so that there are two of each band, and how far they spread.
_KINDS, _DRAWN, _DIM, _SPREAD = (20, 25, 50, 60, 100, 150, 300, 700), 5_000, 48, 1.0


def drawn(seed: int) -> DataSet:
    """Return embeddings drawn at random, of kinds and of others: to try the benchmark, not to measure anything."""
    random = np.random.default_rng(seed)
    number = np.concatenate([np.repeat(np.arange(len(_KINDS)), _KINDS), random.integers(8, 60, _DRAWN - sum(_KINDS))])
    x = random.normal(size=(60, _DIM))[number] + _SPREAD * random.normal(size=(_DRAWN, _DIM))
    label = np.array([f"kind/{each}" if each < len(_KINDS) else "others" for each in number])
    return DataSet("drawn", x.astype(np.float32), label, np.arange(_DRAWN), np.arange(_DRAWN))


@dataclass(eq=False)
class World:
    """A split of a data set: the ``pool`` (labels ``of_pool``) that is reviewed, and the ``test`` that measures.

    ``learners`` has those in use by name, and ``full`` the average precision of a learner and a tag with the whole pool
    labelled.
    """

    name: str
    pool: Pool
    of_pool: np.ndarray
    test: Pool
    of_test: np.ndarray
    seed: int
    full: dict[tuple[str, str], float] = field(default_factory=dict)
    learners: dict[str, object] = field(default_factory=dict)

    @cached_property
    def pool_x(self) -> np.ndarray:
        """The embeddings (N, D) of the pool at length 1."""
        return self.pool.unit(np.arange(len(self.pool)))

    @cached_property
    def test_x(self) -> np.ndarray:
        """The embeddings (M, D) of the test part at length 1."""
        return self.test.unit(np.arange(len(self.test)))

    def share(self, tag: str) -> float:
        return float((self.of_pool == tag).mean())

    def average_precision(self, scores: np.ndarray, tag: str) -> float:
        """The mean precision at each picture of the tag in the test part, ranked by score (M,); ties by lot."""
        order = self._lots[np.argsort(-scores[self._lots], kind="stable")]
        hits = (self.of_test == tag)[order]
        return float((np.cumsum(hits)[hits] / (np.flatnonzero(hits) + 1)).mean())

    @cached_property
    def _lots(self) -> np.ndarray:
        return np.random.default_rng(self.seed).permutation(len(self.test))


def split(data: DataSet, seed: int) -> World:
    """Return 60 % of the pictures as pool, the rest as test, disjoint by groups of near-duplicates."""
    names, index, sizes = np.unique(data.apart, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    of_pool = np.zeros(len(names), dtype=bool)
    of_pool[order[np.cumsum(sizes[order]) <= POOL_SHARE * len(data.x)]] = True
    rows, rest = np.flatnonzero(of_pool[index]), np.flatnonzero(~of_pool[index])
    pool = Pool(data.x[rows], data.shown_once[rows])
    return World(data.name, pool, data.label[rows], Pool(data.x[rest]), data.label[rest], seed)
