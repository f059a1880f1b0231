"""The file cache: what the README promises of it, over real files and real databases."""

from __future__ import annotations

import io
import logging
import os
import random
import re
import sqlite3
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from image_tagging.addresses import ImageRef
from image_tagging.errors import InputError, NoImagesError, OutputError
from image_tagging.images.decode import decode
from image_tagging.pipeline import file_cache
from image_tagging.pipeline.file_cache import FileCache
from image_tagging.sources import read as source_reader
from image_tagging.sources.read import SourceReader

ROOT = Path(__file__).resolve().parents[2]
DB = "./output/file_cache.sqlite"
KEYS = {
    *("file_name", "path", "file_path", "hash_id", "type", "file_type"),
    *("is_archive", "n_content", "container_archive"),
}

#: Word for word what the README shows.
README_EXAMPLE = """
from cache_file import FileCache

# Create file cache object
fileCache = FileCache()

# Create file cache database. Default to './output/file_cache.sqlite')
fileCache.create_file_cache()

# Adding image files contained in a folder or ZIP archive to file cache database
fileCache.add_folder_to_file_cache('./dataset/testdata1.zip')

# Get random file hash_id
hash_dict = fileCache.get_random_hash('./output/file_cache.sqlite')
hash_id = hash_dict['hash_id']

# Fetch image file data from file cache database with specific hash
img_dict = fileCache.get_img_by_hash('./output/file_cache.sqlite', hash_id)
''' Example img_dict:
{'file_name': '10_1.jpg',
 'file_path': './dataset/testdata1.zip/testdata1/10_1.jpg',
 'hash_id': '7bd45969bb6ffc6486fd560e42ab6ed1b788f3bb8541480be893da6ca4fcbff55b7d97e3505dc715fa962a23d24b7325a044206078390c08d63ac03d9fd4f67a',
 'file_type': '.jpg',
 'is_archive': None,
 'n_content': None,
 'container_archive': './dataset/testdata1.zip'
 }
'''
# Fetch random image file data from file cache database.
img_dict = fileCache.get_random_image('./output/file_cache.sqlite')

# Clear all data from the table in file cache database.
img_dict = fileCache.clear_cache('./output/file_cache.sqlite', delete_cache=False)
"""  # noqa: E501


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Every test starts in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cache():
    return FileCache()


@pytest.fixture
def decoded(monkeypatch):
    """The paths of the images that were read, as it happens."""
    paths: list[str] = []
    read = SourceReader.read

    def noted(reader, ref, stamp=""):
        paths.extend([ref.path] if ref.suffix == ".png" else [])  # archives are read too, to look into
        return read(reader, ref, stamp)

    monkeypatch.setattr(SourceReader, "read", noted)
    return paths


def picture(colour, suffix=".png"):
    image = Image.new("RGB", (5, 4), (colour % 256, colour // 256 % 256, 7))
    file = io.BytesIO()
    image.save(file, {".jpg": "JPEG", ".png": "PNG"}[suffix.lower()])
    return file.getvalue()


def draw(path, colour=1):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(colour, path.suffix))
    return path


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def write(path, data):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def rows(query="SELECT * FROM file_cache ORDER BY rowid", path=DB):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def execute(script, path=DB):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)


def paths():
    return sorted(path for (path,) in rows("SELECT path FROM file_cache"))


# What the README shows --------------------------------------------------------------------------------------


def test_the_readme_example(monkeypatch):
    write("dataset/testdata1.zip", zipped({f"testdata1/10_{n}.jpg": picture(n, ".jpg") for n in (1, 2)}))
    monkeypatch.syspath_prepend(str(ROOT))
    names: dict = {}
    said = []
    for part in README_EXAMPLE.split("\n# "):
        exec(part if not said else f"# {part}", names)
        said.append(names.get("img_dict"))
    *_, by_hash, at_random, cleared = said
    for told in (by_hash, at_random):
        assert told.keys() == KEYS
        assert re.fullmatch(r"\./dataset/testdata1\.zip/testdata1/10_[12]\.jpg", told["file_path"])
        assert told["path"] == told["file_path"]
        assert told["file_name"] == os.path.basename(told["path"])
        assert told["type"] == told["file_type"] == ".jpg"
        assert told["is_archive"] is told["n_content"] is None
        assert told["container_archive"] == "./dataset/testdata1.zip"
    assert by_hash["hash_id"] == names["hash_id"]
    assert cleared is None
    assert rows() == []


