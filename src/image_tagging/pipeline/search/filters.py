"""Which pictures pass the filters of a query: by tag, by path, by size. What a person said wins over scores."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...exporters import pictures_of_tag
from ...search import Filter, PathFilter, Range, SideFilter, TagFilter
from ...store import NO, VERDICTS_NAME, YES, InForce, WorkingStore, in_force, read_verdicts
from ...tag_models import answering_kinds
from ...text import as_tag, did_you_mean, encodable, join_tags
from ..collected_embeddings import models_by_tag
from .table import PictureTable

_ANY = Range()


class Filters:
    """Finds the pictures of filters in an output folder, whose store is open meanwhile."""

    def __init__(self, table: PictureTable, store: WorkingStore) -> None:
        self._table = table
        self._collection = store.collection

    def passed(self, filters: Sequence[Filter]) -> NDArray[np.bool_]:
        """Return which pictures (N,) pass all filters.

        Raises
        ------
        InputError
            There is no such tag.
        OutputError
            The tables of scores are damaged.
        """
        flags = np.ones(len(self._table), dtype=bool)
        for each in filters:
            flags &= self._one(each) != each.is_not
        return flags

    def probabilities(self, tag: str) -> NDArray[np.float64]:
        """Return the probability (N,) of a tag, 1 and 0 where a person said it; NaN where nothing is known."""
        return self._of_tag(TagFilter(tag, _ANY))

    def _one(self, each: Filter) -> NDArray[np.bool_]:
        if isinstance(each, TagFilter):
            probabilities, wanted = self._of_tag(each), each.probability or _ANY
            return (probabilities >= wanted.least) & (probabilities <= wanted.most)
        names = self._by_path(each) if isinstance(each, PathFilter) else self._by_side(each)
        return self._table.flags(names)

    def _by_path(self, each: PathFilter) -> Iterable[str]:
        matches = _pattern(each.pattern).match
        return (name for name, ref in self._collection.addresses() if matches(ref.path.replace(os.sep, "/")))

    def _by_side(self, each: SideFilter) -> Iterable[str]:
        is_width, pixels = each.side == "width", each.pixels
        sizes = self._collection.sizes()
        return (name for name, width, height in sizes if pixels.least <= (width if is_width else height) <= pixels.most)

    def _of_tag(self, each: TagFilter) -> NDArray[np.float64]:
        """Return the probability (N,) of a tag where it passes, NaN elsewhere.

        It is 1 of examples, and 1 or 0 where a person said so.
        """
        folder, wanted = self._table.folder, each.probability or _ANY
        models, examples = models_by_tag(folder), self._collection.examples_of(each.tag)
        said = [one.verdict for one in self._said() if as_tag(one.verdict.tag) == each.tag]
        of_tag = models.get(encodable(each.tag), [])
        if not (of_tag or examples or said):
            known = sorted({*models, *self._collection.example_tags()})
            hint = did_you_mean(each.tag, known) or (f" Its tags: {join_tags(known, 20)}." if known else "")
            raise InputError(f"there is no tag {each.tag!r:.100} in {folder}.{hint}")
        kind = answering_kinds(of_tag).get(each.tag)
        least, most, tagged_only = max(wanted.least, 0.0), min(wanted.most, 1.0), each.probability is None
        found = dict(pictures_of_tag(folder, each.tag, kind, least, most, tagged_only=tagged_only))
        result = np.full(len(self._table), np.nan)
        self._set(result, found, list(found.values()))
        self._set(result, examples, 1.0)
        self._set(result, [one.hash_id for one in said if one.verdict == YES], 1.0)
        self._set(result, [one.hash_id for one in said if one.verdict == NO], math.nan if tagged_only else 0.0)
        return result

    def _set(self, result: NDArray[np.float64], names: Iterable[str], values: object) -> None:
        rows = self._table.rows_of(names)
        is_here = rows >= 0
        result[rows[is_here]] = np.broadcast_to(np.asarray(values, dtype=np.float64), rows.shape)[is_here]

    def _said(self) -> list[InForce]:
        path = os.path.join(self._table.folder, VERDICTS_NAME)
        return in_force(read_verdicts(path)) if os.path.isfile(path) else []


def _pattern(pattern: str) -> re.Pattern[str]:
    """Return what matches whole paths: a pattern without a folder in front of it begins in any folder."""
    anchored = pattern if re.match(r"/|[A-Za-z]:[/\\]|\w+://", pattern) else f"*/{pattern}"
    if anchored.endswith("/"):
        return re.compile(translate(f"{anchored}*"))
    return re.compile(f"{translate(anchored)}|{translate(f'{anchored}/*')}")
