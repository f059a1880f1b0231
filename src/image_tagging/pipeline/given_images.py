"""Images as a program has them, paths and pictures in memory, as work for a runner."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from functools import partial
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..addresses import ImageRef
from ..errors import InputError
from ..failures import attempt
from ..files import user_path
from ..images import picture_of
from ..records import Failure, FoundImage
from ..settings import ImageLimits
from ..sources import is_archive
from ..text import shortened
from .configs import ComputeConfig
from .prepare import Always, ImagePreparer, PrepareImages

_REMEDY = "Give paths, ImageRefs, pictures of Pillow, or arrays (height, width, 3) of uint8"

Preprocess = Callable[[Image.Image], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class GivenPicture:
    """A picture in memory, RGB as a person sees it."""

    ref: ImageRef
    picture: Image.Image


Item = Union[FoundImage, GivenPicture, Failure]


class GivenImages:
    """The images that a caller gives, one or many, in their order; ``names`` fills as they are taken.

    Pictures are loaded as they are taken, in the caller's thread: Pillow reads the files of its images late.
    """

    def __init__(self, images: Any, limits: ImageLimits) -> None:
        if _is_one(images):
            images = [images]
            _require_file(images[0])
        if not isinstance(images, Iterable):
            raise InputError(f"{_shown(images)} is no image. {_REMEDY}.")
        self._images = images
        self._limits = limits
        self.total = len(images) if isinstance(images, Sized) else None
        self.names: list[Union[str, int]] = []

    def __iter__(self) -> Iterator[Item]:
        for number, image in enumerate(self._images):
            if isinstance(image, ImageRef):
                self.names.append(image.path)
                yield FoundImage(image, "")
            elif isinstance(image, (str, os.PathLike)):
                self.names.append(os.fspath(image))
                yield FoundImage(ImageRef(user_path(image, f"image {number}")), "")
            else:
                self.names.append(number)
                ref = ImageRef(f"image {number}")
                picture = attempt(ref, "decode", partial(picture_of, _as_picture(image, number), self._limits))
                yield picture if isinstance(picture, Failure) else GivenPicture(ref, picture)


@dataclass(frozen=True, eq=False)
class PrepareGiven:
    """Work for a runner that shares memory: it turns given images into their addresses with prepared pictures."""

    config: ComputeConfig
    preprocess: Preprocess

    def open(self) -> GivenPreparer:
        """Return the open work."""
        work = PrepareImages(self.config.limits, Always(self.preprocess), self.config.archive_encoding)
        return GivenPreparer(work.open(), self.preprocess)


class GivenPreparer:
    """Open work: files go through those of stage 1, pictures are prepared here."""

    def __init__(self, files: ImagePreparer, preprocess: Preprocess) -> None:
        self._files = files
        self._preprocess = preprocess
        self.stop, self.close = files.stop, files.close

    def __call__(self, item: Item) -> Union[tuple[ImageRef, NDArray[np.float32]], Failure]:
        """Return the address and the prepared picture of an image, or why it cannot be used."""
        if isinstance(item, Failure):
            return item
        pixels: Union[Optional[NDArray[np.float32]], Failure]
        if isinstance(item, GivenPicture):
            pixels = attempt(item.ref, "embed", partial(self._preprocess, item.picture))
        else:
            prepared = self._files(item)
            pixels = prepared if isinstance(prepared, Failure) else prepared.pixels
        if pixels is None:
            raise AssertionError("every picture is prepared, since the work prepares always")
        return pixels if isinstance(pixels, Failure) else (item.ref, pixels)


def _is_one(images: Any) -> bool:
    """Return whether a caller gives one image, and not several."""
    is_one_array = isinstance(images, np.ndarray) and images.ndim <= 3 and images.dtype != object
    return is_one_array or isinstance(images, (str, os.PathLike, ImageRef, Image.Image))


def _require_file(image: Any) -> None:
    """Raise InputError where the one image that is given is a folder or an archive: each holds many."""
    if not isinstance(image, (str, os.PathLike)):
        return
    path = user_path(image, "the image")
    if os.path.isdir(path):
        how = "Give its files, as in sorted(Path(folder).rglob('*.png'))"
    elif os.path.exists(path) and is_archive(path):
        how = "Give its images, as in ImageRef('photos.zip', ('cat.png',))"
    else:
        return
    what = "a folder" if os.path.isdir(path) else "an archive"
    raise InputError(f"{_shown(path)} is {what}. {how}, or embed all of it with process_dataset.")


def _as_picture(image: Any, number: int) -> Image.Image:
    if isinstance(image, Image.Image):
        return image
    if isinstance(image, np.ndarray):
        if image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size:
            return Image.fromarray(np.ascontiguousarray(image))
        raise InputError(f"image {number} is an array {image.shape} of {image.dtype}. {_REMEDY}.")
    raise InputError(f"image {number} is {_shown(image)}, which is no image. {_REMEDY}.")


def _shown(value: Any) -> str:
    return shortened(repr(value), 100)
