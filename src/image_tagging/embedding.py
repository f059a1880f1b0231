"""Images that were found -> embeddings in the store: read, decode, preprocess on threads; embed per batch."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Callable, Optional, Union

import numpy as np
from numpy.typing import NDArray

from .encoders import Encoder
from .encoders.choice import EncoderChoice
from .errors import InputError, NoImagesError, PictureError
from .failures import attempt
from .images import decode, decoder_version
from .index import WorkingStore
from .listing import Listing
from .records import EmbeddedImage, Failure, FoundImage, ImageFacts
from .runners import local
from .settings import settings
from .sources import Found, SourceReader
from .summaries import EmbeddingSummary

log = logging.getLogger(__name__)

#: The work that is finished when no listed image is pending and all pictures have their names.
_NAMES = "names"

#: Told what is going on: the activity, how much of it is done, and how much there is (``None``: not known).
Watch = Callable[[str, int, Optional[int]], None]


def unwatched(activity: str, done: int, total: Optional[int]) -> None:
    """Watch nothing."""


@settings
class EmbeddingConfig:
    """How to work: images per batch of the encoder, threads that read and decode ahead of it, and whether images
    that could not be decoded before are tried again although they have not changed.
    """

    batch_size: int = 32
    num_threads: int = 4
    retry_failures: bool = False

    def __post_init__(self) -> None:
        for name in ("batch_size", "num_threads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 1 or more.")


def embed_images(
    store: WorkingStore, found: Iterable[Found], choice: EncoderChoice, config: EmbeddingConfig, watch: Watch
) -> EmbeddingSummary:
    """Bring the embedding of every image found into the store, and give every picture its name there.

    Raises
    ------
    NoImagesError
        Nothing was found, or nothing of it can be used.
    EncoderError
        The encoder cannot be had, or is not the one that the store knows.
    OutputError
        The store cannot be written.
    """
    if config.retry_failures:
        store.forget_failures()
    listing = store.list_images(_watched(found, watch))
    if not listing.images:
        _log_failures(listing.failures)
        raise NoImagesError(_nothing_found(listing.failures))
    embedder = _Embedder(store, choice)
    digest = "/".join((listing.digest, choice.name, choice.pretrained, decoder_version()))
    unchanged = store.is_finished(_NAMES, digest)
    if not unchanged:
        embedder.run(config, watch)
        _name_pictures(store, choice, digest)
    return _summary(store, choice, listing, embedder, unchanged)


def _name_pictures(store: WorkingStore, choice: EncoderChoice, digest: str) -> None:
    encoder = store.find_encoder(choice.name, choice.pretrained)
    if encoder is None:
        return
    store.name_pictures(encoder)
    if not store.count_pending(encoder):  # what failed to be read, say, is tried again by the next run
        store.finish(_NAMES, digest)


def _summary(
    store: WorkingStore, choice: EncoderChoice, listing: Listing, embedder: _Embedder, unchanged: bool
) -> EmbeddingSummary:
    failures = (*listing.failures, *store.failures())
    _log_failures(failures)
    shared = store.shared_hashes()
    for later, earlier in shared:
        log.info("%s has the pixels of %s in other colours or another shape", later.path, earlier.path)
    images, pictures = store.count_named()
    encoder = store.find_encoder(choice.name, choice.pretrained)
    if encoder is None or not images:
        raise NoImagesError(f"none of the {listing.images:,} images can be used; the first: {_in_words(failures[0])}")
    return EmbeddingSummary(
        images=images,
        pictures=pictures,
        computed=embedder.computed,
        encoder=encoder,
        computed_on=embedder.computed_on,
        archives=listing.archives,
        failures=failures,
        shared_hashes=tuple(shared),
        unchanged=unchanged,
        digest=listing.digest,
    )


def _watched(found: Iterable[Found], watch: Watch) -> Iterator[Found]:
    for number, item in enumerate(found):
        if number % 1000 == 0:
            watch("looking for images", number, None)
        yield item


def _nothing_found(failures: Iterable[Failure]) -> str:
    first = next(iter(failures), None)
    return "no image was found" + (f"; the first that could not be opened: {_in_words(first)}" if first else "")


def _log_failures(failures: Iterable[Failure]) -> None:
    for failure in failures:
        log.warning("skipped %s (%s, %s)", _in_words(failure), failure.step, failure.code)


def _in_words(failure: Failure) -> str:
    return f"{failure.ref.path}: {failure.reason}"


Outcome = Union[EmbeddedImage, Failure]


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A decoded image on its way to the encoder; ``pixels`` is ``None`` where the store has its embedding."""

    facts: ImageFacts
    pixels: Optional[NDArray[np.float32]]


