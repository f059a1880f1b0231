"""JSON objects as a stream: what is read does not depend on layout or on where the reading breaks off."""

from __future__ import annotations

import io
import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_tagging.datasets import FileErrors, json_objects
from image_tagging.datasets.json_objects import json_entries, json_entry, json_pieces
from image_tagging.datasets.json_writer import JsonObjectWriter
from image_tagging.errors import MetadataError
from samples import with_a_piece

PLAIN = st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=5)
#: One entry a line, as our files have it; and as others lay it out.
LINES = "one entry a line"
LAYOUTS = [
    LINES,
    {},
    {"indent": 2},
    {"separators": (",", ":")},
    {"ensure_ascii": False},
    {"indent": 0, "ensure_ascii": False},
]
NASTY = [*'{}[]",:\\ 0\n', '\\"', '"}"', "{}", "null", ",,"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("json") / "m.json"


def entries(path, text, chunk, **limits):
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"CHUNK": chunk, **limits}.items():
            patch.setattr(json_objects, name, value)
        return list(json_entries(str(path)))


def spelt(value, layout):
    if layout != LINES:
        return json.dumps(value, **layout)
    file = io.BytesIO()
    writer = JsonObjectWriter(file)
    for key, each in value.items():
        writer.add(key, each)
    writer.finish()
    return file.getvalue().decode()


@settings(deadline=None)
@given(OBJECTS, st.sampled_from(LAYOUTS), st.integers(1, 1000))
def test_every_object_is_read_entry_by_entry(path, value, layout, chunk):
    assert entries(path, spelt(value, layout), chunk) == list(value.items())


@settings(deadline=None)
@given(OBJECTS, st.sampled_from([{}, LINES]), st.data(), st.integers(1, 1000))
def test_what_is_no_json_is_refused_and_nothing_else(path, value, layout, data, chunk):
    text = with_a_piece(spelt(value, layout), data, NASTY)
    try:
        expected = orjson.loads(text)
    except orjson.JSONDecodeError:
        expected = None
    if isinstance(expected, dict):
        assert dict(entries(path, text, chunk)) == expected
    else:
        with pytest.raises(MetadataError) as raised:
            entries(path, text, chunk)
        assert "\n" not in str(raised.value)


@settings(deadline=None)
@given(OBJECTS, st.sampled_from(LAYOUTS), st.integers(1, 1000))
def test_each_entry_is_found_at_its_place(path, value, layout, chunk):
    value = {key: each for key, each in value.items() if isinstance(each, (dict, list))}
    text = spelt(value, layout).encode()
    for start in (b"", b"\xef\xbb\xbf", b" \n\n"):
        path.write_bytes(start + text)
        with pytest.MonkeyPatch.context() as patch, open(path, "rb") as file:
            patch.setattr(json_objects, "CHUNK", chunk)
            places = [(at, length) for at, length, found in json_pieces(FileErrors(str(path)), file) if found]
            assert [json_entry(path.read_bytes()[at : at + length]) for at, length in places] == list(value.items())


@pytest.mark.parametrize("text", ['{\n"a": {}, "a": [1]\n}', '{\n"a": {},\n"a": [1]\n}', '{"a":{},"a":[1]}'])
def test_a_key_that_comes_twice_is_given_twice(path, text):
    assert entries(path, text, 1 << 16) == [("a", {}), ("a", [1])]


def test_an_entry_that_does_not_end_is_not_held(path):
    with pytest.raises(MetadataError, match="an entry is longer than"):
        entries(path, '{"h1": [' + "[1, 2]," * 1000, 64, _LONGEST_ENTRY=1000)


def test_the_line_of_an_error_is_reported(path):
    with pytest.raises(MetadataError, match="not valid JSON at line 4 "):
        entries(path, '{\n "a": {"x": 1},\n "b": {\n  "y": nonsense}\n}', 1 << 16)


@pytest.mark.parametrize("length", [json_objects.CHUNK - 40, json_objects.CHUNK, 10 * json_objects.CHUNK])
@pytest.mark.parametrize("ending", ["\n}\n", "}", '\n, "b": {"x": [1]}}', ',\n"b": {"x": [1]}}\n\n'])
def test_a_line_longer_than_what_is_read_at_a_time_is_one_entry(tmp_path, monkeypatch, length, ending):
    value = {"scores": [{"p": 0.5, "t": "a]b}"}] * (length // 22)}
    text = '{\n"a": ' + json.dumps(value) + ending
    (tmp_path / "x.json").write_text(text)
    assert list(json_entries(str(tmp_path / "x.json"))) == list(json.loads(text).items())
    monkeypatch.setattr(json_objects, "_LONGEST_LINE", 100)  # a longer one is read token by token
    assert list(json_entries(str(tmp_path / "x.json"))) == list(json.loads(text).items())


def test_a_long_line_that_is_cut_short_is_malformed(tmp_path):
    (tmp_path / "x.json").write_text('{\n"a": {"x": [' + "1, " * json_objects.CHUNK)
    with pytest.raises(MetadataError, match="cut short"):
        list(json_entries(str(tmp_path / "x.json")))
