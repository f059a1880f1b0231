"""An output folder that a stranger made, or that holds files of the user: nothing in it is written through or lost."""

from __future__ import annotations

import ast
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

import image_tagging
from image_tagging.addresses import ImageRef
from image_tagging.cli import app as cli
from image_tagging.cli.log import LOG_NAME
from image_tagging.datasets import FileErrors
from image_tagging.errors import OutputError
from image_tagging.exporters import file_names, placing
from image_tagging.exporters.stored_tables import stored_rows
from image_tagging.pipeline import TrainConfig, train_tag_models
from image_tagging.store.store_file import STORE_NAME
from image_tagging.tag_models.names import quote_tag, unquote_tag
from samples import at, png, written

SOURCE = Path(image_tagging.__file__).parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


@pytest.fixture
def images(tmp_path):
    for number in range(3):
        written(tmp_path / "images" / "cat" / f"{number}.png", png(number))
    return tmp_path / "images"


@pytest.fixture
def thesis(tmp_path):
    """A file of the user, which no run may change."""
    path = tmp_path / "thesis.txt"
    path.write_text("my thesis\n")
    yield path
    assert path.read_text() == "my thesis\n"


def stage_1(images, output):
    return ("process", f"--input_folder={images}", f"--output_folder={output}", "--clip_model=builtin")


def stage_2(trained, output):
    lists = trained.output / "input-tag-to-image-hash-list.json"
    metadata = trained.output / "input-metadata.json"
    return ("train", f"--metadata_json={metadata}", f"--tag_to_hash_json={lists}", f"--output={output}")


def stage_3(trained, images, output):
    return ("classify", f"--directory={images}", f"--model={trained.models}", f"--output={output}")


# --- links in the place of files that are written to (R2, R3) ----------------------------------------------


@pytest.mark.parametrize("how", [os.symlink, os.link], ids=["link", "hard link"])
@pytest.mark.parametrize("name", [LOG_NAME, STORE_NAME, f"{STORE_NAME}-wal", f"{STORE_NAME}-journal"])
def test_a_link_in_the_place_of_log_or_store_is_refused(refused, images, thesis, tmp_path, how, name):
    (tmp_path / "output").mkdir()
    how(thesis, tmp_path / "output" / name)
    assert f"{name} " in refused(*stage_1(images, tmp_path / "output"))


def test_names_of_a_stranger_are_not_appended_to_a_file_of_the_user(refused, thesis, tmp_path):
    data = tmp_path / "set"
    (data / "output").mkdir(parents=True)
    (data / "output" / LOG_NAME).symlink_to(thesis)
    with zipfile.ZipFile(data / "set.zip", "w") as archive:
        archive.writestr("a/0.png", png())
        archive.writestr("a/x.$(touch ran-me)", "")
    refused(*stage_1(data / "set.zip", data / "output"))


@pytest.mark.parametrize("name", [LOG_NAME, STORE_NAME])
def test_a_link_that_leads_nowhere_makes_no_file_elsewhere(refused, images, tmp_path, name):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / name).symlink_to(tmp_path / "elsewhere")
    refused(*stage_1(images, tmp_path / "output"))
    assert not (tmp_path / "elsewhere").exists()


def test_a_pipe_in_the_place_of_the_log_does_not_stop_the_run(refused, images, tmp_path):
    (tmp_path / "output").mkdir()
    os.mkfifo(tmp_path / "output" / LOG_NAME)
    assert "is a pipe or a device" in refused(*stage_1(images, tmp_path / "output"))


def test_a_file_cache_that_is_a_link_is_not_written_to(tmp_path, images, thesis):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cache.sqlite-journal").symlink_to(thesis)
    with pytest.raises(OutputError, match="is a link"):
        image_tagging.FileCache().add_folder_to_file_cache(images, tmp_path / "out", "cache.sqlite")


