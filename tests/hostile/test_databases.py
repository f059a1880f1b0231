"""Databases that are foreign, damaged, locked or read-only, two runs at once, and SQL that no name can change."""

from __future__ import annotations

import ast
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

import image_tagging
from image_tagging import FileCache
from image_tagging.errors import ImageTaggingError, OutputError
from image_tagging.store import schema
from image_tagging.store import store_file as store

STAGES = ["process", "train", "classify", "classify-zip"]
STORE = store.STORE_NAME


def another_programs(path, version=0):
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE accounts(name TEXT)")
        db.execute("INSERT INTO accounts VALUES ('aunt')")
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()


# The working store -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("what", ["another program's", "a newer version's", "text", "cut short", "a folder"])
def test_a_store_that_is_none_is_left_as_it_is(refused, stages, *, trained, tmp_path, results, stage, what):
    output = Path(shutil.copytree(trained.output, tmp_path / "out"))
    path = output / STORE
    if what == "cut short":
        path.write_bytes(path.read_bytes()[:10_000])
    else:
        path.unlink()
        if what == "a folder":
            path.mkdir()
        elif what == "text":
            path.write_bytes(b"a letter to my aunt\n" * 300)
        else:
            another_programs(path, version=3 if what == "another program's" else 4)
    before = path.read_bytes() if path.is_file() else None, results(output)
    message = refused(*stages[stage](output))
    assert str(path) in message
    assert "use another output folder" in message
    assert (path.read_bytes() if path.is_file() else None, results(output)) == before


