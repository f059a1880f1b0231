"""Results come back as records, of files of any version; what is none is named in one line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import InputError
from image_tagging.exporters import read_results, read_table
from image_tagging.exporters.tables import STAGE1, image_row, result_table
from image_tagging.records import EncoderSpec, FoundArchive, ImageRecord, ListedFile
from scored import results_of, scores_of

SCORES = [("ovr-svm", "cat", 0.25, False), ("lr", "a/b", 1.0, True)]
READ = [("cat", "ovr-svm", 0.25, False), ("a/b", "lr", 1.0, True)]
ENTRY = {"file_path": "/1.png", "classifiers_output": [{"model_type": "lr", "tag_name": "cat", "tag_prob": 0.5}]}

#: Where a path alone would not say which is meant, and names that are no text.
FILES = [
    ImageRef("/d/a.zip", ("b.zip", "1.png")),
    ImageRef("/d/a.zip", ("b.zip/1.png",)),
    ImageRef("/d/caf\udce9.png"),
    ImageRef(r"/d/caf\udce9.png"),
]


def written(folder, files, archives=None):
    picture = ImageRecord(files[0], "h", "p", "PNG", 1, 1, 1, (), np.zeros(2, np.float32), EncoderSpec("m", "v", 2, ""))
    with results_of(folder, SCORES, archives, place="none") as writer:
        writer.add(picture, [ListedFile(ref, 1) for ref in files], scores_of(SCORES))
        assert not writer.failures.count
    return folder


def test_pictures_come_back_with_their_exact_addresses_and_scores(tmp_path):
    (picture,) = read_results(str(written(tmp_path, FILES) / "output.json"))
    assert picture.hash_id == "h"
    assert picture.addresses == tuple(FILES)
    assert picture.file_paths == tuple(ref.path for ref in FILES)
    assert [tuple(score) for score in picture.scores] == READ


@pytest.mark.parametrize("content", [ENTRY, {**ENTRY, "file_paths": ["/1.png"]}, {**ENTRY, "more": [{}]}])
def test_results_of_earlier_versions_have_neither_addresses_nor_tagged(tmp_path, content):
    (tmp_path / "output.json").write_text(json.dumps({"h": content}))
    (picture,) = read_results(str(tmp_path / "output.json"))
    assert (picture.file_paths, picture.addresses) == (("/1.png",), ())
    assert [tuple(score) for score in picture.scores] == [("cat", "lr", 0.5, None)]


def test_results_are_read_as_a_stream(tmp_path):
    path = tmp_path / "output.json"
    path.write_text(json.dumps({"h1": ENTRY})[:-1] + ', "h2": nonsense')
    pictures = read_results(str(path))
    assert next(pictures).hash_id == "h1"
    with pytest.raises(InputError):
        next(pictures)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classifiers_output": None}, "has classifiers_output that are no list"),
        ({"classifiers_output": [1]}, "a score that is no object"),
        ({"classifiers_output": [{}]}, "lacks tag_name"),
        ({"classifiers_output": [{"tag_name": 1, "model_type": "lr", "tag_prob": 0}]}, "is no text"),
        ({"classifiers_output": [{"tag_name": "c", "model_type": "lr", "tag_prob": "1"}]}, "is no number"),
        ({"classifiers_output": [{"tag_name": "c", "model_type": "lr", "tag_prob": 1, "tagged": []}]}, "neither true"),
        ({"file_paths": "/1.png"}, "has file_paths that are no list"),
        ({"file_paths": [1]}, "a file_path that is no text"),
        ({"addresses": []}, "not one address for each"),
        ({"addresses": [["/1.png"], ["/2.png"]]}, "not one address for each"),
        ({"addresses": ["/1.png"]}, "an address that is no list of texts"),
        ({"addresses": [[]]}, "an address that lacks a name"),
    ],
)
def test_an_entry_that_is_no_picture_is_named_in_one_line(tmp_path, changes, words):
    path = tmp_path / "output.json"
    path.write_text(json.dumps({"a\nb": {**ENTRY, **changes}}))
    with pytest.raises(InputError, match=words) as raised:
        list(read_results(str(path)))
    assert str(path) in str(raised.value)
    assert "Give a file that stage 3 or 4 wrote" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"h": 1}', '{"h": [1]}', '{"h": {}}', '{"h": {"file_path": "/1.png"', "SQLite"]
)
def test_another_file_is_no_output_json(tmp_path, content):
    path = tmp_path / "output.json"
    path.write_text(content)
    with pytest.raises(InputError) as raised:
        list(read_results(str(path)))
    assert str(path) in str(raised.value)
    assert "metadata" not in str(raised.value)


# --- tables -----------------------------------------------------------------------------------------------


def test_rows_of_stage_1_come_back(tmp_path):
    with result_table(str(tmp_path / "stage1.db"), STAGE1) as table:
        table.add(image_row(STAGE1, ListedFile(ref, 1), "h") for ref in FILES)
    rows = list(read_table(str(tmp_path / "stage1.db")))
    assert [(row.file_name, row.file_path, row.type, row.hash_id) for row in rows] == [
        (ref.name, ref.path, ".png", "h") for ref in FILES
    ]
    assert {(row.archive_path, row.n_img_content, row.score) for row in rows} == {(None, None, None)}


def test_rows_of_stage_3_come_back_with_their_scores(tmp_path):
    rows = list(read_table(str(written(tmp_path, FILES[:1]) / "stage3.db")))
    assert [tuple(row.score) for row in rows] == READ
    assert {row.file_path for row in rows} == {FILES[0].path}


def test_rows_of_stage_4_are_images_and_archives(tmp_path):
    archive = FoundArchive(ImageRef("/d/a.zip"), 2)
    first, *images = read_table(str(written(tmp_path, FILES[:1], [archive]) / "stage4.db"))
    assert (first.file_path, first.hash_id, first.n_img_content, first.score) == ("/d/a.zip", None, 2, None)
    assert [(row.archive_path, row.n_img_content) for row in images] == [("/d/a.zip/b.zip", None)] * 2
    assert [tuple(row.score) for row in images] == READ


def stored(path, statement, *rows):
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        for row in rows:
            db.execute(f"INSERT INTO stage3 VALUES ({', '.join('?' * len(row))})", row)
        db.commit()
    return str(path)


EARLIER = "CREATE TABLE stage3(file_name, file_path, type, hash_id, model_type, tag_name, tag_prob)"


def test_a_table_of_an_earlier_version_lacks_tagged(tmp_path):
    path = stored(tmp_path / "odd #?%41.db", EARLIER, ("1.png", "/1.png", ".png", "h", "lr", "cat", 0.5))
    assert [tuple(row.score) for row in read_table(path)] == [("cat", "lr", 0.5, None)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((None, "/1.png", ".png", "h", "lr", "cat", 0.5), "row 1 has a file_name"),
        (("1.png", "/1.png", ".png", 1, "lr", "cat", 0.5), "row 1 has a hash_id"),
        (("1.png", "/1.png", ".png", "h", "lr", "cat", None), "whose tag_prob is no number"),
        (("1.png", "/1.png", ".png", "h", "lr", "cat", float("inf")), "whose tag_prob is no number"),
        (("1.png", b"/1.png", ".png", "h", "lr", "cat", 0.5), "row 1 has a file_name, file_path or type"),
    ],
)
def test_a_row_that_is_none_is_named_in_one_line(tmp_path, row, words):
    path = stored(tmp_path / "stage3.db", EARLIER, row)
    with pytest.raises(InputError, match=words) as raised:
        list(read_table(path))
    assert path in str(raised.value)


def test_what_is_no_table_of_results_is_left_as_it_is(tmp_path):
    other, text = stored(tmp_path / "other.db", "CREATE TABLE accounts(name)"), tmp_path / "text.db"
    lacking = stored(tmp_path / "lacking.db", "CREATE TABLE stage3(file_name)", ("1.png",))
    text.write_bytes(b"a letter to my aunt\n" * 100)
    for path in (other, lacking, str(text), str(tmp_path / "gone.db"), str(tmp_path)):
        with pytest.raises(InputError, match=r"stage1\.db") as raised:
            list(read_table(path))
        assert path in str(raised.value)
        assert "\n" not in str(raised.value)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lacking.db", "other.db", "text.db"]