@pytest.mark.parametrize("how", [os.symlink, os.link], ids=["link", "hard link"])
def test_no_temporary_name_in_a_bin_can_be_known(trained, images, thesis, tmp_path, how):
    output = tmp_path / "output"
    for bin_name in placing_bins():
        folder = output / "ovr-svm" / "tiles" / bin_name
        folder.mkdir(parents=True)
        for name in (".part", "0.png.part", ".0.png.part"):
            how(thesis, folder / name)
    assert cli.main([*stage_3(trained, images / "cat" / "0.png", output)]) == 0
    (placed,) = (output / "ovr-svm" / "tiles").rglob("0.png")
    assert not placed.is_symlink()
    assert placed.read_bytes() == png(0)


def placing_bins():
    return [f"{number / 10:.1f}" for number in range(1, 11)]


@pytest.mark.parametrize("name", ["ovr-svm", "ovr-svm/tiles", "ovr-svm/tiles/0.1", "ovr-svm/tiles/1.0"])
def test_a_bin_that_leads_out_of_the_output_folder_gets_no_image(refused, trained, images, tmp_path, name):
    home = tmp_path / "home"
    home.mkdir()
    output = tmp_path / "output"
    for each in (name, *(f"ovr-svm/tiles/{each}" for each in placing_bins() if name.count("/") == 2)):
        (output / each).parent.mkdir(parents=True, exist_ok=True)
        if not (output / each).is_symlink():
            (output / each).symlink_to(home)
    assert "is a link that leads out of" in refused(*stage_3(trained, images, output))
    assert os.listdir(home) == []


@pytest.mark.parametrize("name", ["models", "reports"])
def test_a_folder_of_models_or_reports_that_leads_out_is_refused(refused, trained, tmp_path, name):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / name).symlink_to(home)
    assert "is a link that leads out of" in refused(*stage_2(trained, tmp_path / "output"))
    assert os.listdir(home) == []


def test_a_folder_of_untagged_metadata_that_leads_out_is_refused(refused, images, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "clip-cache").symlink_to(home)
    assert "leads out of" in refused(*stage_1(images, tmp_path / "output"), "--tagged_dataset=False")
    assert os.listdir(home) == []


# --- files of the user under names of ours (R10) -----------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["input-metadata.json", "stage1.db", "input-image-hash-to-tag-list.json", "input-tag-to-image-hash-list.json"],
)
def test_stage_1_leaves_a_file_of_the_user(refused, images, tmp_path, name):
    mine = tmp_path / "output" / name
    written(mine, b"mine")
    assert f"{name} is not a file that this program wrote" in refused(*stage_1(images, tmp_path / "output"))
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["reports/index.html", "reports/reports.json", "models/model-ovr-svm-tag-tiles.pkl"])
def test_stage_2_leaves_a_file_of_the_user(refused, trained, tmp_path, name):
    mine = tmp_path / "output" / name
    written(mine, b"<h1>my site")
    assert f"{name} is not a file that this program wrote" in refused(*stage_2(trained, tmp_path / "output"))
    assert mine.read_bytes() == b"<h1>my site"


@pytest.mark.parametrize("name", ["output.json", "stage3.db"])
def test_stage_3_leaves_a_file_of_the_user_before_it_computes(refused, trained, images, tmp_path, name):
    mine = tmp_path / "output" / name
    written(mine, b'{"scripts": {"hash": "mine"}}')
    assert f"{name} is not a file that this program wrote" in refused(*stage_3(trained, images, tmp_path / "output"))
    assert mine.read_bytes() == b'{"scripts": {"hash": "mine"}}'
    assert not (tmp_path / "output" / "ovr-svm").exists()


def test_a_store_next_to_it_makes_no_file_ours(refused, trained, images, tmp_path):
    output = tmp_path / "output"
    assert cli.main([*stage_1(images, output)]) == 0
    (output / "output.json").write_text("mine")
    refused(*stage_3(trained, images, output))
    assert (output / "output.json").read_text() == "mine"


