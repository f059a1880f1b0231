"""Answers read in the order of the pictures are those that are found when each picture is looked up by itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import OutputError
from image_tagging.exporters import AnswersInOrder, TagAnswers, scores_of_picture
from image_tagging.exporters.score_tables import ModelScores, score_table
from image_tagging.exporters.tables import STAGE3, STAGE4
from image_tagging.records import ListedFile

MODELS = [("ovr-svm", "cat"), ("lr", "dog"), ("lr", "cat"), ("lr", "e\u0301t\u00e9")]
ASKED = ("a", "b", "c", "d", "e", "f")
EARLIER = (
    "CREATE TABLE stage3(file_name, file_path, type, hash_id, model_type, tag_name, tag_prob REAL, tagged INTEGER)"
)


def write(folder, table, pictures):
    """Write the scores of files in the order given, each by the first models."""
    with score_table(str(folder / table.file_name), table) as writer:
        numbers = writer.number(MODELS)
        writer.set_thresholds(dict.fromkeys(MODELS, 0.5))
        for number, (hash_id, scores) in enumerate(pictures):
            tagged = [int(score >= 0.5) for score in scores]
            file = ListedFile(ImageRef(f"/data/{number}.png"), 1)
            writer.add(file, hash_id, ModelScores(numbers[: len(scores)], scores, tagged))


def answers(folder):
    chosen = TagAnswers([])
    with AnswersInOrder(folder, chosen) as in_order:
        return [[each._replace(threshold=None) for each in in_order.of(name)] for name in ASKED]


def one_by_one(folder):
    chosen = TagAnswers([])
    return [[each._replace(threshold=None) for each in chosen.of(scores_of_picture(folder, name))] for name in ASKED]


@pytest.fixture
def folder(tmp_path):
    """Tables of both stages, whose files do not lie in the order of the names."""
    repeated = [0.1, 0.5, 0.9, 0.3]
    write(tmp_path, STAGE3, [("e", [0.5]), ("b", repeated), ("zz", [1.0]), ("a", [0.2, 0.7]), ("b", repeated)])
    write(tmp_path, STAGE4, [("b", [0.0, 0.0, 0.0]), ("f", [0.4, 0.6, 0.8, 1.0]), ("c", [0.25, 0.75, 0.5])])
    return tmp_path


def test_the_answers_are_those_of_each_picture(folder):
    assert answers(folder) == one_by_one(folder)
    assert [len(found) for found in answers(folder)] == [2, 3, 2, 0, 1, 3]


def test_without_tables_there_are_none(tmp_path):
    assert answers(tmp_path) == [[]] * len(ASKED)


def test_a_table_of_an_earlier_version_is_searched(folder):
    with closing(sqlite3.connect(folder / "stage3.db")) as connection:
        rows = connection.execute(
            "SELECT file_name, file_path, type, hash_id, model_type, tag_name, tag_prob, tagged FROM stage3"
        ).fetchall()
    (folder / "stage3.db").unlink()
    with closing(sqlite3.connect(folder / "stage3.db")) as connection:
        connection.execute(EARLIER)
        connection.executemany("INSERT INTO stage3 VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    assert answers(folder) == one_by_one(folder)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE scores SET tag_prob = 'high'", "no number"),
        ("UPDATE scores SET tag_prob = NULL WHERE tag = 0", "no number"),
        ("DELETE FROM tags", "does not name"),
        ("UPDATE models SET kind = 77 WHERE tag = 1 AND kind = 1", "does not name"),
    ],
)
def test_a_table_that_says_nonsense_is_named(folder, statement, says):
    with closing(sqlite3.connect(folder / "stage3.db")) as connection:
        connection.execute(statement)
        connection.commit()
    with pytest.raises(OutputError, match=f"stage3.db .*{says}"):
        answers(folder)
