"""What the fuzzer of drawings begins with, drawn by the functions that the tests draw theirs with."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from PIL import Image
from tests.drawings import (
    KRA,
    ORA,
    aseprite,
    cel,
    chunk,
    layer,
    palette,
    psd,
    sprite,
    tiled_cel,
    tileset,
    zipped_drawing,
)

_RED = (200, 40, 40, 255)


def drawings() -> Iterator[tuple[str, bytes]]:
    """Yield drawings by name."""
    picture = Image.new("RGB", (3, 2), (200, 40, 40))
    merged = _png(picture)
    yield "sprite", sprite()
    yield from _sprites()
    for mimetype in (ORA, KRA):
        yield f"{mimetype}, stored", zipped_drawing(mimetype, merged)
        yield f"{mimetype}, packed", zipped_drawing(mimetype, merged, packed=zipfile.ZIP_DEFLATED)
        yield (
            f"{mimetype}, with layers",
            zipped_drawing(mimetype, merged, [("stack.xml", b"<image/>"), ("a.png", merged)]),
        )
        yield f"{mimetype}, no picture", zipped_drawing(mimetype, b"")
    yield "grey ORA", zipped_drawing(ORA, _png(picture.convert("LA")))
    for says in (None, True, False):
        yield f"PSD, {says}", psd(picture, has_merged=says)
    yield "PSD of 16 bits", psd(picture, bits=16)
    yield "PSB", psd(picture, version=2)


def _sprites() -> Iterator[tuple[str, bytes]]:
    pixels = bytes(_RED) * 4
    yield (
        "layers",
        aseprite((2, 2), [layer(), layer(opacity=90), cel(0, (2, 2), pixels), cel(1, (2, 2), pixels, opacity=9)]),
    )
    yield "groups", aseprite((2, 2), [layer(kind=1), layer(level=1), layer(flags=0), cel(1, (2, 2), pixels)], flags=3)
    yield "outside", aseprite((2, 2), [layer(), cel(0, (2, 2), pixels, at=(-1, 1), z_index=2), cel(0, (2, 2), pixels)])
    yield "not packed", aseprite((2, 2), [layer(), cel(0, (2, 2), pixels, kind=0)], frames=2)
    yield "linked", aseprite((2, 2), [layer(), cel(0, (0, 0), b"", kind=1)], frames=2)
    yield "grey", aseprite((2, 2), [layer(), cel(0, (2, 2), bytes(range(8)))], depth=16)
    indexed = [palette([_RED] * 4), layer(flags=9), layer(), cel(0, (2, 2), bytes(4)), cel(1, (2, 2), bytes(range(4)))]
    yield "indexed", aseprite((2, 2), indexed, depth=8, transparent=2)
    yield (
        "old palette",
        aseprite((2, 2), [chunk(4, bytes([1, 0, 0, 1, 9, 9, 9])), layer(), cel(0, (2, 2), bytes(4))], depth=8),
    )
    tiles = [tileset(0, 2, 2, pixels * 2), layer(kind=2, tileset=0), tiled_cel(0, (2, 1), [1, 0xE0000001])]
    yield "tiles", aseprite((4, 2), tiles)
    yield "blend mode", aseprite((2, 2), [layer(mode=1), cel(0, (2, 2), pixels)])


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
