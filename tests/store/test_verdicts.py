"""The table of verdicts: nothing that a person has said is lost, and the last word holds."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import threading
from datetime import datetime, timezone

import pytest

from image_tagging.errors import VerdictsError
from image_tagging.store import Verdict, VerdictLines, Verdicts, in_force, read_verdicts, verdict_lines
from image_tagging.store import verdicts as module
from image_tagging.store.verdict import parse_time, time_in_words


def said(verdicts, tag="cat"):
    """``{hash_id: verdict}`` of what holds."""
    return {each.verdict.hash_id: each.verdict.verdict for each in verdicts.in_force(tag)}


def given(**by_hash):
    return [Verdict("cat", hash_id, verdict) for hash_id, verdict in by_hash.items()]


@pytest.fixture
def verdicts(tmp_path):
    with Verdicts(str(tmp_path)) as opened:
        yield opened


def test_the_last_verdict_on_a_picture_holds(verdicts):
    verdicts.append(given(a="yes", b="no", c="unsure"))
    verdicts.append(given(a="no"))
    assert said(verdicts) == {"a": "no", "b": "no", "c": "unsure"}


def test_a_verdict_keeps_all_that_was_given_with_it(verdicts, tmp_path):
    whole = Verdict("cat", "a", "yes", "next", "/in/a.png", "no", 0.25, "f" * 64, 3)
    batch = verdicts.append([whole])
    (kept,) = read_verdicts(str(tmp_path / "verdicts.db"))
    assert (kept.tag, kept.hash_id, kept.verdict, kept.mode, kept.file_path) == ("cat", "a", "yes", "next", "/in/a.png")
    assert (kept.before, kept.score, kept.model, kept.position, kept.batch) == ("no", 0.25, "f" * 64, 3, batch)
    assert kept.undone_by is None
    assert len(kept.id) == 32
    assert abs((datetime.now(timezone.utc) - parse_time(kept.time)).total_seconds()) < 60


def test_before_is_the_verdict_that_held(verdicts):
    verdicts.append(given(a="yes"))
    verdicts.append(given(a="no"))
    assert [verdict.before for verdict in verdicts.history(2)] == ["yes", ""]


def test_verdicts_on_one_picture_of_two_tags_are_apart(verdicts):
    verdicts.append([Verdict("cat", "a", "yes"), Verdict("dog", "a", "no")])
    assert (said(verdicts, "cat"), said(verdicts, "dog")) == ({"a": "yes"}, {"a": "no"})


def test_of_two_verdicts_in_one_batch_the_second_holds(verdicts):
    for first, second in itertools.permutations(["yes", "no"]):
        verdicts.append([*given(a=first), *given(a=second)])
        assert said(verdicts) == {"a": second}


def test_a_later_verdict_holds_where_the_clock_was_set_back(verdicts, monkeypatch):
    verdicts.append(given(a="yes"))

    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2001, 1, 1, tzinfo=timezone.utc)

    monkeypatch.setattr(module, "datetime", Earlier)
    verdicts.append(given(a="no", b="no"))
    assert said(verdicts) == {"a": "no", "b": "no"}


def test_a_checked_picture_stays_checked(verdicts):
    verdicts.append([Verdict("cat", "a", "yes", mode="check")])
    verdicts.append(given(a="no", b="no"))
    assert [(each.verdict.verdict, each.check is not None) for each in verdicts.in_force()] == [
        ("no", True),
        ("no", False),
    ]


def test_tags_are_spelt_in_one_way(verdicts):
    verdicts.append([Verdict("caf\u0065\u0301", "a", "yes")])
    verdicts.append([Verdict("caf\u00e9", "a", "no")])
    assert said(verdicts, "cafe\u0301") == said(verdicts, "caf\u00e9") == {"a": "no"}


def test_counts_are_of_what_holds(verdicts):
    assert verdicts.counts() == []
    verdicts.append([*given(a="yes", b="yes", c="unsure"), Verdict("ape", "a", "no", mode="check")])
    verdicts.append(given(b="no"))
    counts = [(each.tag, each.yes, each.no, each.unsure, each.checks) for each in verdicts.counts()]
    assert counts == [("ape", 0, 1, 0, 1), ("cat", 1, 1, 1, 0)]


def test_an_empty_batch_is_none(verdicts):
    assert verdicts.append([]) == 0
    assert verdicts.undo() == ()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"verdict": "maybe"}, "not yes, no or unsure"),
        ({"tag": ""}, "tag is empty"),
        ({"hash_id": ""}, "hash_id is empty"),
        ({"score": float("nan")}, "no number from 0 to 1"),
        ({"position": -1}, "no whole number"),
        ({"mode": "x" * 200}, "too long"),
    ],
)
def test_a_malformed_verdict_spoils_its_batch_and_nothing_else(verdicts, wrong, why):
    verdicts.append(given(a="yes"))
    with pytest.raises(VerdictsError, match=why):
        verdicts.append([*given(b="yes"), Verdict(**{"tag": "cat", "hash_id": "c", "verdict": "no", **wrong})])
    assert said(verdicts) == {"a": "yes"}


# Undo and redo ----------------------------------------------------------------------------------------------


def test_undo_takes_back_batch_after_batch_and_redo_gives_them_again(verdicts):
    states = [said(verdicts)]
    for number in range(5):
        verdicts.append(given(**{"a": ("yes", "no")[number % 2], f"b{number}": "no"}))
        states.append(said(verdicts))
    for state in reversed(states[:-1]):
        assert len(verdicts.undo()) == 2
        assert said(verdicts) == state
    assert verdicts.undo() == ()
    for state in states[1:]:
        assert len(verdicts.redo()) == 2
        assert said(verdicts) == state
    assert verdicts.redo() == ()


def test_undo_and_redo_go_on_after_a_restart(tmp_path):
    for verdict in ("yes", "no", "unsure"):
        with Verdicts(str(tmp_path)) as opened:
            opened.append(given(a=verdict))
    for expected in ("no", "yes"):
        with Verdicts(str(tmp_path)) as opened:
            opened.undo()
            assert said(opened) == {"a": expected}
    for expected in ("no", "unsure"):
        with Verdicts(str(tmp_path)) as opened:
            opened.redo()
            assert said(opened) == {"a": expected}


def test_what_was_undone_before_a_new_batch_is_not_redone(verdicts):
    verdicts.append(given(a="yes"))
    verdicts.append(given(b="yes"))
    verdicts.undo()
    verdicts.append(given(c="yes"))
    assert verdicts.redo() == ()
    verdicts.undo()
    assert [verdict.hash_id for verdict in verdicts.redo()] == ["c"]
    assert verdicts.redo() == ()
    assert said(verdicts) == {"a": "yes", "c": "yes"}


def test_a_batch_in_the_middle_can_be_undone_and_redone(verdicts):
    first = verdicts.append(given(a="yes"))
    verdicts.append(given(b="yes"))
    verdicts.undo(first)
    assert said(verdicts) == {"b": "yes"}
    verdicts.append(given(c="yes"))
    assert [verdict.hash_id for verdict in verdicts.redo(first)] == ["a"]
    assert said(verdicts) == {"a": "yes", "b": "yes", "c": "yes"}


def test_an_undone_batch_is_undone_once(verdicts):
    batch = verdicts.append(given(a="yes"))
    verdicts.undo(batch)
    assert verdicts.undo(batch) == ()
    assert len(verdicts.redo()) == 1


def test_undo_and_redo_are_those_of_an_editor(verdicts):
    """Against a model of two stacks, over many random steps."""
    draw, done, undone, number = random.Random(3), [], [], 0
    for _ in range(300):
        step = draw.choice(["give", "undo", "redo"])
        if step == "give":
            number += 1
            verdicts.append(given(**{f"p{draw.randrange(4)}": draw.choice(["yes", "no"]), f"n{number}": "no"}))
            done, undone = [*done, number], []
        elif step == "undo":
            assert bool(verdicts.undo()) == bool(done)
            done, undone = done[:-1], [*undone, *done[-1:]]
        else:
            assert bool(verdicts.redo()) == bool(undone)
            done, undone = [*done, *undone[-1:]], undone[:-1]
        assert {name for name in said(verdicts) if name.startswith("n")} == {f"n{each}" for each in done}


def test_no_verdict_is_ever_deleted(verdicts):
    for number in range(20):
        verdicts.append(given(a=("yes", "no")[number % 2]))
        if number % 3 == 0:
            verdicts.undo()
    assert len(verdicts.history(100)) == 20


def test_history_is_the_last_first_and_in_pages(verdicts):
    for number in range(5):
        verdicts.append(given(**{f"a{number}": "yes"}))
    page = verdicts.history(2)
    assert [verdict.hash_id for verdict in page] == ["a4", "a3"]
    assert [verdict.hash_id for verdict in verdicts.history(9, before=page[-1].id)] == ["a2", "a1", "a0"]


# What holds does not depend on the order ---------------------------------------------------------------------


def test_what_holds_does_not_depend_on_the_order_of_rows(verdicts):
    for number in range(30):
        verdicts.append(given(**{f"a{number % 7}": ("yes", "no", "unsure")[number % 3]}))
    rows = verdicts.history(100)
    expected = in_force(rows)
    for seed in range(5):
        assert in_force(random.Random(seed).sample(rows, len(rows))) == expected


def test_of_two_verdicts_of_one_time_the_same_one_holds_everywhere():
    one, other = (Verdict("cat", "a", word, id=word, time="2026-01-01T00:00:00.000000Z") for word in ("no", "yes"))
    assert in_force([one, other]) == in_force([other, one])


def test_two_folders_that_exchange_their_verdicts_agree(tmp_path):
    for folder in ("one", "other"):
        with Verdicts(str(tmp_path / folder)) as opened:
            opened.append(given(a="yes" if folder == "one" else "no", **{folder: "yes"}))
            opened.append([Verdict("cat", "b", "no", mode="check" if folder == "one" else "next")])
            (tmp_path / f"{folder}.jsonl").write_bytes(b"".join(verdict_lines(opened.in_force())))
    held = []
    for folder, source in (("one", "other"), ("other", "one")):
        with Verdicts(str(tmp_path / folder)) as opened:
            lines = VerdictLines(str(tmp_path / f"{source}.jsonl"))
            opened.add(lines, lines.error)
            held.append(list(verdict_lines(opened.in_force())))
    assert held[0] == held[1]


# Several processes ------------------------------------------------------------------------------------------

_GIVING = """
import sys
from image_tagging.store import Verdict, Verdicts
with Verdicts(sys.argv[1]) as verdicts:
    for number in range(int(sys.argv[3])):
        verdicts.append([Verdict("cat", f"{sys.argv[2]}-{number}-{each}", "yes") for each in range(24)])
        print(number, flush=True)
