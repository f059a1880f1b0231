"""PSD files that hold no picture of all their layers, or one that Pillow does not decode.

Photoshop saves a white picture in place of the merged one where "Maximize Compatibility" is off, and says so in the
image resource VersionInfo. A file without this resource has the picture.

Source: Adobe Photoshop File Formats Specification, "File Header Section" and "Image Resource IDs" (1057).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Optional

from PIL.ImageFile import ImageFile

from ..errors import DecodeError

_VERSION_INFO = 1057
_HAS_MERGED_AT = 4  # after the version, of four bytes

_PSD, _PSB = 1, 2


def require_merged(image: ImageFile) -> None:
    """Raise DecodeError where a PSD says that it holds no merged picture."""
    resources: Iterable[tuple[int, bytes, bytes]] = getattr(image, "resources", ())  # of Pillow's PsdImageFile
    for number, _, data in resources:
        if number == _VERSION_INFO and data[_HAS_MERGED_AT : _HAS_MERGED_AT + 1] == b"\0":
            raise DecodeError(
                "unsupported",
                "the PSD was saved without a picture of all its layers: save it with 'Maximize Compatibility', or "
                "export it as a PNG",
            )


def unsupported_kind(data: bytes) -> Optional[DecodeError]:
    """Return the error for a PSD of a kind that Pillow does not decode, ``None`` for all other bytes."""
    try:
        signature, version, bits = struct.unpack_from(">4sH16xH", data)
    except struct.error:
        return None
    if signature != b"8BPS":
        return None
    if version == _PSB:
        return DecodeError("unsupported", "large Photoshop documents (PSB) cannot be read: export it as a PNG")
    if version == _PSD and bits in {16, 32}:
        return DecodeError(
            "unsupported", f"PSD files of {bits} bits a channel cannot be read: save it with 8 bits, or as a PNG"
        )
    return None
