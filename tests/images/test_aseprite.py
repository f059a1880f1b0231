"""Sprites of Aseprite: the picture is the one that Aseprite exports, or the sentence says why there is none."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from drawings import aseprite, cel, chunk, layer, palette, sprite, tiled_cel, tileset
from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode
from image_tagging.images.decoders import Decoders
from image_tagging.images.formats import open_image
from samples import encoded

REF = ImageRef("hero.aseprite")

RED, BLUE, GLASS, NOTHING = (200, 0, 0, 255), (0, 0, 100, 255), (0, 0, 100, 128), (0, 0, 0, 0)


def pixels(*colours):
    return b"".join(map(bytes, colours))


def shown(data):
    """The pixels of the first frame, as red, green, blue, alpha."""
    with open_image(io.BytesIO(data)) as image:
        raw = image.tobytes()
    return [tuple(raw[start : start + 4]) for start in range(0, len(raw), 4)]


def refused(data):
    with pytest.raises(DecodeError) as error:
        decode(REF, data)
    return error.value.code, str(error.value)


def test_a_sprite_is_an_image_of_its_format_and_size():
    facts = decode(REF, sprite((3, 2))).facts
    assert (facts.format, facts.width, facts.height) == ("ASEPRITE", 3, 2)


def test_a_sprite_and_its_exported_png_are_one_picture():
    data = aseprite(
        (2, 1), [layer(), layer(), cel(0, (2, 1), pixels(RED, NOTHING)), cel(1, (2, 1), pixels(GLASS, GLASS))]
    )
    exported = Image.frombytes("RGBA", (2, 1), pixels((100, 0, 50, 255), GLASS))
    one, other = decode(REF, data).facts, decode(REF, encoded(exported)).facts
    assert (one.hash_id, one.picture_hash) == (other.hash_id, other.picture_hash)


def test_quotients_are_cut_off_as_by_aseprite():
    """Rounded to the nearest they would be 161, 122 and 54."""
    data = aseprite((1, 1), [layer(), layer(), cel(0, (1, 1), pixels((100, 200, 0, 255))),
                             cel(1, (1, 1), pixels((255, 0, 137, 100)))])  # fmt: skip
    assert shown(data) == [(160, 122, 53, 255)]


def test_opacity_of_layer_and_cel_is_multiplied():
    data = aseprite((1, 1), [layer(opacity=128), cel(0, (1, 1), pixels(RED), opacity=128)])
    assert shown(data) == [(200, 0, 0, 64)]
    assert shown(aseprite((1, 1), [layer(opacity=128), cel(0, (1, 1), pixels(RED))], flags=0)) == [RED]


def test_hidden_layers_groups_and_reference_layers_are_not_shown():
    hidden_group = [layer(flags=0, kind=1), layer(level=1), layer(kind=1, level=1), layer(level=2)]
    layers = [layer(), layer(flags=0), layer(flags=1 | 64), *hidden_group, layer(kind=1), layer(level=1)]
    red = [cel(number, (1, 1), pixels(RED)) for number in (1, 2, 4, 6)]
    assert shown(aseprite((2, 1), [*layers, cel(0, (1, 1), pixels(BLUE)), *red])) == [BLUE, NOTHING]
    assert shown(aseprite((2, 1), [*layers, cel(8, (1, 1), pixels(BLUE), at=(1, 0))])) == [NOTHING, BLUE]


def test_a_cel_that_lies_partly_outside_is_cut():
    data = aseprite((2, 2), [layer(), cel(0, (2, 2), pixels(RED, RED, RED, BLUE), at=(-1, -1)),
                             cel(0, (1, 1), pixels(RED), at=(9, 9))])  # fmt: skip
    assert shown(data) == [BLUE, NOTHING, NOTHING, NOTHING]


def test_a_z_index_moves_a_cel_over_other_layers():
    cels = [cel(0, (1, 1), pixels(RED), z_index=1), cel(1, (1, 1), pixels(BLUE))]
    assert shown(aseprite((1, 1), [layer(), layer(), *cels])) == [RED]


def test_greys_have_a_value_and_an_alpha():
    data = aseprite((2, 1), [layer(), cel(0, (2, 1), bytes([90, 255, 7, 30]))], depth=16)
    assert shown(data) == [(90, 90, 90, 255), (7, 7, 7, 30)]


def test_indices_mean_colours_and_one_of_them_nothing():
    chunks = [palette([RED, BLUE, GLASS]), layer(), cel(0, (3, 1), bytes([0, 1, 2]))]
    assert shown(aseprite((3, 1), chunks, depth=8, transparent=1)) == [RED, NOTHING, GLASS]
    chunks[1] = layer(flags=1 | 8)  # a background has no index for nothing
    assert shown(aseprite((3, 1), chunks, depth=8, transparent=1)) == [RED, BLUE, GLASS]


@pytest.mark.parametrize(("kind", "value"), [(0x0004, 200), (0x0011, 50)])
def test_old_palettes_are_read_where_there_is_no_new_one(kind, value):
    old = chunk(kind, bytes([1, 0, 3, 1, value, 0, 0]))  # one packet, from index 3, one colour
    chunks = [old, layer(), cel(0, (1, 1), bytes([3]))]
    red = value if kind == 0x0004 else value << 2 | value >> 4
    assert shown(aseprite((1, 1), chunks, depth=8)) == [(red, 0, 0, 255)]
    assert shown(aseprite((1, 1), [palette([BLUE], first=3), *chunks], depth=8)) == [BLUE]


def test_cels_that_are_not_packed_are_read():
    assert shown(aseprite((2, 1), [layer(), cel(0, (2, 1), pixels(RED, BLUE), kind=0)])) == [RED, BLUE]


def test_tiles_are_laid_out_and_mirrored():
    tile = pixels(RED, BLUE, GLASS, NOTHING)  # red and blue above glass and nothing
    chunks = [tileset(5, 2, 2, pixels(*[RED] * 4) + tile), layer(kind=2, tileset=5)]

    def laid(number):
        return shown(aseprite((2, 2), [*chunks, tiled_cel(0, (1, 1), [number])]))

    assert laid(0) == [NOTHING] * 4  # the empty tile, whatever it holds
    assert laid(9) == [NOTHING] * 4
    assert laid(1) == [RED, BLUE, GLASS, NOTHING]
    assert laid(1 | 0x80000000) == [BLUE, RED, NOTHING, GLASS]
    assert laid(1 | 0x40000000) == [GLASS, NOTHING, RED, BLUE]
    assert laid(1 | 0x20000000) == [RED, GLASS, BLUE, NOTHING]
    assert laid(1 | 0xA0000000) == [GLASS, RED, NOTHING, BLUE]  # turned to the right by 90 degrees
    row = aseprite((4, 2), [*chunks, tiled_cel(0, (2, 1), [1, 1])])
    assert shown(row) == [RED, BLUE, RED, BLUE, GLASS, NOTHING, GLASS, NOTHING]


def test_only_the_first_frame_counts():
    one = aseprite((1, 1), [layer(), cel(0, (1, 1), pixels(RED))])
    other = aseprite((1, 1), [cel(0, (1, 1), pixels(BLUE))])[128:]
    assert shown(one + other) == [RED]


@pytest.mark.parametrize(
    ("chunks", "flags", "what"),
    [
        ([layer(mode=1), cel(0, (1, 1), pixels(RED))], 1, "a layer with another blend mode than 'normal'"),
        ([layer(kind=1, opacity=9)], 3, "a group with an opacity or a blend mode of its own"),
        ([layer(kind=2, tileset=1), tiled_cel(0, (1, 1), [1])], 1, "tiles that are in another file"),
        ([layer(kind=7)], 1, "a layer of an unknown kind"),
        ([layer(), cel(0, (1, 1), pixels(RED), kind=9)], 1, "a cel of an unknown kind"),
    ],
)
def test_what_is_not_drawn_is_refused_with_what_to_do(chunks, flags, what):
    code, sentence = refused(aseprite((1, 1), chunks, flags=flags))
    assert code == "unsupported"
    assert sentence.startswith(f"the sprite has {what}")
    assert sentence.endswith("which is not drawn here: export it as a PNG")


def test_what_is_not_drawn_costs_nothing_where_it_is_hidden():
    data = aseprite(
        (1, 1), [layer(flags=0, mode=1), layer(), cel(0, (1, 1), pixels(RED)), cel(1, (1, 1), pixels(BLUE))]
    )
    assert shown(data) == [BLUE]
    assert shown(aseprite((1, 1), [layer(kind=1, opacity=9), layer(level=1), cel(1, (1, 1), pixels(BLUE))])) == [BLUE]


def test_a_palette_of_adobe_is_no_picture_and_says_so():
    assert refused(b"ASEF\0\1\0\0\0\0\0\1") == (
        "not-an-image", "the content is a palette of colours (Adobe Swatch Exchange), not a picture"
    )  # fmt: skip


def test_a_decoding_process_draws_a_sprite():
    with Decoders(processes=1) as decoders, decoders.decoded(REF, sprite()) as image:
        assert image.facts.format == "ASEPRITE"
