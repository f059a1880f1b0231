"""Files of verdicts that are foreign, damaged, of another version, links, locked or endless: one line, and no loss."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_tagging.cli import app as cli
from image_tagging.errors import ImageTaggingError, OutputError, VerdictsError
from image_tagging.store import Verdict, VerdictLines, Verdicts, read_verdicts, verdict_file, verdict_lines
from image_tagging.store.verdict_file import STATEMENTS, VERSION

SAID = [Verdict("cat", f"h{number}", ("yes", "no", "unsure")[number % 3]) for number in range(40)]


@pytest.fixture
def said(tmp_path):
    """A folder with a file of verdicts; its path."""
    with Verdicts(str(tmp_path)) as verdicts:
        for number in range(4):
            verdicts.append(SAID[10 * number : 10 * number + 10])
    return tmp_path / "verdicts.db"


def changed(path, *statements):
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


FOREIGN = {
    "another program's": ["DROP TABLE verdict", "CREATE TABLE accounts(name TEXT)"],
    "with a trigger": ["CREATE TRIGGER t AFTER INSERT ON verdict BEGIN DELETE FROM verdict; END"],
    "with a view": ["CREATE VIEW v AS SELECT load_extension('x')"],
    "with another table": ["CREATE TABLE more(name TEXT)"],
    "without an index": ["DROP INDEX verdict_picture"],
    "without a version": ["PRAGMA user_version = 0"],
}


@pytest.mark.parametrize("what", [*FOREIGN, "text", "a newer version's"])
@pytest.mark.parametrize("how", ["import", "export", "list", "train"])
def test_a_file_that_is_none_of_ours_is_refused_and_left_as_it_is(refused, said, trained, tmp_path, what, how):
    if what == "text":
        said.write_bytes(b"a letter to my aunt\n" * 300)
    elif what == "a newer version's":
        changed(said, f"PRAGMA user_version = {VERSION + 1}", "ALTER TABLE verdict ADD COLUMN mood TEXT")
    else:
        changed(said, *FOREIGN[what])
    (tmp_path / "more.jsonl").write_bytes(b"")
    before = said.read_bytes()
    commands = {
        "import": ["verdicts", "import", tmp_path, tmp_path / "more.jsonl"],
        "export": ["verdicts", "export", tmp_path, tmp_path / "said.jsonl"],
        "list": ["verdicts", tmp_path],
        "train": [
            "train",
            f"--metadata_json={trained.metadata}",
            f"--tag_to_hash_json={trained.tag_lists}",
            f"--output={tmp_path}",
        ],
    }
    message = refused(*commands[how])
    assert str(said) in message
    if what == "a newer version's":
        assert "newer version" in message
    assert said.read_bytes() == before
    assert not (tmp_path / "said.jsonl").exists()
    assert not (tmp_path / "models").exists()


def test_a_damaged_file_gives_verdicts_or_one_line_that_says_so(said, tmp_path):
    """Bytes changed anywhere, and files cut short."""
    draw, good, told = random.Random(2), said.read_bytes(), 0
    for number in range(150):
        data = bytearray(good[: draw.randrange(len(good))] if number % 5 == 0 else good)
        for _ in range(draw.choice([1, 20, 400]) if data else 0):
            data[draw.randrange(len(data))] = draw.randrange(256)
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "verdicts.db").write_bytes(data)
        try:
            read_verdicts(str(folder / "verdicts.db"))
            with Verdicts(str(folder)) as verdicts:
                verdicts.append([Verdict("cat", "h1", "no"), Verdict("dog", "new", "no")])
                verdicts.undo()
                verdicts.redo()
                list(verdict_lines(verdicts.in_force()))
                verdicts.history(100)
            said_of_it = ""
        except VerdictsError as error:
            said_of_it = str(error)
        told += bool(said_of_it)
        assert "\n" not in said_of_it
        assert not said_of_it or str(folder / "verdicts.db") in said_of_it
    assert told > 50


WRONG = [
    "UPDATE verdict SET verdict = 'maybe'",
    "UPDATE verdict SET tag = x'ff00'",
    "UPDATE verdict SET hash_id = ''",
    "UPDATE verdict SET time = 'tomorrow'",
    "UPDATE verdict SET time = '9999-12-31T23:59:59.999999Z'",
    "UPDATE verdict SET score = 'high'",
    "UPDATE verdict SET score = 9e999",
    "UPDATE verdict SET position = 1.5",
    "UPDATE verdict SET batch = 9223372036854775807",
    "UPDATE verdict SET batch = 'first'",
    "UPDATE verdict SET mode = cast(x'c3' AS TEXT)",
    "UPDATE verdict SET model = 5 || hex(zeroblob(1000))",
]


@pytest.mark.parametrize("statement", WRONG)
def test_rows_that_this_program_never_wrote_are_damage(said, tmp_path, statement):
    changed(said, statement)
    with pytest.raises(VerdictsError) as raised:
        read_verdicts(str(said))
    assert str(said) in str(raised.value)
    assert "\n" not in str(raised.value)
    with Verdicts(str(tmp_path)) as verdicts, pytest.raises(VerdictsError):
        verdicts.counts()


@pytest.mark.parametrize("name", ["verdicts.db", "verdicts.db-journal"])
@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_nothing_is_written_through_a_link(tmp_path, name, link):
    other, folder = tmp_path / "other", tmp_path / "out"
    other.write_bytes(b"")
    folder.mkdir()
    if link == "symbolic":
        (folder / name).symlink_to(other)
    else:
        os.link(other, folder / name)
    with pytest.raises(OutputError, match="not written to"):
        Verdicts(str(folder))
    assert other.read_bytes() == b""


def test_a_journal_of_a_stranger_is_not_rolled_back_into_a_file_of_others(said, tmp_path):
    """The file is another name of a database that lies elsewhere, with a journal that would change it."""
    (tmp_path / "out").mkdir()
    os.link(said, tmp_path / "out" / "verdicts.db")
    assert len(read_verdicts(str(tmp_path / "out" / "verdicts.db"))) == len(SAID)  # reading alone is harmless
    (tmp_path / "out" / "verdicts.db-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504))
    before = said.read_bytes()
    with pytest.raises(OutputError, match="another name"):
        read_verdicts(str(tmp_path / "out" / "verdicts.db"))
    assert said.read_bytes() == before


def test_a_folder_in_the_place_of_the_file(refused, tmp_path):
    (tmp_path / "verdicts.db").mkdir()
    (tmp_path / "v.jsonl").write_bytes(b"")
    assert str(tmp_path / "verdicts.db") in refused("verdicts", tmp_path)
    assert str(tmp_path / "verdicts.db") in refused("verdicts", "import", tmp_path, tmp_path / "v.jsonl")


_HOLDING = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_that_another_program_holds_is_waited_for_and_then_said(said, tmp_path, monkeypatch):
    program = [sys.executable, "-c", _HOLDING, str(said)]
    holding = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    assert holding.stdout.readline() == "held\n"
    monkeypatch.setattr(verdict_file, "_WAIT", 0.05)
    try:
        for call in (lambda: read_verdicts(str(said)), lambda: Verdicts(str(tmp_path))):
            with pytest.raises(VerdictsError, match="Another program holds the file"):
                call()
    finally:
        holding.communicate(timeout=60)
    assert len(read_verdicts(str(said))) == len(SAID)


def test_a_batch_that_was_cut_off_is_taken_back_by_whoever_reads_next(said, tmp_path):
    """The process ends while a large batch is half on the disk, with its journal beside it."""
    program = f"""