def test_the_front_at_the_root_is_the_same_class(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    import cache_file

    assert cache_file.FileCache is FileCache
    assert cache_file.__all__ == ["FileCache"]


def test_the_table_is_the_documented_one(cache):
    cache.create_file_cache()
    columns = [(name, kind, required) for _, name, kind, required, *_ in rows("PRAGMA table_info(file_cache)")]
    assert columns == [
        ("file_name", "TEXT", 1),
        ("path", "TEXT", 0),
        ("hash_id", "TEXT", 0),
        ("type", "TEXT", 0),
        ("is_archive", "INTEGER", 0),
        ("n_content", "INTEGER", 0),
        ("container_archive", "TEXT", 0),
    ]


def test_a_hash_is_that_of_stage_1(cache):
    file = draw("pictures/a.png", 3)
    cache.add_folder_to_file_cache("pictures")
    expected = decode(ImageRef("a"), file.read_bytes()).facts.hash_id
    assert cache.get_random_hash(DB) == {"hash_id": expected}
    assert cache.get_img_by_hash(DB, expected) == {
        "file_name": "a.png",
        "path": "pictures/a.png",
        "file_path": "pictures/a.png",
        "hash_id": expected,
        "type": ".png",
        "file_type": ".png",
        "is_archive": None,
        "n_content": None,
        "container_archive": None,
    }


# Adding -----------------------------------------------------------------------------------------------------


def test_archives_have_a_row_and_images_name_the_archive_that_holds_them(cache):
    inner = zipped({"x.png": picture(1), "sub/y.PNG": picture(2)})
    write("./data/outer.zip", zipped({"inner.zip": inner, "cat/7.png": picture(3), "notes.txt": b"no image"}))
    draw("data/plain.png", 4)
    cache.add_folder_to_file_cache("./data", "elsewhere", "my.db")
    table = [(name, path, kind, *rest) for name, path, _, kind, *rest in rows(path="elsewhere/my.db")]
    assert sorted(table, key=lambda row: row[1]) == [
        ("outer.zip", "./data/outer.zip", ".zip", 1, 1, None),
        ("7.png", "./data/outer.zip/cat/7.png", ".png", None, None, "./data/outer.zip"),
        ("inner.zip", "./data/outer.zip/inner.zip", ".zip", 1, 2, "./data/outer.zip"),
        ("y.PNG", "./data/outer.zip/inner.zip/sub/y.PNG", ".png", None, None, "./data/outer.zip/inner.zip"),
        ("x.png", "./data/outer.zip/inner.zip/x.png", ".png", None, None, "./data/outer.zip/inner.zip"),
        ("plain.png", "./data/plain.png", ".png", None, None, None),
    ]
    assert {hash_id for name, _, hash_id, *_ in rows(path="elsewhere/my.db") if name.endswith(".zip")} == {None}


NAMES = ["it's; DROP TABLE file_cache--.png", "图片 文件夹.png", "🐈‍⬛ cat.png", 'say "cheese" %41?x#y.png']


@pytest.mark.parametrize("place", ["folder", "archive"])
def test_names_of_any_script(cache, place):
    out = "o'输出 🐈 100%?#"
    if place == "folder":
        for number, name in enumerate(NAMES):
            draw(f"d/{name}", number)
    else:
        write("d/动物's.zip", zipped({name: picture(number) for number, name in enumerate(NAMES)}))
    cache.add_folder_to_file_cache("d", out, "c'🐈.sqlite")
    db_path = f"{out}/c'🐈.sqlite"
    found = rows("SELECT file_name, hash_id FROM file_cache WHERE is_archive IS NULL", db_path)
    assert sorted(name for name, _ in found) == sorted(NAMES)
    assert all(cache.get_img_by_hash(db_path, hash_id)["file_name"] == name for name, hash_id in found)
    assert os.listdir(out) == ["c'🐈.sqlite"]


def test_a_name_that_is_no_text(cache):
    try:
        write(os.fsdecode(b"d/caf\xe9.png"), picture(1))
    except OSError:
        pytest.skip("the file system takes only names that are text")
    cache.add_folder_to_file_cache("d")
    cache.add_folder_to_file_cache("d")
    assert paths() == ["d/caf\\udce9.png"]


def test_paths_may_be_path_objects(cache, home):
    draw("d/a.png")
    write("d/z.zip", zipped({"b.png": picture(2)}))
    cache.add_folder_to_file_cache(home / "d" / "z.zip", home / "out")
    cache.add_folder_to_file_cache(home / "d", home / "out")
    assert cache.get_random_image(home / "out" / "file_cache.sqlite")["type"] == ".png"
    cache.clear_cache(home / "out" / "file_cache.sqlite", delete_cache=True)
    assert os.listdir("out") == []


def test_nothing_is_added_twice_or_decoded_again(cache, decoded, home):
    draw("d/a.png", 1)
    write("d/z.zip", zipped({"b.png": picture(2), "in.zip": zipped({"c.png": picture(3)})}))
    cache.add_folder_to_file_cache("./d")
    before = rows()
    assert len(decoded) == 3
    for spelling in ("./d", "d", "d/", "d/../d", str(home / "d"), "./d/z.zip", str(home / "d" / "a.png")):
        cache.add_folder_to_file_cache(spelling)
    assert rows() == before
    assert len(decoded) == 3


def test_a_changed_file_gets_its_row_updated_and_no_other(cache, decoded):
    draw("d/a.png", 1)
    draw("d/b.png", 2)
    write("d/z.zip", zipped({"c.png": picture(3), "d.png": picture(4)}))
    cache.add_folder_to_file_cache("./d")
    before = {path: (number, hash_id) for number, path, hash_id in rows("SELECT rowid, path, hash_id FROM file_cache")}
    draw("d/a.png", 200)
    os.utime("d/a.png", ns=(1, 1))
    write("d/z.zip", zipped({"c.png": picture(3), "d.png": picture(300), "e.png": picture(5)}))
    del decoded[:]
    cache.add_folder_to_file_cache("d")
    after = {path: (number, hash_id) for number, path, hash_id in rows("SELECT rowid, path, hash_id FROM file_cache")}
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {"./d/a.png", "./d/z.zip/d.png"}
    assert after.keys() - before.keys() == {"d/z.zip/e.png"}
    assert all(before[path][0] == after[path][0] for path in before)
    assert sorted(decoded) == ["d/a.png", "d/z.zip/d.png", "d/z.zip/e.png"]
    assert rows("SELECT n_content FROM file_cache WHERE is_archive") == [(3,)]
    assert cache.get_img_by_hash(DB, before["./d/a.png"][1]) is None


def test_one_relative_path_from_two_folders_is_two_files(cache, home, monkeypatch):
    for number, place in enumerate(("one", "two")):
        draw(home / place / "d" / "a.png", number)
        monkeypatch.chdir(home / place)
        cache.add_folder_to_file_cache("d", home / "output")
    monkeypatch.chdir(home)
    assert len({hash_id for _, _, hash_id, *_ in rows()}) == len(rows()) == 2


def test_what_cannot_be_used_is_skipped_logged_and_counted(cache, caplog):
    draw("d/good.png")
    write("d/broken.jpg", picture(5, ".jpg")[:200])
    write("d/text.png", b"not a picture")
    write("d/empty.gif", b"")
    write("d/damaged.zip", b"PK not a zip")
    write("d/z.zip", zipped({"broken.png": picture(1)[:30], "good.png": picture(9)}))
    with caplog.at_level(logging.INFO, logger="image_tagging.pipeline.file_cache"):
        assert cache.add_folder_to_file_cache("d") is None
    assert paths() == ["d/good.png", "d/z.zip", "d/z.zip/good.png"]
    skipped = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    named = {message.split(": ")[0].replace("skipped ", "") for message in skipped}
    assert named == {"d/broken.jpg", "d/text.png", "d/empty.gif", "d/damaged.zip", "d/z.zip/broken.png"}
    assert caplog.messages[-1] == "d: 2 added, 5 failed"


def test_a_file_that_breaks_keeps_its_row(cache):
    draw("d/a.png", 1)
    draw("d/b.png", 2)
    cache.add_folder_to_file_cache("d")
    before = rows()
    write("d/a.png", b"gone bad")
    cache.add_folder_to_file_cache("d")
    assert rows() == before


def test_an_archive_that_names_a_member_twice(cache):
    with zipfile.ZipFile("twice.zip", "w") as archive:
        archive.writestr("a.png", picture(1))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.png", picture(2))
    for _ in range(2):
        cache.add_folder_to_file_cache("twice.zip")
        assert paths() == ["twice.zip", "twice.zip/a (2).png", "twice.zip/a.png"]


def test_more_than_one_batch(cache, monkeypatch):
    monkeypatch.setattr(file_cache, "_TOGETHER", 2)
    monkeypatch.setattr(file_cache, "_GROUPS", 2)
    write("z.zip", zipped({f"{n:02}.png": picture(n) for n in range(23)}))
    cache.add_folder_to_file_cache("z.zip")
    assert [name for name, *_ in rows()] == [*(f"{n:02}.png" for n in range(23)), "z.zip"]


def test_a_batch_is_one_transaction(cache, watched):
    for number in range(30):
        draw(f"d/{number}.png", number)
    watched.steps_of(cache.add_folder_to_file_cache, "d")
    assert watched.statements.count("COMMIT") <= 3  # the tables, the images, the archives


def test_every_reader_is_closed(cache, monkeypatch):
    readers: list[Reader] = []

    class Reader(SourceReader):
        closed = False

        def __init__(self, **options):
            super().__init__(**options)
            readers.append(self)

        def close(self):
            self.closed = True
            super().close()

    monkeypatch.setattr(source_reader, "SourceReader", Reader)
    write("z.zip", zipped({f"{n}.png": picture(n) for n in range(20)}))
    cache.add_folder_to_file_cache("z.zip")
    assert readers
    assert all(reader.closed for reader in readers)


def test_what_was_written_before_an_interruption_is_kept(cache, monkeypatch):
    monkeypatch.setattr(file_cache, "_TOGETHER", 2)
    monkeypatch.setattr(file_cache, "_GROUPS", 2)
    write("z.zip", zipped({f"{n:02}.png": picture(n) for n in range(30)}))

    read = SourceReader.read

    def interrupted(reader, ref, stamp=""):
        if ref.name == "20.png":
            raise KeyboardInterrupt
        return read(reader, ref, stamp)

    with monkeypatch.context() as patch:
        patch.setattr(SourceReader, "read", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cache.add_folder_to_file_cache("z.zip")
    assert 4 <= len(rows()) <= 20
    cache.add_folder_to_file_cache("z.zip")
    assert len(rows()) == len(set(paths())) == 31


def test_several_at_once_add_nothing_twice():
    for number in range(40):
        draw(f"d/{number}.png", number)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: FileCache().add_folder_to_file_cache("d"), range(4)))
    assert len(rows()) == len(set(paths())) == 40


