"""Embed pending images into the store by shards that are computed elsewhere, and imported here in their order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Optional, Union

from ..encoders import EncoderChoice
from ..errors import EncoderUnavailableError, RunnerError, StorageError
from ..progress import Progress
from ..records import EmbeddedImage, Failure
from ..runners import MEAN_IMAGES, Runner, ShardDone, ShardRunner
from ..storage import Storage
from ..store import WorkingStore
from ..text import counted, short_path
from .configs import EmbeddingConfig
from .embedder import NO_ENCODER, Embedder, no_encoder_reason
from .shard_file import Shard, ShardRow, read_shard
from .shard_rows import AGAIN, FINAL, FOLDER, read_rows, rows_name, shard_id, shards_of, write_rows
from .shard_success import remove_success
from .shard_work import EmbedShards

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sharding:
    """Where the shards of a run are computed and kept, and how many images one has on average.

    ``batch_size`` is how many pictures the encoder takes at a time.
    """

    runner: ShardRunner
    storage: Storage
    mean: int = MEAN_IMAGES
    batch_size: int = 32


def embedder_on(
    runner: Union[Runner, Sharding], store: WorkingStore, choice: EncoderChoice, config: EmbeddingConfig
) -> AnyEmbedder:
    """Return what embeds the pending images of a store, on this runner."""
    if not isinstance(runner, Sharding):
        return Embedder(store, choice, config, runner)
    remove_success(runner.storage)
    return ShardedEmbedder(store, choice, config, runner)


class ShardedEmbedder:
    """Adds the embedding of every pending image to the store, as :class:`.embedder.Embedder` does, by shards.

    Workers do not know the store: they also embed pictures that it has, whose embeddings are then left out.
    """

    def __init__(self, store: WorkingStore, choice: EncoderChoice, config: EmbeddingConfig, sharding: Sharding) -> None:
        self._store = store
        self._choice = choice
        self._config = config
        self._sharding = sharding
        self._storage = sharding.storage
        self._spec = store.encoders.find(choice.name, choice.pretrained)
        self._identity = (choice.name, choice.pretrained, store.decoder, config.archive_encoding or "")
        self.computed = 0
        self.computed_on: Optional[str] = None
        self.unavailable: Optional[EncoderUnavailableError] = None

    def run(self, watch: Progress) -> None:
        """Embed the pending ones of the listed images."""
        total = self._store.listing.count_pending(self._spec)
        if not total:
            return
        watch("dividing the work", 0, None)
        waiting = deque(self._planned())
        names = {each.shard: each.file for each in waiting if each.file}
        todo = [each.shard for each in waiting if not each.file]
        log.info("%d shards of %d images; %d of them have results of an earlier run", len(waiting), total, len(names))
        done = computed = 0
        for finished in self._finished(todo):
            if finished:
                names[finished.shard] = finished.file
                computed += finished.items
                log.info(
                    "shard %s: %d images on %s in %.1f s",
                    finished.shard,
                    finished.items,
                    finished.where,
                    finished.seconds,
                )
            while waiting and waiting[0].shard in names:
                done += waiting[0].items
                self._import(waiting[0].shard, names.pop(waiting.popleft().shard))
            watch("embedding", max(computed, done), total)
        if waiting:
            raise RunnerError(self._without_end([each.shard for each in waiting if each.shard not in names]))

    def _without_end(self, shards: Sequence[str]) -> str:
        """Return what is wrong with shards that the runner has left out."""
        name = rows_name(shards[0])
        images = read_rows(name, self._storage.read(name))
        return (
            f"{counted(len(shards), 'shard')} came to no end, as the workers that began them died: the first one has "
            f"the images from {short_path(images[0].ref.path)} to {short_path(images[-1].ref.path)}. Give workers more "
            "memory, a smaller --batch_size, or leave them out (--exclude), and run again: what is done is kept."
        )

    def _finished(self, shards: Sequence[str]) -> Iterator[Optional[ShardDone]]:
        """Yield ``None`` at once, for what there is already, and each of the shards when it is done."""
        yield None
        if not shards:
            return
        spec, config = self._spec, self._config
        work = EmbedShards(
            storage=self._storage,
            choice=self._choice,
            limits=config.limits,
            decoder=self._store.decoder,
            archive_encoding=config.archive_encoding,
            batch_size=self._sharding.batch_size,
            needs_encoder=self._choice.is_asked_for or not (spec and self._store.embeddings.knows_any(spec)),
            again=config.retry_failures,
        )
        with closing(self._sharding.runner.run_shards(work, shards)) as finished:
            yield from finished

    def _planned(self) -> Iterator[ShardDone]:
        """Yield every shard in order, with the name of its file where that exists; write what the others are to do."""
        there = set() if self._config.retry_failures else set(self._storage.names(FOLDER))
        listing = self._store.listing
        for shard in shards_of(listing.keys(), listing.pending(self._spec), self._sharding.mean, self._identity):
            name = f"{FOLDER}/{shard.id}{FINAL}"
            if name not in there:
                self._storage.write(rows_name(shard.id), write_rows(shard.images))
                name = ""
            yield ShardDone(shard.id, name, len(shard.images), "", 0.0)

    def _import(self, shard: str, name: str) -> None:
        """Add the results of a shard to the store, in one transaction."""
        results = self._read(shard, name)
        if results.encoder:
            self._store.encoders.add(results.encoder)
            self._spec = results.encoder
        before = self.computed
        self._store.embeddings.add(list(self._outcomes(results.rows)), self._spec)
        if self.computed > before:
            self.computed_on = self.computed_on or results.computed_on
        if name.endswith(AGAIN):
            self._storage.remove(name)  # the store has what failed, which the next run tries again
        self._storage.remove(rows_name(shard))

    def _read(self, shard: str, name: str) -> Shard:
        try:
            content = self._storage.read(name)
        except StorageError as error:
            raise RunnerError(
                f"a worker has written {name}, which cannot be read here ({error}). All machines must see the output "
                "folder at the same path: name a shared one or a bucket."
            ) from error
        results = read_shard(name, content)
        if shard_id((row.found for row in results.rows), self._identity) != shard:
            raise StorageError(f"{name} holds results of other images than its name says: remove it and run again.")
        return results

    def _outcomes(self, rows: Sequence[ShardRow]) -> Iterator[Union[EmbeddedImage, Failure]]:
        """Yield what the store keeps of each image; a picture that it has keeps its embedding."""
        new: set[str] = set()
        for row in rows:
            facts, failure = row.facts, row.failure
            is_known = facts is not None and (facts.picture_hash in new or self._is_known(row))
            if facts is not None and is_known:
                yield EmbeddedImage(facts, None)
            elif facts is not None and row.embedding is not None:
                new.add(facts.picture_hash)
                self.computed += 1
                yield EmbeddedImage(facts, row.embedding)
            elif failure is not None:
                if failure.code == NO_ENCODER and self.unavailable is None:
                    prefix = no_encoder_reason(self._choice, "")
                    self.unavailable = EncoderUnavailableError(failure.reason[len(prefix) :])
                yield failure

    def _is_known(self, row: ShardRow) -> bool:
        return row.facts is not None and self._spec is not None and self._store.embeddings.has(row.facts, self._spec)


AnyEmbedder = Union[Embedder, ShardedEmbedder]
