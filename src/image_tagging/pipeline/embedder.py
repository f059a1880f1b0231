"""Embed pending images into the store: read on threads, decoded and prepared in processes, embedded here in batches."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from typing import Optional, Union

import numpy as np
from numpy.typing import NDArray

from ..addresses import ImageRef
from ..encoders import Encoder, EncoderChoice
from ..errors import EncoderUnavailableError, PictureError
from ..failures import attempt
from ..images import Preprocess
from ..progress import Progress
from ..records import EmbeddedImage, EncoderSpec, Failure, ImageFacts
from ..runners import LocalRunner, Runner
from ..store import WorkingStore
from .configs import EmbeddingConfig
from .prepare import Always, PreparedImage, PrepareImages

LOCAL = LocalRunner()

Outcome = Union[EmbeddedImage, Failure]

#: An embedding (D,), or why there is none.
Vector = Union[NDArray[np.float32], Failure]

#: The code of an image whose embedding is not known, where the encoder is not available.
NO_ENCODER = "no-encoder"


class Embedder:
    """Adds the embedding of every pending image to the store, computing it once per picture.

    ``unavailable`` is the error of an encoder that is not available and that the user did not ask for: where a picture
    may be known without it, the images that need it are failures.
    """

    def __init__(
        self, store: WorkingStore, choice: EncoderChoice, config: EmbeddingConfig, runner: Runner = LOCAL
    ) -> None:
        self._store = store
        self._choice = choice
        self._config = config
        self._runner = runner
        self._loading = threading.Lock()
        self._encoder: Optional[Encoder] = None
        self._spec = store.encoders.find(choice.name, choice.pretrained)
        self.computed = 0
        self.unavailable: Optional[EncoderUnavailableError] = None

    @property
    def computed_on(self) -> Optional[str]:
        """The device, precision and library of computed embeddings, ``None`` where none was computed."""
        return describe(self._encoder) if self._encoder else None

    def run(self, watch: Progress) -> None:
        """Embed the pending ones of the listed images."""
        config = self._config
        total = self._store.listing.count_pending(self._spec)
        if not total:
            return
        done = 0
        outcomes = self._runner.run(
            PrepareImages(
                config.limits,
                self._preprocess_for if self._runner.shares_memory else self._always(),
                config.archive_encoding,
                config.only_listed,
            ),
            lambda: self._embed,
            self._store.listing.pending(self._spec),
            batch_size=config.batch_size,
            threads=config.num_threads,
        )
        with closing(outcomes):
            while batch := list(islice(outcomes, config.batch_size)):
                self._store.embeddings.add(batch, self._spec)
                done += len(batch)
                watch("embedding", done, total)

    def _preprocess_for(self, facts: ImageFacts) -> Optional[Preprocess]:
        """Return the function that prepares a picture, ``None`` where the store has its embedding; runs on a thread."""
        encoder = None if self._is_known(facts) else self._ready_encoder()
        return encoder.preprocess if encoder else None

    def _always(self) -> Always:
        """Return the function for processes without access to the store, which also prepare pictures known to it."""
        encoder = self._ready_encoder()
        return Always(encoder.preprocess if encoder else None)

    def _embed(self, batch: list[PreparedImage]) -> list[Outcome]:
        """Embed each picture of a batch that the store does not have, once."""
        new = {
            image.facts.picture_hash: image
            for image in batch
            if image.pixels is not None and not self._is_known(image.facts)
        }
        vectors = self._vectors(list(new.values()))
        self.computed += sum(not isinstance(vector, Failure) for vector in vectors.values())
        return [self._outcome(image, vectors.get(image.facts.picture_hash)) for image in batch]

    def _vectors(self, images: list[PreparedImage]) -> dict[str, Vector]:
        """Return the embedding (D,) of each picture by its ``picture_hash``."""
        encoder = self._ready_encoder() if images else None
        if encoder is None:
            return {}
        pictures = [(image.facts.ref, image.pixels) for image in images if image.pixels is not None]
        return {image.facts.picture_hash: vector for image, vector in zip(images, vectors_of(encoder, pictures))}

    def _is_known(self, facts: ImageFacts) -> bool:
        return self._spec is not None and self._store.embeddings.has(facts, self._spec)

    def _outcome(self, image: PreparedImage, vector: Optional[Vector]) -> Outcome:
        facts = image.facts
        if isinstance(vector, Failure):
            return Failure(facts.ref, vector.step, vector.code, vector.reason)
        if vector is None and self.unavailable and not self._is_known(facts):
            return Failure(facts.ref, "embed", NO_ENCODER, no_encoder_reason(self._choice, self.unavailable.reason))
        return EmbeddedImage(facts, vector)

    def _ready_encoder(self) -> Optional[Encoder]:
        """Return the encoder, ``None`` where it is ``unavailable``; what it is needed for decides whether it may be."""
        with self._loading:
            if self._encoder is None and self.unavailable is None:
                try:
                    encoder = self._choice.load()
                except EncoderUnavailableError as error:
                    if self._choice.is_asked_for or not (self._spec and self._store.embeddings.knows_any(self._spec)):
                        raise
                    self.unavailable = error
                else:
                    self._store.encoders.add(encoder.spec)
                    self._spec = encoder.spec
                    self._encoder = encoder
            return self._encoder


def describe(encoder: Encoder) -> str:
    """Return the device, the precision and the library of an encoder: ``cpu in fp32 by onnxruntime``."""
    library = getattr(encoder, "library", "")
    return f"{encoder.device} in {encoder.precision}{library and f' by {library}'}"


def no_encoder_reason(choice: EncoderChoice, reason: str) -> str:
    """Return why an image has no embedding where the encoder is not available, as a sentence."""
    label = EncoderSpec(choice.name, choice.pretrained, 0, "").label
    return f"it needs the encoder {label}, which is not available: {reason}"


def vectors_of(encoder: Encoder, pictures: Sequence[tuple[ImageRef, NDArray[np.float32]]]) -> list[Vector]:
    """Return the embedding (D,) of each prepared picture; a batch that fails is embedded in halves.

    The failure of one picture is then its own, and a batch that a GPU has no memory for is embedded in parts.
    """
    if not pictures:
        return []
    whole = attempt(pictures[0][0], "embed", lambda: _finite(encoder, [pixels for _, pixels in pictures]))
    if not isinstance(whole, Failure):
        return list(whole)
    if len(pictures) == 1:
        return [whole]
    half = len(pictures) // 2
    return [*vectors_of(encoder, pictures[:half]), *vectors_of(encoder, pictures[half:])]


def _finite(encoder: Encoder, pictures: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the embeddings (N, D); raise PictureError where a value is not finite."""
    vectors = encoder.embed(pictures)
    if not np.isfinite(vectors).all():
        raise PictureError("not-finite", f"the encoder {encoder.spec.label} returned values that are not finite")
    return vectors