def test_a_row_deleted_by_hand_comes_back(cache):
    for number in range(4):
        draw(f"d/{number}.png", number)
    cache.add_folder_to_file_cache("d")
    execute("DELETE FROM file_cache WHERE file_name IN ('1.png', '3.png'); VACUUM")
    draw("d/4.png", 4)
    cache.add_folder_to_file_cache("d")
    assert paths() == [f"d/{number}.png" for number in range(5)]


def test_vacuum_keeps_rows_and_what_is_known_of_them_together(cache, decoded):
    for number in range(6):
        draw(f"d/{number}.png", number)
    cache.add_folder_to_file_cache("d")
    execute("DELETE FROM file_cache WHERE file_name = '0.png'; VACUUM")
    draw("d/5.png", 500)
    os.utime("d/5.png", ns=(1, 1))
    cache.add_folder_to_file_cache("d")
    expected = {f"{n}.png": decode(ImageRef("x"), Path(f"d/{n}.png").read_bytes()).facts.hash_id for n in range(6)}
    assert {name: hash_id for name, _, hash_id, *_ in rows()} == expected


# Making, clearing -------------------------------------------------------------------------------------------


def test_an_existing_cache_is_left_as_it_is(cache):
    draw("d/a.png")
    cache.create_file_cache()
    cache.add_folder_to_file_cache("d")
    before = Path(DB).read_bytes()
    cache.create_file_cache()
    assert Path(DB).read_bytes() == before