import os, sqlite3
db = sqlite3.connect({str(said)!r}, isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
for number in range(3000):
    row = (str(number), "2026-01-01T00:00:00.000000Z", 9, "cat", str(number), "no", "", None, "", "", None, "", None)
    db.execute("INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
os._exit(9)
"""
    before = [verdict.id for verdict in read_verdicts(str(said))]
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert (tmp_path / "verdicts.db-journal").stat().st_size > 0
    assert [verdict.id for verdict in read_verdicts(str(said))] == before
    with Verdicts(str(tmp_path)) as verdicts:
        assert verdicts.append([Verdict("cat", "h1", "no")]) == 5


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_that_may_not_be_written_can_be_read(said, tmp_path):
    said.chmod(0o444)
    assert len(read_verdicts(str(said))) == len(SAID)
    with Verdicts(str(tmp_path)) as verdicts, pytest.raises(VerdictsError, match="writable"):
        verdicts.append(SAID[:1])


def test_a_start_that_was_killed_before_the_tables_were_made(tmp_path):
    (tmp_path / "verdicts.db").touch()
    assert read_verdicts(str(tmp_path / "verdicts.db")) == []
    with Verdicts(str(tmp_path)) as verdicts:
        verdicts.append(SAID)
    assert len(read_verdicts(str(tmp_path / "verdicts.db"))) == len(SAID)


def test_the_tables_are_those_that_are_required(said):
    with closing(sqlite3.connect(said)) as db:
        rows = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    assert rows == STATEMENTS


# JSON Lines -------------------------------------------------------------------------------------------------


def test_a_line_without_an_end_takes_no_memory(measured, tmp_path):
    with open(tmp_path / "v.jsonl", "wb") as file:
        file.truncate(4 << 30)
    code, said, mebibytes = measured(
        sys.executable, "-m", "image_tagging", "verdicts", "import", str(tmp_path), str(tmp_path / "v.jsonl")
    )
    assert code == 1
    assert "line 1: it is longer than 1,048,576 bytes" in said
    assert said.count("\n") == 1
    assert mebibytes < 300


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(NAMES, NAMES, st.sampled_from(["yes", "no", "unsure"]), NAMES), max_size=8))
@settings(max_examples=50)
def test_any_names_come_back_from_the_table_and_from_lines(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("names")
    with Verdicts(str(folder)) as verdicts:
        verdicts.append([Verdict(tag, name, word, file_path=path) for tag, name, word, path in rows])
        held = [each.verdict for each in verdicts.in_force()]
        (folder / "v.jsonl").write_bytes(b"".join(verdict_lines(verdicts.in_force())))
    read = list(VerdictLines(str(folder / "v.jsonl")))
    assert [(each.identity, each.id, each.file_path) for each in read] == [
        (each.identity, each.id, each.file_path) for each in held
    ]


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_are_verdicts_or_one_line(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(b'{"time":"2026-01-01T00:00:00Z","tag":"a","hash_id":"b","verdict":"no"}\n' + data)
    try:
        list(VerdictLines(str(path)))
        said_of_it = "line"
    except ImageTaggingError as error:
        said_of_it = str(error)
    assert "\n" not in said_of_it
    assert "line" in said_of_it


def test_names_with_escapes_of_terminals_are_shown_as_marks(tmp_path, capsys):
    with Verdicts(str(tmp_path)) as verdicts:
        verdicts.append([Verdict("cat\x1b[31m\ndog\u202e", "h", "yes")])
    for command in (
        ["verdicts", str(tmp_path)],
        ["verdicts", str(tmp_path), "--json"],
        ["verdicts", "export", str(tmp_path)],
    ):
        assert cli.main(command) == 0
        shown = capsys.readouterr().out
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_names_that_are_no_text_are_kept_as_the_store_keeps_them(tmp_path):
    with Verdicts(str(tmp_path)) as verdicts:
        verdicts.append([Verdict("caf\udce9", "h\udce9", "yes", file_path="/in/\udce9.png")])
        (held,) = verdicts.in_force("caf\udce9")
    assert (held.verdict.tag, held.verdict.hash_id) == ("caf\\udce9", "h\\udce9")


def test_a_pipe_is_not_read(refused, tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes in folders")
    os.mkfifo(tmp_path / "v.jsonl")
    assert "pipe" in refused("verdicts", "import", tmp_path, tmp_path / "v.jsonl")
