"""Metadata of a mountain that is no file, huge, or contradicts itself: one line says so, and nothing is waited for."""

from __future__ import annotations

import json
import os
import sys

import pytest

from image_tagging.cli import app as cli
from mountains import cloud, mountain, pictures, stage_1, written

COUNTS = {"cat": 20, "dog": 20}


@pytest.fixture
def arguments(tmp_path):
    """What trains two tags, up to the background."""
    metadata, lists = stage_1(tmp_path / "in", COUNTS)
    return "train", f"--metadata_json={metadata}", f"--tag_to_hash_json={lists}", f"--output={tmp_path / 'out'}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among files")
@pytest.mark.parametrize("name", ["pipe.json", "pipe.parquet"])
def test_a_pipe_is_not_waited_for(refused, arguments, tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert f"{name}: it is a pipe or a device, not a file" in refused(*arguments, f"--background={tmp_path / name}")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such device")
def test_a_device_that_never_ends_is_not_read(refused, arguments, tmp_path):
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    assert "it is a pipe or a device" in refused(*arguments, f"--background={tmp_path / 'zero.json'}")


def test_what_is_missing_is_named(refused, arguments, tmp_path):
    there = written(tmp_path / "there.json", mountain(20))
    missing = tmp_path / "missing.json"
    message = refused(*arguments, f"--background={there}", f"--background={missing}")
    assert str(missing) in message
    assert "No such file" in message
    assert not (tmp_path / "out" / "models").exists()


def test_the_folder_of_the_mountain_in_place_of_its_metadata(refused, arguments, tmp_path):
    (tmp_path / "mountain").mkdir()
    message = refused(*arguments, f"--background={tmp_path / 'mountain'}")
    assert "mountain: Is a directory. Give the file that stage 1 wrote" in message


def test_a_hash_of_a_million_characters_is_refused(refused, arguments, tmp_path):
    huge = [*mountain(20), *pictures("x" * 1_000_000, cloud(1))]
    message = refused(*arguments, f"--background={written(tmp_path / 'm.json', huge)}")
    assert "m.json" in message
    assert len(message) < 400


def test_hashes_and_paths_of_any_kind_are_learned_from(arguments, tmp_path):
    path = tmp_path / "m.json"
    written(path, mountain(320))
    records = json.loads(path.read_text(encoding="utf-8"))
    odd = ["", "\0", "</script>", "\u202e\x1b[2J\n", "x" * 1000, "🐈", "__proto__"]
    renamed = dict(zip([*odd, *records], records.values()))
    for name, record in zip(odd, renamed.values()):
        record["file_path"] = f"/m/{name}.png"
    path.write_text(json.dumps({**dict(list(renamed.items())), "m-319": records["m-319"]}), encoding="utf-8")
    assert cli.main([*arguments, f"--background={path}"]) == 0
    run = json.loads((tmp_path / "out" / "reports" / "reports.json").read_text(encoding="utf-8"))
    assert run["mountain"]["pictures"] == 321


def test_a_picture_that_comes_twice_and_not_alike_is_refused(refused, arguments, tmp_path):
    path = tmp_path / "m.json"
    written(path, mountain(20))
    twice = {**json.loads(path.read_text(encoding="utf-8"))["m-3"], "embeddings_vector": [1.0] * 16}
    text = path.read_text(encoding="utf-8").rstrip()[:-1]
    path.write_text(f'{text}, "m-3": {json.dumps(twice)}}}', encoding="utf-8")
    message = refused(*arguments, f"--background={path}")
    assert "m.json contradicts itself: the picture of record 21 came before" in message


def test_embeddings_that_are_all_one_or_nothing_are_learned_from(arguments, tmp_path):
    """As a damaged encoder makes them: nothing can be distinguished, and nothing breaks."""
    for number, value in enumerate((0.0, 1.0)):
        same = pictures("m", cloud(350) * 0 + value)
        path = written(tmp_path / f"{number}.json", same)
        assert cli.main([*arguments, f"--background={path}"]) == 0
        run = (tmp_path / "out" / "reports" / "reports.json").read_text(encoding="utf-8")
        assert len(json.loads(run)["models"]) == 4
        assert "NaN" not in run
