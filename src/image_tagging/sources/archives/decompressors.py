"""The decompressors of the standard library, all used in one way."""

from __future__ import annotations

import zlib
from typing import Any, Optional, Protocol


class Decompressor(Protocol):
    """What the decompressors of bz2 and lzma have in common."""

    @property
    def eof(self) -> bool:
        """Whether the compressed stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether it can go on only with more input."""

    @property
    def unused_data(self) -> bytes:
        """The input behind the end of the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most ``max_length`` further bytes."""


class Inflater:
    """The decompressor of zlib as those of bz2 and lzma are; without a state that of gzip."""

    def __init__(self, state: Optional[Any] = None) -> None:
        self._state = state or zlib.decompressobj(16 + zlib.MAX_WBITS)
        self.rest = b""

    @property
    def eof(self) -> bool:
        """Whether the compressed stream has ended."""
        return bool(self._state.eof)

    @property
    def needs_input(self) -> bool:
        """Whether it has no input left."""
        return not self.rest

    @property
    def unused_data(self) -> bytes:
        """The input behind the end of the stream."""
        return bytes(self._state.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most ``max_length`` further bytes."""
        unpacked = self._state.decompress(self.rest + data, max_length)
        self.rest = self._state.unconsumed_tail
        return bytes(unpacked)

    def copy(self) -> Inflater:
        """Return a copy that has its input still to come."""
        return Inflater(self._state.copy())