class _Embedder:
    """Brings the embedding of every pending image into the store, each picture's once."""

    def __init__(self, store: WorkingStore, choice: EncoderChoice) -> None:
        self._store = store
        self._choice = choice
        self._loading = threading.Lock()
        self._readers = threading.local()
        self._encoder: Optional[Encoder] = None
        self._spec = store.find_encoder(choice.name, choice.pretrained)
        self.computed = 0

    @property
    def computed_on(self) -> Optional[str]:
        """Where and in what precision embeddings were computed, ``None`` where none had to be."""
        return f"{self._encoder.device} in {self._encoder.precision}" if self._encoder else None

    def run(self, config: EmbeddingConfig, watch: Watch) -> None:
        """Embed what is pending of the images that are listed."""
        total = self._store.count_pending(self._spec)
        done = 0
        outcomes = local.run(
            self._prepare,
            lambda: self._embed,
            self._store.pending(self._spec),
            batch_size=config.batch_size,
            threads=config.num_threads,
        )
        with closing(outcomes):  # however this ends, no thread is at work when the store is closed
            while batch := list(islice(outcomes, config.batch_size)):
                self._store.add(batch, self._spec)
                done += len(batch)
                watch("embedding", done, total)

    def _prepare(self, found: FoundImage) -> Union[_Prepared, Failure]:
        """On a thread: bytes -> picture -> the encoder's input."""
        data = attempt(found.ref, "read", lambda: self._reader().read(found.ref))
        if isinstance(data, Failure):
            return data
        decoded = attempt(found.ref, "decode", lambda: decode(found.ref, data))
        if isinstance(decoded, Failure):
            return decoded
        if self._is_known(decoded.facts):
            return _Prepared(decoded.facts, None)
        encoder = self._ready_encoder()
        return attempt(found.ref, "embed", lambda: _Prepared(decoded.facts, encoder.preprocess(decoded.picture)))

    def _embed(self, batch: list[_Prepared]) -> list[Outcome]:
        """Here, a batch at a time: each picture that is not known yet is embedded once."""
        new = {
            image.facts.picture_hash: image
            for image in batch
            if image.pixels is not None and not self._is_known(image.facts)
        }
        vectors = self._vectors(list(new.values()))
        self.computed += sum(not isinstance(vector, Failure) for vector in vectors.values())
        return [_outcome(image, vectors) for image in batch]

    def _vectors(self, images: list[_Prepared]) -> dict[str, Union[NDArray[np.float32], Failure]]:
        """The embedding of each picture by its ``picture_hash``; where a batch fails, its pictures one by one."""
        if not images:
            return {}
        encoder = self._ready_encoder()
        whole = attempt(images[0].facts.ref, "embed", lambda: _finite(encoder, images))
        if not isinstance(whole, Failure):
            return {image.facts.picture_hash: vector for image, vector in zip(images, whole)}
        if len(images) == 1:
            return {images[0].facts.picture_hash: whole}
        return {key: vector for image in images for key, vector in self._vectors([image]).items()}

    def _is_known(self, facts: ImageFacts) -> bool:
        return self._spec is not None and self._store.has_embedding(facts, self._spec)

    def _ready_encoder(self) -> Encoder:
        with self._loading:
            if self._encoder is None:
                encoder = self._choice.load()
                self._store.add_encoder(encoder.spec)
                self._spec = encoder.spec
                self._encoder = encoder
            return self._encoder

    def _reader(self) -> SourceReader:
        """The reader of this thread: archive handles must not be shared."""
        if not hasattr(self._readers, "reader"):
            self._readers.reader = SourceReader()
        reader: SourceReader = self._readers.reader
        return reader


def _finite(encoder: Encoder, images: list[_Prepared]) -> NDArray[np.float32]:
    """(N, D) embeddings, none of them with a value that is not finite."""
    vectors = encoder.embed([image.pixels for image in images if image.pixels is not None])
    if not np.isfinite(vectors).all():
        raise PictureError("not-finite", f"the encoder {encoder.spec.label} gave values that are not finite")
    return vectors


def _outcome(image: _Prepared, vectors: dict[str, Union[NDArray[np.float32], Failure]]) -> Outcome:
    vector = vectors.get(image.facts.picture_hash)
    if isinstance(vector, Failure):
        return Failure(image.facts.ref, vector.step, vector.code, vector.reason)
    return EmbeddedImage(image.facts, vector)