@pytest.mark.parametrize("path", ["./images/gone.png", "./others/gone.png"])
def test_files_of_the_original_program_are_replaced_by_their_input_alone(
    refused, trained, images, tmp_path, monkeypatch, path
):
    monkeypatch.chdir(tmp_path)  # its paths are as they were given
    output = tmp_path / "output"
    entry = {"hash_id": "0" * 128, "file_path": path, "classifiers_output": []}
    written(output / "output.json", json.dumps({"0" * 128: entry}, indent=4).encode())
    if "others" in path:
        assert "holds results of another input" in refused(*stage_3(trained, images, output))
        assert "0" * 128 in json.loads((output / "output.json").read_text())
    command = [*stage_3(trained, images, output), *(["--fresh"] if "others" in path else [])]
    assert cli.main(command) == 0
    assert "0" * 128 not in json.loads((output / "output.json").read_text())


def test_stage_2_looks_at_all_names_before_it_replaces_one(refused, trained, tmp_path):
    card = tmp_path / "output" / "models" / "model-ovr-svm-tag-tiles.json"
    written(card, b'{"sha256": "x", "note": "ten weeks of work"}')
    written(card.with_suffix(".pkl"), b"mine")
    assert "model-ovr-svm-tag-tiles.pkl is not a file that this" in refused(*stage_2(trained, tmp_path / "output"))
    assert b"ten weeks" in card.read_bytes()
    assert sorted(os.listdir(card.parent)) == [card.name, card.with_suffix(".pkl").name]


@pytest.mark.parametrize("name", ["data", "sorted"])
def test_the_demo_does_not_leave_its_folder(refused, tmp_path, name):
    (tmp_path / "home").mkdir()
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / name).symlink_to(tmp_path / "home")
    assert "is a link that leads out of" in refused("demo", f"--output={tmp_path / 'demo'}")
    assert os.listdir(tmp_path / "home") == []


@pytest.mark.parametrize(
    "name", ["background-metadata.parquet", "background-metadata.json", "output.json", "stage4.db"]
)
def test_sort_replaces_no_file_of_others(refused, trained, tmp_path, name):
    written(tmp_path / "output" / name, b"ten weeks of work")
    said = refused("sort", trained.images, trained.images, f"--output={tmp_path / 'output'}", "--clip_model=builtin")
    assert f"{name} is not a file that this program wrote" in said
    assert (tmp_path / "output" / name).read_bytes() == b"ten weeks of work"
    assert os.listdir(tmp_path / "output") == [name]


@pytest.mark.parametrize("ending", ["-wal", "-journal", "-shm"])
def test_no_journal_of_a_stranger_changes_a_new_table(refused, trained, images, tmp_path, ending):
    written(tmp_path / "output" / f"stage3.db{ending}", b"rows of a stranger")
    assert f"stage3.db{ending} would change" in refused(*stage_3(trained, images, tmp_path / "output"))


def test_a_cache_that_is_a_link_is_not_cleared(tmp_path, images):
    cache = image_tagging.FileCache()
    cache.add_folder_to_file_cache(images, tmp_path / "home", "mine.sqlite")
    (tmp_path / "cache.sqlite").symlink_to(tmp_path / "home" / "mine.sqlite")
    with pytest.raises(OutputError, match="is a link"):
        cache.clear_cache(tmp_path / "cache.sqlite", delete_cache=True)
    assert cache.get_random_hash(tmp_path / "cache.sqlite")["hash_id"]


def test_a_cache_in_a_database_of_the_user_is_not_removed(tmp_path, images):
    cache = image_tagging.FileCache()
    cache.add_folder_to_file_cache(images, tmp_path, "mine.sqlite")
    with closing(sqlite3.connect(tmp_path / "mine.sqlite")) as db:
        db.execute("CREATE TABLE accounts(name)")
    with pytest.raises(OutputError, match="holds other tables too"):
        cache.clear_cache(tmp_path / "mine.sqlite", delete_cache=True)
    assert cache.get_random_hash(tmp_path / "mine.sqlite")["hash_id"]


