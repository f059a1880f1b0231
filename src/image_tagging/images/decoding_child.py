"""The process that decodes images: it answers requests from standard input until that ends.

:mod:`.decoding_process` starts it. A decoder that crashes, hangs or takes too much memory ends only this process.

A request is its type (one byte), the length of its payload, and the payload: the bytes of an image, or a pickled
function of the parent program. A response is the length of a JSON header, the length of the data, and both; the parent
never unpickles or runs anything in a response.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import IntEnum
from functools import partial
from typing import Any, BinaryIO, Callable, Optional, Union

from PIL import Image, ImageFile

from ..addresses import ImageRef
from ..failures import attempt
from ..records import Failure
from ..settings import ImageLimits
from .decode import DecodedImage, content_hash, decode, decode_to_draw
from .decode_errors import is_about_limits, undecodable
from .formats import close_formats
from .sandbox import Sandbox

REQUEST = struct.Struct(">BQ")
RESPONSE = struct.Struct(">IQ")

#: Larger pictures are decoded one at a time by all processes together, to bound memory.
LARGE_PIXELS = 16_000_000

#: Bytes of memory that a decoder may need per pixel (a progressive JPEG, an animated WebP), and in addition to that.
_BYTES_PER_PIXEL = 20
_SPARE_BYTES = 1 << 30

#: The most bytes that a decoder may write to any file, standard error included; beyond it, writing fails.
_MAX_OUTPUT = 1 << 20

#: The most characters of a decoder's output that a response holds.
_SHOWN_OUTPUT = 300

_NO_REF = ImageRef("")  # the parent knows which image a request is about


class Request(IntEnum):
    """The type of a request."""

    FACTS = 1  # decode an image, keep its picture, respond with its facts
    HASH = 2  # respond with the content hash of an image
    PREPROCESS = 3  # load the function for PREPARE, with its imports
    PREPARE = 4  # apply the function to the kept picture, respond with the array
    PROCEED = 5  # load a large picture
    FORGET = 6  # release the kept picture
    DRAW = 7  # as FACTS, with transparency in the picture, and the number of frames in the response


def main(given_limits: Mapping[str, Any], own_folders: Sequence[str]) -> None:
    """Answer requests until standard input ends.

    ``own_folders`` are searched for the modules of the function that prepares pictures, after those of ``sys.path``.
    """
    limits = ImageLimits(**given_limits)
    requests, responses = _take_pipes()
    _limit_resources(limits)
    warnings.simplefilter("always")  # about every image, not only the first
    warnings.simplefilter("ignore", ResourceWarning)  # about this process, when it ends
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # about Pillow's limit: ours is checked
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"  # without Pillow's line of source
    Image.MAX_IMAGE_PIXELS = limits.max_pixels // 2 + 1  # Pillow refuses twice this, also inside icons
    ImageFile.LOAD_TRUNCATED_IMAGES = limits.use_truncated
    close_formats()  # loads the decoders of the common formats before the first image
    _Server(requests, responses, limits, Sandbox(), own_folders).run()


class _Server:
    """Answers one request after the other."""

    def __init__(
        self,
        requests: BinaryIO,
        responses: BinaryIO,
        limits: ImageLimits,
        sandbox: Sandbox,
        own_folders: Sequence[str] = (),
    ) -> None:
        self._requests = requests
        self._responses = responses
        self._limits = limits
        self._sandbox = sandbox
        self._own_folders = own_folders
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._decoded: Optional[DecodedImage] = None
        self._preprocess: Optional[Callable[[Image.Image], Any]] = None
        self._is_alone = False  # whether the parent lets no other process decode a large picture meanwhile

    def run(self) -> None:
        self._respond({"is_filtered": self._sandbox.is_filtered})  # ready
        while (message := self._waiting.popleft() if self._waiting else self._next()) is not None:
            request, payload = message
            if request not in {Request.PREPROCESS, Request.PREPARE}:
                self._decoded = None
                self._is_alone = False
            if request == Request.FACTS:
                self._respond_outcome(attempt(_NO_REF, "decode", partial(self._facts, payload)))
            elif request == Request.DRAW:
                self._respond_outcome(attempt(_NO_REF, "decode", partial(self._drawn, payload)))
            elif request == Request.HASH:
                self._respond_outcome(attempt(_NO_REF, "decode", partial(self._hash, payload)))
            elif request == Request.PREPROCESS:
                sys.path += [folder for folder in self._own_folders if folder not in sys.path]
                with self._sandbox.own_code():
                    self._preprocess = pickle.loads(payload)  # noqa: S301  from the program that started this one
                self._respond({})
            elif request == Request.PREPARE:
                self._prepare()

    def _next(self) -> Optional[tuple[int, bytes]]:
        head = self._requests.read(REQUEST.size)
        if len(head) < REQUEST.size:
            return None
        request, length = REQUEST.unpack(head)
        return request, self._requests.read(length)

    def _facts(self, data: bytes) -> dict[str, Any]:
        self._decoded = decode(_NO_REF, data, self._limits, self._before_load)
        return _as_header(self._decoded)

    def _drawn(self, data: bytes) -> dict[str, Any]:
        self._decoded, frames = decode_to_draw(_NO_REF, data, self._limits, self._before_load)
        return {**_as_header(self._decoded), "frames": frames}

    def _hash(self, data: bytes) -> dict[str, Any]:
        return {"hash_id": content_hash(data, self._limits, self._before_load)}

    def _before_load(self, pixels: int) -> None:
        if pixels > LARGE_PIXELS and not self._is_alone:
            self._is_alone = True
            self._respond({"large": True})
            while (message := self._next()) and message[0] != Request.PROCEED:
                self._waiting.append(message)  # further images of the same batch

    def _prepare(self) -> None:
        decoded, preprocess = self._decoded, self._preprocess
        if decoded is None or preprocess is None:
            raise RuntimeError("there is no picture to prepare, or no function to do so")
        with self._sandbox.own_code():
            array = attempt(_NO_REF, "embed", lambda: preprocess(decoded.picture))
        self._decoded = None
        if isinstance(array, Failure):
            self._respond_outcome(array)
        else:
            self._respond({"shape": array.shape, "dtype": array.dtype.str}, array.tobytes())

    def _respond_outcome(self, outcome: Union[dict[str, Any], Failure]) -> None:
        lines = _take_output()
        if isinstance(outcome, Failure):
            code, reason = outcome.code, outcome.reason
            if lines and code == "damaged":  # libtiff prints what is wrong, Pillow says "decoder error -2"
                error = undecodable(OSError(_summary(lines)))
                code, reason = error.code, str(error)
            outcome = {"step": outcome.step, "code": code, "reason": reason}
        printed = _summary([line for line in lines if not is_about_limits(line)])
        self._respond({**outcome, **({"printed": printed} if printed else {})})

    def _respond(self, header: dict[str, Any], data: bytes = b"") -> None:
        line = json.dumps(header).encode()
        self._responses.write(RESPONSE.pack(len(line), len(data)) + line)
        self._responses.write(data)
        self._responses.flush()


def _as_header(decoded: DecodedImage) -> dict[str, Any]:
    facts = asdict(decoded.facts)
    del facts["ref"]
    return facts


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes to the parent, and redirect standard input and output so that decoders cannot use the pipes."""
    requests, responses = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, responses


def _limit_resources(limits: ImageLimits) -> None:
    """Set the limits of the operating system; Windows has none, so that only the limit on pixels applies there."""
    if sys.platform == "win32":
        return
    import resource

    most_bytes = limits.max_pixels * _BYTES_PER_PIXEL + _SPARE_BYTES
    for what, most in (
        (resource.RLIMIT_DATA, most_bytes),
        (resource.RLIMIT_FSIZE, _MAX_OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _take_output() -> list[str]:
    """Return the lines that libraries wrote to standard error (a file) since the last image, and empty that file."""
    sys.stderr.flush()
    if not os.fstat(2).st_size:
        return []
    os.lseek(2, 0, os.SEEK_SET)
    lines = os.read(2, _MAX_OUTPUT).decode("utf-8", "replace").split("\n")
    os.ftruncate(2, 0)
    os.lseek(2, 0, os.SEEK_SET)
    return [line.strip() for line in lines if line.strip()]


def _summary(lines: list[str]) -> str:
    """Return the first line, shortened, and how many more there are."""
    more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
    return lines[0][:_SHOWN_OUTPUT] + more if lines else ""
