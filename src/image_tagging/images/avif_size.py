"""The size of the AV1 pictures inside an AVIF file, which may be another than the one that the file declares.

libavif decodes them at their own size, without a limit, and scales the result to the declared one. Their own size is
in the sequence headers at the start of their data. This reads the plain structure that encoders of still images write;
of any other it says that the size is not known, and never that it is small.

Sources: AV1 Image File Format (AOMedia), ISO/IEC 14496-12 (boxes, iloc, iinf), AV1 Bitstream & Decoding Process
Specification, 5.3 (OBU) and 5.5 (sequence header).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Optional

_SEQUENCE_HEADER = 1
_HAS_EXTENSION, _HAS_SIZE = 4, 2


def coded_pixels(data: bytes) -> Optional[list[int]]:
    """Return the number of pixels of each AV1 picture in an AVIF image, ``None`` where one is not known."""
    try:
        boxes = dict(_boxes(data, 0, len(data)))
        if b"moov" in boxes or b"meta" not in boxes:  # a sequence: its frames are not items
            return None
        start, end = boxes[b"meta"]
        within = dict(_boxes(data, start + 4, end))
        places = _places(data, *within[b"iloc"])
        return [_item_pixels(data[slice(*places[item])]) for item in _av1_items(data, *within[b"iinf"])]
    except (KeyError, IndexError, ValueError, struct.error):
        return None


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield the type of each box with the place of its content."""
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        if length == 0 and kind == b"mdat":
            return
        if length < 8 or start + length > end:
            raise ValueError("a box of 64 bits, or one that does not end")
        yield kind, (start + 8, start + length)
        start += length


def _av1_items(data: bytes, start: int, end: int) -> list[int]:
    """Return the numbers of the items of AV1 from the content of an ``iinf`` box."""
    items = []
    for kind, (place, _) in _boxes(data, start + (6 if data[start] == 0 else 8), end):
        if kind != b"infe" or data[place] != 2:
            raise ValueError("an entry of an unusual version")
        number, _, name = struct.unpack_from(">HH4s", data, place + 4)
        if name == b"av01":
            items.append(number)
    return items


def _places(data: bytes, start: int, end: int) -> dict[int, tuple[int, int]]:
    """Return the place of the data of each item from the content of an ``iloc`` box; each item is one piece."""
    version, sizes, count = struct.unpack_from(">B3xHH", data, start)
    if version > 1 or sizes & 0xFF00 != 0x4400 or sizes & 0xF0 not in (0, 0x40) or sizes & 0xF:
        raise ValueError("numbers of an unusual length")
    entry = struct.Struct(">H" + ("H" if version else "") + "H" + ("I" if sizes & 0xF0 else "") + "HII")
    places = {}
    for number, *between, extents, offset, length in entry.iter_unpack(
        data[start + 8 : start + 8 + count * entry.size]
    ):
        if extents != 1 or any(between) or number in places or offset + length > len(data):
            raise ValueError("an item of several pieces, or elsewhere")
        places[number] = (offset, offset + length)
    if len(places) != count or start + 8 + count * entry.size != end:
        raise ValueError("the list of places does not end where its box does")
    return places


def _item_pixels(data: bytes) -> int:
    """Return the pixels of the picture in the data of an item, whose OBUs have exactly one sequence header."""
    place, pixels = 0, []
    while place < len(data):
        header = data[place]
        if not header & _HAS_SIZE:
            raise ValueError("an OBU without its size")
        place += 2 if header & _HAS_EXTENSION else 1
        length = shift = 0
        while True:
            length |= (data[place] & 0x7F) << shift
            shift, place = shift + 7, place + 1
            if data[place - 1] < 0x80:
                break
        if header >> 3 & 0xF == _SEQUENCE_HEADER:
            pixels.append(_sequence_pixels(data[place : place + length]))
        place += length
    if len(pixels) != 1:
        raise ValueError("no sequence header, or several")
    return pixels[0]


def _sequence_pixels(header: bytes) -> int:
    """Return the pixels that the sequence header of a still picture allows.

    Its first bits are profile (3), still picture (1), reduced header (1), level (5), bits of the width - 1 (4), and of
    the height (4). Without the reduced header a frame may have another size.
    """
    bits = "".join(f"{byte:08b}" for byte in header[:8])
    if bits[3:5] != "11":
        raise ValueError("not a still picture with a reduced header")
    wide, high = int(bits[10:14], 2) + 1, int(bits[14:18], 2) + 1
    width, height = bits[18 : 18 + wide], bits[18 + wide : 18 + wide + high]
    return (int(width, 2) + 1) * (int(height, 2) + 1)