def test_reading_a_cache_writes_to_no_file_next_to_it(tmp_path, images, thesis):
    cache = image_tagging.FileCache()
    cache.add_folder_to_file_cache(images, tmp_path, "cache.sqlite")
    with closing(sqlite3.connect(tmp_path / "cache.sqlite")) as db:
        db.execute("PRAGMA journal_mode = WAL")
    os.link(thesis, tmp_path / "cache.sqlite-shm")
    with pytest.raises(OutputError, match="a hard link"):
        cache.get_random_hash(tmp_path / "cache.sqlite")


def test_reading_a_table_writes_to_no_file_next_to_it(tmp_path, thesis):
    with closing(sqlite3.connect(tmp_path / "stage3.db")) as db:
        db.execute("CREATE TABLE stage3(file_name)")
        db.execute("PRAGMA journal_mode = WAL")
    os.link(thesis, tmp_path / "stage3.db-shm")
    assert list(stored_rows(FileErrors(str(tmp_path / "stage3.db")))) == []


@pytest.mark.parametrize("name", ["stage3", "file_cache"])
def test_no_view_of_a_stranger_is_asked(tmp_path, name):
    path = tmp_path / "a.db"
    columns = "file_name, path, hash_id, type, is_archive, n_content, container_archive"
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"CREATE VIEW {name}({columns}) AS {endless} SELECT x, x, x, x, NULL, x, x FROM c WHERE x < 0")
    read = {
        "stage3": lambda: list(stored_rows(FileErrors(str(path)))),
        "file_cache": lambda: image_tagging.FileCache().get_random_hash(path),
    }
    with pytest.raises(image_tagging.ImageTaggingError, match=r"views or triggers|more than tables"):
        read[name]()


# --- a store that a stranger filled ------------------------------------------------------------------------


def test_a_planted_listing_copies_no_file_of_the_user(trained, tmp_path, thesis):
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w") as members:
        for number in range(3):
            members.writestr(f"a/{number}.png", png(number))
    output = tmp_path / "output"
    stage_4 = ["classify-zip", f"--directory={archive}", f"--model={trained.models}", f"--output={output}"]
    assert cli.main(stage_4) == 0
    with closing(sqlite3.connect(output / STORE_NAME)) as db:
        planted = "UPDATE listed SET address = ?, name = 'thesis.txt' WHERE seq = (SELECT min(seq) + 1 FROM listed)"
        db.execute(planted, (json.dumps([str(thesis)]),))
        db.commit()
    assert cli.main(stage_4) == 0
    assert not list(output.rglob("thesis.txt"))
    with closing(sqlite3.connect(output / STORE_NAME)) as db:
        assert "thesis" not in str(db.execute("SELECT * FROM listed").fetchall())


@pytest.mark.parametrize("where", ["a file", "an archive"])
def test_a_planted_image_of_another_input_copies_no_file_of_the_user(trained, images, tmp_path, thesis, where):
    """Nobody names that input in the run: what the store says of it is compared with the file."""
    output, other, address = tmp_path / "output", tmp_path / "other", [str(thesis)]
    other.mkdir()
    (other / "x.png").write_bytes(png(77))
    if where == "an archive":
        with zipfile.ZipFile(other / "x.zip", "w") as members:
            members.writestr("x.png", png(77))
        with zipfile.ZipFile(tmp_path / "mine.zip", "w") as members:
            members.writestr("thesis.txt", "my thesis")
            members.writestr("x.png", png(78))
        address, images = [str(tmp_path / "mine.zip"), "thesis.txt"], tmp_path / "mine.zip"
    command = "classify-zip" if where == "an archive" else "classify"
    flags = (f"--model={trained.models}", f"--output={output}")
    assert cli.main([command, f"--directory={other}", *flags]) == 0
    with closing(sqlite3.connect(output / STORE_NAME)) as db:
        key = ImageRef(address[0], tuple(address[1:])).key
        for table in ("listed", "image", "placed"):
            db.execute(f"UPDATE {table} SET address = ?", (key,))
        db.execute("DELETE FROM placed")
        db.commit()
    before = thesis.read_bytes()
    assert cli.main([command, f"--directory={images}", *flags]) == 0
    assert not list(output.rglob("thesis*"))
    assert thesis.read_bytes() == before


