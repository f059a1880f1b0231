"""Small pictures of images, as data URIs that a page holds in itself.

Images are read at the addresses that the metadata gives, on threads, and decoded in processes, as everywhere; one that
is not available has no thumbnail.
"""

from __future__ import annotations

import base64
import io
import logging
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Optional, Union

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from ..addresses import ImageRef
from ..failures import attempt
from ..images import Decoders
from ..processors import processor_count
from ..records import Failure, ImportedEmbedding
from ..runners import local
from ..settings import DEFAULT_LIMITS, ImageLimits
from ..sources import ThreadReaders, may_be_opened
from ..text import encodable, short_path

log = logging.getLogger(__name__)

#: Pixels of the longer side of a thumbnail, at most.
SIDE = 96

#: A picture whose longer side is shorter is enlarged by a whole number, each pixel a square: it is pixel art, or tiny.
ENLARGED_BELOW = 48

#: At about 4 kB each they make a page of 8 MB: a browser opens it at once, and it can still be sent to somebody.
MOST_THUMBNAILS = 2000

#: Threads that read, and so processes that decode at a time.
_MOST_THREADS = 4

_BATCH = 16

#: Pictures of no more colours are kept to the pixel, as PNG with a palette, which is then smaller than WebP too.
_PALETTE = 256

_WEBP_QUALITY = 82


@dataclass(frozen=True)
class ShownImage:
    """An image that a page may show: the address and the hash that a record of metadata claims.

    A stranger may have written the record, and the page is made to be sent: the picture is shown only if it has this
    hash, so that nothing is shown which whoever wrote the record did not have.
    """

    ref: ImageRef
    hash_id: str

    @classmethod
    def of(cls, image: ImportedEmbedding) -> Optional[ShownImage]:
        """Return what a record claims; ``None`` where it has no address, or one that is not opened at its word.

        Metadata of earlier versions has no addresses: then a path is one where it is that of a file as it stands.
        """
        ref = image.address or ImageRef(image.file_path)
        if not may_be_opened(ref):
            why = "metadata alone says that it is there, at a URL, on the network, in a document or of the system"
            log.info("no thumbnail of %s: %s", short_path(ref.path), why)
            return None
        if image.address is None and not os.path.isfile(image.file_path):
            log.info(
                "no thumbnail of %s: the metadata has no address of it, and its path is no file; run stage 1 again",
                short_path(encodable(image.file_path)),
            )
            return None
        return cls(ref, image.hash_id)


def draw_thumbnails(images: Mapping[str, ShownImage], limits: ImageLimits = DEFAULT_LIMITS) -> dict[str, str]:
    """Return the thumbnail of each image as a data URI (PNG or WebP), by its name, in the order of ``images``.

    Of more than ``MOST_THUMBNAILS`` the first are drawn: give those first that matter most. A thumbnail is the picture
    that a person sees, transparency over white, its longer side at most ``SIDE`` pixels. An image that is gone, broken
    or another than the one of this hash is missing from the result, and the log says why.

    Raises
    ------
    DecoderError
        The processes that decode cannot be started.
    """
    chosen = dict(islice(images.items(), MOST_THUMBNAILS))
    readers, decoders = ThreadReaders(), Decoders(limits, processes=_threads())
    outcomes = local.run(
        partial(_thumbnail, readers, decoders),
        lambda: list,
        sorted(chosen.items(), key=_place),  # those of one archive one after the other: it stays open
        batch_size=_BATCH,
        threads=_threads(),
    )
    drawn: dict[str, str] = {}
    # However this ends: first the processes, which threads may wait for, then the threads, then what they read.
    with closing(readers), closing(outcomes), decoders:
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                log.info("no thumbnail of %s: %s", short_path(outcome.ref.path), outcome.reason)
            else:
                drawn[outcome.name] = outcome.uri
    return {name: drawn[name] for name in chosen if name in drawn}


def _place(image: tuple[str, ShownImage]) -> tuple[str, tuple[str, ...]]:
    return image[1].ref.file, image[1].ref.members


@dataclass(frozen=True)
class _Thumbnail:
    name: str
    uri: str


@dataclass(frozen=True)
class _Reduced:
    """RGB picture -> (height, width, 3) float32, 0 ... 255, of at most ``side`` pixels; runs where it was decoded."""

    side: int

    def __call__(self, picture: Image.Image) -> NDArray[np.float32]:
        longest = max(picture.size)
        if longest < ENLARGED_BELOW:
            factor = self.side // longest
            picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
        elif longest > self.side:
            width, height = (max(1, round(length * self.side / longest)) for length in picture.size)
            picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        return np.asarray(picture, dtype=np.float32)


def _thumbnail(readers: ThreadReaders, decoders: Decoders, image: tuple[str, ShownImage]) -> Union[_Thumbnail, Failure]:
    """On a thread: bytes -> small picture -> data URI."""
    name, shown = image
    ref = shown.ref
    if not os.path.isfile(ref.file):  # what is no regular file may keep whoever reads it waiting
        return Failure(ref, "read", "missing", "the file is no longer there")
    data = attempt(ref, "read", partial(readers.read, ref))
    if isinstance(data, Failure):
        return data
    with decoders.decoded(ref, data) as decoded:
        if isinstance(decoded, Failure):
            return decoded
        if shown.hash_id not in {decoded.facts.hash_id, decoded.facts.picture_hash}:
            return Failure(ref, "read", "changed", "the picture there is another than the one of the metadata")
        pixels = decoded.prepared(_Reduced(SIDE))
    return pixels if isinstance(pixels, Failure) else _Thumbnail(name, _data_uri(pixels))


def _data_uri(pixels: NDArray[np.float32]) -> str:
    """Return (height, width, 3) as a data URI: PNG where a palette holds it to the pixel, else WebP."""
    image = Image.fromarray(pixels.astype(np.uint8))
    if indexed := _with_palette(image):
        return _encoded(indexed, "PNG", optimize=True)
    if features.check("webp"):
        return _encoded(image, "WEBP", quality=_WEBP_QUALITY)
    return _encoded(image, "PNG", optimize=True)  # a Pillow that was built without WebP


def _with_palette(image: Image.Image) -> Optional[Image.Image]:
    """Return the same picture by a palette, ``None`` where it has too many colours."""
    if image.getcolors(_PALETTE) is None:
        return None
    pixels = np.asarray(image, dtype=np.uint32)
    packed = (pixels[..., 0] << 16) | (pixels[..., 1] << 8) | pixels[..., 2]
    colours, indices = np.unique(packed, return_inverse=True)
    indexed = Image.fromarray(indices.reshape(packed.shape).astype(np.uint8))
    indexed.putpalette([channel for colour in colours.tolist() for channel in colour.to_bytes(3, "big")])
    return indexed


def _encoded(image: Image.Image, image_format: str, **options: object) -> str:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return f"data:image/{image_format.lower()};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _threads() -> int:
    return min(_MOST_THREADS, processor_count())
