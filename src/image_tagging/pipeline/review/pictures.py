"""Pictures as the pages show them: encoded again from the pixels that were decoded, never the bytes of a file.

A picture is found by its name alone and shown only where the file still holds it. Files are read on threads and decoded
in processes, as everywhere; drawn pictures are kept in memory, up to a number of bytes.
"""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Union

import numpy as np
from PIL import Image, features

from ...failures import attempt
from ...files import is_url
from ...images import Decoders
from ...processors import processor_count
from ...records import Failure
from ...sources import ThreadReaders
from ...store import CollectedPicture
from .reducing import Reduced

#: Pixels of the longer side of a thumbnail, at most. A whole picture has no more pixels than a square of such a side,
#: so that a sheet that is wide and not high stays as it is, up to the longest side that WebP has.
THUMBNAIL, WHOLE = 256, 2048
_LONGEST = 16_383

#: A picture of no more pixels is kept to the pixel.
_EXACT_BELOW = 128 * 128

#: What has no more colours is drawn by hand, and lossy coding would smear it.
_FEW_COLOURS = 256

_QUALITY = 82
_MOST_BYTES = 128 << 20
_THREADS = min(4, processor_count())

#: Files of one picture that are tried.
_MOST_FILES = 4


@dataclass(frozen=True)
class Drawn:
    """A picture as a browser takes it: the bytes, and their type. ``why`` says why there is none.

    It is the first of the ``frames`` of its file.
    """

    data: bytes
    media_type: str
    why: str = ""
    frames: int = 1


class DrawnPictures:
    """Draws pictures on threads; any thread may ask."""

    def __init__(self) -> None:
        self._readers, self._decoders = ThreadReaders(), Decoders(processes=_THREADS)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pictures")
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], Drawn] = OrderedDict()
        self._bytes = 0
        self._waiting: dict[tuple[str, int], Future[Drawn]] = {}

    def draw(self, picture: CollectedPicture, side: int) -> Drawn:
        """Return the picture, its longer side at most ``side`` pixels; it is drawn once, however many ask."""
        key = (picture.hash_id, side)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            if key not in self._waiting:
                self._waiting[key] = self._threads.submit(self._drawn, picture, side)
            waiting = self._waiting[key]
        drawn = waiting.result()
        with self._lock:
            if self._waiting.pop(key, None) and not drawn.why:
                self._keep(key, drawn)
        return drawn

    def close(self) -> None:
        """End the processes and the threads, and close the files."""
        self._decoders.close()
        self._threads.shutdown(wait=True)
        self._readers.close()

    def _keep(self, key: tuple[str, int], drawn: Drawn) -> None:
        self._kept[key] = drawn
        self._bytes += len(drawn.data)
        while self._bytes > _MOST_BYTES and len(self._kept) > 1:
            self._bytes -= len(self._kept.popitem(last=False)[1].data)

    def _drawn(self, picture: CollectedPicture, side: int) -> Drawn:
        why = ""
        for ref in picture.files[:_MOST_FILES]:
            # what is no regular file may keep whoever reads it waiting
            if not (is_url(ref.file) or os.path.isfile(ref.file)):
                why = why or "the file is no longer there"
                continue
            data = attempt(ref, "read", partial(self._readers.read, ref))
            if isinstance(data, Failure):
                why = data.reason
                continue
            outcome = self._decoded(picture, data, side)
            if isinstance(outcome, Drawn):
                return outcome
            why = outcome.reason
        return Drawn(b"", "", why)

    def _decoded(self, picture: CollectedPicture, data: bytes, side: int) -> Union[Drawn, Failure]:
        with self._decoders.drawn(picture.files[0], data) as decoded:
            if isinstance(decoded, Failure):
                return decoded
            if decoded.facts.picture_hash != picture.picture_hash:
                return Failure(picture.files[0], "read", "changed", "the file holds another picture now")
            pixels = decoded.prepared(Reduced(side, _LONGEST if side == WHOLE else side))
        if isinstance(pixels, Failure):
            return pixels
        return _encoded(Image.fromarray(pixels.astype(np.uint8)), decoded.frames)


def _encoded(image: Image.Image, frames: int) -> Drawn:
    file = io.BytesIO()
    if features.check("webp"):
        image.save(file, "WEBP", lossless=_is_exact(image), quality=_QUALITY, method=2)
        return Drawn(file.getvalue(), "image/webp", frames=frames)
    image.save(file, "PNG")  # a Pillow that was built without WebP
    return Drawn(file.getvalue(), "image/png", frames=frames)


def _is_exact(image: Image.Image) -> bool:
    """Return whether a picture is kept to the pixel: a small one, and pixel art of any size."""
    return image.width * image.height <= _EXACT_BELOW or image.getcolors(_FEW_COLOURS) is not None
