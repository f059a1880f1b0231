"""Read the first frame of a file of Aseprite: its layers, palette, tilesets, and cels in the order they are drawn.

A cel is a picture of one layer in one frame. Later frames are not looked at, so that a cel of the first that is a link
to another frame, which Aseprite writes never, has no picture. Sizes in the file are compared with its length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Optional

from ...errors import DecodeError

HEADER_BYTES = 128

_FRAME, _CHUNK = struct.Struct("<IHHH2xI"), struct.Struct("<IH")
_FRAME_MAGIC = 0xF1FA
_MANY_CHUNKS = 0xFFFF

#: Types of chunks.
_OLD_PALETTE_6_BITS, _OLD_PALETTE, _PALETTE = 0x0011, 0x0004, 0x2019
_LAYER, _CEL, _PROFILE, _TILESET = 0x2004, 0x2005, 0x2007, 0x2023

#: Flags of the header.
_LAYERS_HAVE_OPACITY, _GROUPS_BLEND = 1, 2

#: Flags of layers, and the types of those that are not of pixels.
_VISIBLE, _BACKGROUND, _REFERENCE = 1, 8, 64
_GROUP, _TILEMAP = 1, 2

#: Types of cels.
RAW, _LINKED, PACKED, TILES = 0, 1, 2, 3

_EMBEDDED_PROFILE = 2

#: Flags of tilesets: the tiles are in the file, and the first of them is the empty one.
_TILES_INSIDE, _FIRST_IS_EMPTY = 2, 4

_OPAQUE = 255
_BLACK = b"\0\0\0\xff"

#: The most bytes of a colour profile that is used.
_MOST_PROFILE = 8 << 20


@dataclass(frozen=True)
class Header:
    """What a file says first. ``depth`` is bits a pixel: 8 (indexed), 16 (grey and alpha) or 32."""

    width: int
    height: int
    depth: int
    flags: int
    transparent: int


@dataclass(frozen=True)
class Layer:
    """A layer; ``blend_mode`` 0 is normal. ``tileset`` is the number of the one that a layer of tiles uses."""

    is_shown: bool
    is_group: bool
    is_background: bool
    blend_mode: int
    opacity: int
    tileset: Optional[int]


@dataclass(frozen=True)
class Cel:
    """A picture of a layer; ``data`` begins with its width and height. ``z_index`` moves it over or under layers."""

    layer: int
    x: int
    y: int
    opacity: int
    kind: int
    z_index: int
    data: memoryview


@dataclass(frozen=True)
class Tileset:
    """Tiles of one size, packed below each other."""

    count: int
    width: int
    height: int
    data: memoryview


@dataclass
class Sprite:
    """The first frame. ``palette`` has four bytes (RGBA) for each of 256 indices."""

    header: Header
    palette: bytearray = field(default_factory=lambda: bytearray(_BLACK * 256))
    layers: list[Layer] = field(default_factory=list)
    cels: list[Cel] = field(default_factory=list)
    tilesets: dict[int, Tileset] = field(default_factory=dict)
    profile: bytes = b""


def read_header(data: bytes) -> Header:
    """Return the header; raise ``struct.error`` or ValueError where it is none."""
    width, height, depth, flags, transparent = struct.unpack_from("<3HI10xB", data, 8)
    if not (width and height and depth in {8, 16, 32}):
        raise ValueError("its header has no size, or other bits a pixel than 8, 16 and 32")
    return Header(width, height, depth, flags, transparent)


def read_sprite(data: bytes) -> Sprite:
    """Return the first frame.

    Raises
    ------
    DecodeError
        It cannot be drawn.
    ValueError, struct.error, EOFError
        The file is damaged or truncated.
    """
    sprite = _Reader(Sprite(read_header(data)))
    for kind, chunk in _chunks(memoryview(data)):
        sprite.take(kind, chunk)
    return sprite.done()


def _chunks(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the type and content of each chunk of the first frame."""
    size, magic, old_count, _, count = _FRAME.unpack_from(data, HEADER_BYTES)
    if magic != _FRAME_MAGIC:
        raise ValueError("its first frame does not begin where it should")
    frame = data[HEADER_BYTES : HEADER_BYTES + size]
    if len(frame) < size:
        raise EOFError("the first frame is truncated")
    place = _FRAME.size
    for _ in range(max(old_count, count) if old_count == _MANY_CHUNKS else old_count):
        length, kind = _CHUNK.unpack_from(frame, place)
        if length < _CHUNK.size or place + length > size:
            raise ValueError("a chunk is longer than its frame")
        yield kind, frame[place + _CHUNK.size : place + length]
        place += length


