"""Settings are frozen, compare by their values, and are checked when they are made."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Optional

import numpy as np
import pytest

from image_tagging import ClassifyConfig, ProcessConfig, SortConfig, TrainConfig
from image_tagging.errors import InputError
from image_tagging.settings import setting, settings


@settings
class Effort:
    """A few settings."""

    folder: str
    threads: int = 4


def test_settings_are_given_by_keyword_and_do_not_change():
    effort = Effort(folder="out")
    assert effort == Effort(threads=4, folder="out")
    with pytest.raises(dataclasses.FrozenInstanceError):
        effort.threads = 5


def test_settings_are_refused_by_place():
    with pytest.raises(TypeError):
        Effort("out", 4)


@settings
class Checked(Effort):
    """A setting of each sort."""

    mode: str = setting(default="copy", help="", choices=("copy", "hardlink"))
    share: float = setting(default=0.5, help="", least=0.0, most=1.0)
    count: int = setting(default=1, help="", least=1)
    size: float = setting(default=1.0, help="", above=0.0)
    quick: bool = setting(default=False, help="")
    device: Optional[str] = setting(default=None, help="")
    to: str = setting(default="./here", help="", is_path=True, former=("target", "goal"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"mode": "hardlnk"}, "mode is 'hardlnk'; it must be one of copy, hardlink. Did you mean hardlink?"),
        ({"mode": "nonsense"}, "mode is 'nonsense'; it must be one of copy, hardlink."),
        ({"mode": None}, "mode is None; it must be a text that is not empty."),
        ({"share": 1.5}, "share is 1.5; it must lie between 0 and 1."),
        ({"share": "0.5"}, "share is '0.5'; it must be a number."),
        ({"share": float("nan")}, "share is nan; it must be a number."),
        ({"count": 0}, "count is 0; it must be 1 or more."),
        ({"count": 2.0}, "count is 2.0; it must be a whole number."),
        ({"count": True}, "count is True; it must be a whole number."),
        ({"size": 0}, "size is 0.0; it must be a number above 0."),
        ({"quick": "no"}, "quick is 'no'; it must be True or False."),
        ({"device": ""}, "device is ''; it must be a text that is not empty."),
        ({"threads": "many"}, "threads is 'many'; it must be a whole number."),
        ({"folder": ""}, "folder is ''; it must be a text that is not empty."),
        ({"to": ""}, "to is an empty path; give one."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_setting_that_is_wrong_is_refused_when_it_is_made(given, says):
    with pytest.raises(InputError) as raised:
        Checked(**{"folder": "in", **given})
    assert str(raised.value) == says
    with pytest.raises(InputError, match=re.escape(says)):
        dataclasses.replace(Checked(folder="in"), **given)


def test_numbers_of_numpy_are_taken():
    made = Checked(folder="in", share=np.float32(0.25), count=np.int64(3), quick=np.bool_(True), size=2)
    assert (made.share, made.count, made.quick, made.size) == (0.25, 3, True, 2.0)
    assert [type(value) for value in (made.share, made.count, made.quick, made.size)] == [float, int, bool, float]


def test_a_setting_takes_its_former_names():
    assert Checked(folder="in", target="there") == Checked(folder="in", to="there")
    assert dataclasses.replace(Checked(folder="in", to="here"), goal="there").to == "there"


def test_a_setting_and_its_former_name_are_not_given_together():
    with pytest.raises(InputError, match="to and target are one setting: give to alone"):
        Checked(folder="in", to="here", target="there")


def test_an_unknown_setting_names_the_one_that_is_meant():
    with pytest.raises(TypeError, match=r"Checked\(\) takes no argument 'shares'\. Did you mean share\?"):
        Checked(folder="in", shares=1)
    with pytest.raises(TypeError, match=r"Checked\(\) lacks the argument 'folder'"):
        Checked()


def test_the_signature_names_every_setting():
    assert list(inspect.signature(Checked).parameters) == [each.name for each in dataclasses.fields(Checked)]


@pytest.mark.parametrize(
    ("config", "given", "says"),
    [
        (ClassifyConfig, {"placed": "tagd"}, "placed is 'tagd'; it must be one of all, tagged. Did you mean tagged?"),
        (ClassifyConfig, {"place": "move"}, "place is 'move'; it must be one of"),
        (ClassifyConfig, {"output_bins": 0}, "output_bins is 0; it must lie between 1 and 1000."),
        (ClassifyConfig, {"archives": "yes"}, "archives is 'yes'; it must be True or False."),
        (ProcessConfig, {"metadata_format": "Parquet"}, "Did you mean parquet?"),
        (ProcessConfig, {"tag_level": "folder"}, "tag_level is 'folder'; it must be one of parent, top."),
        (ProcessConfig, {"precision": "fp8"}, "precision is 'fp8'; it must be one of auto, fp32, bf16, fp16, int8."),
        (ProcessConfig, {"clip_model": ""}, "clip_model is ''; it must be a text that is not empty."),
        (ProcessConfig, {"archive_encoding": "cp-nonsense"}, "is no encoding that names of files can be in"),
        (ProcessConfig, {"tagged_dataset": "False"}, "tagged_dataset is 'False'; it must be True or False."),
        (TrainConfig, {"prior": "txt"}, "prior is 'txt'; it must be one of none, text. Did you mean text?"),
        (TrainConfig, {"threshold_for": "recal=0.9"}, "threshold_for is 'recal=0.9'; it is balanced, f1,"),
        (TrainConfig, {"threshold_for": 0.9}, "threshold_for is '0.9'; it is balanced, f1,"),
        (TrainConfig, {"test_per": 1.5}, "test_per is 1.5; it must lie between 0 and 0.9."),
        (TrainConfig, {"seed": -1}, "seed is -1; it must lie between 0 and"),
        (SortConfig, {"threshold_for": "f2"}, "threshold_for is 'f2'"),
        (SortConfig, {"max_megapixels": -1}, "max_megapixels is -1.0; it must be a number above 0."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_settings_of_every_use_case_are_checked(config, given, says):
    needed = {
        ProcessConfig: {"input_folder": "in"},
        TrainConfig: {"metadata_json": "m.json", "tag_to_hash_json": "t.json"},
        ClassifyConfig: {"directory": "in"},
        SortConfig: {"examples": "in", "mountain": "there"},
    }
    with pytest.raises(InputError, match=re.escape(says)):
        config(**needed[config], **given)


def test_the_output_folder_has_one_name_in_all_configs():
    assert ProcessConfig(input_folder="in", output_folder="there") == ProcessConfig(input_folder="in", output="there")
    assert ProcessConfig(input_folder="in", output="there").output_folder == "there"
    for config in (ProcessConfig, TrainConfig, ClassifyConfig, SortConfig):
        assert "output" in {each.name for each in dataclasses.fields(config)}
