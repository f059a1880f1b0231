"""The address of an image -> the encoder's input: read, decoded, prepared. A function of plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Optional, Union

import numpy as np
from numpy.typing import NDArray

from ..failures import attempt
from ..images import Decoders, Preprocess
from ..records import Failure, FoundImage, ImageFacts
from ..settings import ImageLimits
from ..sources import ThreadReaders


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A decoded image on its way to the encoder; ``pixels`` is ``None`` where no embedding of it is asked for."""

    facts: ImageFacts
    pixels: Optional[NDArray[np.float32]]


@dataclass(frozen=True)
class Always:
    """Prepare every picture by the same function."""

    preprocess: Preprocess

    def __call__(self, facts: ImageFacts) -> Preprocess:
        """Return the function, whatever the image."""
        return self.preprocess


@dataclass(frozen=True)
class PrepareImages:
    """Work for a runner: found images become prepared ones.

    ``preprocess_for`` is asked for the function that prepares a picture once its facts are known; where it returns
    ``None`` the picture is not prepared. With :class:`Always` all of it can be pickled and run in any process.
    """

    limits: ImageLimits
    preprocess_for: Callable[[ImageFacts], Optional[Preprocess]]

    def open(self) -> ImagePreparer:
        """Make it ready in this process."""
        return ImagePreparer(self)


class ImagePreparer:
    """Open work: archives that stay open, and processes that decode."""

    def __init__(self, work: PrepareImages) -> None:
        self._work = work
        self._readers = ThreadReaders()
        self._decoders = Decoders(work.limits)

    def __call__(self, found: FoundImage) -> Union[PreparedImage, Failure]:
        """Read, decode and prepare one image; what goes wrong with it is a ``Failure``."""
        data = attempt(found.ref, "read", partial(self._readers.read, found.ref))
        if isinstance(data, Failure):
            return data
        with self._decoders.decoded(found.ref, data) as image:
            if isinstance(image, Failure):
                return image
            preprocess = self._work.preprocess_for(image.facts)
            pixels = image.prepared(preprocess) if preprocess else None
        return pixels if isinstance(pixels, Failure) else PreparedImage(image.facts, pixels)

    def stop(self) -> None:
        """End the processes that decode: calls that wait for one return."""
        self._decoders.close()

    def close(self) -> None:
        """Close what was read from."""
        self._decoders.close()
        self._readers.close()