"""


def giving(folder, name, batches):
    program = [sys.executable, "-c", _GIVING, str(folder), name, str(batches)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, encoding="utf-8")


def test_a_writer_that_is_killed_loses_at_most_the_batch_in_hand(tmp_path):
    for number in range(3):
        process = giving(tmp_path, f"w{number}", 100_000)
        for _ in range(4 + number):
            told = int(process.stdout.readline())
        process.kill()
        process.communicate()
        with Verdicts(str(tmp_path)) as opened:
            batches = [
                verdict.hash_id.split("-")[1] for verdict in opened.history(10**6) if f"w{number}-" in verdict.hash_id
            ]
        assert all(batches.count(each) == 24 for each in set(batches))
        assert len(batches) >= 24 * (told + 1)


def test_two_writers_and_two_readers_at_once(tmp_path):
    writers = [giving(tmp_path, name, 15) for name in ("a", "b")]
    counts, failures = [], []

    def read():
        try:
            while any(writer.poll() is None for writer in writers):
                if (tmp_path / "verdicts.db").exists():
                    counts.append(len(read_verdicts(str(tmp_path / "verdicts.db"))))
        except VerdictsError as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    for reader in readers:
        reader.join()
    assert failures == []
    assert all(count % 24 == 0 for count in counts)
    with Verdicts(str(tmp_path)) as opened:
        rows = opened.history(10**6)
        assert len(rows) == 2 * 15 * 24
        assert {len(list(group)) for _, group in itertools.groupby(rows, key=lambda each: each.batch)} == {24}


def test_a_batch_is_seen_by_others_when_it_is_given(tmp_path):
    with Verdicts(str(tmp_path)) as one, Verdicts(str(tmp_path)) as other:
        one.append(given(a="yes"))
        assert said(other) == {"a": "yes"}
        other.undo()
        assert said(one) == {}


def test_nothing_lies_next_to_the_file_between_batches(tmp_path):
    with Verdicts(str(tmp_path)) as opened:
        opened.append(given(a="yes"))
        assert [path.name for path in tmp_path.iterdir()] == ["verdicts.db"]


def test_times_are_in_the_order_of_their_texts():
    moments = [datetime(2026, 1, 1, 0, 0, 0, each, tzinfo=timezone.utc) for each in (0, 1, 10, 999_999)]
    texts = [time_in_words(moment) for moment in moments]
    assert texts == sorted(texts)
    assert [parse_time(text) for text in texts] == moments
