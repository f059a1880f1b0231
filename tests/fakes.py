"""A small real encoder, the mean colours of a picture, with a count of its work; a lock with a count of its holders."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Callable, Optional

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from image_tagging.encoders import EncoderChoice
from image_tagging.records import EncoderSpec

SPEC = EncoderSpec("mean-colours", "v1", 3, "none")


class MeanColours:
    """The embedding of a picture is the mean of its red, green and blue.

    ``batches`` holds the number of pictures of each call of ``embed``. ``hook`` is called with each
    preprocessed picture before it is embedded, and may raise.
    """

    def __init__(self, spec: EncoderSpec = SPEC, hook: Optional[Callable[[NDArray[np.float32]], None]] = None) -> None:
        self.spec = spec
        self.device = "cpu"
        self.precision = "fp32"
        self.batches: list[int] = []
        self._hook = hook

    @property
    def preprocess(self) -> Callable[[Image.Image], NDArray[np.float32]]:
        """A picture -> (3,) float32."""
        return mean_colours

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """(N, 3) float32."""
        self.batches.append(len(batch))
        for picture in batch:
            if self._hook:
                self._hook(picture)
        return np.stack(batch)


def mean_colours(picture: Image.Image) -> NDArray[np.float32]:
    """The embedding that ``MeanColours`` gives."""
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float64)
    return pixels.mean(axis=(0, 1)).astype(np.float32)


@dataclass(frozen=True)
class MeanColoursChoice(EncoderChoice):
    """A choice that loads the encoder it was given; ``loads`` counts how often."""

    encoder: MeanColours = field(default_factory=MeanColours)
    loads: list[int] = field(default_factory=list)

    def load(self) -> MeanColours:
        self.loads.append(1)
        return self.encoder


def choose(encoder: Optional[MeanColours] = None) -> MeanColoursChoice:
    """The choice of a fake encoder, by default of a new one."""
    encoder = encoder or MeanColours()
    return MeanColoursChoice(encoder.spec.name, encoder.spec.pretrained, encoder.spec.pretrained, encoder=encoder)


class WatchedLock:
    """A lock: ``counts`` says how many held it each time that it was taken, ``holders`` how many hold it now."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self.holders = 0
        self.counts: list[int] = []

    def acquire(self) -> None:
        """Take the lock."""
        self._lock.acquire()
        self.holders += 1
        self.counts.append(self.holders)

    def release(self) -> None:
        """Give the lock back."""
        self.holders -= 1
        self._lock.release()
