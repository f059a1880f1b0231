"""What a PNG holds next to its picture: texts, profiles, times, notes of programs. None of it may cost the picture.

Pillow refuses a PNG for a text of more than 1 MiB, a checksum of a note that is wrong, or a profile that is packed in
an unknown way; and it takes a text called ``transparency`` for that of the picture. Viewers show such pictures. Here
only what changes the picture is read: its colour profile, and what says which side is up. All else is passed over.

Source: PNG specification (W3C), 5.4 (the case of the first letter of a chunk's name) and 11.3 (ancillary chunks).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import PngImagePlugin

#: Ancillary chunks that are part of the picture: transparency, and the frames of an animation.
_OF_PICTURE = frozenset({b"tRNS", b"acTL", b"fcTL", b"fdAT"})

_PROFILE, _EXIF = b"iCCP", b"eXIf"
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})

#: The keywords of texts in which Pillow looks for the orientation.
_ORIENTATION = frozenset({b"Raw profile type exif", b"exif", b"XML:com.adobe.xmp"})

_LONGEST_KEYWORD = 79

#: The most bytes of a colour profile, or of a text that may hold the orientation, packed or not.
MOST_BYTES = 8 << 20

_BROKEN = (ValueError, SyntaxError, IndexError)


class _PicturePng(PngImagePlugin.PngStream):
    """The chunks of a PNG, of which those that say nothing of the picture are passed over unread."""

    def call(self, cid: bytes, pos: int, length: int) -> bytes:
        """Read a chunk; return what its checksum is of."""
        if not _is_beside(cid):
            return super().call(cid, pos, length)
        if self._says_how_to_show(cid, pos, length):
            try:
                return super().call(cid, pos, length)
            except _BROKEN:
                self.im_info.pop("icc_profile", None)
            finally:
                if cid == _PROFILE and not self.im_info.get("icc_profile"):
                    warnings.warn(
                        f"its colour profile is damaged, or of more than {MOST_BYTES >> 20} MiB: its colours are taken "
                        "as sRGB",
                        stacklevel=2,
                    )
        return self._passed_over(pos + length)

    def crc(self, cid: bytes, data: bytes) -> None:
        """Compare the checksum of a chunk, where that is part of the picture."""
        (self.crc_skip if _is_beside(cid) else super().crc)(cid, data)

    def _says_how_to_show(self, cid: bytes, pos: int, length: int) -> bool:
        if cid in _TEXTS and self.fp:
            keyword = self.fp.read(min(length, _LONGEST_KEYWORD + 1)).partition(b"\0")[0]
            self.fp.seek(pos)
            return keyword in _ORIENTATION and length <= MOST_BYTES
        return cid == _PROFILE or (cid == _EXIF and length <= MOST_BYTES)

    def _passed_over(self, end: int) -> bytes:
        if self.fp:
            self.fp.seek(end)
        return b""


def _is_beside(cid: bytes) -> bool:
    """Return whether a chunk is no part of the picture."""
    return cid[:1].islower() and cid not in _OF_PICTURE


@contextmanager
def picture_alone() -> Iterator[None]:
    """Have Pillow read of every PNG, those in icons included, what is here said, until the block ends."""
    stream, most = PngImagePlugin.PngStream, PngImagePlugin.MAX_TEXT_CHUNK
    PngImagePlugin.PngStream = _PicturePng  # type: ignore[misc]  # where Pillow looks it up
    PngImagePlugin.MAX_TEXT_CHUNK = MOST_BYTES
    try:
        yield
    finally:
        PngImagePlugin.PngStream, PngImagePlugin.MAX_TEXT_CHUNK = stream, most  # type: ignore[misc]
