"""The compressions that tars come in, by the decompressors of the standard library, and a cursor over their output."""

from __future__ import annotations

import bz2
import lzma
import zlib
from dataclasses import dataclass
from typing import Callable, Optional

from ..content import Content
from ..decompressors import Decompressor, Inflater

#: Packed bytes that are read at a time.
_PIECE = 1 << 15

#: Memory that xz may ask for; its highest preset takes 65 MiB.
_XZ_MEMORY = 1 << 28


@dataclass(frozen=True)
class Packing:
    """A compression: how its data begin, how to unpack them, and whether a cursor can start in the middle."""

    beginning: bytes
    decompressor: Callable[[], Decompressor]
    has_marks: bool


_PACKINGS = (
    Packing(b"\x1f\x8b\x08", Inflater, True),
    Packing(b"BZh", bz2.BZ2Decompressor, False),
    Packing(b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), False),
)


def packing_of(content: Content) -> Optional[Packing]:
    """Return the compression that content begins like, ``None`` where there is none."""
    begin = content.at(0, 6)
    return next((packing for packing in _PACKINGS if begin.startswith(packing.beginning)), None)


class Cursor:
    """Unpacks content block by block, several compressed streams in a row as one.

    ``number`` is that of the next block. ``ended`` says that there is none; ``fault`` then says why it ended early,
    else it is empty.
    """

    def __init__(self, packing: Packing, number: int = 0, place: int = 0, inflater: Optional[Inflater] = None) -> None:
        self.number = number
        self.ended = False
        self.fault = ""
        self._packing = packing
        self._place = place
        # A copy, since the one that was given starts further cursors
        self._decompressor: Decompressor = inflater.copy() if inflater else packing.decompressor()

    def state(self) -> Optional[tuple[int, Inflater]]:
        """Return the place and the decompressor from which another cursor can go on, ``None`` where that cannot be."""
        if not isinstance(self._decompressor, Inflater):
            return None
        return self._place - len(self._decompressor.rest), self._decompressor.copy()

    def next_block(self, packed: Content, count: int) -> bytes:
        """Return the next ``count`` bytes, fewer where the content ends."""
        parts = []
        while count and not self.ended:
            parts.append(self._piece(packed, count))
            count -= len(parts[-1])
        self.number += 1
        return b"".join(parts)

    def _piece(self, packed: Content, count: int) -> bytes:
        if self._decompressor.eof and not self._starts_again(packed):
            self.ended = True
            return b""
        is_hungry = self._decompressor.needs_input
        data = packed.at(self._place, _PIECE) if is_hungry else b""
        self._place += len(data)
        try:
            unpacked = self._decompressor.decompress(data, count)
        except (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError) as error:
            self.fault = f"its compressed data are damaged: {error}"
            self.ended = True
            return b""
        if is_hungry and not data and not unpacked and not self._decompressor.eof:
            self.fault = "its compressed data end too early"
            self.ended = True
        return unpacked

    def _starts_again(self, packed: Content) -> bool:
        """Whether another compressed stream follows, behind zeros at most; other bytes are ignored as by gzip."""
        self._place -= len(self._decompressor.unused_data)
        while data := packed.at(self._place, _PIECE):
            rest = data.lstrip(b"\0")
            self._place += len(data) - len(rest)
            if rest:
                break
        if not packed.at(self._place, 6).startswith(self._packing.beginning):
            return False
        self._decompressor = self._packing.decompressor()
        return True
