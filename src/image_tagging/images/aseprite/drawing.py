"""Draw a sprite: blend its cels over each other with the whole numbers that Aseprite computes with.

Aseprite rounds products of values from 0 to 255 to the nearest, and cuts off quotients towards zero. So a sprite and
the PNG that Aseprite exports of it are one picture here.

Source: doc/blend_funcs.cpp (normal mode) of Aseprite.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

from PIL import Image

from ..allocations import take_pixels
from .sprite import RAW, TILES, Cel, Layer, Sprite, Tileset, not_drawn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

#: Pixels that are blended at a time: a few copies of them, as numbers of four bytes, take little memory.
_STRIP_PIXELS = 1 << 20


def draw(sprite: Sprite) -> Image.Image:
    """Return the picture (RGBA).

    Raises
    ------
    DecodeError
        It has more pixels than the limit, or something that is not drawn here.
    ValueError, struct.error, EOFError
        The file is damaged or truncated.
    """
    import numpy as np  # here, because a decoding process needs it only for sprites

    width, height = sprite.header.width, sprite.header.height
    take_pixels(width, height)
    canvas: Pixels = np.zeros((height, width, 4), dtype=np.uint8)
    for cel in sprite.cels:
        layer = sprite.layers[cel.layer]
        if layer.blend_mode:
            raise not_drawn("a layer with another blend mode than 'normal'")
        _place(canvas, _cel_pixels(sprite, layer, cel), cel, _product(cel.opacity, layer.opacity))
    return Image.fromarray(canvas)


def _product(a: Any, b: Any) -> Any:
    """Return the product of two values from 0 to 255 that stand for 0 to 1, or of arrays of them, rounded."""
    twice = a * b + 128
    return ((twice >> 8) + twice) >> 8


def _place(canvas: Pixels, pixels: Pixels, cel: Cel, opacity: int) -> None:
    """Blend the part of a cel that is on the canvas over it."""
    left, top = max(cel.x, 0), max(cel.y, 0)
    right, bottom = min(cel.x + pixels.shape[1], canvas.shape[1]), min(cel.y + pixels.shape[0], canvas.shape[0])
    if left >= right:
        return
    rows = max(1, _STRIP_PIXELS // (right - left))
    for start in range(top, bottom, rows):
        end = min(start + rows, bottom)
        over = pixels[start - cel.y : end - cel.y, left - cel.x : right - cel.x]
        _blend(canvas[start:end, left:right], over, opacity)


def _blend(under: Pixels, over: Pixels, opacity: int) -> None:
    """Blend pixels over others, in place."""
    import numpy as np

    back, front = under.astype(np.int32), over.astype(np.int32)
    back_alpha, front_alpha = back[..., 3:], _product(front[..., 3:], opacity)
    alpha = front_alpha + back_alpha - _product(back_alpha, front_alpha)
    change = (front - back)[..., :3] * front_alpha
    change = np.sign(change) * (np.abs(change) // np.maximum(alpha, 1))
    under[..., :3] = np.where(back_alpha == 0, front[..., :3], back[..., :3] + change)
    under[..., 3:] = alpha


def _cel_pixels(sprite: Sprite, layer: Layer, cel: Cel) -> Pixels:
    """Return the pixels of a cel as RGBA."""
    width, height = struct.unpack_from("<HH", cel.data)
    if cel.kind == TILES:
        return _tiled(sprite, layer, cel, width, height)
    take_pixels(width, height)
    size = width * height * sprite.header.depth // 8
    data = bytes(cel.data[4 : 4 + size]) if cel.kind == RAW else _unpacked(cel.data[4:], size)
    return _as_rgba(sprite, data, (height, width), has_transparent=not layer.is_background)


def _unpacked(data: memoryview, size: int) -> bytes:
    """Return what is packed, exactly ``size`` bytes."""
    try:
        unpacked = zlib.decompressobj().decompress(data, size) if size else b""
    except zlib.error as error:
        raise ValueError(f"its pixels cannot be unpacked: {error}") from error
    if len(unpacked) < size:
        raise EOFError("the pixels of a cel are truncated")
    return unpacked


def _as_rgba(sprite: Sprite, data: bytes, shape: tuple[int, int], *, has_transparent: bool) -> Pixels:
    """Return pixels of the sprite's own kind as RGBA. ``has_transparent`` says whether an index stands for nothing."""
    import numpy as np

    values = np.frombuffer(data, dtype=np.uint8)
    if len(values) != shape[0] * shape[1] * sprite.header.depth // 8:
        raise EOFError("the pixels of a cel are truncated")
    if sprite.header.depth == 32:
        return values.reshape(*shape, 4)
    if sprite.header.depth == 16:
        grey: Pixels = values.reshape(*shape, 2)[..., [0, 0, 0, 1]]
        return grey
    colours = np.frombuffer(sprite.palette, dtype=np.uint8).reshape(256, 4).copy()
    if has_transparent:
        colours[sprite.header.transparent] = 0
    pixels: Pixels = colours[values.reshape(shape)]
    return pixels


def _tiled(sprite: Sprite, layer: Layer, cel: Cel, width: int, height: int) -> Pixels:
    """Return the pixels of a cel whose cells name tiles, which may be mirrored."""
    import numpy as np

    tileset = sprite.tilesets.get(-1 if layer.tileset is None else layer.tileset)
    if tileset is None:
        raise not_drawn("tiles that are in another file, or of a beta version of Aseprite")
    bits, tile_mask, across, down, diagonal = struct.unpack_from("<HIIII", cel.data, 4)
    if bits != 32:
        raise not_drawn("tiles with numbers of an unusual length")
    take_pixels(width, height)
    take_pixels(width * tileset.width, height * tileset.height)
    cells = np.frombuffer(_unpacked(cel.data[32:], 4 * width * height), dtype="<u4").reshape(height, width)
    tiles = _tiles(sprite, tileset)
    numbers = cells & tile_mask
    drawn = tiles[np.where(numbers < len(tiles), numbers, 0)]  # (height, width, rows of a tile, columns, 4)
    is_turned = _has(cells, diagonal)
    if is_turned.any():
        if tileset.width != tileset.height:
            raise ValueError("a tile that is not square is turned")
        drawn[is_turned] = drawn[is_turned].swapaxes(1, 2)
    drawn[_has(cells, across)] = drawn[_has(cells, across)][:, :, ::-1]
    drawn[_has(cells, down)] = drawn[_has(cells, down)][:, ::-1]
    pixels: Pixels = drawn.swapaxes(1, 2).reshape(height * tileset.height, width * tileset.width, 4)
    return pixels


def _tiles(sprite: Sprite, tileset: Tileset) -> Pixels:
    """Return (tiles, rows, columns, 4); the first is the empty one."""
    rows = tileset.count * tileset.height
    take_pixels(tileset.width, rows)
    size = tileset.width * rows * sprite.header.depth // 8
    if not size:
        raise ValueError("a tileset without tiles")
    pixels = _as_rgba(sprite, _unpacked(tileset.data, size), (rows, tileset.width), has_transparent=True).copy()
    tiles: Pixels = pixels.reshape(tileset.count, tileset.height, tileset.width, 4)
    tiles[0] = 0
    return tiles


def _has(cells: NDArray[np.uint32], flag: int) -> NDArray[np.bool_]:
    """Return which cells have a flag; a flag of no bits is one that the file does not use."""
    has_flag: NDArray[np.bool_] = (cells & flag == flag) & bool(flag)
    return has_flag
