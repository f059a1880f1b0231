"""Tag lists as a stream: what is read is what a parser of JSON reads, and of each hash 16 bytes are kept."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from image_tagging.datasets import read_tag_lists
from image_tagging.datasets import tag_lists as module
from image_tagging.datasets.metadata import write_lists
from image_tagging.errors import MetadataError
from labelled import tag_lists
from samples import with_a_piece

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(['"', "\\", "a,b", "]", "é", "\n"])
LISTS = st.dictionaries(TEXTS, st.lists(TEXTS, max_size=5), max_size=5)
LAYOUTS = [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"indent": 0, "ensure_ascii": False}]
NASTY = [*'{}[]",:\\ 0\n', '\\"', '"]', "[]", "null", ",,", "\x0c"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("lists") / "t.json"


def read(path, text):
    path.write_bytes(text.encode())
    return read_tag_lists(str(path))


def refused(path, text):
    with pytest.raises(MetadataError) as raised:
        read(path, text)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_tag_lists_come_back(tmp_path):
    lists = {"cat": ["h1", "h2"], "it's": [], "猫": ["h1"]}
    write_lists(str(tmp_path / "t.json"), lists.items())
    assert read_tag_lists(str(tmp_path / "t.json")) == tag_lists(lists)


def test_no_tags_are_an_empty_object(tmp_path):
    write_lists(str(tmp_path / "t.json"), [])
    assert read_tag_lists(str(tmp_path / "t.json")) == {}


@pytest.mark.parametrize("content", ["[]", '{"cat": "h1"}', '{"cat": [1]}', '{"h1": {"model": "m"}}'])
def test_another_file_is_no_list_of_tags(path, content):
    said = refused(path, content)
    assert "not a list of hashes per tag" in said or "holds no JSON object" in said


@settings(deadline=None)
@given(LISTS, st.sampled_from(LAYOUTS))
def test_every_layout_is_read(path, lists, layout):
    assert read(path, json.dumps(lists, **layout)) == tag_lists(lists)


@settings(deadline=None, max_examples=300)
@given(LISTS, st.data())
@example({"a": ["1", "2"]}, None)
def test_what_is_no_tag_list_is_refused_and_nothing_else(path, lists, data):
    text = json.dumps(lists)
    if data is not None:
        text = with_a_piece(text, data, NASTY)
    try:
        expected = orjson.loads(text)
    except orjson.JSONDecodeError:
        expected = None
    is_lists = isinstance(expected, dict) and all(
        isinstance(hashes, list) and all(isinstance(each, str) for each in hashes) for hashes in expected.values()
    )
    if is_lists and text.count('":') == len(expected):  # no tag twice
        assert read(path, text) == tag_lists(expected)
    elif not is_lists:
        refused(path, text)


@pytest.mark.parametrize("count", [1, 199, 200, 201, 999, 40_000])
def test_long_lists_are_read_whole(path, count):
    hashes = [f"{number:032x}" for number in range(count)]
    assert read(path, json.dumps({"cat": hashes, "dog": hashes[:3]})) == tag_lists({"cat": hashes, "dog": hashes[:3]})


def test_a_hash_and_a_tag_have_a_longest_length(path):
    assert read(path, json.dumps({"t" * 65_000: ["😀" * 1000, "h" * 1000, "\x01" * 1000]}))
    assert "longer than 1,000 characters" in refused(path, json.dumps({"cat": ["h" * 1001]}))
    assert "longer than 1,000 characters" in refused(path, json.dumps({"cat": ["1", "h" * 1001, "2"]}))
    assert "longer than 65,536 bytes" in refused(path, json.dumps({"t" * 70_000: []}))
    assert "longer than 65,536 bytes" in refused(path, '{"' + "\\n" * 40_000)


def test_hashes_and_tags_are_counted(path, monkeypatch):
    monkeypatch.setattr(module, "_MOST_HASHES", 500)
    monkeypatch.setattr(module, "_MOST_TAGS", 3)
    assert len(read(path, json.dumps({"cat": list(map(str, range(500)))}))["cat"]) == 500
    assert "a tag has more than 500 hashes" in refused(path, json.dumps({"cat": list(map(str, range(501)))}))
    assert len(read(path, json.dumps({tag: [] for tag in "abc"}))) == 3
    assert "more than 3 tags" in refused(path, json.dumps({tag: [] for tag in "abcd"}))


def test_the_line_of_an_error_is_reported(path):
    assert "not valid JSON at line 3 " in refused(path, '{\n "cat": ["1",\n "2" "3"]}')
    assert "not valid JSON at line 70002 " in refused(path, '{\n "cat": [' + '"1",\n' * 70_000 + '"\\x"]}')
