"""What bad input gets: one clear line that says what to do, exit code 1, and earlier results left whole."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from image_tagging.cli import app as cli


def process(images, output, *more):
    return ("process", f"--input_folder={images}", f"--output_folder={output}", "--clip_model=builtin", *more)


# Stage 1: folders and archives -------------------------------------------------------------------------------


def test_a_folder_that_is_missing(refused, done, tmp_path):
    message = refused(*process(tmp_path / "nowhere", done))
    assert str(tmp_path / "nowhere") in message
    assert "Check the path" in message


def test_a_file_that_is_no_source(refused, done, tmp_path):
    (tmp_path / "notes.txt").write_text("notes", encoding="utf-8")
    assert "neither a folder, an image nor an archive" in refused(*process(tmp_path / "notes.txt", done))


@pytest.mark.parametrize("files", [{}, {"a/notes.txt": b"x"}, {".git/a.png": b"x"}, {"a/._b.png": b"x"}])
def test_a_folder_without_an_image(refused, done, tmp_path, files):
    (tmp_path / "in").mkdir()
    for name, data in files.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    message = refused(*process(tmp_path / "in", done))
    assert f"{tmp_path / 'in'}: no image was found" in message
    assert "Name a folder, an image or an archive that can be used" in message


def test_a_folder_of_broken_images(refused, done, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.png").write_bytes(b"broken")
    message = refused(*process(tmp_path / "in", done))
    assert "none of the 3 images can be used" in message
    assert "0.png: the content is not an image" in message
    assert refused(*process(tmp_path / "in", done)) == message


def test_an_archive_that_is_none(refused, done, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"no zip at all")
    message = refused(*process(tmp_path / "a.zip", done))
    assert str(tmp_path / "a.zip") in message
    assert "could not be opened" in message


def test_an_archive_with_a_lying_member(refused, done, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", b"broken" * 100)
    data = (tmp_path / "a.zip").read_bytes().replace(b"brokenbroken", b"changedbytes", 1)
    (tmp_path / "a.zip").write_bytes(data)
    assert "a.png" in refused(*process(tmp_path / "a.zip", done))


def test_a_folder_of_a_tag_without_images_is_named(trained, tmp_path, capsys):
    shutil.copytree(trained.images, tmp_path / "in")
    (tmp_path / "in" / "bare").mkdir()
    assert cli.main(list(process(tmp_path / "in", tmp_path / "out"))) == 0
    assert "The folder bare holds no image: its tag cannot be learned, unless from its name" in capsys.readouterr().out


# The output folder -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("below", ["", "results/more"])
@pytest.mark.parametrize("stage", ["process", "train", "classify", "classify-zip", "demo"])
def test_an_output_that_cannot_be_made(refused, trained, done, tmp_path, stage, below):
    (tmp_path / "file").write_text("the user's", encoding="utf-8")
    output = tmp_path / "file" / below
    inputs = {
        "process": (f"--input_folder={trained.images}", "--clip_model=builtin"),
        "train": (f"--metadata_json={trained.metadata}", f"--tag_to_hash_json={trained.tag_lists}"),
        "classify": (f"--directory={trained.images}", f"--model={trained.models}"),
        "classify-zip": (f"--directory={trained.images}", f"--model={trained.models}"),
        "demo": (),
    }
    flag = "--output_folder" if stage == "process" else "--output"
    message = refused(stage, *inputs[stage], f"{flag}={output}")
    assert str(output) in message
    assert "Choose another output" in message
    assert (tmp_path / "file").read_text(encoding="utf-8") == "the user's"


def test_an_output_whose_store_is_something_else(refused, trained, done, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "image-tagging.store").write_bytes(b"this is the user's own file, no store" * 100)
    message = refused(*process(trained.images, tmp_path / "out"))
    assert "image-tagging.store" in message


# The encoder -------------------------------------------------------------------------------------------------


def test_a_device_that_is_not_here(refused, trained, tmp_path, results):
    message = refused(*process(trained.images, tmp_path / "out", "--device=cuda"))
    assert "'cuda'" in message
    assert "leave the device out" in message
    assert not results(tmp_path / "out")


@pytest.mark.parametrize("name", ["RN50", "no-such-model"])
def test_a_model_that_needs_pytorch_says_how_to_install_it(refused, trained, tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "open_clip", None)  # an import then fails as where it is not installed
    message = refused(
        "process", f"--input_folder={trained.images}", f"--output_folder={tmp_path}", f"--clip_model={name}"
    )
    assert "pip install 'image-tagging-tools[torch]'" in message
    assert "--clip_model=builtin" in message


def test_weights_that_the_embedded_encoder_does_not_have(refused, trained, tmp_path):
    message = refused(*process(trained.images, tmp_path / "out", "--pretrained=laion2b_s34b_b79k"))
    assert "there is no builtin/laion2b_s34b_b79k" in message
    assert "Leave out --pretrained" in message


# JSON files --------------------------------------------------------------------------------------------------

BAD_JSON = {
    "missing": None,
    "empty": b"",
    "no JSON": b"PNG\x00\x01",
    "cut short": b'{"a": [1, 2',
    "a list": b"[1, 2]",
    "a number": b"7",
    "other records": b'{"a": {"x": 1}}',
    "texts": b'{"a": "b"}',
    "no object": b"null",
    "nested": b'{"a": ' * 2000,
}


@pytest.fixture
def bad_json(request, tmp_path):
    content = BAD_JSON[request.param]
    if content is not None:
        (tmp_path / "bad.json").write_bytes(content)
    return tmp_path / "bad.json"


@pytest.mark.parametrize("bad_json", BAD_JSON, indirect=True)
def test_metadata_that_is_none(refused, trained, done, bad_json):
    for arguments in (
        ("train", f"--tag_to_hash_json={trained.tag_lists}"),
        ("classify", f"--directory={trained.images}", f"--model={trained.models}"),
    ):
        message = refused(*arguments, f"--metadata_json={bad_json}", f"--output={done}")
        assert str(bad_json) in message
        assert "stage 1" in message


@pytest.mark.parametrize("bad_json", BAD_JSON, indirect=True)
def test_tag_lists_that_are_none(refused, trained, done, bad_json):
    message = refused(
        "train", f"--metadata_json={trained.metadata}", f"--tag_to_hash_json={bad_json}", f"--output={done}"
    )
    assert str(bad_json) in message
    assert "stage 1" in message


def test_metadata_without_an_image(refused, trained, done, tmp_path):
    (tmp_path / "none.json").write_bytes(b"{\n}\n")
    message = refused("classify", f"--directory={trained.images}", f"--metadata_json={tmp_path / 'none.json'}",
                      f"--model={trained.models}", f"--output={done}")  # fmt: skip
    assert "holds no image" in message


@pytest.mark.parametrize("cut", [2, 3, 500, 5000, 60000])
def test_metadata_that_is_cut_short(refused, trained, done, tmp_path, cut):
    (tmp_path / "cut.json").write_bytes(trained.metadata.read_bytes()[:-cut])
    for arguments in (
        ("train", f"--tag_to_hash_json={trained.tag_lists}"),
        ("classify", f"--directory={trained.images}", f"--model={trained.models}"),
    ):
        message = refused(*arguments, f"--metadata_json={tmp_path / 'cut.json'}", f"--output={done}")
        assert str(tmp_path / "cut.json") in message
        assert "cut short" in message or "not valid JSON" in message


@pytest.mark.parametrize("value", ['["a"]', "[]", "[null]", '"abc"', "null", "[[1, 2], [3]]", "[1e999]"])
def test_an_embedding_that_is_none(refused, trained, done, tmp_path, value):
    records = json.loads(trained.metadata.read_text(encoding="utf-8"))
    last = list(records)[-1]
    records[last]["embeddings_vector"] = "HERE"
    (tmp_path / "bad.json").write_text(json.dumps(records).replace('"HERE"', value), encoding="utf-8")
    message = refused(
        "train",
        f"--metadata_json={tmp_path / 'bad.json'}",
        f"--tag_to_hash_json={trained.tag_lists}",
        f"--output={done}",
    )
    assert "bad.json" in message


def test_metadata_that_mixes_encoders(refused, trained, done, tmp_path):
    records = json.loads(trained.metadata.read_text(encoding="utf-8"))
    records[list(records)[-1]]["pretrained"] = "classical-0"
    (tmp_path / "mixed.json").write_text(json.dumps(records), encoding="utf-8")
    message = refused("train", f"--metadata_json={tmp_path / 'mixed.json'}", f"--tag_to_hash_json={trained.tag_lists}",
                      f"--output={done}")  # fmt: skip
    assert "builtin/learned-2" in message
    assert "builtin/classical-0" in message


def test_files_of_two_data_sets(refused, trained, done, tmp_path):
    (tmp_path / "lists.json").write_text('{"cat": ["00"], "dog": ["11"]}', encoding="utf-8")
    message = refused("train", f"--metadata_json={trained.metadata}", f"--tag_to_hash_json={tmp_path / 'lists.json'}",
                      f"--output={done}")  # fmt: skip
    assert "different data sets" in message


def test_one_tag_alone_cannot_be_told_from_anything(refused, trained, done, tmp_path):
    lists = json.loads(trained.tag_lists.read_text(encoding="utf-8"))
    (tmp_path / "lists.json").write_text(
        json.dumps({"all": [each for hashes in lists.values() for each in hashes]}), encoding="utf-8"
    )
    message = refused("train", f"--metadata_json={trained.metadata}", f"--tag_to_hash_json={tmp_path / 'lists.json'}",
                      f"--output={done}")  # fmt: skip
    assert "no image without the tag to compare with" in message
    assert "add a folder of other images" in message


def test_an_empty_tag_is_reported_and_the_others_are_trained(trained, tmp_path, capsys):
    lists = {**json.loads(trained.tag_lists.read_text(encoding="utf-8")), "bare": []}
    (tmp_path / "lists.json").write_text(json.dumps(lists), encoding="utf-8")
    arguments = (f"--metadata_json={trained.metadata}", f"--tag_to_hash_json={tmp_path / 'lists.json'}")
    assert cli.main(["train", *arguments, f"--output={tmp_path / 'out'}"]) == 0
    assert "The tag bare was not learned: it has no image with an embedding." in capsys.readouterr().out
    assert len(list((tmp_path / "out" / "models").glob("*.pkl"))) == 6


# Tag models --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("files", [None, {}, {"notes.txt": b"x"}, {"sub.pkl/notes.txt": b"x"}])
def test_a_folder_without_models(refused, trained, done, tmp_path, files):
    folder = tmp_path / "models"
    for name, data in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    if files is not None:
        folder.mkdir(exist_ok=True)
    message = refused("classify", f"--directory={trained.images}", f"--model={folder}", f"--output={done}")
    assert str(folder) in message
    assert "Train some first" in message


def test_no_model_where_none_was_trained_yet(refused, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refused("classify", f"--directory={trained.images}")
    assert "output/models" in message
    assert "Train some first" in message


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x04N."])
def test_a_model_that_is_none(refused, trained, done, tmp_path, content):
    folder = shutil.copytree(trained.models, tmp_path / "models")
    broken = Path(folder) / "model-ovr-svm-tag-broken.pkl"
    broken.write_bytes(content)
    message = refused("classify", f"--directory={trained.images}", f"--model={folder}", f"--output={done}")
    assert str(broken) in message


@pytest.mark.parametrize(("version", "values"), [("classical-1", 706), ("learned-1", 768)])
def test_metadata_of_an_older_version_of_the_embedded_encoder(refused, trained, done, tmp_path, version, values):
    records = json.loads(trained.metadata.read_text(encoding="utf-8"))
    for record in records.values():
        record["pretrained"] = version
        record["embeddings_vector"] = (record["embeddings_vector"] * 2)[:values]  # as long as they were
    (tmp_path / "old.json").write_text(json.dumps(records), encoding="utf-8")
    message = refused("train", f"--metadata_json={tmp_path / 'old.json'}", f"--tag_to_hash_json={trained.tag_lists}",
                      f"--output={done}")  # fmt: skip
    assert f"builtin/{version}" in message
    assert "builtin/learned-2" in message
    assert "Make the metadata again (stage 1)" in message


@pytest.fixture
def renamed(trained, tmp_path):
    """The models, as if trained on embeddings of another version of the encoder with as many values."""
    folder = Path(shutil.copytree(trained.models, tmp_path / "renamed"))
    for path in folder.glob("*.json"):
        card = json.loads(path.read_text(encoding="utf-8"))
        card["encoder"]["pretrained"] = "classical-9"
        path.write_text(json.dumps(card), encoding="utf-8")
    return folder


def test_models_and_metadata_of_encoders_of_different_names(refused, trained, done, renamed):
    message = refused("classify", f"--directory={trained.images}", f"--metadata_json={trained.metadata}",
                      f"--model={renamed}", f"--output={done}")  # fmt: skip
    assert "builtin/learned-2" in message
    assert "builtin/classical-9" in message
    assert "Give the metadata and the models of one encoder" in message
    assert "learn the tags again from this metadata (stage 2)" in message


@pytest.mark.parametrize("command", ["classify", "classify-zip"])
def test_models_of_an_encoder_that_is_not_here(refused, trained, done, renamed, command, tmp_path):
    directory = trained.images if command == "classify" else shutil.make_archive(tmp_path / "it", "zip", trained.images)
    message = refused(command, f"--directory={directory}", f"--model={renamed}", f"--output={done}")
    assert "builtin/classical-9" in message
    assert "Make the metadata again (stage 1), then the tag models (stage 2)" in message


def test_models_of_two_encoders_in_one_folder(refused, trained, done, renamed):
    for path in trained.models.glob("*sprites*"):
        shutil.copy(path, renamed / path.name)
    message = refused("classify", f"--directory={trained.images}", f"--model={renamed}", f"--output={done}")
    assert "Keep them in two folders" in message


@pytest.mark.data
def test_models_and_metadata_of_encoders_of_different_lengths(refused, trained, done, published):
    for metadata, models in (
        (trained.metadata, published / "models"),
        (published / "input-metadata.json", trained.models),
    ):
        message = refused("classify", f"--directory={trained.images}", f"--metadata_json={metadata}",
                          f"--model={models}", f"--output={done}")  # fmt: skip
        assert "512" in message
        assert "1024" in message
        assert "of one encoder" in message


# Stages 3 and 4 ----------------------------------------------------------------------------------------------


def test_a_zip_for_stage_3(refused, done, trained, tmp_path):
    for directory in (tmp_path / "tiles.zip", tmp_path / "zips"):
        (tmp_path / "zips").mkdir(exist_ok=True)
        shutil.copy(tmp_path / "tiles.zip", tmp_path / "zips")
        message = refused("classify", f"--directory={directory}", f"--model={trained.models}", f"--output={done}")
        assert str(directory) in message
        assert "image-tagging classify-zip (stage 4)" in message


def test_no_zip_for_stage_4(refused, done, trained):
    for directory in (trained.images, trained.images / "tiles" / "tiles-0.png"):
        message = refused("classify-zip", f"--directory={directory}", f"--model={trained.models}", f"--output={done}")
        assert str(directory) in message
        assert "image-tagging classify (stage 3)" in message


@pytest.mark.parametrize("stage", ["classify", "classify-zip"])
def test_a_directory_that_is_missing_or_empty(refused, done, trained, tmp_path, stage):
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing"):
        message = refused(stage, f"--directory={tmp_path / name}", f"--model={trained.models}", f"--output={done}")
        assert str(tmp_path / name) in message


def test_the_same_in_a_process_of_its_own(command, tmp_path):
    shown = command("process", f"--input_folder={tmp_path / 'nowhere'}", f"--output_folder={tmp_path / 'out'}",
                    "--clip_model=builtin")  # fmt: skip
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == f"image-tagging: there is no folder or file at {tmp_path / 'nowhere'}. Check the path.\n"


def test_what_could_not_be_opened_is_logged_even_where_nothing_could_be_done(command, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.zip").write_bytes(b"no zip")
    done = command(
        "process", f"--input_folder={tmp_path / 'in'}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin"
    )
    assert done.returncode == 1
    assert "broken.zip" in (tmp_path / "out" / "image-tagging.log").read_text(encoding="utf-8")
