"""Paths may begin with the home folder and be pathlib.Path, in every flag and every call."""

from __future__ import annotations

import dataclasses
import inspect
import os
import sys
from pathlib import Path

import pytest

from image_tagging import (
    ClassifyConfig,
    FileCache,
    ProcessConfig,
    TrainConfig,
    classify_images,
    classify_main,
    generate_model_path,
    list_models,
    load_encoder,
    load_tag_models,
    process_dataset,
    train_tag_models,
)
from image_tagging import files as files_module
from image_tagging.cli import app as cli
from image_tagging.datasets import read_embeddings, read_tag_lists
from image_tagging.errors import InputError
from image_tagging.exporters import read_results, read_table
from image_tagging.files import name_or_path, user_path
from samples import png, written

CONFIGS = (ProcessConfig, TrainConfig, ClassifyConfig)
#: Every setting that takes a path, by its config; ``LISTS`` are those that take several.
PATHS = [
    (config, field.name)
    for config in CONFIGS
    for field in dataclasses.fields(config)
    if "flag" in field.metadata and (field.metadata["flag"].is_path or field.metadata["flag"].may_be_path)
]
LISTS = {
    (config, field.name)
    for config in CONFIGS
    for field in dataclasses.fields(config)
    if "flag" in field.metadata and field.metadata["flag"].is_list
}
REQUIRED = {
    ProcessConfig: {"input_folder": "in"},
    TrainConfig: {"metadata_json": "m.json", "tag_to_hash_json": "t.json"},
    ClassifyConfig: {"directory": "in"},
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder, and another one to stand in."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def configured(config, name, value):
    if (config, name) not in LISTS:
        return getattr(config(**{**REQUIRED[config], name: value}), name)
    (held,) = getattr(config(**{**REQUIRED[config], name: [value]}), name)
    return held


@pytest.mark.parametrize(("config", "name"), PATHS, ids=[f"{config.__name__}-{name}" for config, name in PATHS])
def test_every_path_of_a_config_may_be_a_path_or_begin_with_home(home, config, name):
    assert configured(config, name, "~/x.json") == str(home / "x.json")
    assert configured(config, name, Path("~") / "x.json") == str(home / "x.json")
    assert configured(config, name, Path("a") / "x.json") == os.path.join("a", "x.json")
    assert configured(config, name, "./~") == "./~"
    value = ["~/x"] if (config, name) in LISTS else "~/x"
    assert dataclasses.replace(config(**{**REQUIRED[config], name: value})) == config(
        **{**REQUIRED[config], name: value}
    )


@pytest.mark.parametrize("value", ["m.json", Path("m.json"), 1], ids=["text", "path", "number"])
def test_a_list_of_files_is_no_single_value(value):
    with pytest.raises(InputError, match=r"background is .*; give a list: \["):
        TrainConfig(**REQUIRED[TrainConfig], background=value)


@pytest.mark.parametrize(("config", "name"), PATHS, ids=[f"{config.__name__}-{name}" for config, name in PATHS])
@pytest.mark.parametrize("value", [b"x", 1, ["x"]], ids=["bytes", "number", "list"])
def test_what_is_no_path_is_refused_in_one_line(config, name, value):
    with pytest.raises(InputError, match=f"{name} is .*, which is no path") as raised:
        configured(config, name, value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("config", "name"), PATHS, ids=[f"{config.__name__}-{name}" for config, name in PATHS])
def test_an_empty_path_is_refused_and_not_the_current_folder(config, name):
    with pytest.raises(InputError, match=f"{name} is an empty path"):
        configured(config, name, "")


def test_every_setting_called_like_a_path_is_one():
    words = ("folder", "directory", "json", "output", "model", "pretrained", "path", "file", "verdicts", "manifest")
    named = {
        (config, field.name)
        for config in CONFIGS
        for field in dataclasses.fields(config)
        if field.name.endswith(words) and field.name not in {"clip_model", "no_verdicts"}
    }
    assert named == {path for path in PATHS if path not in LISTS}


@pytest.mark.parametrize("value", ["~/res", '"~/res"', "“~/res”", "~"], ids=["plain", "quoted", "curly", "home alone"])
def test_the_output_goes_to_the_home_folder(home, value):
    written(Path("in") / "a" / "1.png", png(1))
    assert cli.main(["process", "--input_folder=in", f"--output_folder={value}", "--clip_model=builtin"]) == 0
    assert not os.path.lexists("~")
    assert (home / value.strip('~/"“”') / "input-metadata.json").is_file()


def test_all_stages_from_the_home_folder_by_the_command_line(home):
    for tag in ("a", "b"):
        for number in range(5):
            written(home / "in" / tag / f"{number}.png", png(number + 10 * (tag == "a")))
    assert cli.main(["process", "--input_folder=~/in", "--output_folder=~/out", "--clip_model=builtin"]) == 0
    lists = "--tag_to_hash_json=~/out/input-tag-to-image-hash-list.json"
    assert cli.main(["train", "--metadata_json=~/out/input-metadata.json", lists, "--output=~/out"]) == 0
    arguments = ["--metadata_json=~/out/input-metadata.json", "--model=~/out/models", "--output=~/out"]
    assert cli.main(["classify", "--directory=~/in", *arguments]) == 0
    assert cli.main(["models", "~/out/models"]) == 0
    assert cli.main(["models", "~/out/models/model-ovr-svm-tag-a.pkl"]) == 0
    assert os.listdir() == []


def test_all_stages_from_python_with_paths(home, capsys):
    out, images = Path("~") / "out", home / "in"
    for tag in ("a", "b"):
        for number in range(5):
            written(images / tag / f"{number}.png", png(number + 10 * (tag == "a")))
    process_dataset(ProcessConfig(input_folder=images, output_folder=out, clip_model="builtin"))
    metadata, lists = out / "input-metadata.json", out / "input-tag-to-image-hash-list.json"
    train_tag_models(TrainConfig(metadata_json=metadata, tag_to_hash_json=lists, output=out))
    classify_images(ClassifyConfig(directory=images / "a" / "1.png", model=out / "models", output=out))
    classify_main(Path("~/in"), out, metadata, 10, out / "models")
    classify_main("~/in", "~/out", None, 10, "~/out/models")
    list_models(out / "models")
    assert "tag= a" in capsys.readouterr().out
    assert len(load_tag_models(out / "models").names) == 4
    path = generate_model_path(out / "models", model_type="ovr-svm", tag_name="a")
    assert path == str(home / "out" / "models" / "model-ovr-svm-tag-a.pkl")
    assert len(list(read_results(out / "output.json"))) == len(list(read_embeddings(metadata)[1])) == 10
    assert list(read_table(out / "stage1.db"))
    assert list(read_tag_lists(lists)) == ["a", "b"]
    assert os.listdir() == []


def test_the_file_cache_takes_paths_and_the_home_folder(home):
    written(home / "in" / "1.png", png(1))
    cache, database = FileCache(), Path("~") / "out" / "file_cache.sqlite"
    cache.create_file_cache("~/out")
    cache.add_folder_to_file_cache(Path("~") / "in", Path("~") / "out")
    hash_id = cache.get_random_hash(database)["hash_id"]
    assert cache.get_img_by_hash("~/out/file_cache.sqlite", hash_id)["path"] == str(home / "in" / "1.png")
    assert cache.get_random_image(database)["file_name"] == "1.png"
    cache.clear_cache(database, delete_cache=True)
    assert (os.listdir(home / "out"), os.listdir()) == ([], [])


def test_every_path_of_the_file_cache_is_taken_so():
    methods = inspect.getmembers(FileCache, inspect.isfunction)
    parameters = {name for _, method in methods for name in inspect.signature(method).parameters}
    assert {name for name in parameters if name.endswith(("dir", "path"))} == {"data_dir", "out_dir", "db_path"}


def test_weights_may_lie_in_the_home_folder(home):
    config = ProcessConfig(input_folder="in", pretrained="~/w.safetensors")
    assert config.pretrained == str(home / "w.safetensors")
    assert ProcessConfig(input_folder="in", pretrained=Path("openai")).pretrained == os.path.join(".", "openai")
    assert ProcessConfig(input_folder="in").pretrained is None
    assert load_encoder("builtin", "openai").spec.name == "builtin"


def test_a_path_in_place_of_a_name_is_a_path(home):
    assert name_or_path("openai", "pretrained") == "openai"
    assert name_or_path(Path("openai"), "pretrained") == os.path.join(".", "openai")


def test_a_folder_that_is_called_like_the_home_is_reached_by_its_path(home):
    written(Path("~") / "a" / "1.png", png(1))
    assert cli.main(["process", "--input_folder=./~", "--output_folder=out", "--clip_model=builtin"]) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there users have no list of their own")
def test_a_user_that_is_not_known_is_said_in_one_line(home, capsys):
    for path in ("~nobody-of-this-name", "~nobody-of-this-name/x"):
        with pytest.raises(InputError, match=r"no home folder is known for ~nobody-of-this-name"):
            user_path(path)
        assert cli.main(["process", f"--input_folder={path}"]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    os.mkdir("~nobody-of-this-name")
    assert user_path("~nobody-of-this-name") == "~nobody-of-this-name"


@pytest.mark.parametrize("lacks", ["an entry", "a name"])
def test_a_home_that_is_not_known_is_said_in_one_line(monkeypatch, lacks):
    if lacks == "an entry":
        monkeypatch.setattr(files_module.os.path, "expanduser", lambda path: path)
    else:
        monkeypatch.setenv("HOME", "")
    with pytest.raises(InputError, match=r"no home folder is known for ~\. Write the path in full") as raised:
        user_path("~/res")
    assert "\n" not in str(raised.value)
