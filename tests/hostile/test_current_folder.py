"""A current folder that was removed, as by another program: one line, never a traceback."""

from __future__ import annotations

import os
import sys

import pytest

from image_tagging import (
    ClassifyConfig,
    FileCache,
    ProcessConfig,
    TrainConfig,
    classify_images,
    classify_main,
    process_dataset,
    train_tag_models,
)
from image_tagging.cli import app as cli
from image_tagging.errors import InputError

SAID = "depends on the current folder, which cannot be used"


COMMANDS = {
    "process": ["process", "--input_folder=./x", "--output_folder={out}", "--clip_model=builtin"],
    "process into": ["process", "--input_folder={images}", "--output_folder=out", "--clip_model=builtin"],
    "train": ["train", "--metadata_json={metadata}", "--tag_to_hash_json={lists}", "--output=out"],
    "train from": ["train", "--metadata_json=m.json", "--tag_to_hash_json=t.json", "--output={out}"],
    "classify": ["classify", "--directory=.", "--model={models}", "--output={out}"],
    "classify models": ["classify", "--directory={images}", "--model=models", "--output={out}"],
    "classify metadata": [
        *("classify", "--directory={images}", "--model={models}", "--output={out}", "--metadata_json=m.json"),
    ],
    "classify-zip": ["classify-zip", "--directory=a.zip", "--model={models}", "--output={out}"],
    "models": ["models"],
    "demo": ["demo"],
}


@pytest.mark.usefixtures("removed_folder")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_in_a_removed_folder_says_one_line(trained, tmp_path, capsys, name):
    places = {
        "out": tmp_path / "out",
        "images": trained.images,
        "models": trained.models,
        "metadata": trained.metadata,
        "lists": trained.tag_lists,
    }
    code = cli.main([word.format(**places) for word in COMMANDS[name]])
    shown = capsys.readouterr()
    assert (code, shown.out, shown.err.count("\n")) == (1, "", 1)
    assert shown.err.startswith("image-tagging: ")
    assert SAID in shown.err or "cannot make the folder" in shown.err or "there is no tag model" in shown.err or (
        "cannot read" in shown.err
    )  # fmt: skip


@pytest.mark.usefixtures("removed_folder")
def test_what_is_named_in_full_is_used_from_a_removed_folder(trained, tmp_path, command):
    arguments = [f"--directory={trained.images}", f"--model={trained.models}", f"--output={tmp_path / 'out'}"]
    done = command("classify", *arguments, env=with_whole_paths())
    assert (done.returncode, done.stderr) == (0, "")


def with_whole_paths():
    """The environment of these tests; a relative entry of ``PYTHONPATH`` leads nowhere from a removed folder."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry.startswith(os.sep))}


CALLS = {
    "process": lambda made, out: process_dataset(
        ProcessConfig(input_folder="x", output_folder=out, clip_model="builtin")
    ),
    "process into": lambda made, out: process_dataset(
        ProcessConfig(input_folder=str(made.images), output_folder="out", clip_model="builtin")
    ),
    "train": lambda made, out: train_tag_models(
        TrainConfig(metadata_json=str(made.metadata), tag_to_hash_json=str(made.tag_lists), output="out")
    ),
    "classify": lambda made, out: classify_images(
        ClassifyConfig(directory="x", model=str(made.models), output=out)
    ),
    "classify_main": lambda made, out: classify_main("x.zip", out, None, 10, str(made.models)),
    "file cache": lambda made, out: FileCache().add_folder_to_file_cache("x", out),
}  # fmt: skip


@pytest.mark.usefixtures("removed_folder")
@pytest.mark.parametrize("name", CALLS)
def test_a_call_in_a_removed_folder_raises_an_error_of_the_input(trained, tmp_path, name):
    with pytest.raises(InputError, match=SAID):
        CALLS[name](trained, str(tmp_path / "out"))
