"""Random weights of a model, the same for the same seed on every machine: for tests and time measurements only."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from ..architectures import Architecture
from .weights import image_shapes, text_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray


def random_tensors(architecture: Architecture, seed: int) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of both towers by their names in open_clip's state dict.

    They are uniform, as wide as keeps the values of a tower in range, and none is 0 or 1 throughout, so that each of
    them changes the embedding.
    """
    shapes = {**image_shapes(architecture), **text_shapes(architecture)}
    return {name: _drawn(name, shape, seed) for name, shape in shapes.items()}


def _drawn(name: str, shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Return the tensor of a name, which does not depend on other tensors."""
    generator = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
    values = generator.random(shape, dtype=np.float32)
    values -= np.float32(0.5)
    values *= np.float32(_width_of(name, shape))
    if ".ln_" in f".{name}" and name.endswith(".weight"):
        values += np.float32(1)
    return values


def _width_of(name: str, shape: tuple[int, ...]) -> float:
    """Return the width of the interval, the root of 12 times the deviation, that a tensor is drawn from."""
    if len(shape) == 1:
        return 0.2
    if name.endswith("embedding") or name.startswith("token"):
        return 0.1
    inputs = shape[0] if name.endswith(("proj", "projection")) else int(np.prod(shape[1:]))
    return float((12 / inputs) ** 0.5)
