"""Verdicts as JSON Lines: what is written is read back, and a line that is none is named by its number."""

from __future__ import annotations

import json

import pytest

from image_tagging.errors import VerdictsError
from image_tagging.store import Verdict, VerdictLines, Verdicts, verdict_lines

LINE = {"time": "2026-11-26T20:32:49Z", "tag": "cat", "hash_id": "a", "verdict": "yes"}


def written(path, *lines):
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines), "utf-8")
    return str(path)


def read(path, *lines):
    return list(VerdictLines(written(path, *lines)))


def test_what_is_written_is_read_back(tmp_path):
    names = ("a\nb", 'quote"', "\u732b", "e\u0301", "back\\slash")
    with Verdicts(str(tmp_path)) as one:
        one.append([Verdict(name, name, "yes", "next", f"/in/{name}.png", "no", 0.5, "f" * 64, 7) for name in names])
        lines = list(verdict_lines(one.in_force()))
        expected = [each.verdict for each in one.in_force()]
    (tmp_path / "v.jsonl").write_bytes(b"".join(lines))
    assert [line.count(b"\n") for line in lines] == [1] * len(names)
    again = list(VerdictLines(str(tmp_path / "v.jsonl")))
    assert [each.identity for each in again] == [each.identity for each in expected]
    assert [(each.id, each.score, each.before, each.model, each.position, each.file_path) for each in again] == [
        (each.id, each.score, each.before, each.model, each.position, each.file_path) for each in expected
    ]


def test_a_line_has_the_keys_that_programs_rely_on(tmp_path):
    with Verdicts(str(tmp_path)) as one:
        one.append([Verdict("cat", "a", "no", "check", "/in/a.png")])
        (line,) = verdict_lines(one.in_force())
    assert {"id", "time", "tag", "hash_id", "file_path", "verdict", "mode"} == json.loads(line).keys()


def test_a_check_that_was_corrected_is_exported_with_its_correction(tmp_path):
    with Verdicts(str(tmp_path)) as one:
        one.append([Verdict("cat", "a", "no", "check")])
        one.append([Verdict("cat", "a", "yes", "next")])
        lines = [json.loads(line) for line in verdict_lines(one.in_force())]
    assert [(line["verdict"], line["mode"]) for line in lines] == [("yes", "next"), ("no", "check")]


@pytest.mark.parametrize(
    ("time", "kept"),
    [
        ("2026-11-26T20:32:49Z", "2026-11-26T20:32:49.000000Z"),
        ("2026-11-26T21:32:49.5+01:00", "2026-11-26T20:32:49.500000Z"),
        ("2026-11-26T20:32:49.123456z", "2026-11-26T20:32:49.123456Z"),
    ],
)
def test_times_of_other_zones_are_the_same_times(tmp_path, time, kept):
    if time.count(".5+"):
        time = time.replace(".5+", ".500000+")
    (verdict,) = read(tmp_path / "v.jsonl", {**LINE, "time": time})
    assert verdict.time == kept


def test_a_line_without_an_id_is_one_verdict_however_often_it_is_read(tmp_path):
    first, again, other = read(tmp_path / "v.jsonl", LINE, LINE, {**LINE, "verdict": "no"})
    assert first.id == again.id != other.id


def test_empty_lines_and_a_byte_order_mark_are_passed_over(tmp_path):
    assert len(read(tmp_path / "v.jsonl", "\ufeff" + json.dumps(LINE) + "\n", "\n", "  \r\n", LINE)) == 2


