"""Disks that are full, become read-only or lose what was on them in mid-run: one line says so, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging import FileCache
from image_tagging.cli import app as cli
from image_tagging.encoders.builtin.encoder import BuiltinEncoder
from image_tagging.errors import OutputError
from image_tagging.store.embeddings import Embeddings
from image_tagging.store.listing import Listing
from image_tagging.store.pictures import Pictures
from image_tagging.store.store_file import STORE_NAME

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("disks")]

STAGES = ["process", "train", "classify", "classify-zip"]
IMAGES = 120
BATCH = 8


class SmallDisk:
    """A file system in memory, at ``folder``, that can be made larger or read-only while it is in use."""

    def __init__(self, folder):
        self.folder = folder

    def remount(self, options):
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.folder)], check=True)


@pytest.fixture
def small_disk(tmp_path):
    """``small_disk(size)`` gives a file system with room for that much."""
    mounted = []

    def mount(size):
        folder = tmp_path / "disk"
        folder.mkdir()
        program = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if sys.platform != "linux" or subprocess.run(program, check=False, capture_output=True).returncode:
            pytest.skip("a small file system cannot be mounted here: that needs Linux and root")
        mounted.append(folder)
        return SmallDisk(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def images(tmp_path, drawing):
    for number in range(IMAGES):
        drawing(tmp_path / "in" / "sprites" / f"{number}.png", "sprites", number)
    return tmp_path / "in"


@pytest.fixture
def embedded(monkeypatch):
    """How many pictures the encoder has worked on, added up in a list of one number."""
    counted, embed = [0], BuiltinEncoder.embed

    def counting(self, batch):
        counted[0] += len(batch)
        return embed(self, batch)

    monkeypatch.setattr(BuiltinEncoder, "embed", counting)
    return counted


# A full disk -------------------------------------------------------------------------------------------------


def test_stage_1_goes_on_where_the_disk_was_full(small_disk, images, refused, embedded, results, *, tmp_path):
    disk = small_disk("600k")
    arguments = ["process", f"--input_folder={images}", "--clip_model=builtin", f"--batch_size={BATCH}"]
    said = refused(*arguments, f"--output_folder={disk.folder}")
    assert "full" in said
    assert "Free some space" in said
    assert not results(disk.folder)
    first = embedded[0]
    assert BATCH < first < IMAGES

    disk.remount("size=64m")
    assert cli.main([*arguments, f"--output_folder={disk.folder}"]) == 0
    assert embedded[0] <= IMAGES + BATCH
    assert cli.main([*arguments, f"--output_folder={tmp_path / 'whole'}"]) == 0
    assert results(disk.folder) == results(tmp_path / "whole")
    assert len(results(disk.folder)) == 4


#: What each stage writes takes more than the least and less than the last of these.
SIZES = ["16k", "96k", "160k", "200k", "300k", "400k", "64m"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_disk_that_is_full_sooner_or_later(small_disk, stages, undated, capsys, *, tmp_path, stage):
    """The disk grows from run to run: each ends in one line, until there is room, and no file is ever half written."""
    assert cli.main(list(stages[stage](tmp_path / "whole"))) == 0
    whole = undated(tmp_path / "whole")
    disk = small_disk(SIZES[0])
    for size in SIZES[:-1]:
        disk.remount(f"size={size}")
        code = cli.main(list(stages[stage](disk.folder)))
        said = capsys.readouterr().err
        assert said.count("\n") == code <= 1
        assert not code or "full" in said
        kept = undated(disk.folder)
        assert kept == {name: whole[name] for name in kept}
    disk.remount(f"size={SIZES[-1]}")
    assert cli.main(list(stages[stage](disk.folder))) == 0
    assert undated(disk.folder) == whole


@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk_is_told_in_one_line(small_disk, stages, refused, stage):
    said = refused(*stages[stage](small_disk("64k").folder))
    assert "Free some space" in said or "Choose another output" in said


def test_a_file_cache_on_a_full_disk(small_disk, images):
    disk = small_disk("100k")
    with pytest.raises(OutputError, match=r"full.* free some space"):
        FileCache().add_folder_to_file_cache(images, disk.folder)
    disk.remount("size=64m")
    FileCache().add_folder_to_file_cache(images, disk.folder)
    assert FileCache().get_random_image(disk.folder / "file_cache.sqlite")["file_type"] == ".png"


# Read-only, from the start or in mid-run ---------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
def test_a_read_only_disk(small_disk, stages, refused, stage):
    disk = small_disk("64m")
    disk.remount("ro")
    said = refused(*stages[stage](disk.folder))
    assert str(disk.folder) in said
    assert "another output" in said


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("what", ["folder", "store"])
def test_what_may_not_be_written_is_left_as_it_is(without_rights, stages, trained, results, *, tmp_path, stage, what):
    output = Path(shutil.copytree(trained.output, tmp_path / "out"))
    for path in [output, *output.rglob("*")] if what == "folder" else [output / STORE_NAME]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = results(output)
    done = without_rights(*stages[stage](output))
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.count("\n") == 1
    assert str(output) in done.stderr
    assert "another output" in done.stderr
    assert results(output) == before
    for path in [output, *output.rglob("*")]:
        path.chmod(0o755)


@pytest.fixture
def in_mid_run(monkeypatch):
    """``in_mid_run(owner, name, number, happening)``: it happens before the call of that number."""

    def arrange(owner, name, number, happening):
        real, calls = getattr(owner, name), []

        def instead(*arguments, **options):
            calls.append(1)
            if len(calls) == number:
                happening()
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, instead)

    return arrange


MID_RUN = {
    "process": [(Embeddings, "add", 2), (os, "replace", 1), (os, "replace", 4)],
    "train": [(os, "replace", 1), (os, "replace", 6)],
    "classify": [(Embeddings, "add", 2), (Pictures, "_listed", 5), (Pictures, "_listed", 125), (os, "replace", 9)],
    "classify-zip": [(Pictures, "_listed", 5)],
}
MOMENTS = [(stage, *moment) for stage, moments in MID_RUN.items() for moment in moments]


@pytest.mark.parametrize(
    ("stage", "owner", "name", "number"), MOMENTS, ids=lambda each: getattr(each, "__name__", each)
)
@pytest.mark.parametrize("happening", ["removed", "forbidden"])
def test_an_output_folder_that_is_lost_in_mid_run(
    stages, in_mid_run, undated, capsys, *, tmp_path, stage, owner, name, number, happening
):
    """Removed by someone, or no longer to be written: no traceback, and the next run makes everything good."""
    assert cli.main(list(stages[stage](tmp_path / "whole"))) == 0
    whole, output = undated(tmp_path / "whole"), tmp_path / "out"

    def happen():
        if happening == "removed":
            shutil.rmtree(output)
        else:
            immutable(output, True)

    in_mid_run(owner, name, number, happen)
    capsys.readouterr()
    try:
        code = cli.main(list(stages[stage](output)))
    finally:
        if happening == "forbidden":
            immutable(output, False)
    shown = capsys.readouterr()
    assert code in {0, 1}
    assert shown.err.count("\n") == code
    kept = undated(output) if output.exists() else {}
    aside = {each for each in kept if each.endswith(".part")}
    assert happening == "forbidden" or not aside  # what may not be changed may not be taken away either
    assert {each: kept[each] for each in kept.keys() - aside} == {each: whole[each] for each in kept.keys() - aside}
    assert cli.main(list(stages[stage](output))) == 0
    assert undated(output) == whole


def immutable(folder, on):
    """Forbid changes of a folder and what is below it, to root too; skips where the file system knows no such thing."""
    done = subprocess.run(["chattr", "-R", "+i" if on else "-i", str(folder)], check=False, capture_output=True)
    if on and done.returncode:
        subprocess.run(["chattr", "-R", "-i", str(folder)], check=False, capture_output=True)
        pytest.skip("this file system cannot forbid root to write")


# Images that go between listing and reading ------------------------------------------------------------------


def gone(path):
    path.unlink()


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_link_to_itself(path):
    path.unlink()
    path.symlink_to(path)


def emptied(path):
    path.write_bytes(b"")


def another_picture(path):
    shutil.copy(path.with_name("tiles-7.png"), path)


@pytest.mark.parametrize("stage", ["process", "classify"])
@pytest.mark.parametrize("change", [gone, a_folder, a_link_to_itself, emptied, another_picture])
def test_an_image_that_changes_between_listing_and_reading(
    trained, in_mid_run, results, capsys, *, tmp_path, stage, change
):
    images, output = shutil.copytree(trained.images, tmp_path / "in"), tmp_path / "out"
    arguments = {
        "process": ["process", f"--input_folder={images}", f"--output_folder={output}", "--clip_model=builtin"],
        "classify": ["classify", f"--directory={images}", f"--output={output}", f"--model={trained.models}"],
    }[stage]
    in_mid_run(Listing, "pending", 1, lambda: change(images / "tiles" / "tiles-3.png"))
    assert cli.main(arguments) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    if change is not another_picture:
        assert "23 pictures, 1 skipped" in shown.out
        assert "tiles-3.png" in shown.out
    assert cli.main(arguments) == 0  # and the next run takes it as it is then
    first, again = results(output), tmp_path / "again"
    arguments = [each.replace(f"={output}", f"={again}") for each in arguments]
    assert cli.main(arguments) == 0
    named = {"input-metadata.json", "output.json", "stage1.db"}
    assert {name: first[name] for name in named & set(first)} == {
        name: data for name, data in results(again).items() if name in named
    }


@pytest.mark.parametrize("change", [gone, a_folder, a_link_to_itself])
def test_an_image_that_is_gone_before_it_is_placed(trained, in_mid_run, capsys, *, tmp_path, change):
    images = shutil.copytree(trained.images, tmp_path / "in")
    in_mid_run(Pictures, "_listed", 1, lambda: change(images / "tiles" / "tiles-3.png"))
    arguments = [f"--directory={images}", f"--output={tmp_path / 'out'}", f"--model={trained.models}"]
    assert cli.main(["classify", *arguments]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "could not be placed" in shown.out
    assert len(list((tmp_path / "out").glob("ovr-svm/*/*/*.png"))) == 3 * 23


# The log -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["process", "classify"])
def test_a_log_that_cannot_be_written(refused, stages, trained, *, tmp_path, stage):
    """It is where skipped files are named: a run does not go on without."""
    images = shutil.copytree(trained.images, tmp_path / "in")
    (images / "tiles" / "broken.png").write_bytes(b"broken")
    (tmp_path / "out" / "image-tagging.log").mkdir(parents=True)
    arguments = [each.replace(str(trained.images), str(images)) for each in stages[stage](tmp_path / "out")]
    said = refused(*arguments)
    assert "image-tagging.log is a folder, and is not written to" in said
    assert "Move it away" in said


def test_a_log_is_only_made_where_there_is_something_to_say(stages, tmp_path):
    assert cli.main(list(stages["process"](tmp_path))) == 0
    assert not (tmp_path / "image-tagging.log").exists()
