"""Small pictures of images, as data URIs that a page holds in itself.

Results name an image by one path through its archives; here that path becomes an address again. The image is read on
threads and decoded in processes, as everywhere; one that cannot be had has no thumbnail.
"""

from __future__ import annotations

import base64
import io
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Optional, Union

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from ..failures import attempt
from ..images import Decoders
from ..records import Failure, ImageRef
from ..runners import local
from ..settings import DEFAULT_LIMITS, ImageLimits
from ..sources import DEFAULT_LIMITS as ARCHIVE_LIMITS
from ..sources import ThreadReaders, is_archive_name

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

#: Addresses that one path is tried as, at most: each component that is called like an archive doubles them.
_MOST_ADDRESSES = 32


def draw_thumbnails(paths: Iterable[str], limits: ImageLimits = DEFAULT_LIMITS) -> dict[str, str]:
    """The thumbnail of each image as a data URI (PNG or WebP), by its path, in the order of the paths.

    ``paths`` are those that results tell (``photos.zip/inner.zip/cat/7.png``); each counts once, and of more than
    ``MOST_THUMBNAILS`` the first are drawn: give those first that matter most. A thumbnail is the picture that a person
    sees, transparency over white, its longer side at most ``SIDE`` pixels. An image that is gone, changed into
    something else or broken is missing from the result, and the log says why.

    Raises
    ------
    DecoderError
        The processes that decode cannot be started.
    """
    chosen = list(islice(dict.fromkeys(paths), MOST_THUMBNAILS))
    readers, decoders = ThreadReaders(), Decoders(limits, processes=_threads())
    outcomes = local.run(
        partial(_thumbnail, readers, decoders),
        lambda: list,
        sorted(chosen),  # those of one archive one after the other: it stays open
        batch_size=_BATCH,
        threads=_threads(),
    )
    drawn: dict[str, str] = {}
    # However this ends: first the processes, which threads may wait for, then the threads, then what they read.
    with closing(readers), closing(outcomes), decoders:
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                log.info("no thumbnail of %s: %s", outcome.ref.path, outcome.reason)
            else:
                drawn[outcome.path] = outcome.uri
    return {path: drawn[path] for path in chosen if path in drawn}


@dataclass(frozen=True)
class _Thumbnail:
    path: str
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


def _thumbnail(readers: ThreadReaders, decoders: Decoders, path: str) -> Union[_Thumbnail, Failure]:
    """On a thread: bytes -> small picture -> data URI."""
    outcome: Optional[Failure] = None
    for ref in addresses(path):
        data = attempt(ref, "read", partial(readers.read, ref))
        if isinstance(data, Failure):
            outcome = outcome or data  # the first address is the likeliest, and so is its reason
            continue
        with decoders.decoded(ref, data) as image:
            pixels = image if isinstance(image, Failure) else image.prepared(_Reduced(SIDE))
        return pixels if isinstance(pixels, Failure) else _Thumbnail(path, _data_uri(pixels))
    return outcome or Failure(ImageRef(path), "read", "missing", "the file is no longer there")


def addresses(path: str) -> Iterator[ImageRef]:
    """The addresses that may be meant by a path through archives, the likeliest first; none where no file begins it.

    The first part of the path that is a file is the outermost archive, or the image itself. Behind it, a component that
    is called like an archive is one, or else a folder of that name in the archive around it.
    """
    for file, rest in _splits(path):
        if os.path.isfile(file):
            chains = islice(_members(rest), _MOST_ADDRESSES) if rest else ((),)
            yield from (ImageRef(file, members) for members in chains)
            return


def _splits(path: str) -> Iterator[tuple[str, str]]:
    """The path cut at each of its slashes, the outermost folder first; at last the whole path."""
    at = path.find("/", 1)
    while at > 0:
        yield path[:at], path[at + 1 :]
        at = path.find("/", at + 1)
    yield path, ""


def _members(rest: str, depth: int = ARCHIVE_LIMITS.depth) -> Iterator[tuple[str, ...]]:
    """The chains of members that a path inside an archive may mean: the first component called like one is tried as an
    archive, and then as a folder.
    """
    for name, inner in _splits(rest):
        if inner and depth and is_archive_name(name):
            yield from ((name, *members) for members in _members(inner, depth - 1))
    yield (rest,)


def _data_uri(pixels: NDArray[np.float32]) -> str:
    """(height, width, 3) as a data URI: PNG where a palette holds it to the pixel, else WebP."""
    image = Image.fromarray(pixels.astype(np.uint8))
    if indexed := _with_palette(image):
        return _encoded(indexed, "PNG", optimize=True)
    if features.check("webp"):
        return _encoded(image, "WEBP", quality=_WEBP_QUALITY)
    return _encoded(image, "PNG", optimize=True)  # a Pillow that was built without WebP


def _with_palette(image: Image.Image) -> Optional[Image.Image]:
    """The same picture by a palette, ``None`` where it has too many colours."""
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
    return min(_MOST_THREADS, os.cpu_count() or 1)
