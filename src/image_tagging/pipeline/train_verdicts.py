"""The verdicts that tags are learned from, in addition to the examples: those of the output folder, or of a file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from ..datasets import OTHER_SETS, NotedImages, TaggedEmbeddings, VerdictLabel, VerdictLabels, read_embeddings
from ..files import absolute
from ..records import EncoderSpec, ImportedEmbedding
from ..store import (
    NO,
    STORE_NAME,
    VERDICTS_NAME,
    YES,
    InForce,
    VerdictLines,
    WorkingStore,
    in_force,
    is_database,
    read_verdicts,
)
from .train_config import TrainConfig

_HAS_TAG = {YES: True, NO: False}


@dataclass(frozen=True)
class VerdictsUsed:
    """The verdicts that tags were learned from, in the file at ``path``.

    ``used`` counts those of pictures whose embeddings are known, of the ``tags``; ``checks`` those of them that are
    validation alone. ``missing`` counts those of pictures without an embedding, and ``no_tags`` those of the names of
    the two sets of other images, which are no tags.
    """

    path: str
    used: int
    tags: tuple[str, ...]
    checks: int
    missing: int
    no_tags: int


@dataclass(frozen=True)
class GivenVerdicts:
    """The verdicts in force of a file, as ``labels`` of tags; ``no_tags`` counts those that are of no tag."""

    path: str
    labels: tuple[VerdictLabel, ...]
    no_tags: int

    @property
    def tags(self) -> frozenset[str]:
        """The tags that there is a verdict on."""
        return frozenset(label.tag for label in self.labels)

    @property
    def digest(self) -> str:
        """What changes when something else holds; empty where nothing does."""
        digest = hashlib.blake2b(digest_size=16)
        for label in self.labels:
            digest.update(repr(tuple(label)).encode("utf-8", "backslashreplace") + b"\n")
        return digest.hexdigest() if self.labels else ""

    def marked(self, identity: Mapping[str, str]) -> dict[str, str]:
        """Return what cards say of the training that made them, where it learned from these verdicts."""
        run = hashlib.blake2b(f"{identity['run']} {self.digest}".encode(), digest_size=16).hexdigest()
        return {**identity, "run": run} if self.labels else dict(identity)

    def with_pictures(self, config: TrainConfig, encoder: EncoderSpec, noted: NotedImages) -> VerdictLabels:
        """Return what training takes of them; the pictures that are no examples are noted as they are found."""
        finder = _Finder(config, encoder)
        return VerdictLabels(self.labels, lambda names: noted.of(sorted(finder.pictures(names), key=_name)))

    def used(self, data: TaggedEmbeddings) -> VerdictsUsed:
        """Return what was used of them in a data set."""
        used = data.verdicts.used
        tags = tuple(dict.fromkeys(label.tag for label in used))
        checks = sum(label.is_check for label in used)
        return VerdictsUsed(self.path, len(used), tags, checks, data.verdicts.missing, self.no_tags)


def given_verdicts(output: str, verdicts: Optional[str], *, no_verdicts: bool) -> Optional[GivenVerdicts]:
    """Return the verdicts in a file, by default that of the output folder; ``None`` where there is none.

    Raises
    ------
    VerdictsError
        The file was named and is missing, or it cannot be used.
    """
    path = os.path.join(absolute(output), VERDICTS_NAME) if verdicts is None else absolute(verdicts)
    if no_verdicts or (verdicts is None and not os.path.lexists(path)):
        return None
    held = verdicts_in(path)
    labels = tuple(
        VerdictLabel(each.verdict.tag, each.verdict.hash_id, _HAS_TAG.get(each.verdict.verdict), each.check is not None)
        for each in held
        if each.verdict.tag not in OTHER_SETS
    )
    return GivenVerdicts(path, labels, len(held) - len(labels))


def verdicts_in(path: str) -> list[InForce]:
    """Return what holds by the verdicts in a file: a database, or JSON Lines.

    Raises
    ------
    VerdictsError
        It is missing, malformed, damaged, or of another program or version.
    """
    is_ours = is_database(path) or os.path.basename(path) == VERDICTS_NAME
    return in_force(read_verdicts(path) if is_ours else VerdictLines(path))


def _name(picture: ImportedEmbedding) -> str:
    return picture.hash_id


class _Finder:
    """Finds pictures that are no examples: in the working store of an output folder, else in the background."""

    def __init__(self, config: TrainConfig, encoder: EncoderSpec) -> None:
        self._config = config
        self._encoder = encoder

    def pictures(self, names: Sequence[str]) -> Iterator[ImportedEmbedding]:
        """Yield those pictures that are known, each once."""
        if not names:
            return
        wanted = dict.fromkeys(names)
        for picture in self._stored(names):
            del wanted[picture.hash_id]
            yield picture
        for path in self._config.background if wanted else ():
            for picture in read_embeddings(path)[1]:
                if picture.hash_id in wanted:
                    del wanted[picture.hash_id]
                    yield picture

    def _stored(self, names: Sequence[str]) -> Iterator[ImportedEmbedding]:
        output = absolute(self._config.output)
        if not os.path.isfile(os.path.join(output, STORE_NAME)):
            return
        with WorkingStore(output) as store:
            yield from store.known.embeddings_of(names, self._encoder)
