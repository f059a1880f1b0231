"""Drawings that are meant to do harm: each is refused with a code and one sentence, within the limits on pixels."""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
import zlib
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawings import KRA, ORA, aseprite, cel, chunk, layer, palette, psd, sprite, tiled_cel, tileset, zipped_drawing
from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode
from image_tagging.settings import ImageLimits
from samples import drawn, png, zipped

REF = ImageRef("a")
SMALL = ImageLimits(max_megapixels=0.01)

TILES = aseprite((4, 4), [palette([(1, 2, 3, 4)] * 9), tileset(1, 3, 2, bytes(range(48))), layer(kind=2, tileset=1),
                          tiled_cel(0, (2, 2), [1, 2, 0x80000001, 0x60000002])])  # fmt: skip
INDEXED = aseprite((2, 2), [palette([(9, 9, 9, 255)] * 4), layer(), cel(0, (2, 2), bytes(4))], depth=8)
WHOLE = {
    "sprite": sprite(),
    "tiles": TILES,
    "indexed": INDEXED,
    "ora": zipped_drawing(ORA, png()),
    "kra": zipped_drawing(KRA, png(), [("layer", b"x" * 99)], packed=zipfile.ZIP_DEFLATED),
    "psd": psd(drawn(), has_merged=True),
}


def refused(data, limits=SMALL):
    with pytest.raises(DecodeError) as error:
        decode(REF, data, limits)
    assert "\n" not in str(error.value)
    return error.value.code


def png_header(width, height, rest=b""):
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + header
        + struct.pack(">I", zlib.crc32(b"IHDR" + header))
        + rest
    )


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_cut_at_any_length_is_refused(name):
    whole = WHOLE[name]
    decode(REF, whole)
    for length in range(len(whole)):
        assert refused(whole[:length]) in {"empty", "truncated", "damaged", "not-an-image"}, length


@pytest.mark.parametrize("name", ["sprite", "ora", "kra"])
def test_a_file_that_lost_its_end_is_called_cut_short(name):
    assert refused(WHOLE[name][:-3]) == "truncated"


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changed_bytes_end_in_a_picture_or_a_named_error(name, data):
    changed = bytearray(WHOLE[name])
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.sampled_from([0, 1, 2, 3, 127, 128, 255]))
    with suppress(DecodeError):
        decode(REF, bytes(changed), SMALL)


@pytest.mark.parametrize(
    "data",
    [
        aseprite((60_000, 60_000), [layer()]),
        aseprite((2, 2), [layer(), cel(0, (60_000, 60_000), b"")]),
        aseprite((2, 2), [layer(), cel(0, (60_000, 60_000), b"", kind=0)]),
        aseprite((2, 2), [tileset(1, 1, 2, bytes(16)), layer(kind=2, tileset=1), tiled_cel(0, (60_000, 60_000), [])]),
        aseprite((2, 2), [tileset(1, 1, 60_000, b""), layer(kind=2, tileset=1), tiled_cel(0, (1, 1), [0])]),
        aseprite((2, 2), [tileset(1, 1 << 31, 2, b""), layer(kind=2, tileset=1), tiled_cel(0, (1, 1), [0])]),
        zipped_drawing(ORA, png_header(60_000, 60_000)),
        zipped_drawing(KRA, png_header(1 << 31, 1 << 31)),
        psd(drawn()).replace(struct.pack(">II", 8, 12), struct.pack(">II", 29_000, 29_000)),
    ],
    ids=["canvas", "cel", "raw cel", "cells", "tiles", "many tiles", "ora", "kra", "psd"],
)
def test_a_size_that_lies_is_refused_before_memory_is_taken(data):
    tracemalloc.start()
    try:
        assert refused(data) == "too-large"
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_packed_pixels_beyond_the_size_are_not_unpacked():
    data = aseprite((1, 1), [layer(), cel(0, (1, 1), bytes(1 << 26))])
    tracemalloc.start()
    try:
        assert decode(REF, data, SMALL).facts.width == 1
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_merged_picture_that_unpacks_to_too_much_is_refused():
    bomb = zipped_drawing(ORA, png_header(2, 2, bytes(80 << 20)), packed=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    try:
        assert refused(bomb) == "damaged"
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_long_text_that_says_what_the_file_is_is_not_unpacked():
    assert refused(zipped({"a": b"", "mimetype": bytes(80 << 20)})) == "not-an-image"


@pytest.mark.parametrize("frame", [0, 1, 65_535])
def test_a_cel_that_links_to_any_frame_is_refused(frame):
    link = chunk(0x2005, struct.pack("<HhhBHh5xH", 0, 0, 0, 255, 1, 0, frame))
    assert refused(aseprite((1, 1), [layer(), link], frames=2)) == "damaged"


@pytest.mark.parametrize(
    "chunks",
    [
        [cel(0, (1, 1), bytes(4))],
        [layer(), cel(65_535, (1, 1), bytes(4))],
        [layer(), chunk(0x2005, bytes(7))],
        [chunk(0x2019, struct.pack("<III8x", 1, 0, 0xFFFFFFFF))],
        [chunk(0x2004, b"")],
        [tileset(1, 0, 2, b""), layer(kind=2, tileset=1), tiled_cel(0, (1, 1), [0])],
        [tileset(1, 2, 0, b""), layer(kind=2, tileset=1), tiled_cel(0, (1, 1), [0])],
    ],
    ids=["no layer", "layer far away", "short cel", "endless palette", "empty layer", "no tile", "no side"],
)
def test_a_sprite_that_contradicts_itself_is_damaged(chunks):
    assert refused(aseprite((2, 2), chunks)) == "damaged"


def test_layers_that_skip_levels_are_read():
    data = aseprite((1, 1), [layer(level=9), layer(level=65_535), layer(level=3), cel(2, (1, 1), b"\x09" * 4)])
    assert decode(REF, data).facts.width == 1


def test_many_layers_take_time_in_proportion():
    deep = [layer(kind=1, level=level) for level in range(20_000)]
    assert decode(REF, aseprite((1, 1), [*deep, cel(0, (1, 1), bytes(4))])).facts.width == 1


@pytest.mark.parametrize(("old", "new"), [(b"\x14\x00\x00\x00\x00\x00", b"\x14\x00\x01\x00\x00\x00"),
                                          (b"\x14\x00\x00\x00\x00\x00", b"\x14\x00\x00\x00\x0e\x00")],
                         ids=["encrypted", "packed by lzma"])  # fmt: skip
def test_a_member_that_is_encrypted_or_packed_oddly_is_refused(old, new):
    data = zipped_drawing(ORA, png())
    head, _, directory = data.rpartition(b"PK\x01\x02")
    assert refused(head + b"PK\x01\x02" + directory.replace(old, new, 1)) in {"unsupported", "damaged"}


def test_a_checksum_that_is_wrong_is_damage():
    data = zipped_drawing(KRA, png())
    at = data.index(b"IDAT") + 8
    assert refused(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) == "damaged"


def test_a_message_holds_no_part_of_the_file():
    data = zipped_drawing(KRA, png())
    at = data.index(b"mergedimage.png")
    with pytest.raises(
        DecodeError, match=r"^the KRA picture cannot be decoded \(the zip that it is inside is damaged\)$"
    ):
        decode(REF, data[:at] + b"\x1b[31m" + data[at + 5 :])
