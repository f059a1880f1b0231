"""Which verdicts the models have learned is noted by what was said, so that undo, redo and import count as they are."""

from __future__ import annotations

import pytest

from image_tagging.datasets import VerdictLabel as Label
from image_tagging.errors import OutputError
from image_tagging.pipeline.learned_verdicts import LEARNED_NAME, read_learned, write_learned
from image_tagging.store import VERDICTS_NAME, Verdict, in_force

LABELS = (Label("cat", "a", True), Label("cat", "b", False), Label("cat", "c", None), Label("cat", "d", True, True))


def held(**words):
    return in_force(
        Verdict("cat", name, word.split()[0], "check" if "check" in word else "next", id=name, time=name)
        for name, word in words.items()
    )


def test_what_was_learned_waits_for_nothing(tmp_path):
    write_learned(str(tmp_path), "run", LABELS)
    learned = read_learned(str(tmp_path))
    assert learned.run == "run"
    assert learned.waiting("cat", held(a="yes", b="no", c="unsure", d="yes check")) == 0
    assert learned.waiting("dog", []) == 0


@pytest.mark.parametrize(
    ("words", "waiting"),
    [
        ({"a": "yes", "b": "no", "c": "unsure"}, 1),  # one undone
        ({"a": "no", "b": "no", "c": "unsure", "d": "yes check"}, 1),  # another word
        ({"a": "yes", "b": "no", "c": "unsure", "d": "yes"}, 1),  # no check any more
        ({"a": "yes", "b": "no", "c": "unsure", "d": "yes check", "e": "no"}, 1),  # a further one
        ({}, 4),
    ],
)
def test_a_picture_of_which_something_else_holds_waits(tmp_path, words, waiting):
    write_learned(str(tmp_path), "run", LABELS)
    assert read_learned(str(tmp_path)).waiting("cat", held(**words)) == waiting


def test_without_verdicts_nothing_is_written(tmp_path):
    write_learned(str(tmp_path), "run", ())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / VERDICTS_NAME).touch()
    write_learned(str(tmp_path), "run", ())
    assert read_learned(str(tmp_path)).waiting("cat", held(a="yes")) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"learned verdicts":1}', b'{"run":1,"tags":[]}', b"\xff"])
def test_a_file_of_something_else_is_not_read_and_not_replaced(tmp_path, content):
    (tmp_path / LEARNED_NAME).write_bytes(content)
    assert read_learned(str(tmp_path)) is None
    if content:  # what is empty holds nothing of others
        with pytest.raises(OutputError):
            write_learned(str(tmp_path), "run", LABELS)
        assert (tmp_path / LEARNED_NAME).read_bytes() == content
