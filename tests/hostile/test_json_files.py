"""Metadata and tag lists that are damaged, foreign, huge or contradictory: one line says so, and nothing is lost."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pytest

from image_tagging.datasets import metadata, read_tag_lists
from image_tagging.errors import MetadataError
from labelled import tag_lists

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # a stream that an error ends early

OTHER_FORMS = {
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "save it as UTF-8"),
    "UTF-16, high byte first": (lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"), "save it as UTF-8"),
    "Latin-1": (lambda data: data.replace(b'"', b'"\xe9', 1), "not valid JSON"),
    "gzip": (gzip.compress, "unpack it first"),
    "a zip": (lambda data: b"PK\x03\x04" + data, "unpack it first"),
    "Parquet": (lambda data: b"PAR1" + data, "call it .parquet"),
    "SQLite": (lambda data: b"SQLite format 3\x00" + data, "SQLite database"),
    "two objects": (lambda data: data + data, "after the end"),
    "a comma at the end": (lambda data: data.rstrip()[:-1] + b",}", "comma"),
    "NUL bytes at the end, as a crash leaves them": (lambda data: data + b"\x00" * 4096, "after the end"),
    "NUL bytes in the middle": (lambda data: data[:500] + b"\x00" * 100 + data[600:], "not valid JSON"),
}


@pytest.fixture
def used_as(trained, done):
    """``used_as(what)`` gives the command that takes a file as ``what``, up to that file."""
    return {
        "metadata of stage 2": lambda path: (
            "train", f"--tag_to_hash_json={trained.tag_lists}", f"--output={done}", f"--metadata_json={path}"),
        "tag lists": lambda path: (
            "train", f"--metadata_json={trained.metadata}", f"--output={done}", f"--tag_to_hash_json={path}"),
        "metadata of stage 3": lambda path: (
            "classify", f"--directory={trained.images}", f"--model={trained.models}", f"--output={done}",
            f"--metadata_json={path}"),
        "background": lambda path: (
            "train", f"--metadata_json={trained.metadata}", f"--tag_to_hash_json={trained.tag_lists}",
            f"--output={done}", f"--background={path}"),
    }  # fmt: skip


OF_METADATA = ["metadata of stage 2", "metadata of stage 3", "background"]
USES = [*OF_METADATA, "tag lists"]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("form", OTHER_FORMS)
def test_a_file_of_another_form(refused, used_as, trained, tmp_path, use, form):
    change, said = OTHER_FORMS[form]
    source = trained.tag_lists if use == "tag lists" else trained.metadata
    bad = tmp_path / "bad.json"
    bad.write_bytes(change(source.read_bytes()))
    message = refused(*used_as[use](bad))
    assert str(bad) in message
    assert said in message


@pytest.mark.parametrize("use", USES)
def test_a_folder_in_its_place(refused, used_as, tmp_path, use):
    (tmp_path / "folder.json").mkdir()
    assert "folder.json: Is a directory" in refused(*used_as[use](tmp_path / "folder.json"))


def test_json_under_the_name_of_parquet(refused, used_as, trained, tmp_path):
    pytest.importorskip("pyarrow")
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(trained.metadata.read_bytes())
    for use in OF_METADATA:
        assert "call it .json" in refused(*used_as[use](bad))


def test_a_byte_order_mark_is_no_harm(trained, tmp_path):
    for source, read in (
        (trained.metadata, lambda path: [image.hash_id for image in metadata.read_embeddings(path)[1]]),
        (trained.tag_lists, read_tag_lists),
    ):
        (tmp_path / source.name).write_bytes(b"\xef\xbb\xbf" + source.read_bytes())
        assert read(str(tmp_path / source.name)) == read(str(source))


NO_NUMBERS = {
    "NaN": "[NaN, 1]",
    "Infinity": "[Infinity, 1]",
    "null": "[null, 1]",
    "a truth value": "[true, 1]",
    "a text": '["1", 1]',
    "a list": "[[1], 1]",
    "a number beyond float32": "[1e39, 1]",
    "a number beyond float64": "[1e999, 1]",
    "a whole number of ten thousand digits": f"[{'9' * 10_000}, 1]",
    "lists ten thousand deep": "[" * 10_000 + "]" * 10_000,
    "half a character": '["\\ud800"]',
}


@pytest.mark.parametrize("what", NO_NUMBERS)
@pytest.mark.parametrize("place", [0, -1], ids=["first", "last"])
def test_an_embedding_of_no_numbers(refused, used_as, trained, tmp_path, what, place):
    records = json.loads(trained.metadata.read_text(encoding="utf-8"))
    width = len(next(iter(records.values()))["embeddings_vector"])
    records[list(records)[place]]["embeddings_vector"] = "HERE"
    ones = NO_NUMBERS[what].replace(", 1]", ", 1" * (width - 1) + "]")
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(records).replace('"HERE"', ones), encoding="utf-8")
    for use in OF_METADATA:
        assert "bad.json" in refused(*used_as[use](bad))


@pytest.mark.parametrize("place", [0, -1], ids=["first", "last"])
def test_an_embedding_of_another_length(refused, used_as, trained, tmp_path, place):
    records = json.loads(trained.metadata.read_text(encoding="utf-8"))
    records[list(records)[place]]["embeddings_vector"].pop()
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(records), encoding="utf-8")
    for use in OF_METADATA:
        message = refused(*used_as[use](bad))
        assert "1024" in message
        assert "1023" in message


def lines_of(trained):
    """The metadata file as it was written: a brace, a line a record, a brace."""
    return trained.metadata.read_text(encoding="utf-8").splitlines()


def test_a_picture_that_is_told_twice_alike_is_no_harm(trained, tmp_path):
    first, *rest = lines_of(trained)
    twice = tmp_path / "twice.json"
    twice.write_text("\n".join([first, rest[0], *rest]), encoding="utf-8")
    images = list(metadata.read_embeddings(str(twice))[1])
    assert images[0].hash_id == images[1].hash_id
    assert len(images) == 25


def test_a_picture_that_is_told_twice_and_not_alike(refused, used_as, trained, tmp_path):
    first, *rest = lines_of(trained)
    hash_id, record = next(iter(json.loads("{" + rest[0].rstrip(",") + "}").items()))
    record["embeddings_vector"][0] += 1
    twice = tmp_path / "twice.json"
    twice.write_text(
        "\n".join([first, *rest[:-2], rest[-2] + ",", json.dumps({hash_id: record})[1:]]), encoding="utf-8"
    )
    for use in OF_METADATA:
        assert "record 25 came before with another embedding" in refused(*used_as[use](twice))


def test_a_tag_with_two_lists(refused, used_as, tmp_path):
    (tmp_path / "twice.json").write_text('{"cat": ["1"], "cat": ["1"], "dog": []}', encoding="utf-8")
    assert read_tag_lists(str(tmp_path / "twice.json")) == tag_lists({"cat": ["1"], "dog": []})
    (tmp_path / "twice.json").write_text('{"cat": ["1"], "cat": ["2"], "dog": []}', encoding="utf-8")
    assert "'cat' has two lists" in refused(*used_as["tag lists"](tmp_path / "twice.json"))


def test_a_file_that_ends_anywhere_is_never_taken_for_whole(trained, tmp_path):
    data = trained.tag_lists.read_bytes()
    for length in range(0, len(data) - 2, 97):
        (tmp_path / "cut.json").write_bytes(data[:length])
        with pytest.raises(MetadataError):
            read_tag_lists(str(tmp_path / "cut.json"))


#: Reads a metadata file to its end or its error; says what became of it, and the most memory that was held, in MiB.
_READING = """
import resource, sys
from image_tagging.errors import MetadataError
from image_tagging.datasets.metadata import read_embeddings
import numpy
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    said = sum(1 for _ in read_embeddings(sys.argv[1])[1])
except MetadataError as error:
    said = error
