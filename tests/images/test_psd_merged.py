"""PSD files: the merged picture where they hold one, else the sentence that says what to do."""

from __future__ import annotations

import pytest

from drawings import psd
from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode
from samples import drawn, encoded

REF = ImageRef("drawing.psd")


@pytest.mark.parametrize("has_merged", [True, None])
def test_the_picture_is_the_merged_one(has_merged):
    one, other = (decode(REF, data).facts for data in (psd(drawn(), has_merged=has_merged), encoded(drawn())))
    assert (one.hash_id, one.picture_hash) == (other.hash_id, other.picture_hash)
    assert one.format == "PSD"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            psd(drawn(), has_merged=False),
            "the PSD was saved without a picture of all its layers: save it with 'Maximize Compatibility', or export "
            "it as a PNG",
        ),
        (psd(drawn(), bits=16), "PSD files of 16 bits a channel cannot be read: save it with 8 bits, or as a PNG"),
        (psd(drawn(), bits=32), "PSD files of 32 bits a channel cannot be read: save it with 8 bits, or as a PNG"),
        (psd(drawn(), version=2), "large Photoshop documents (PSB) cannot be read: export it as a PNG"),
    ],
    ids=["without a merged picture", "16 bits", "32 bits", "PSB"],
)
def test_a_psd_that_holds_no_picture_says_what_to_do(data, sentence):
    with pytest.raises(DecodeError) as error:
        decode(REF, data)
    assert (error.value.code, str(error.value)) == ("unsupported", sentence)


def test_a_drawing_of_gimp_says_what_to_do_under_any_name():
    with pytest.raises(DecodeError, match=r"^XCF drawings of GIMP hold no picture of all their layers: export it as"):
        decode(REF, b"gimp xcf v011\0" + bytes(99))


def test_indices_without_a_palette_are_damage():
    data = bytearray(psd(drawn()))
    data[24:26] = b"\0\2"  # indexed
    with pytest.raises(DecodeError) as error:
        decode(REF, bytes(data))
    assert (error.value.code, str(error.value)) == ("damaged", "the picture has no palette for its indices")
