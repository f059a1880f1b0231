"""The tables of scores: the documented columns and rows, few bytes a score, and a search for each question."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import InputError
from image_tagging.exporters import read_scores, read_table
from image_tagging.exporters.score_tables import ModelScores, score_table
from image_tagging.exporters.stored_tables import StoredScores, is_of_earlier_layout
from image_tagging.exporters.tables import STAGE3, STAGE4
from image_tagging.records import FoundArchive, ListedFile

MODELS = [("ovr-svm", "cat"), ("lr", "dog"), ("lr", "cat")]
PACKED = ImageRef("/data/a.zip", ("b.zip", "cat/1.PNG"))
ARCHIVES = [FoundArchive(ImageRef("/data/a.zip", ("b.zip",)), 1), FoundArchive(ImageRef("/data/a.zip"), 0)]

#: An earlier version's.
EARLIER = (
    "CREATE TABLE stage3(file_name, file_path, type, hash_id, model_type, tag_name, tag_prob REAL, tagged INTEGER)"
)


def write(folder, table, files, archives=(), models=MODELS):
    """Write files, each given with its hash and its scores by the models that have one."""
    path = os.path.join(folder, table.file_name)
    with score_table(path, table) as writer:
        numbers = writer.number(models)
        writer.set_thresholds(dict.fromkeys(models, 0.5))
        for archive in archives:
            writer.add_archive(archive)
        for file, hash_id, scores in files:
            chosen = [number for number, score in zip(numbers, scores) if score is not None]
            given = [score for score in scores if score is not None]
            whole = range(len(models)) if len(chosen) == len(models) else chosen
            writer.add(file, hash_id, ModelScores(whole, given, [int(score >= 0.5) for score in given]))
    return path


def rows(path, query, *values):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query, values).fetchall()


def columns(path, name):
    with closing(sqlite3.connect(path)) as connection:
        return [column for column, *_ in connection.execute(f"SELECT * FROM {name}").description]


OF_IMAGE = ["file_name", "file_path", "type", "hash_id", "model_type", "tag_name", "tag_prob", "tagged"]


@pytest.mark.parametrize("has_input", [False, True])
def test_the_views_have_the_documented_columns(tmp_path, has_input):
    last = ["input"] if has_input else []
    path = write(tmp_path, STAGE3.with_input(has_input), [])
    assert columns(path, "stage3") == OF_IMAGE + last
    path = write(tmp_path, STAGE4.with_input(has_input), [])
    assert columns(path, "stage4") == ["file_name", "file_path", "archive_path", "type", "n_img_content",
                                       *OF_IMAGE[3:], *last]  # fmt: skip


@pytest.mark.parametrize("name", ["it's.PNG", 'a"b.png', "'); DROP TABLE files; --.png", "猫🐱.png", "caf\udce9.png"])
def test_an_odd_name_is_kept(tmp_path, name):
    ref = ImageRef(f"/data/{name}")
    path = write(tmp_path, STAGE3, [(ListedFile(ref, 1), "h1", (0.25, 0.5, 1.0))])
    assert set(rows(path, "SELECT file_name, file_path, type FROM stage3")) == {(ref.name, ref.path, ".png")}


def test_every_score_is_a_row_with_its_model(tmp_path):
    files = [(ListedFile(ImageRef("/data/1.png"), 1), "h1", (0.25, 0.5, 1.0))]
    image = ("1.png", "/data/1.png", ".png", "h1")
    assert sorted(rows(write(tmp_path, STAGE3, files), "SELECT * FROM stage3")) == [
        (*image, "lr", "cat", 1.0, 1),
        (*image, "lr", "dog", 0.5, 1),
        (*image, "ovr-svm", "cat", 0.25, 0),
    ]


def test_a_score_that_is_not_given_is_no_row(tmp_path):
    files = [
        (ListedFile(ImageRef("/data/1.png"), 1), "h1", (None, 0.5, None)),
        (ListedFile(ImageRef("/data/2.png"), 1), "h2", (None, None, None)),
    ]
    path = write(tmp_path, STAGE3, files)
    assert rows(path, "SELECT file_name, tag_name, tag_prob FROM stage3") == [("1.png", "dog", 0.5)]


def test_probabilities_come_back_to_the_last_bit(tmp_path):
    given = np.random.default_rng(0).random(3 * 300)
    files = [
        (ListedFile(ImageRef(f"/{number}.png"), 1), str(number), given[3 * number : 3 * number + 3].tolist())
        for number in range(300)
    ]
    found = rows(write(tmp_path, STAGE3, files), "SELECT tag_prob FROM stage3")
    assert sorted(score for (score,) in found) == sorted(given.tolist())


def test_stage_4_has_a_row_for_every_score_with_its_archive_and_one_for_every_archive(tmp_path):
    path = write(tmp_path, STAGE4, [(ListedFile(PACKED, 1), "h1", (0.25, None, None))], ARCHIVES)
    nothing = (None,) * 5
    assert rows(path, "SELECT * FROM stage4") == [
        ("b.zip", "/data/a.zip/b.zip", "/data/a.zip", ".zip", 1, *nothing),
        ("a.zip", "/data/a.zip", None, ".zip", 0, *nothing),
        ("1.PNG", "/data/a.zip/b.zip/cat/1.PNG", "/data/a.zip/b.zip", ".png", None, "h1", "ovr-svm", "cat", 0.25, 0),
    ]
    assert [row.n_img_content for row in read_table(path)] == [1, 0, None]


def test_rows_of_several_inputs_end_with_theirs(tmp_path):
    files = [(ListedFile(PACKED, 1, "/data"), "h1", (0.25, 0.5, 1.0))]
    path = write(tmp_path, STAGE4.with_input(True), files, [FoundArchive(ImageRef("/data/a.zip"), 1, "/data")])
    assert {row[-1] for row in rows(path, "SELECT * FROM stage4")} == {"/data"}
    assert {row.input for row in read_table(path)} == {"/data"}


# --- questions --------------------------------------------------------------------------------------------


TAGS = 60


@pytest.fixture(scope="module", params=[STAGE3, STAGE4], ids=lambda table: table.name)
def many(request, tmp_path_factory):
    """A table of 500 files by two models of each of sixty tags."""
    random = np.random.default_rng(0)
    models = [(kind, f"tag-{tag}") for tag in range(TAGS) for kind in ("lr", "svm")]
    files = (
        (ListedFile(ImageRef(f"/data/some/folder/{number:06}.png"), 1), f"{number:0128x}", random.random(len(models)))
        for number in range(500)
    )
    archives = ARCHIVES if request.param is STAGE4 else []
    folder = tmp_path_factory.mktemp(request.param.name)
    return request.param.name, write(folder, request.param, files, archives, models)


QUESTIONS = {
    "the best of a tag": "WHERE tag_name = 'tag-7' ORDER BY tag_prob DESC LIMIT 100",
    "the best of a tag by a kind": "WHERE model_type = 'svm' AND tag_name = 'tag-7' ORDER BY tag_prob DESC LIMIT 9",
    "the tagged of a tag": "WHERE tag_name = 'tag-7' AND tagged = 1 ORDER BY tag_prob DESC LIMIT 100",
    "all tags of a picture": f"WHERE hash_id = '{7:0128x}'",
    "all tags of a picture, the best first": f"WHERE hash_id = '{7:0128x}' ORDER BY tag_prob DESC",
    "a tag between two probabilities": "WHERE tag_name = 'tag-7' AND tag_prob BETWEEN 0.4 AND 0.41",
    "all between two probabilities": "WHERE tag_prob BETWEEN 0.4 AND 0.4001",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_by_searches(many, question):
    """No step goes through all scores or all files, and what is ordered by probability is not sorted."""
    name, path = many
    steps = [step for *_, step in rows(path, f"EXPLAIN QUERY PLAN SELECT * FROM {name} {QUESTIONS[question]}")]
    assert not [step for step in steps if step.startswith(("SCAN scores", "SCAN files"))], steps
    if "LIMIT" in QUESTIONS[question]:
        assert not [step for step in steps if "TEMP B-TREE" in step], steps


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_is_that_of_a_plain_table(many, question):
    name, path = many
    with closing(sqlite3.connect(":memory:")) as plain:
        plain.execute(f"CREATE TABLE {name}({', '.join(columns(path, name))})")
        everything = rows(path, f"SELECT * FROM {name}")
        plain.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(everything[0]))})", everything)
        expected = plain.execute(f"SELECT * FROM {name} {QUESTIONS[question]}").fetchall()
    found = rows(path, f"SELECT * FROM {name} {QUESTIONS[question]}")
    assert (found if "ORDER" in QUESTIONS[question] else sorted(found)) == (
        expected if "ORDER" in QUESTIONS[question] else sorted(expected)
    )
    assert found


def test_a_scan_goes_in_the_order_of_the_files(many):
    """By the index of tags it would look up the file of each score at random: a hundred times as slow."""
    name, path = many
    for query in (f"SELECT COUNT(*) FROM {name}", f"SELECT * FROM {name} WHERE file_path LIKE '%7.png'"):
        first, *_ = (step for *_, step in rows(path, f"EXPLAIN QUERY PLAN {query}"))
        assert first == "SCAN scores"


def test_a_score_takes_at_most_48_bytes_with_its_indexes(many):
    _, path = many
    assert os.path.getsize(path) / (500 * 2 * TAGS) <= 48


# --- stored ------------------------------------------------------------------------------------------------


def test_scores_of_a_picture_are_looked_up_by_its_name(tmp_path):
    file = ListedFile(ImageRef("/data/1.png"), 1)
    twice = [(file, "h1", (0.25, 0.5, 1.0)), (ListedFile(ImageRef("/data/2.png"), 1), "h1", (0.25, 0.5, 1.0))]
    with closing(StoredScores(write(tmp_path, STAGE3, twice))) as stored:
        found = {(each.kind, each.tag): (each.probability, each.tagged) for each in stored.of("h1")}
        assert found == {("ovr-svm", "cat"): (0.25, False), ("lr", "dog"): (0.5, True), ("lr", "cat"): (1.0, True)}
        assert stored.of("h2") is None
    with closing(StoredScores(str(tmp_path / "none.db"))) as stored:
        assert stored.of("h1") is None


def test_without_json_pictures_are_read_from_the_tables(tmp_path):
    one, two = (ListedFile(ImageRef(f"/data/{name}.png"), 1) for name in "12")
    write(tmp_path, STAGE3, [(one, "h1", (0.25, 0.5, 1.0)), (two, "h1", (0.25, 0.5, 1.0))])
    packed = ListedFile(PACKED, 1)
    write(tmp_path, STAGE4, [(packed, "h1", (0.25, 0.5, 1.0)), (packed, "h2", (1, None, None))], ARCHIVES)
    found = list(read_scores(tmp_path))
    assert [(each.hash_id, each.file_paths) for each in found] == [("h1", ("/data/1.png",)), ("h2", (PACKED.path,))]
    assert [len(each.scores) for each in found] == [3, 1]
    assert found[1].scores == (("cat", "ovr-svm", 1.0, True),)


def test_a_table_of_an_earlier_version_is_read_and_known(tmp_path):
    path = str(tmp_path / "stage3.db")
    assert not is_of_earlier_layout(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(EARLIER)
        connection.execute("INSERT INTO stage3 VALUES ('1.png', '/1.png', '.png', 'h1', 'lr', 'cat', 0.5, 1)")
        connection.commit()
    assert is_of_earlier_layout(path)
    (row,) = read_table(path)
    assert row.score == ("cat", "lr", 0.5, True)
    assert not is_of_earlier_layout(write(tmp_path, STAGE3, []))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW more AS SELECT 1",
        "CREATE TRIGGER more AFTER INSERT ON tags BEGIN SELECT 1; END",
        "CREATE TABLE more(x)",
        "DROP INDEX files_by_hash",
    ],
)
def test_a_view_among_anything_else_is_not_asked(tmp_path, statement):
    path = write(tmp_path, STAGE3, [])
    assert list(read_table(path)) == []
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
    with pytest.raises(InputError, match="or more than tables"):
        list(read_table(path))


def test_another_view_of_the_name_is_not_asked(tmp_path):
    path = str(tmp_path / "stage3.db")
    with closing(sqlite3.connect(path)) as connection:
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
        connection.execute(f"CREATE VIEW stage3 AS {endless}")
    with pytest.raises(InputError, match="or more than tables"):
        list(read_table(path))