def test_an_empty_file_left_by_a_crash_becomes_a_cache(cache):
    write(DB, b"")
    cache.create_file_cache()
    draw("d/a.png")
    cache.add_folder_to_file_cache("d")
    assert paths() == ["d/a.png"]


def test_a_cache_that_another_program_made_with_only_the_table(cache):
    Path("output").mkdir()
    execute(
        "CREATE TABLE file_cache(hash_id TEXT, file_name TEXT NOT NULL, path TEXT, type TEXT, is_archive BOOL,"
        " n_content INTEGER, container_archive TEXT);"
        "INSERT INTO file_cache(file_name, path, hash_id, type, is_archive) VALUES "
        "('a.png', './x/a.png', 'abc', '.png', NULL), ('z.zip', './x/z.zip', 'def', '.zip', TRUE)"
    )
    assert cache.get_random_hash(DB) == {"hash_id": "abc"}
    assert cache.get_img_by_hash(DB, "def")["is_archive"] is True
    draw("d/b.png")
    cache.add_folder_to_file_cache("d")
    assert paths() == ["./x/a.png", "./x/z.zip", "d/b.png"]
    cache.clear_cache(DB)
    assert rows() == []


def test_clear_and_fill_again(cache, decoded):
    draw("d/a.png")
    cache.add_folder_to_file_cache("d")
    cache.clear_cache(DB)
    assert rows() == []
    assert rows("SELECT name FROM sqlite_master WHERE type = 'table'") == [("file_cache",)]
    cache.clear_cache(DB)
    cache.add_folder_to_file_cache("d")
    assert paths() == ["d/a.png"]
    assert len(decoded) == 2


