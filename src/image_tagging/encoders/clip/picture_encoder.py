"""What the image encoders of all libraries have in common: a tower, what it takes, and how its embeddings are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .preprocess import ClipPreprocess

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...records import EncoderSpec


class Tower(Protocol):
    """Prepared pictures (3, H, W) float32 -> embeddings (N, D) float32, somewhere, in some precision."""

    device: str
    precision: str

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return one row a picture, in order."""


class ClipPictureEncoder:
    """An :class:`~image_tagging.encoders.Encoder` by the tower of one library; a subclass sets the attributes below.

    ``library`` is what computes, for the summary of a run.
    """

    library: str
    _tower: Tower
    _preprocess: ClipPreprocess
    _spec: EncoderSpec

    @property
    def spec(self) -> EncoderSpec:
        """The identity stamped on every embedding; ``pretrained`` of an unknown local file is ``name@digest``."""
        return self._spec

    @property
    def device(self) -> str:
        """Where ``embed`` computes."""
        return self._tower.device

    @property
    def precision(self) -> str:
        """What ``embed`` computes in; of the identity only ``int8`` is a part."""
        return self._tower.precision

    @property
    def preprocess(self) -> ClipPreprocess:
        """The function of an RGB picture of any size that gives (3, H, W) float32, H and W those of the model."""
        return self._preprocess

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return (N, D) float32 for N arrays (3, H, W), not normalised; row i belongs to picture i."""
        if len(batch) == 0:
            return np.empty((0, self._spec.dim), dtype=np.float32)
        return self._tower.embed(batch)
