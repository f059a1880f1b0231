"""The process in which images are decoded: it answers requests on its standard input until that ends.

:mod:`.decoding_process` starts it. A decoder that crashes, never ends or takes too much memory ends this process and
nothing else.

A request is what is asked for (one byte), the length of what follows, and that: the bytes of an image, or a pickled
function of the program that asks. An answer is the length of a header in JSON, that of the data, and both; nothing
in an answer is ever unpickled or run.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
import warnings
from collections import deque
from dataclasses import asdict
from enum import IntEnum
from functools import partial
from typing import Any, BinaryIO, Callable, Optional, Union

from PIL import Image, ImageFile

from ..failures import attempt
from ..records import DecodedImage, Failure, ImageRef
from ..settings import ImageLimits
from .decode import content_hash, decode
from .decode_errors import undecodable

REQUEST = struct.Struct(">BQ")
ANSWER = struct.Struct(">IQ")

#: Pictures of more pixels are decoded one at a time, whatever the number of processes: memory stays bounded.
LARGE_PIXELS = 16_000_000

#: Bytes that a decoder may need for a pixel (a progressive JPEG, an animated WebP), and for anything.
_BYTES_PER_PIXEL = 20
_SPARE_BYTES = 1 << 30

#: What a decoder may write to standard error, or anywhere: beyond it, writing fails.
_MOST_SAID = 1 << 20

#: Characters of it that are passed on.
_PASSED_ON = 300

_HERE = ImageRef("")


class Ask(IntEnum):
    """What a request asks for."""

    FACTS = 1  # of an image, which is kept for PREPARE
    HASH = 2  # the content hash of an image alone
    LEARN = 3  # the function for PREPARE, with all that it imports
    PREPARE = 4  # the array that the function makes of the picture kept
    PROCEED = 5  # there is room for a large picture
    FORGET = 6  # the picture kept


def main() -> None:
    """Answer until standard input ends."""
    limits = ImageLimits(**json.loads(sys.argv[1]))
    requests, answers = _own_pipes()
    _confine(limits)
    warnings.simplefilter("always")  # of every image, not of the first alone
    warnings.simplefilter("ignore", ResourceWarning)  # of this process, when it ends
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"  # not the line of Pillow's that it comes from
    Image.MAX_IMAGE_PIXELS = limits.max_pixels // 2 + 1  # Pillow refuses twice of it, also inside icons
    ImageFile.LOAD_TRUNCATED_IMAGES = limits.use_truncated
    Image.preinit()  # loads the decoders of the common formats: the first image need not wait for them
    _Answerer(requests, answers, limits).run()


class _Answerer:
    """Answers one request after the other."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO, limits: ImageLimits) -> None:
        self._requests = requests
        self._answers = answers
        self._limits = limits
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._decoded: Optional[DecodedImage] = None
        self._preprocess: Optional[Callable[[Image.Image], Any]] = None

    def run(self) -> None:
        self._answer({})  # ready
        while (request := self._waiting.popleft() if self._waiting else self._next()) is not None:
            ask, payload = request
            if ask not in {Ask.LEARN, Ask.PREPARE}:
                self._decoded = None
            if ask == Ask.FACTS:
                self._answer_to(attempt(_HERE, "decode", partial(self._facts, payload)))
            elif ask == Ask.HASH:
                self._answer_to(attempt(_HERE, "decode", partial(self._hash, payload)))
            elif ask == Ask.LEARN:
                self._preprocess = pickle.loads(payload)  # noqa: S301  from the program that started this one
                self._answer({})
            elif ask == Ask.PREPARE:
                self._prepare()

    def _next(self) -> Optional[tuple[int, bytes]]:
        head = self._requests.read(REQUEST.size)
        if len(head) < REQUEST.size:
            return None
        ask, length = REQUEST.unpack(head)
        return ask, self._requests.read(length)

    def _facts(self, data: bytes) -> dict[str, Any]:
        self._decoded = decode(_HERE, data, self._limits, self._before_load)
        facts = asdict(self._decoded.facts)
        del facts["ref"]
        return facts

    def _hash(self, data: bytes) -> dict[str, Any]:
        return {"hash_id": content_hash(data, self._limits, self._before_load)}

    def _before_load(self, pixels: int) -> None:
        if pixels > LARGE_PIXELS:
            self._answer({"large": True})
            while (request := self._next()) and request[0] != Ask.PROCEED:
                self._waiting.append(request)  # further images that were sent along

    def _prepare(self) -> None:
        decoded, preprocess = self._decoded, self._preprocess
        if decoded is None or preprocess is None:
            raise RuntimeError("there is no picture to prepare, or no function to do so")
        array = attempt(_HERE, "embed", lambda: preprocess(decoded.picture))
        self._decoded = None
        if isinstance(array, Failure):
            self._answer_to(array)
        else:
            self._answer({"shape": array.shape, "dtype": array.dtype.str}, array.tobytes())

    def _answer_to(self, outcome: Union[dict[str, Any], Failure]) -> None:
        said = _what_was_said()
        if isinstance(outcome, Failure):
            code, reason = outcome.code, outcome.reason
            if said and code == "damaged":  # libtiff says what is wrong, Pillow "decoder error -2"
                told = undecodable(OSError(said))
                code, reason = told.code, str(told)
            outcome = {"step": outcome.step, "code": code, "reason": reason}
        self._answer({**outcome, **({"said": said} if said else {})})

    def _answer(self, header: dict[str, Any], data: bytes = b"") -> None:
        line = json.dumps(header).encode()
        self._answers.write(ANSWER.pack(len(line), len(data)) + line)
        self._answers.write(data)
        self._answers.flush()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the program, out of the reach of decoders that print."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, answers


def _confine(limits: ImageLimits) -> None:
    """Bounds that the operating system holds; Windows has none of them, and there the limit on pixels stands alone."""
    if sys.platform == "win32":
        return
    import resource

    most_bytes = limits.max_pixels * _BYTES_PER_PIXEL + _SPARE_BYTES
    for what, most in (
        (resource.RLIMIT_DATA, most_bytes),
        (resource.RLIMIT_FSIZE, _MOST_SAID),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _what_was_said() -> str:
    """What decoders and libraries have written to standard error (a file) since the last image, shortened."""
    sys.stderr.flush()
    if not os.fstat(2).st_size:
        return ""
    os.lseek(2, 0, os.SEEK_SET)
    lines = os.read(2, _MOST_SAID).decode("utf-8", "replace").split("\n")
    os.ftruncate(2, 0)
    os.lseek(2, 0, os.SEEK_SET)
    lines = [line.strip() for line in lines if line.strip()]
    more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
    return lines[0][:_PASSED_ON] + more if lines else ""