def test_clear_with_the_file(cache):
    draw("d/a.png")
    cache.add_folder_to_file_cache("d")
    for end in ("-wal", "-shm"):
        write(DB + end, b"")
    cache.clear_cache(DB, delete_cache=True)
    assert os.listdir("output") == []
    assert Path("d/a.png").exists()


# Fetching ---------------------------------------------------------------------------------------------------


def test_of_two_files_with_one_picture_the_first_added_is_returned(cache):
    draw("d/b.png", 1)
    cache.add_folder_to_file_cache("d")
    draw("d/a.png", 1)
    cache.add_folder_to_file_cache("d")
    assert len(rows()) == 2
    assert cache.get_img_by_hash(DB, cache.get_random_hash(DB)["hash_id"])["path"] == "d/b.png"


def test_an_unknown_hash(cache):
    cache.create_file_cache()
    assert cache.get_img_by_hash(DB, "' OR 1=1 --") is None


def test_random_images_are_uniform_over_gaps_and_never_archives(cache):
    for number in range(12):
        write(f"d{number // 6}/{number}.zip", zipped({"a.png": picture(number)}))
    cache.add_folder_to_file_cache("d0")
    cache.add_folder_to_file_cache("d1")
    execute("DELETE FROM file_cache WHERE path LIKE 'd0/1%' OR path LIKE 'd1/6%'")
    random.seed(11)
    drawn = Counter(cache.get_random_image(DB)["path"] for _ in range(1200))
    assert len(drawn) == 10
    assert all(75 <= count <= 165 for count in drawn.values())  # 120 expected, 4.3 standard deviations
    random.seed(5)
    once = [cache.get_random_hash(DB) for _ in range(5)]
    random.seed(5)
    assert [cache.get_random_hash(DB) for _ in range(5)] == once


def fill(count, *, images=True):
    """Rows as many as asked, without files."""
    FileCache().create_file_cache()
    execute(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        f"INSERT INTO file_cache SELECT i || '.png', 'd/' || i || '.png', 'h' || i, '.png', "
        f"{'NULL' if images else '1'}, NULL, NULL FROM n"
    )


def test_one_image_among_thousands_of_archives_is_found(cache):
    fill(5000, images=False)
    execute("UPDATE file_cache SET is_archive = NULL WHERE rowid = 4321")
    assert {cache.get_random_image(DB)["path"] for _ in range(20)} == {"d/4321.png"}


@pytest.fixture
def watched(monkeypatch):
    """What SQLite is asked, and how many steps its machine takes for it."""
    connect = sqlite3.connect

    class Watched:
        def __init__(self):
            self.statements: list[str] = []
            self.steps = 0

        def step(self):
            self.steps += 1
            return 0

        def connect(self, *args, **options):
            connection = connect(*args, **options)
            connection.set_trace_callback(self.statements.append)
            connection.set_progress_handler(self.step, 1)
            return connection

        def steps_of(self, call, *args):
            self.steps = 0
            with monkeypatch.context() as patch:
                patch.setattr(sqlite3, "connect", self.connect)
                call(*args)
            return self.steps

    return Watched()


def test_fetching_costs_the_same_in_a_large_cache(cache, watched):
    fill(100)
    calls = [(cache.get_random_hash, DB), (cache.get_random_image, DB), (cache.get_img_by_hash, DB, "h77")]
    small = [watched.steps_of(*call) for call in calls]
    cache.clear_cache(DB, delete_cache=True)
    fill(20_000)
    large = [watched.steps_of(*call) for call in calls]
    assert small == large
    assert max(large) < 1000


