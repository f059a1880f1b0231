"""JSON objects as a stream: what is read does not depend on layout or on where the reading breaks off."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_tagging.datasets import json_objects
from image_tagging.datasets.json_objects import json_entries
from image_tagging.errors import MetadataError
from samples import with_a_piece

PLAIN = st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=5)
LAYOUTS = [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"indent": 0, "ensure_ascii": False}]
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


@settings(deadline=None)
@given(OBJECTS, st.sampled_from(LAYOUTS), st.integers(1, 40))
def test_every_object_is_read_entry_by_entry(path, value, layout, chunk):
    assert entries(path, json.dumps(value, **layout), chunk) == list(value.items())


@settings(deadline=None)
@given(OBJECTS, st.data(), st.integers(1, 40))
def test_what_is_no_json_is_refused_and_nothing_else(path, value, data, chunk):
    text = with_a_piece(json.dumps(value), data, NASTY)
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


def test_an_entry_that_does_not_end_is_not_held(path):
    with pytest.raises(MetadataError, match="an entry is longer than"):
        entries(path, '{"h1": [' + "[1, 2]," * 1000, 64, _LONGEST_ENTRY=1000)


def test_the_line_of_an_error_is_reported(path):
    with pytest.raises(MetadataError, match="not valid JSON at line 4 "):
        entries(path, '{\n "a": {"x": 1},\n "b": {\n  "y": nonsense}\n}', 1 << 16)