def test_a_store_row_of_another_type_is_one_line(refused, images, tmp_path):
    output = tmp_path / "output"
    assert cli.main([*stage_1(images, output)]) == 0
    with closing(sqlite3.connect(output / STORE_NAME)) as db:
        db.execute("UPDATE image SET format = x'00ff'")
        db.commit()
    (output / "input-metadata.json").unlink()
    assert "is damaged" in refused(*stage_1(images, output))


# --- two trainings at once (R12) ---------------------------------------------------------------------------


def test_a_training_waits_until_the_reports_of_another_are_written(trained, tmp_path, monkeypatch):
    output = tmp_path / "output"
    config = TrainConfig(
        metadata_json=str(trained.output / "input-metadata.json"),
        tag_to_hash_json=str(trained.output / "input-tag-to-image-hash-list.json"),
        output=str(output),
    )
    is_writing, may_end = threading.Event(), threading.Event()

    def watch(step, *_):
        if step == "writing the reports":
            is_writing.set()
            assert may_end.wait(60)

    first = threading.Thread(target=train_tag_models, args=(config, watch))
    first.start()
    try:
        assert is_writing.wait(120)
        monkeypatch.setattr("image_tagging.store.store_file._WAIT", 0.1)
        with pytest.raises(OutputError, match="Wait for the other run"):
            train_tag_models(config)
    finally:
        may_end.set()
        first.join()
    run = json.loads((output / "reports" / "reports.json").read_text())
    assert {f"model-{one['kind']}-tag-{one['tag']}.pkl" for one in run["models"]} == {
        name for name in os.listdir(output / "models") if name.endswith(".pkl")
    }


def test_metadata_that_changes_during_a_training_gives_a_page_of_what_was_read(trained, tmp_path):
    metadata = shutil.copy(trained.output / "input-metadata.json", tmp_path / "m.json")
    config = TrainConfig(
        metadata_json=str(metadata),
        tag_to_hash_json=str(trained.output / "input-tag-to-image-hash-list.json"),
        output=str(tmp_path / "output"),
    )

    def watch(step, *_):
        if step == "writing the reports":
            Path(metadata).write_text("{}")

    changed = train_tag_models(config, watch)
    models = json.loads((tmp_path / "output" / "reports" / "reports.json").read_text())["models"]
    assert any(model["hits"] for model in models)
    assert Path(changed.page).exists()


# --- names that become one (R13) ---------------------------------------------------------------------------


@pytest.fixture
def windows(monkeypatch):
    """Names are made safe as on Windows."""
    plain = placing.file_name
    monkeypatch.setattr(placing, "file_name", lambda name: plain(name, windows=True))


@pytest.mark.parametrize("names", [("a:b.png", "a_b.png"), ("a_b.png", "a:b.png"), ("a?.png", "A_.PNG"), ("x.", "x_")])
def test_names_that_become_one_are_numbered_apart(tmp_path, windows, names):
    placer = placing.Placer(str(tmp_path))
    for number, name in enumerate(names):
        placer.place(at("bin"), name, f"{number}".encode())
    contents = {path.read_bytes() for path in (tmp_path / "bin").iterdir()}
    assert contents == {b"0", b"1"}


@pytest.mark.parametrize("name", ["CON.png", "nul", "Aux.tar.gz", "COM1.png", "lpt\xb9.jpg", "con .png", "CONIN$"])
def test_no_image_is_written_to_a_device_of_windows(name):
    assert placing.file_name(name, windows=True) == f"_{name}"
    assert placing.file_name(name, windows=False) == name


@pytest.mark.parametrize("name", ["console.png", "COM.png", "nullo.png", "com10.png", "a.con"])
def test_names_that_only_begin_like_a_device_stay(name):
    assert placing.file_name(name, windows=True) == name


@pytest.mark.parametrize("tag", ["CON", "nul.txt", "Aux ", "lpt1"])
def test_no_folder_of_a_tag_is_a_device_of_windows(tag):
    folder = quote_tag(tag)
    assert not file_names.DEVICES.match(folder)
    assert unquote_tag(folder) == tag
    assert quote_tag("console") == "console"