print(said)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def read_apart(path):
    done = subprocess.run(
        [sys.executable, "-c", _READING, str(path)], check=False, capture_output=True, encoding="utf-8", timeout=600
    )
    assert (done.returncode, done.stderr) == (0, "")
    said, memory = done.stdout.splitlines()
    return said, int(memory)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells the memory of a process in another way")
@pytest.mark.parametrize("kind", ["records", "a list that never ends", "a text that never ends", "brackets", "spaces"])
def test_300_mb_in_one_line_need_little_memory(tmp_path, kind):
    huge = tmp_path / "huge.json"
    record = '{"model": "m", "pretrained": "p", "embeddings_vector": [' + ", ".join(["0.125"] * 512) + "]}"
    with open(huge, "w", encoding="utf-8") as file:
        file.write("{")
        if kind == "records":
            file.writelines(f'{", " if number else ""}"{number}": {record}' for number in range(84_000))
            file.write("}")
        else:
            start, piece = {
                "a list that never ends": ('"a": [', "1, "),
                "a text that never ends": ('"a": "', "xyz"),
                "brackets": ('"a": ', "[[["),
                "spaces": ("", "   "),
            }[kind]
            file.write(start)
            file.writelines(piece * 1_000_000 for _ in range(100))
    assert huge.stat().st_size > 290e6
    said, memory = read_apart(huge)
    if kind == "records":
        assert said == "84000"
    else:
        assert any(words in said for words in ("longer than 64 MiB", "more than 2,000,000 values", "1,000 deep"))
    assert memory < (32 if kind == "records" else 400)
    huge.unlink()
