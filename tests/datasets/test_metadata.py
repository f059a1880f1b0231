"""The JSON files of stage 1: written whole, read in every layout, refused with a line that names the file."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from image_tagging.addresses import ImageRef
from image_tagging.datasets.metadata import (
    RECORDS_MARK,
    as_json,
    json_object,
    read_embeddings,
    untagged_metadata_name,
)
from image_tagging.errors import EncoderMismatchError, MetadataError, OutputError
from image_tagging.records import EncoderSpec, ImageRecord

CLIP = EncoderSpec("ViT-B-32", "openai", 4, "bicubic")


def record(hash_id="h1", embedding=(1.0, 2.0, 3.0, 4.0), path="/data/cat/1.png", encoder=CLIP):
    vector = np.array(embedding, dtype=np.float32)
    return ImageRecord(ImageRef(path), hash_id, "p", "PNG", 99, 12, 8, ("cat", "pet"), vector, encoder)


def written(path, records, *, tagged=True):
    with json_object(str(path), RECORDS_MARK) as writer:
        for each in records:
            writer.add(each.hash_id, as_json(each, tagged=tagged))
    return str(path)


def read(path):
    encoder, images = read_embeddings(str(path))
    return encoder, list(images)


def plain_record(**changes):
    """A record as the original wrote it."""
    values = {"file_path": "E:\\1.jpg", "model": "ViT-B-32", "pretrained": "openai", "embeddings_vector": [1, 2.5]}
    return {**values, **changes}


# --- writing ----------------------------------------------------------------------------------------------


def test_a_record_has_the_documented_keys():
    expected = {
        "hash_id": "h1",
        "file_path": "/data/cat/1.png",
        "address": ["/data/cat/1.png"],
        "file_name": "1.png",
        "file_type": "PNG",
        "image_size_bytes": 99,
        "image_resolution": [12, 8],
        "image_xsize": 12,
        "image_ysize": 8,
        "image_tags": ["cat", "pet"],
        "embeddings_type": "CLIP",
        "model": "ViT-B-32",
        "pretrained": "openai",
    }
    tagged = as_json(record(), tagged=True)
    assert tagged.pop("embeddings_vector").tolist() == [1, 2, 3, 4]
    assert tagged == expected
    assert list(tagged) == list(expected)
    assert "image_tags" not in as_json(record(), tagged=False)


def test_the_file_is_one_json_object_keyed_by_hash(tmp_path):
    path = written(tmp_path / "m.json", [record("h1"), record("h2", path="/data/it's 猫.png")])
    with open(path, encoding="utf-8") as file:
        whole = json.load(file)
    assert list(whole) == ["h1", "h2"]
    assert whole["h2"]["file_name"] == "it's 猫.png"


def test_a_name_that_is_no_utf8_is_written(tmp_path):
    path = written(tmp_path / "m.json", [record(path="/data/caf\udce9.png")])
    assert read(path)[1][0].file_path == "/data/caf\\udce9.png"


@pytest.mark.parametrize("name", ["caf\udce9.png", r"caf\udce9.png", "\\\udce9.png", "猫.png"])
def test_the_exact_address_comes_back_for_odd_names(tmp_path, name):
    path = written(tmp_path / "m.json", [record(path=f"/data/{name}")])
    assert read(path)[1][0].address == ImageRef(f"/data/{name}")


def test_metadata_without_addresses_is_read(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"h1": plain_record()}))
    assert read(path)[1][0].address is None


@pytest.mark.parametrize(
    "address", ["/d/1.png", [], [""], [1], [["/d/1.png"]], {}, ["a"] * 65, ["a" * 2**21], 0, False]
)
def test_a_malformed_address_is_refused_in_one_line(tmp_path, address):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"h\n1": plain_record(address=address)}))
    with pytest.raises(MetadataError, match=r"the address of h\\n1… (is|lacks)") as raised:
        read(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_interrupted_writing_leaves_the_earlier_file_whole(tmp_path):
    path = written(tmp_path / "m.json", [record()])
    before = read(path)[1]

    def interrupted():
        with json_object(path, RECORDS_MARK) as writer:
            writer.add("h9", {})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [image.hash_id for image in read(path)[1]] == [image.hash_id for image in before]
    assert os.listdir(tmp_path) == ["m.json"]


def test_a_file_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "m.json").mkdir()
    with pytest.raises(OutputError, match=r"m\.json"):
        written(tmp_path / "m.json", [record()])


def test_the_name_of_an_untagged_metadata_file(tmp_path):
    (tmp_path / "my.photos").mkdir()
    assert untagged_metadata_name(str(tmp_path / "my.photos") + os.sep, str(tmp_path)) == "my.photos-metadata.json"
    assert untagged_metadata_name(str(tmp_path / "my.photos.ZIP"), str(tmp_path)) == "my.photos-metadata.json"
    assert untagged_metadata_name(str(tmp_path / "my.photos.tar.gz"), str(tmp_path)) == "my.photos-metadata.json"


# --- reading what was written -----------------------------------------------------------------------------


@given(arrays(np.float32, 4, elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_every_finite_embedding_comes_back_bit_for_bit(tmp_path_factory, vector):
    path = written(tmp_path_factory.mktemp("m") / "m.json", [record(embedding=vector)])
    (image,) = read(path)[1]
    assert image.embedding.dtype == np.float32
    assert image.embedding.tobytes() == vector.tobytes() or (image.embedding == vector).all()


def test_the_encoder_and_the_pictures_come_back(tmp_path):
    path = written(tmp_path / "m.json", [record("h1"), record("h2", path="/data/2.png")])
    encoder, images = read(path)
    assert encoder.matches(CLIP)
    assert [(image.hash_id, image.file_path) for image in images] == [("h1", "/data/cat/1.png"), ("h2", "/data/2.png")]


def test_the_records_are_read_as_a_stream(tmp_path):
    path = written(tmp_path / "m.json", [record(f"h{number}") for number in range(50)])
    with open(path, "a") as file:
        file.write("what follows is not looked at before it is reached")
    images = read_embeddings(path)[1]
    assert next(images).hash_id == "h0"
    images.close()


@pytest.mark.parametrize("layout", [{}, {"indent": 4}, {"indent": 0}, {"indent": "\t"}, {"separators": (",", ":")}])
def test_other_layouts_are_read_as_well(tmp_path, layout):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"h1": plain_record(), "h2": plain_record(file_path="b")}, **layout))
    encoder, images = read(path)
    assert encoder.matches(EncoderSpec("ViT-B-32", "openai", 2, ""))
    assert [image.file_path for image in images] == ["E:\\1.jpg", "b"]
    assert images[0].embedding.tolist() == [1, 2.5]


def test_lines_with_a_closing_brace_of_their_own_are_read(tmp_path):
    path = tmp_path / "m.json"
    path.write_bytes(b'{\r\n"h1": ' + json.dumps(plain_record()).encode() + b"\r\n}\r\n")
    assert [image.hash_id for image in read(path)[1]] == ["h1"]


# --- what is refused --------------------------------------------------------------------------------------

WHOLE = json.dumps({"h1": plain_record()})
FIRST_LINES = "{\n" + WHOLE[1:-1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("", "it is empty", id="an empty file"),
        pytest.param("{}", "holds no image", id="an empty object"),
        pytest.param("{\n}\n", "holds no image", id="an empty object of ours"),
        pytest.param("{\n", "cut short", id="nothing but the first line"),
        pytest.param(WHOLE[:-9], "not valid JSON", id="cut short on one line"),
        pytest.param(FIRST_LINES + ",\n", "cut short", id="the last line is missing"),
        pytest.param(FIRST_LINES + ',\n"h2": {"fi', "cut short", id="cut short within a line"),
        pytest.param(FIRST_LINES + ",\nnonsense\n}\n", "line 3", id="nonsense in a line"),
        pytest.param(FIRST_LINES + ",\n}\n", "comma", id="a comma too many"),
        pytest.param(FIRST_LINES + FIRST_LINES[1:] + "}", "comma", id="a comma too few"),
        pytest.param(WHOLE.replace("]", "}", 1), "not valid JSON", id="brackets that do not match"),
        pytest.param(WHOLE.replace("openai", "open\nai"), "not valid JSON", id="a line end within a text"),
        pytest.param(WHOLE + "}", "goes on after the end", id="a brace too many"),
        pytest.param(WHOLE + "\n" + WHOLE, "goes on after the end", id="two objects"),
        pytest.param("[1, 2]", "holds no JSON object", id="a list"),
        pytest.param('"text"', "holds no JSON object", id="a text"),
        pytest.param("hello", "holds no JSON object", id="no JSON"),
        pytest.param('{"h1": 3}', "is not a record", id="a number for a record"),
        pytest.param('{"h1": {"a": 1}}', "lacks model, pretrained or embeddings_vector", id="a foreign record"),
        pytest.param(WHOLE.replace("2.5", "NaN"), "not valid JSON", id="NaN"),
        pytest.param(WHOLE.replace("2.5", "null"), "not a list of finite numbers", id="null in the vector"),
        pytest.param(WHOLE.replace("2.5", '"2"'), "not a list of finite numbers", id="a text in the vector"),
        pytest.param(WHOLE.replace("2.5", "true"), "not a list of finite numbers", id="a truth in the vector"),
        pytest.param(WHOLE.replace("2.5", "[3]"), "not a list of finite numbers", id="a list in the vector"),
        pytest.param(WHOLE.replace("2.5", "1e300"), "not a list of finite numbers", id="more than a float holds"),
        pytest.param(WHOLE.replace("[1, 2.5]", "[]"), "lacks model", id="an empty vector"),
        pytest.param(WHOLE.replace("[1, 2.5]", "7"), "lacks model", id="no vector"),
        pytest.param(WHOLE.replace('"openai"', "null"), "lacks model", id="no weights named"),
        pytest.param('{"猫": [[[[', "not valid JSON", id="cut short after other letters"),
    ],
)
def test_a_file_that_is_no_metadata_is_named_in_one_line(tmp_path, content, words):
    path = tmp_path / "m.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MetadataError, match=words) as raised:
        read(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_text_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "m.json"
    path.write_bytes(json.dumps({"h1": plain_record(file_path="café")}, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(MetadataError, match="not valid JSON"):
        read(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "m.json"
    path.write_bytes(b"\xfe\xfd\x00\x01{")
    with pytest.raises(MetadataError, match="holds no JSON object"):
        read(path)


def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path):
    with pytest.raises(MetadataError, match=r"cannot read .*gone\.json: No such file"):
        read(tmp_path / "gone.json")
    with pytest.raises(MetadataError, match="cannot read"):
        read(tmp_path)


@pytest.mark.parametrize(
    "change", [{"model": "ViT-L-14"}, {"pretrained": "laion2b"}, {"embeddings_vector": [1.0, 2.0, 3.0]}]
)
def test_embeddings_of_several_encoders_in_one_file_are_refused(tmp_path, change):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"h1": plain_record(), "h2": plain_record(**change)}))
    with pytest.raises(EncoderMismatchError, match=r"mixes encoders|with 2 values and with 3") as raised:
        read(path)
    assert str(path) in str(raised.value)


def test_names_that_are_no_line_are_refused_in_one(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"a\nb": plain_record(embeddings_vector=[None])}))
    with pytest.raises(MetadataError, match=r"a\\nb") as raised:
        read(path)
    assert "\n" not in str(raised.value)
    path.write_text(json.dumps({"1": plain_record(model="m" * 1001)}))
    with pytest.raises(MetadataError, match="a model is longer than 1,000 characters"):
        read(path)
    path.write_text(json.dumps({"1": plain_record(), "2": plain_record(model="a\n" + "b" * 900)}))
    with pytest.raises(EncoderMismatchError, match=r"a\\nb") as raised:
        read(path)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 1000