def test_a_damaged_store_gives_results_or_one_line_that_says_so(trained, tmp_path, capsys):
    """Bytes changed anywhere: SQLite has no checksums, so that some are never noticed; none may crash the program."""
    draw = random.Random(4)
    good = (trained.output / STORE).read_bytes()
    said = set()
    for number in range(60):
        output = Path(shutil.copytree(trained.output, tmp_path / str(number)))
        data = bytearray(good)
        page = 4096 * draw.randrange(len(data) // 4096)
        for _ in range(draw.choice([1, 40, 4000])):
            data[page + draw.randrange(4096)] = draw.randrange(256)
        (output / STORE).write_bytes(data)
        if number % 2:
            (output / "stage1.db").unlink()
        arguments = ["process", f"--input_folder={trained.images}", f"--output_folder={output}"]
        code = image_tagging.cli.app.main([*arguments, "--clip_model=builtin"])
        told = capsys.readouterr().err
        assert (code, told.count("\n")) in {(0, 0), (1, 1)}
        said.add(code)
    assert said == {0, 1}


def test_a_start_that_was_killed_half_way_leaves_no_half_of_a_store(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "SCHEMA", schema.SCHEMA.replace("CREATE INDEX", "SELECT fails; CREATE INDEX"))
    with pytest.raises(OutputError):
        store.StoreFile(str(tmp_path))
    monkeypatch.undo()
    store.StoreFile(str(tmp_path)).__exit__()


#: Holds a database as another program does that is in the midst of writing, until its input ends.
_HOLDING = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held():
    """``held(path)`` locks a database in a process of its own until the test ends."""
    running = []

    def hold(path):
        program = [sys.executable, "-c", _HOLDING, str(path)]
        running.append(subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"))
        assert running[-1].stdout.readline() == "held\n"

    yield hold
    for process in running:
        process.communicate(timeout=60)


@pytest.mark.parametrize("stage", STAGES)
def test_a_store_that_another_process_holds(refused, stages, *, trained, tmp_path, held, monkeypatch, results, stage):
    output = Path(shutil.copytree(trained.output, tmp_path / "out"))
    held(output / STORE)
    monkeypatch.setattr(store, "_WAIT", 0.05)
    before = results(output)
    message = refused(*stages[stage](output))
    assert "locked" in message
    assert "Wait for the other run" in message
    assert results(output) == before


# Two runs at once --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_two_runs_on_one_folder_wait_or_say_so_and_no_file_is_half_written(stages, command, tmp_path, undated, stage):
    alone = tmp_path / "alone"
    assert command(*stages[stage](alone)).returncode == 0
    for number in range(3):
        output = tmp_path / str(number)
        done = []
        runs = [threading.Thread(target=lambda: done.append(command(*stages[stage](output)))) for _ in range(3)]  # noqa: B023
        for run in runs:
            run.start()
        for run in runs:
            run.join()
        assert 0 in {each.returncode for each in done}
        for each in done:
            assert each.returncode == 0 or "Wait for the other run" in each.stderr, each.stderr
            assert each.stderr.count("\n") == each.returncode
        assert not list(output.rglob("*.part"))
        assert undated(output) == undated(alone)


def test_a_store_that_another_run_makes_meanwhile_is_never_seen_half_made(tmp_path, monkeypatch):
    asked = store.StoreFile.rows
    others = iter([tmp_path])

    def meanwhile(self, query, values=()):
        rows = asked(self, query, values)
        for folder in others:
            with suppress(OutputError), store.StoreFile(str(folder)):  # it comes after, or waits in vain
                pass
        return rows

    monkeypatch.setattr(store, "_WAIT", 0.05)
    monkeypatch.setattr(store.StoreFile, "rows", meanwhile)
    with store.StoreFile(str(tmp_path)) as opened:
        assert opened.rows("SELECT count(*) FROM finished") == [(0,)]


_ADDING = "import sys; from image_tagging import FileCache; FileCache().add_folder_to_file_cache(*sys.argv[1:])"


@pytest.mark.slow
def test_several_processes_fill_one_file_cache(trained, tmp_path):
    program = [sys.executable, "-c", _ADDING, str(trained.images), str(tmp_path)]
    running = [subprocess.Popen(program, stderr=subprocess.PIPE, encoding="utf-8") for _ in range(4)]
    assert [process.communicate(timeout=600)[1] for process in running] == [""] * 4
    with closing(sqlite3.connect(tmp_path / "file_cache.sqlite")) as db:
        assert db.execute("SELECT count(*), count(DISTINCT path) FROM file_cache").fetchone() == (24, 24)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# The tables of results and the file cache --------------------------------------------------------------------


@pytest.mark.parametrize(("stage", "name"), [("process", "stage1.db"), ("classify", "stage3.db")])
def test_a_result_table_in_whose_place_something_else_lies(refused, stages, tmp_path, stage, name):
    """Neither a database of another program nor a folder is replaced."""
    output = tmp_path / "out"
    output.mkdir()
    another_programs(output / name)
    before = (output / name).read_bytes()
    assert str(output / name) in refused(*stages[stage](output))
    assert (output / name).read_bytes() == before
    (output / name).unlink()
    (output / name).mkdir()
    assert str(output / name) in refused(*stages[stage](output))
    assert not list(output.glob("*.part"))


def test_a_damaged_file_cache_is_told_as_such(trained, tmp_path):
    cache, path = FileCache(), tmp_path / "file_cache.sqlite"
    cache.add_folder_to_file_cache(trained.images, tmp_path)
    good, draw, told = path.read_bytes(), random.Random(1), 0
    for number in range(60):
        data = bytearray(good[: draw.randrange(len(good))] if number % 3 == 0 else good)
        for _ in range(400 if data else 0):
            data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(data)
        try:
            cache.get_random_image(path)
            cache.add_folder_to_file_cache(trained.images, tmp_path)
            said = ""
        except ImageTaggingError as error:
            said = str(error)
        told += bool(said)
        assert not said or str(path) in said
        assert "\n" not in said
    assert told > 30


@pytest.mark.parametrize("call", ["add_folder_to_file_cache", "get_random_image", "clear_cache"])
def test_a_folder_in_the_place_of_the_file_cache(trained, tmp_path, call):
    path = tmp_path / "file_cache.sqlite"
    path.mkdir()
    arguments = (trained.images, tmp_path) if call.startswith("add") else (path,)
    with pytest.raises(ImageTaggingError) as raised:
        getattr(FileCache(), call)(*arguments)
    assert str(path) in str(raised.value)


# SQL ---------------------------------------------------------------------------------------------------------

#: What texts of SQL are put together from, beside constants of a module (``_PENDING``): none of it comes from outside.
PARTS = {
    "table.name",  # of a ResultTable, which are the constants STAGE1, STAGE3, STAGE4
    "', '.join(table.columns)",
    "marks",  # ", ".join("?" for _ in table.columns)
    "migration",  # of constants of the module schema
}
#: What statements are taken from in a loop.
LOOPS = {
    "statements(table)[:-len(_INDEXES)]",  # constants, with the columns of a ResultTable
    "self._whole",  # of scores: constants, with numbers that are counted there
}
MARKS_OF_VALUES = "', '.join('?' * len(part))"
RUNS_SQL = {"execute", "executemany", "executescript", "rows", "stream"}
SOURCES = sorted(Path(image_tagging.__file__).parent.rglob("*.py"))


def is_constant(node):
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.lstrip("_").isupper())


def is_safe_sql(node):
    """A constant, a text of constants and ``PARTS``, or a constant with one ``?`` for each value put into it."""
    if isinstance(node, ast.JoinedStr):
        inner = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        return all(is_constant(part) or ast.unparse(part) in PARTS for part in inner)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return is_constant(node.func.value) and [ast.unparse(each) for each in node.args] == [MARKS_OF_VALUES]
    return is_constant(node) or ast.unparse(node) in LOOPS


def sql_of(source):
    """Every text that ``source`` hands to SQLite, and of a name the values that are given to it."""
    tree = ast.parse(source)
    given = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                given.setdefault(ast.unparse(target), []).append(node.value)
        if isinstance(node, ast.For):
            for target in node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]:
                given.setdefault(ast.unparse(target), []).append(node.iter)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNS_SQL:
            (first, *_) = node.args
            if ast.unparse(node.func) == "self._db.execute" and ast.unparse(first) == "query":
                continue  # rows and stream themselves, whose callers are looked at
            is_name = isinstance(first, (ast.Name, ast.Attribute)) and not is_constant(first)
            yield from ((node, each) for each in (given[ast.unparse(first)] if is_name else [first]))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_values_reach_sql_as_bound_parameters_alone(path):
    for call, text in sql_of(path.read_text(encoding="utf-8")):
        assert is_safe_sql(text), f"{path}:{call.lineno}: {ast.unparse(text)}"


def test_the_check_sees_what_it_should():
    assert sum(len(list(sql_of(path.read_text(encoding="utf-8")))) for path in SOURCES) > 40
    for text in ('f"DELETE FROM t WHERE a = {name}"', '"DELETE FROM t WHERE a = " + name', '"{}".format(name)',
                 '"DELETE FROM t WHERE a = %s" % name', "query"):  # fmt: skip
        (found,) = sql_of(f"query = 'a' + name\ndb.execute({text})")
        assert not is_safe_sql(found[1])