@pytest.mark.parametrize("images", [True, False])
def test_no_query_goes_through_the_table(cache, watched, images):
    fill(12_000, images=images)
    draw("d/a.png")
    watched.steps_of(cache.add_folder_to_file_cache, "d")
    watched.steps_of(cache.get_random_image, DB)
    watched.steps_of(cache.get_img_by_hash, DB, "h77")
    asked = [text for text in watched.statements if re.match(r"\s*(SELECT|UPDATE)\b.*file_cache\b", text, re.DOTALL)]
    assert len(asked) >= 6
    with closing(sqlite3.connect(DB)) as db:
        plans = [step[-1] for text in asked for step in db.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert plans
    assert [plan for plan in plans if not plan.startswith("SEARCH")] == []


# Errors -----------------------------------------------------------------------------------------------------


def readers(cache):
    return [
        cache.get_random_hash,
        cache.get_random_image,
        lambda path: cache.get_img_by_hash(path, "h"),
        cache.clear_cache,
        lambda path: cache.clear_cache(path, delete_cache=True),
    ]


def one_line(raised):
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_no_database(cache):
    for read in readers(cache):
        with pytest.raises(InputError, match="there is no file cache at") as raised:
            read("nowhere/it's.sqlite")
        assert "nowhere/it's.sqlite" in one_line(raised)
    assert os.listdir() == []


@pytest.mark.parametrize("content", [b"", b"something else entirely, and long enough to be read" * 40])
def test_a_file_that_is_no_cache(cache, content):
    write("x.sqlite", content)
    for read in readers(cache):
        with pytest.raises(InputError, match=r"x\.sqlite is not a file cache") as raised:
            read("x.sqlite")
        one_line(raised)
    assert Path("x.sqlite").read_bytes() == content


def test_a_database_of_another_program_is_not_touched(cache):
    execute("CREATE TABLE bookmarks(url TEXT); INSERT INTO bookmarks VALUES ('x')", "other.db")
    before = Path("other.db").read_bytes()
    draw("d/a.png")
    makers = [lambda _: cache.create_file_cache(".", "other.db")]
    makers.append(lambda _: cache.add_folder_to_file_cache("d", ".", "other.db"))
    for use in (*readers(cache), *makers):
        with pytest.raises(InputError, match="not a file cache") as raised:
            use("other.db")
        one_line(raised)
    assert Path("other.db").read_bytes() == before


def test_an_empty_cache_has_no_random_image(cache):
    cache.create_file_cache()
    for draw_one in (cache.get_random_hash, cache.get_random_image):
        with pytest.raises(InputError, match=r"holds no image\. Add a folder first") as raised:
            draw_one(DB)
        assert DB in one_line(raised)


def test_nothing_at_data_dir(cache):
    with pytest.raises(InputError, match="nowhere") as raised:
        cache.add_folder_to_file_cache("nowhere")
    one_line(raised)
    assert os.listdir() == []


def test_a_folder_without_images(cache):
    write("d/notes.txt", b"hello")
    write("d/empty.zip", zipped({"notes.txt": b"hello"}))
    with pytest.raises(NoImagesError, match="there is no image at d that can be used") as raised:
        cache.add_folder_to_file_cache("d")
    one_line(raised)
    assert rows() == []


def test_a_folder_of_broken_images_names_the_first(cache):
    write("d/b.png", b"no")
    with pytest.raises(NoImagesError, match=r"first that failed: d/b\.png: the content is not an image") as raised:
        cache.add_folder_to_file_cache("d")
    one_line(raised)


def test_a_locked_cache(cache, monkeypatch):
    draw("d/a.png")
    cache.create_file_cache()
    connect = sqlite3.connect
    with closing(connect(DB, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, **{**options, "timeout": 0}))
        with pytest.raises(OutputError, match="locked") as raised:
            cache.add_folder_to_file_cache("d")
        one_line(raised)


def test_an_output_folder_that_cannot_be_made(cache):
    write("output", b"a file")
    draw("d/a.png")
    for use in (cache.create_file_cache, lambda: cache.add_folder_to_file_cache("d")):
        with pytest.raises(OutputError) as raised:
            use()
        one_line(raised)
