"""Which verdicts the models in an output folder have learned, so that the review can say how many they have not.

Times would not do: an undo has none, and verdicts that are imported are older than they are known here.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

import orjson

from ..datasets import VerdictLabel
from ..store import VERDICTS_NAME, InForce
from ..writing import new_file

#: A file of an output folder; it may be removed, and the review then goes by times.
LEARNED_NAME = "image-tagging.learned"

_MOST_KEYS = 1 << 17

_MARK = re.compile(rb'\{"learned verdicts":1,')


@dataclass(frozen=True)
class LearnedVerdicts:
    """What was learned by the training that cards call ``run``: of each tag, what was said by the key of a picture."""

    run: str
    by_tag: Mapping[str, Mapping[str, str]]

    def waiting(self, tag: str, held: Iterable[InForce]) -> int:
        """Return on how many pictures something else holds of a tag now; ``held`` are its verdicts in force."""
        now = {
            _key(each.verdict.hash_id): _said(each.verdict.verdict, is_check=each.check is not None) for each in held
        }
        learned = self.by_tag.get(tag, {})
        return sum(now.get(key) != learned.get(key) for key in now.keys() | learned.keys())


def write_learned(folder: str, run: str, labels: Iterable[VerdictLabel]) -> None:
    """Note what a training has learned; nothing where the folder has no verdicts and nothing was noted before.

    Raises
    ------
    OutputError
        The file cannot be written, or a file of others is in its place.
    """
    path, by_tag = os.path.join(folder, LEARNED_NAME), dict[str, dict[str, str]]()
    for label in labels:
        word = {True: "yes", False: "no", None: "unsure"}[label.has_tag]
        by_tag.setdefault(label.tag, {})[_key(label.hash_id)] = _said(word, is_check=label.is_check)
    if by_tag or any(os.path.lexists(each) for each in (path, os.path.join(folder, VERDICTS_NAME))):
        with new_file(path, _MARK) as file:
            said = {"learned verdicts": 1, "run": run, "tags": by_tag}
            file.write(orjson.dumps(said))


def read_learned(folder: str) -> Optional[LearnedVerdicts]:
    """Return what the last training has learned, ``None`` where that was not noted, or cannot be read."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        with open(os.path.join(folder, LEARNED_NAME), "rb") as file:
            said = orjson.loads(file.read())
        by_tag = {str(tag): {str(key): str(word) for key, word in of.items()} for tag, of in said["tags"].items()}
        return LearnedVerdicts(str(said["run"]), by_tag)
    return None


@lru_cache(_MOST_KEYS)  # each page asks for all
def _key(hash_id: str) -> str:
    return hashlib.blake2b(hash_id.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def _said(word: str, *, is_check: bool) -> str:
    return f"{word}, check" if is_check else word
