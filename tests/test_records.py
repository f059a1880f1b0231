"""Addresses and what is derived from them; identities of encoders."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging.addresses import ImageRef
from image_tagging.records import EncoderSpec, Failure


def test_a_path_leads_through_the_archives():
    ref = ImageRef("/data/photos.zip", ("inner.zip", "cat/7.PNG"))
    assert ref.path == "/data/photos.zip/inner.zip/cat/7.PNG"
    assert ref.name == "7.PNG"
    assert ref.suffix == ".png"
    assert ref.archive == "/data/photos.zip/inner.zip"


#: Names with bytes that are no UTF-8, and with the very text by which these are spelt.
ODD_NAMES = [
    "caf\udce9.png",
    r"caf\udce9.png",
    "\\\udce9",
    r"C:\\udce9\\\udcff",
    "\ud83d\ude00",
    "猫🐱\n",
    r"C:\up\ud.png",
]
NAMES = st.one_of(st.text(st.characters(), min_size=1), st.text("\\ude9\udce9", min_size=1))


@given(st.lists(NAMES | st.sampled_from(ODD_NAMES), min_size=1, max_size=5))
def test_an_address_gives_exactly_the_reference_back(names):
    ref = ImageRef(names[0], tuple(names[1:]))
    "".join(ref.address).encode("utf-8")
    assert ImageRef.of(ref.address) == ref


def test_only_bytes_that_are_no_text_and_their_spelling_are_escaped_in_an_address():
    assert ImageRef("/d/猫 \\u.zip", ("C:\\x.png",)).address == ["/d/猫 \\u.zip", "C:\\x.png"]
    assert ImageRef("/d/caf\udce9.png").address == [r"/d/caf\udce9.png"]
    assert ImageRef(r"/d/caf\udce9.png").address == [r"/d/caf\\udce9.png"]


@pytest.mark.parametrize(
    "address", [None, "/d/1.png", [], [""], ["/d/a.zip", ""], [1], ["/d", None], {"/d": 1}, ["a"] * 65, ["a" * 2**21]]
)
def test_what_is_no_address_is_refused_in_words(address):
    with pytest.raises(ValueError, match=r"^(is|lacks) "):
        ImageRef.of(address)


def test_a_plain_file_lies_in_no_archive():
    ref = ImageRef("/data/cat/7.png")
    assert (ref.path, ref.name, ref.archive) == ("/data/cat/7.png", "7.png", None)


def test_a_backslash_is_a_part_of_a_name():
    assert ImageRef("a.zip", ("cat\\7.png",)).name == "cat\\7.png"


@pytest.mark.parametrize(
    "name", ["it's.png", 'say "cheese".png', "猫.png", "🐱 🐈.png", "a\\b.png", " .png", "%s{}.png"]
)
def test_odd_names_are_kept_as_they_are(name):
    assert ImageRef("/data/" + name).name == name
    assert ImageRef("/data/" + name).path == "/data/" + name


def test_a_name_that_is_no_utf8_can_be_printed_and_the_address_keeps_its_bytes():
    ref = ImageRef("/d\udcff/caf\udce9.png")
    assert (ref.path, ref.name) == ("/d\\udcff/caf\\udce9.png", "caf\\udce9.png")
    ref.path.encode("utf-8")
    assert ref.file == "/d\udcff/caf\udce9.png"


def test_what_a_stranger_calls_an_encoder_stays_on_one_line():
    assert EncoderSpec("a\nimage-tagging: done", "b\x1b[2J", 3, "").label == "a\\nimage-tagging: done/b\\x1b[2J"


def test_encoders_match_by_name_weights_and_length_whatever_the_preprocessing_is_called():
    spec = EncoderSpec("ViT-B-32", "openai", 512, "bicubic")
    assert spec.matches(dataclasses.replace(spec, preprocess=""))
    assert not spec.matches(dataclasses.replace(spec, name="ViT-L-14"))
    assert not spec.matches(dataclasses.replace(spec, pretrained="laion2b"))
    assert not spec.matches(dataclasses.replace(spec, dim=768))
    assert spec.label == "ViT-B-32/openai"


@pytest.mark.parametrize(
    ("name", "family", "reads_text"),
    [("ViT-B-32", "CLIP", True), ("unknown", "CLIP", True), ("builtin", "builtin", False)],
)
def test_a_spec_knows_its_family_by_its_name(name, family, reads_text):
    spec = EncoderSpec(name, "2", 8, "")
    assert (spec.family, spec.reads_text) == (family, reads_text)
    assert dataclasses.asdict(spec) == {"name": name, "pretrained": "2", "dim": 8, "preprocess": ""}  # as files have it


def test_values_do_not_change():
    failure = Failure(ImageRef("a.png"), "read", "missing", "it is gone")
    with pytest.raises(dataclasses.FrozenInstanceError):
        failure.code = "other"
    assert {ImageRef("a.png"): 1}[ImageRef("a.png")] == 1
