"""Read, decode and prepare an image for the encoder, given its address, as picklable work for a runner."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Optional, Union

import numpy as np
from numpy.typing import NDArray

from ..errors import ReadError
from ..failures import attempt
from ..files import is_url
from ..images import Decoders, Preprocess
from ..records import Failure, FoundImage, ImageFacts
from ..settings import ImageLimits
from ..sources import ThreadReaders


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A decoded image for the encoder; ``pixels`` is ``None`` where no embedding is needed."""

    facts: ImageFacts
    pixels: Optional[NDArray[np.float32]]


@dataclass(frozen=True)
class Always:
    """Prepare every picture by the same function; with ``None``, no picture."""

    preprocess: Optional[Preprocess]

    def __call__(self, facts: ImageFacts) -> Optional[Preprocess]:
        """Return the function, for any image."""
        return self.preprocess


@dataclass(frozen=True)
class PrepareImages:
    """Work for a runner that turns found images into prepared ones.

    ``preprocess_for`` returns the function that prepares a picture with the given facts, or ``None`` where the picture
    need not be prepared. With :class:`Always` the work can be pickled and run in any process. With ``only_listed`` an
    image that is no longer what was listed, by its stamp, is a ``Failure``. ``processes`` are those that decode, one
    per processor if not given.
    """

    limits: ImageLimits
    preprocess_for: Callable[[ImageFacts], Optional[Preprocess]]
    archive_encoding: Optional[str] = None
    only_listed: bool = False
    processes: Optional[int] = None

    def open(self) -> ImagePreparer:
        """Return the open work, ready in this process."""
        return ImagePreparer(self)


class ImagePreparer:
    """Open work, with archives that stay open and decoding processes."""

    def __init__(self, work: PrepareImages) -> None:
        self._work = work
        self._readers = ThreadReaders(work.archive_encoding)
        self._decoders = Decoders(work.limits, processes=work.processes)

    def __call__(self, found: FoundImage) -> Union[PreparedImage, Failure]:
        """Read, decode and prepare one image; return a ``Failure`` where that is not possible."""
        with ExitStack() as reading:
            data = attempt(found.ref, "read", lambda: self._read(found, reading))
            if isinstance(data, Failure):
                return data
            image = reading.enter_context(self._decoders.decoded(found.ref, data))
            if isinstance(image, Failure):
                return image
            preprocess = self._work.preprocess_for(image.facts)
            pixels = image.prepared(preprocess) if preprocess else None
        return pixels if isinstance(pixels, Failure) else PreparedImage(image.facts, pixels)

    def _read(self, found: FoundImage, reading: ExitStack) -> bytes:
        """Return the bytes of an image, which are to be used within ``reading``; raise ReadError or OSError."""
        data = reading.enter_context(self._readers.reading(found.ref, found.stamp))
        if (
            self._work.only_listed
            and not is_url(found.ref.file)
            and not _is_same(found, self._readers.stamp(found.ref))
        ):
            raise ReadError("changed", "the image was changed after it was listed: run again")
        return data

    def stop(self) -> None:
        """End the decoding processes, so that waiting calls return."""
        self._decoders.close()

    def close(self) -> None:
        """Close the decoding processes and the open files."""
        self._decoders.close()
        self._readers.close()


def _is_same(found: FoundImage, stamp: str) -> bool:
    """Return whether the stamp of an image is that with which it was listed.

    Of a plain file the size and the time of its content count: another machine that shares its folder may number files
    in another way. What has no stamp, as a line of a list that is a URL, is taken as it is.
    """
    if not found.stamp:
        return True
    if found.ref.members or stamp == found.stamp:
        return stamp == found.stamp
    return found.stamp.count(":") == 3 and stamp.split(":")[:2] == found.stamp.split(":")[:2]