class _Reader:
    """Takes the chunks of a frame, in their order."""

    def __init__(self, sprite: Sprite) -> None:
        self._sprite = sprite
        self._shown: list[bool] = []  # the layer that was read last, after the groups it is in
        self._has_palette = False

    def take(self, kind: int, chunk: memoryview) -> None:
        sprite = self._sprite
        if kind == _LAYER:
            sprite.layers.append(self._layer(chunk))
        elif kind == _CEL:
            layer, x, y, opacity, cel_kind, z_index = struct.unpack_from("<HhhBHh", chunk)
            sprite.cels.append(Cel(layer, x, y, opacity, cel_kind, z_index, chunk[16:]))
        elif kind == _PALETTE:
            self._has_palette = True
            _read_palette(sprite.palette, chunk)
        elif kind in {_OLD_PALETTE, _OLD_PALETTE_6_BITS} and not self._has_palette:
            _read_old_palette(sprite.palette, chunk, has_six_bits=kind == _OLD_PALETTE_6_BITS)
        elif kind == _TILESET:
            self._read_tileset(chunk)
        elif kind == _PROFILE and struct.unpack_from("<H", chunk)[0] == _EMBEDDED_PROFILE:
            (length,) = struct.unpack_from("<I", chunk, 16)
            sprite.profile = bytes(chunk[20 : 20 + length]) if length <= _MOST_PROFILE else b""

    def done(self) -> Sprite:
        """Return the sprite with the cels that are shown, in the order they are drawn."""
        sprite = self._sprite
        sprite.cels = [cel for cel in sprite.cels if self._is_drawn(cel)]
        sprite.cels.sort(key=lambda cel: (cel.layer + cel.z_index, cel.z_index))
        return sprite

    def _is_drawn(self, cel: Cel) -> bool:
        layers = self._sprite.layers
        if cel.layer >= len(layers):
            raise ValueError("a cel is in a layer that is not there")
        if cel.kind not in {RAW, PACKED, TILES}:
            if cel.kind == _LINKED:
                raise ValueError("a cel of the first frame is a link to another")
            raise not_drawn("a cel of an unknown kind")
        layer = layers[cel.layer]
        return layer.is_shown and not layer.is_group

    def _layer(self, chunk: memoryview) -> Layer:
        flags, kind, level, blend_mode, opacity = struct.unpack_from("<3H4xHB", chunk)
        if kind > _TILEMAP:
            raise not_drawn("a layer of an unknown kind")
        del self._shown[level:]
        is_shown = bool(flags & _VISIBLE) and not flags & _REFERENCE and all(self._shown[-1:])
        self._shown.append(is_shown)
        header = self._sprite.header
        is_group, is_background = kind == _GROUP, bool(flags & _BACKGROUND)
        if is_background or (is_group and not header.flags & _GROUPS_BLEND):
            blend_mode, opacity = 0, _OPAQUE
        elif not header.flags & _LAYERS_HAVE_OPACITY:
            opacity = _OPAQUE
        if is_group and is_shown and (blend_mode or opacity != _OPAQUE):
            raise not_drawn("a group with an opacity or a blend mode of its own")
        tileset = None
        if kind == _TILEMAP:
            (name_bytes,) = struct.unpack_from("<H", chunk, 16)
            (tileset,) = struct.unpack_from("<I", chunk, 18 + name_bytes)
        return Layer(is_shown, is_group, is_background, blend_mode, opacity, tileset)

    def _read_tileset(self, chunk: memoryview) -> None:
        number, flags, count, width, height = struct.unpack_from("<IIIHH", chunk)
        if flags & (_TILES_INSIDE | _FIRST_IS_EMPTY) != _TILES_INSIDE | _FIRST_IS_EMPTY:
            return  # in another file, or of a beta version; a layer that uses it is refused
        (name_bytes,) = struct.unpack_from("<H", chunk, 32)
        start = 34 + name_bytes + (8 if flags & 1 else 0)
        (length,) = struct.unpack_from("<I", chunk, start)
        self._sprite.tilesets[number] = Tileset(count, width, height, chunk[start + 4 : start + 4 + length])


def not_drawn(what: str) -> DecodeError:
    """Return the error for a sprite that uses something which is not drawn here."""
    return DecodeError("unsupported", f"the sprite has {what}, which is not drawn here: export it as a PNG")


def _read_palette(palette: bytearray, chunk: memoryview) -> None:
    first, last = struct.unpack_from("<4xII", chunk)
    place = 20
    for index in range(first, last + 1):
        flags, colour = struct.unpack_from("<H4s", chunk, place)
        place += 6
        if flags & 1:
            place += 2 + struct.unpack_from("<H", chunk, place)[0]
        if index < 256:
            palette[4 * index : 4 * index + 4] = colour


def _read_old_palette(palette: bytearray, chunk: memoryview, *, has_six_bits: bool) -> None:
    place, index = 2, 0
    for _ in range(struct.unpack_from("<H", chunk)[0]):
        skipped, count = struct.unpack_from("<BB", chunk, place)
        place, index = place + 2, index + skipped
        for entry in range(index, index + (count or 256)):
            colour = struct.unpack_from("<3B", chunk, place)
            place += 3
            if has_six_bits:
                colour = tuple(value << 2 & 0xFF | value >> 4 for value in colour)
            if entry < 256:
                palette[4 * entry : 4 * entry + 4] = bytes((*colour, _OPAQUE))
