"""A disk that is full in mid-run: one line says so, what was done is kept, and the next run finishes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, cli, process_dataset
from image_tagging.encoders.builtin import BuiltinEncoder

IMAGES = 120
BATCH = 8


@pytest.fixture
def small_disk(tmp_path):
    """``(folder, grow)``: a file system in memory with room for some embeddings, and a call that gives it more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here: that needs Linux and root")
    try:
        yield folder, lambda: subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def images(tmp_path, drawing):
    for number in range(IMAGES):
        drawing(tmp_path / "in" / "sprites" / f"{number}.png", "sprites", number)
    return tmp_path / "in"


def written(folder):
    names = (
        "input-metadata.json",
        "input-image-hash-to-tag-list.json",
        "input-tag-to-image-hash-list.json",
        "stage1.db",
    )
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


@pytest.fixture
def embedded(monkeypatch):
    """How many pictures the encoder has worked on, added up in a list of one number."""
    counted, embed = [0], BuiltinEncoder.embed

    def counting(self, batch):
        counted[0] += len(batch)
        return embed(self, batch)

    monkeypatch.setattr(BuiltinEncoder, "embed", counting)
    return counted


def test_stage_1_goes_on_where_the_disk_was_full(small_disk, images, tmp_path, capsys, embedded):
    folder, grow = small_disk
    config = {"input_folder": str(images), "clip_model": "builtin", "batch_size": BATCH}
    flags = [f"--{name}={value}" for name, value in config.items()]
    assert cli.main(["process", f"--output_folder={folder}", *flags]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "full" in said
    assert "Free some space" in said
    assert not written(folder)
    first = embedded[0]
    assert BATCH < first < IMAGES

    grow()
    process_dataset(ProcessConfig(output_folder=str(folder), **config))
    assert embedded[0] <= IMAGES + BATCH
    process_dataset(ProcessConfig(output_folder=str(tmp_path / "whole"), **config))
    assert written(folder) == written(tmp_path / "whole")
    assert len(written(folder)) == 4


def test_stage_3_places_the_rest_when_there_is_room_again(small_disk, trained, tmp_path, capsys):
    folder, grow = small_disk
    config = {"directory": str(trained.images), "model": str(trained.models), "metadata_json": str(trained.metadata)}
    flags = [f"--{name}={value}" for name, value in config.items()]
    assert cli.main(["classify", f"--output={folder}", *flags]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not (folder / "output.json").exists()

    grow()
    classify_images(ClassifyConfig(output=str(folder), **config))
    classify_images(ClassifyConfig(output=str(tmp_path / "whole"), **config))
    for result in sorted(path for path in (tmp_path / "whole").rglob("*") if path.is_file()):
        if result.suffix not in {".store", ".log"}:
            assert (folder / result.relative_to(tmp_path / "whole")).read_bytes() == result.read_bytes()
