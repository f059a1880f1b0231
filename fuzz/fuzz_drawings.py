"""A drawing (Aseprite, Krita, OpenRaster, PSD): from bytes to its picture, as in a decoding process."""

from __future__ import annotations

from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode
from image_tagging.settings import ImageLimits

from .only_reading import only_reading

#: Small, so that a file of some bytes can go beyond it.
LIMITS = ImageLimits(max_megapixels=0.1)

_LONGEST_MESSAGE = 400

_REF = ImageRef("drawing")


def one_input(data: bytes) -> None:
    """Decode twice; anything but one picture within the limit, or a failure of one line, is a finding."""
    with only_reading():
        first = _outcome(data)
        assert first == _outcome(data)


def _outcome(data: bytes) -> str:
    try:
        facts = decode(_REF, data, LIMITS).facts
    except DecodeError as error:
        message = str(error)
        if not (error.code.replace("-", "").isalpha() and 0 < len(message) < _LONGEST_MESSAGE and "\n" not in message):
            raise AssertionError(f"{error.code}: {message!r}") from error
        return message
    assert 0 < facts.width * facts.height <= LIMITS.max_pixels
    return facts.picture_hash
