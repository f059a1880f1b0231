"""Read, decode and embed the images of shards, as picklable work that writes its results into a storage."""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Optional, Union

from ..encoders import Encoder, EncoderChoice
from ..errors import EncoderUnavailableError, RunnerError, StorageError
from ..images import Preprocess, decoder_version
from ..records import Failure, FoundImage, ImageFacts
from ..runners import ShardDone, local
from ..settings import ImageLimits
from ..storage import Storage
from .embedder import NO_ENCODER, Vector, describe, no_encoder_reason, vectors_of
from .prepare import PreparedImage, PrepareImages
from .shard_file import Shard, ShardRow, write_shard
from .shard_rows import AGAIN, FINAL, FOLDER, read_rows, rows_name

#: The facts of an image, with its embedding or why there is none.
_Outcome = tuple[ImageFacts, Vector]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbedShards:
    """Work for a runner of shards: it reads which images a shard has, and writes what became of each.

    ``decoder`` is what the decoders of the program that asks are called: a worker whose decoders are others is of no
    use. ``needs_encoder`` says that nothing can be done where the encoder is not available. With ``again`` shards that
    have results are done once more.
    """

    storage: Storage
    choice: EncoderChoice
    limits: ImageLimits
    decoder: str
    archive_encoding: Optional[str] = None
    batch_size: int = 32
    needs_encoder: bool = True
    again: bool = False

    def open(self, cores: int) -> OpenEmbedShards:
        """Return the open work, which decodes in so many processes.

        Raises
        ------
        RunnerError
            The libraries of this process differ from those of the program that asks.
        """
        if (here := decoder_version(self.limits)) != self.decoder:
            raise RunnerError(
                f"the worker on {platform.node()} decodes images by other libraries ({here}) than this program "
                f"({self.decoder}): install the same versions on all machines."
            )
        return OpenEmbedShards(self, cores)


class OpenEmbedShards:
    """Open work: the encoder, the decoding processes and the archives stay open from shard to shard."""

    def __init__(self, work: EmbedShards, cores: int) -> None:
        self._work = work
        self._threads = cores + 1  # one reads ahead of those that decode
        self._prepare = PrepareImages(
            work.limits, self._preprocess_for, work.archive_encoding, only_listed=True, processes=cores
        ).open()
        self._encoder: Optional[Encoder] = None
        self._loading = threading.Lock()
        self._unavailable: Optional[EncoderUnavailableError] = None

    def __call__(self, shard: str) -> ShardDone:
        """Do one shard, unless it has results; raise StorageError, EncoderError or RunnerError."""
        started = time.monotonic()
        name = f"{FOLDER}/{shard}{FINAL}"
        images = self._images(shard)
        if self._work.again or not self._has(name):
            log.info("shard %s begun by process %d", shard, os.getpid())
            done = self._embedded(images)
            if not done.is_final:
                name = f"{FOLDER}/{shard}{AGAIN}"
            self._work.storage.write(name, write_shard(done))
        seconds = time.monotonic() - started
        log.info("shard %s of %d images done in %.1f s", shard, len(images), seconds)
        return ShardDone(shard, name, len(images), platform.node(), seconds)

    def close(self) -> None:
        """End the decoding processes and close the archives."""
        self._prepare.close()

    def _images(self, shard: str) -> Sequence[FoundImage]:
        name = rows_name(shard)
        try:
            content = self._work.storage.read(name)
        except StorageError as error:
            raise RunnerError(
                f"the worker on {platform.node()} cannot read what it is to do ({error}). All machines must see the "
                "output folder at the same path: name a shared one or a bucket."
            ) from error
        return read_rows(name, content)

    def _has(self, name: str) -> bool:
        """Return whether a file is there: of a worker that died before it could say so."""
        try:
            return bool(self._work.storage.read(name))
        except StorageError:
            return False

    def _embedded(self, images: Sequence[FoundImage]) -> Shard:
        """Return what became of the images."""
        known: dict[str, Vector] = {}  # of this shard alone, so that its results depend on nothing else
        outcomes = local.run(
            self._prepare,
            lambda: lambda batch: self._embed(batch, known),
            images,
            batch_size=self._work.batch_size,
            threads=self._threads,
        )
        with closing(outcomes):
            rows = [_row(found, outcome) for found, outcome in zip(images, outcomes)]
        encoder = self._encoder if known else None
        return Shard(rows, encoder.spec if encoder else None, describe(encoder) if encoder else "")

    def _embed(self, batch: list[PreparedImage], known: dict[str, Vector]) -> list[_Outcome]:
        """Embed each picture of a batch that is not known, once."""
        new = {
            image.facts.picture_hash: (image.facts.ref, image.pixels)
            for image in batch
            if image.pixels is not None and image.facts.picture_hash not in known
        }
        if new and self._encoder:
            known.update(zip(new, vectors_of(self._encoder, list(new.values()))))
        return [(image.facts, known.get(image.facts.picture_hash, self._no_encoder(image.facts))) for image in batch]

    def _no_encoder(self, facts: ImageFacts) -> Failure:
        reason = no_encoder_reason(self._work.choice, self._unavailable.reason) if self._unavailable else ""
        return Failure(facts.ref, "embed", NO_ENCODER, reason)

    def _preprocess_for(self, _facts: ImageFacts) -> Optional[Preprocess]:
        """Return the function that prepares any picture, ``None`` without an encoder; runs on a thread."""
        with self._loading:
            if self._encoder is None and self._unavailable is None:
                try:
                    self._encoder = self._work.choice.load()
                except EncoderUnavailableError as error:
                    if self._work.needs_encoder:
                        raise
                    self._unavailable = error
        return self._encoder.preprocess if self._encoder else None


def _row(found: FoundImage, outcome: Union[_Outcome, Failure]) -> ShardRow:
    if isinstance(outcome, Failure):
        return ShardRow(found, None, None, outcome)
    facts, vector = outcome
    if isinstance(vector, Failure):
        return ShardRow(found, facts, None, Failure(found.ref, vector.step, vector.code, vector.reason))
    return ShardRow(found, facts, vector, None)
