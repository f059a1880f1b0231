"""Tags that nearly have the name of one of the two sets of other images."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from .tagged_embeddings import OTHER_TRAINING, OTHER_VALIDATION

_BETWEEN_WORDS = re.compile(r"[\W_]+")


def like_other_sets(tags: Iterable[str]) -> list[str]:
    """Return the tags that a person may mean for a set of other images: ``Other_Training``, ``other validation``."""
    names = {OTHER_TRAINING, OTHER_VALIDATION}
    plain = set(map(_plain, names))
    return [tag for tag in tags if tag not in names and _plain(tag) in plain]


def _plain(tag: str) -> str:
    return _BETWEEN_WORDS.sub("", unicodedata.normalize("NFKC", tag)).casefold()