def test_other_keys_are_passed_over(tmp_path):
    (verdict,) = read(tmp_path / "v.jsonl", {**LINE, "colour": {"deep": [1, 2]}, "score": 1, "model": None})
    assert (verdict.score, verdict.model) == (1.0, "")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "it is no JSON"),
        ("[1]", "it is no JSON object"),
        ("null", "it is no JSON object"),
        ('{"tag": "cat"}', "it has no time"),
        ({**LINE, "verdict": "maybe"}, "its verdict is not yes, no or unsure"),
        ({**LINE, "verdict": None}, "its verdict is no text"),
        ({**LINE, "verdict": ["yes"]}, "its verdict is no text"),
        ({**LINE, "tag": ""}, "its tag is empty"),
        ({**LINE, "tag": 7}, "its tag is no text"),
        ({**LINE, "hash_id": "x" * 70_000}, "its hash_id is too long"),
        ({**LINE, "time": 5}, "its time is no text"),
        ({**LINE, "time": "yesterday"}, "its time 'yesterday' is none"),
        ({**LINE, "time": "2026-11-26T20:32:49"}, "its time '2026-11-26T20:32:49' is none"),
        ({**LINE, "time": "2999-01-01T00:00:00Z"}, "lies in the future"),
        ({**LINE, "time": "0001-01-01T00:00:00+23:00"}, "is none"),
        ({**LINE, "time": "0007-01-01T00:00:00Z"}, "its time is none"),
        ({**LINE, "score": "high"}, "its score is no number"),
        ({**LINE, "score": True}, "its score is no number"),
        ({**LINE, "score": 1.5}, "its score is no number from 0 to 1"),
        ({**LINE, "position": 1.5}, "its position is no whole number"),
        ({**LINE, "position": 1 << 60}, "its position is no whole number"),
        ({**LINE, "id": "x" * 101}, "its id is too long"),
        ({**LINE, "before": "perhaps"}, "its before is not yes"),
        (json.dumps({**LINE, "file_path": "x" * (1 << 21)}), "longer than 1,048,576 bytes"),
        ("[" * 100_000, "it is no JSON"),
        ('{"tag": "\\ud800"}', "it is no JSON"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_malformed_line_is_named_by_its_number(tmp_path, line, why):
    with pytest.raises(VerdictsError) as raised:
        read(tmp_path / "v.jsonl", LINE, "\n", line)
    message = str(raised.value)
    assert message.startswith(f"{tmp_path / 'v.jsonl'}, line 3: ")
    assert why in message
    assert "\n" not in message
    assert len(message) < 600


def test_a_file_of_bytes_that_are_no_text_is_refused(tmp_path):
    (tmp_path / "v.jsonl").write_bytes(bytes(range(256)) * 100)
    with pytest.raises(VerdictsError, match="line 1"):
        list(VerdictLines(str(tmp_path / "v.jsonl")))


@pytest.mark.parametrize("what", ["missing", "a folder"])
def test_what_cannot_be_read_is_said(tmp_path, what):
    path = tmp_path / "v.jsonl"
    if what == "a folder":
        path.mkdir()
    with pytest.raises(VerdictsError, match="cannot read"):
        list(VerdictLines(str(path)))


def test_a_malformed_line_adds_nothing(tmp_path):
    lines = VerdictLines(written(tmp_path / "v.jsonl", LINE, "bad\n"))
    with Verdicts(str(tmp_path)) as verdicts:
        with pytest.raises(VerdictsError, match="line 2"):
            verdicts.add(lines, lines.error)
        assert verdicts.history(9) == []


def test_an_id_that_says_something_else_is_refused(tmp_path):
    lines = VerdictLines(written(tmp_path / "v.jsonl", {**LINE, "id": "1"}, {**LINE, "id": "1", "verdict": "no"}))
    with Verdicts(str(tmp_path)) as verdicts:
        with pytest.raises(VerdictsError, match="line 2: the verdict 1 is there already and says something else"):
            verdicts.add(lines, lines.error)
        assert verdicts.history(9) == []


def test_an_import_is_undone_as_one(tmp_path):
    lines = VerdictLines(written(tmp_path / "v.jsonl", LINE, {**LINE, "hash_id": "b"}))
    with Verdicts(str(tmp_path)) as verdicts:
        verdicts.append([Verdict("cat", "c", "no")])
        assert verdicts.add(lines, lines.error) == (2, 0)
        assert len(verdicts.undo()) == 2
        assert verdicts.add(lines, lines.error) == (0, 2)
        assert [each.verdict.hash_id for each in verdicts.in_force()] == ["c"]