# --- one way to write --------------------------------------------------------------------------------------

#: Functions that make, change or move files, by the module they are called on.
WRITING = {
    "os": "open mkdir makedirs rename renames replace link symlink truncate mkfifo mknod copy_file_range".split(),
    "shutil": "copy copy2 copyfile copyfileobj copytree move rmtree make_archive unpack_archive".split(),
    "tempfile": ["*"],
    "np": "save savez savez_compressed savetxt memmap".split(),
    "logging": ["FileHandler"],
}
WRITING_METHODS = "write_bytes write_text touch mkdir symlink_to hardlink_to link_to savefig tofile extractall".split()

#: Where SQLite opens a file that ``writing`` made or looked at, or one to read, or a database in memory.
CONNECTING = {
    "exporters/tables.py": 1,  # a new file of ours
    "exporters/stored_tables.py": 1,  # read only
    "store/schema.py": 1,
    "store/run_lock.py": 1,
    "store/verdict_file.py": 1,
    "store/store_file.py": 1,
    "pipeline/file_cache_table.py": 1,
}

#: Where a picture or an estimator is encoded into memory.
ENCODING = {
    "cli/terminal_pictures.py",
    "demo/dataset.py",
    "pipeline/doctor/probes.py",
    "pipeline/review/pictures.py",
    "reports/thumbnails.py",
    "tag_models/files.py",
}


def calls():
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path.relative_to(SOURCE).as_posix(), node, ast.unparse(node.func)


def is_writing(node, name):
    module, _, function = name.rpartition(".")
    if function == "open" and module in {"", "io", "os", "codecs", "gzip", "bz2", "lzma"}:
        to_nowhere = ast.unparse(node.args[0]) == "os.devnull"
        if module == "os" and function == "open":
            return "O_RDONLY" not in ast.unparse(node.args[1]) and not to_nowhere
        modes = [*node.args[1:2], *(key.value for key in node.keywords if key.arg == "mode")]
        return not to_nowhere and any(not isinstance(m, ast.Constant) or set(m.value) & set("wax+") for m in modes)
    known = WRITING.get(module, [])
    return "*" in known or function in known or (bool(module) and function in WRITING_METHODS)


def test_no_other_module_opens_a_file_for_writing():
    elsewhere = [
        f"{path}:{node.lineno} {name}"
        for path, node, name in calls()
        if not path.startswith("writing/") and is_writing(node, name) and name != "tempfile.gettempdir"
    ]
    assert elsewhere == []


def test_databases_and_encoders_write_where_they_may():
    connecting: dict[str, int] = {}
    for path, _, name in calls():
        if name == "sqlite3.connect":
            connecting[path] = connecting.get(path, 0) + 1
    assert connecting == CONNECTING
    assert {path for path, _, name in calls() if name.endswith((".save", ".dump")) and name != "json.dump"} <= ENCODING


#: Runs all stages and prints every file that Python opened to write, with the module that did.
WATCHED = """
import os, sys
opened = []
def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        path, mode, flags = args
        if any(letter in (mode or "") for letter in "wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR):
            frame = sys._getframe(1)
            while frame and "image_tagging" not in frame.f_code.co_filename:
                if "importlib" in frame.f_code.co_filename:  # a library, or Python's cache, as it is imported
                    return
                frame = frame.f_back
            opened.append((os.fsdecode(path), frame.f_code.co_filename if frame else ""))
sys.addaudithook(hook)
from image_tagging.demo import run_demo
run_demo(sys.argv[1])
for path, module in opened:
    print(path, os.path.basename(os.path.dirname(module)), sep="\\t")
"""


@pytest.mark.slow
def test_all_that_python_writes_in_all_stages_is_opened_by_one_module(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path / "demo")], capture_output=True, text=True, check=True
    )
    opened = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
    assert len(opened) > 100
    assert {module for path, module in opened if path != os.devnull} == {"writing"}
