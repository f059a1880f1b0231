"""Files of drawing programs that the tests and the fuzzers make on the spot: ORA, KRA, PSD, Aseprite."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

from PIL import Image

ORA, KRA = "image/openraster", "application/x-krita"

#: Colour of a pixel: red, green, blue, alpha.
Colour = tuple[int, int, int, int]


def zipped_drawing(
    mimetype: str, merged: bytes, others: Sequence[tuple[str, bytes]] = (), *, packed: int = zipfile.ZIP_STORED
) -> bytes:
    """An ORA or KRA: what it is, its merged picture, and further members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), mimetype, zipfile.ZIP_STORED)
        for name, content in [("mergedimage.png", merged), *others]:
            archive.writestr(zipfile.ZipInfo(name), content, packed)
    return file.getvalue()


def psd(picture: Image.Image, *, has_merged: bool | None = None, bits: int = 8, version: int = 1) -> bytes:
    """A PSD with the merged picture alone; ``has_merged`` is what VersionInfo says, which is absent by default."""
    info = b""
    if has_merged is not None:
        data = struct.pack(">IB", 1, has_merged) + struct.pack(">I", 0) * 2 + struct.pack(">I", 1)
        info = b"8BIM" + struct.pack(">HHI", 1057, 0, len(data)) + data + b"\0" * (len(data) % 2)
    planes = b"".join(plane.tobytes() for plane in picture.split())
    head = struct.pack(">4sH6xHIIHH", b"8BPS", version, len(picture.getbands()), *picture.size[::-1], bits, 3)
    return head + struct.pack(">II", 0, len(info)) + info + struct.pack(">IH", 0, 0) + planes


def chunk(kind: int, data: bytes) -> bytes:
    """A chunk of an Aseprite file."""
    return struct.pack("<IH", 6 + len(data), kind) + data


def layer(
    *, flags: int = 1, kind: int = 0, level: int = 0, mode: int = 0, opacity: int = 255, tileset: int | None = None
) -> bytes:
    """A layer; by default a visible one of pixels at the top."""
    head = struct.pack("<6HB3xH", flags, kind, level, 0, 0, mode, opacity, 1) + b"l"
    return chunk(0x2004, head + (b"" if tileset is None else struct.pack("<I", tileset)))


def cel(number: int, size: tuple[int, int], pixels: bytes, *, at: tuple[int, int] = (0, 0), **more: int) -> bytes:
    """A packed picture of a layer; ``opacity``, ``kind`` and ``z_index`` can be given."""
    kind = more.get("kind", 2)
    head = struct.pack("<HhhBHh5x", number, *at, more.get("opacity", 255), kind, more.get("z_index", 0))
    return chunk(0x2005, head + struct.pack("<HH", *size) + (pixels if kind == 0 else zlib.compress(pixels)))


def tiled_cel(number: int, size: tuple[int, int], tiles: Sequence[int]) -> bytes:
    """A picture of a layer that is made of tiles."""
    head = struct.pack("<HhhBHh5x", number, 0, 0, 255, 3, 0) + struct.pack("<HHH", *size, 32)
    masks = struct.pack("<IIII10x", 0x1FFFFFFF, 0x80000000, 0x40000000, 0x20000000)
    return chunk(0x2005, head + masks + zlib.compress(struct.pack(f"<{len(tiles)}I", *tiles)))


def tileset(number: int, count: int, side: int, pixels: bytes, *, flags: int = 6) -> bytes:
    """A tileset, of which the first tile is the empty one."""
    packed = zlib.compress(pixels)
    head = struct.pack("<IIIHHh14xH", number, flags, count, side, side, 1, 1) + b"t"
    return chunk(0x2023, head + struct.pack("<I", len(packed)) + packed)


def palette(colours: Sequence[Colour], first: int = 0) -> bytes:
    """The palette as Aseprite writes it since version 1.1; every second colour has a name."""
    entries = b"".join(
        struct.pack("<H4B", number % 2, *colour) + (struct.pack("<H", 3) + b"red") * (number % 2)
        for number, colour in enumerate(colours)
    )
    return chunk(0x2019, struct.pack("<III8x", len(colours), first, first + len(colours) - 1) + entries)


def aseprite(size: tuple[int, int], chunks: Sequence[bytes], *, depth: int = 32, **more: int) -> bytes:
    """An Aseprite file of one frame; ``flags``, ``transparent`` and ``frames`` (copies) can be given."""
    content = b"".join(chunks)
    frame = struct.pack("<IHHH2xI", 16 + len(content), 0xF1FA, len(chunks), 100, len(chunks)) + content
    frames = frame * more.get("frames", 1)
    head = struct.pack("<IHHHHHIHIIB", 128 + len(frames), 0xA5E0, more.get("frames", 1), *size, depth,
                       more.get("flags", 1), 100, 0, 0, more.get("transparent", 0))  # fmt: skip
    return head.ljust(128, b"\0") + frames


def sprite(size: tuple[int, int] = (3, 2), colour: Colour = (200, 40, 40, 255)) -> bytes:
    """A sprite of one layer of one colour."""
    return aseprite(size, [layer(), cel(0, size, bytes(colour) * (size[0] * size[1]))])
