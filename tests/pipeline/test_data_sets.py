"""Which images are the data set, and which tags they have: what stage 1 says and writes about it."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing

import pytest

from image_tagging import (
    ClassifyConfig,
    FileCache,
    ProcessConfig,
    TrainConfig,
    classify_images,
    cli,
    process_dataset,
    train_tag_models,
)
from image_tagging.errors import InputError, NoImagesError
from samples import drawn, encoded, png, written, zipped

needs_pattern = pytest.mark.parametrize("pattern", ["drafts/", "**/drafts", "draft?"])


@pytest.fixture
def process(tmp_path):
    """Stage 1 over ``in`` or what is named instead, always into one output folder."""

    def run(folder=tmp_path / "in", **settings):
        settings = {"output_folder": str(tmp_path / "out"), "clip_model": "builtin", **settings}
        return process_dataset(ProcessConfig(input_folder=str(folder), **settings))

    return run


def draw(folder, *names):
    """Write an image of its own under each name."""
    for name in names:
        written(folder / name, png(sum(map(ord, name))))


# --- tags --------------------------------------------------------------------------------------------------


def test_folders_in_tag_folders_that_merge_are_named(tmp_path, process):
    draw(tmp_path / "in", "cat/2021/a.png", "dog/2021/b.png")
    summary = process()
    assert summary.tags == {"2021": 2}
    (warning,) = summary.warnings
    assert warning.startswith(
        "The tag 2021 has images of cat and dog, since the folder that holds an image is its tag."
    )
    assert "--tag_level=top" in warning


def test_archives_in_tag_folders_that_merge_are_named(tmp_path, process):
    for number, tag in enumerate(["cat", "dog", "owl", "pig", "rat"]):
        written(tmp_path / "in" / tag / "photos.zip", zipped({"a.png": png(number)}))
    assert "The tag photos has images of cat, dog, owl and others," in process().warnings[0]


def test_folders_in_an_archive_that_merge_are_named(tmp_path, process):
    members = {"cat/2021/a.png": png(1), "dog/2021/b.png": png(2), "cat/2022/c.png": png(3), "dog/2022/d.png": png(4)}
    path = written(tmp_path / "pets.zip", zipped(members))
    assert process(path).warnings[0].startswith("2 tags have images of several folders: 2021 has images of cat and dog")
    top = process(path, tag_level="top")
    assert (top.tags, top.warnings) == ({"cat": 2, "dog": 2}, ())


@pytest.mark.parametrize("names", [["cat/a.png", "dog/b.png"], ["cat/2021/a.png", "cat/2022/b.png", "c.png"]])
def test_folders_that_do_not_merge_are_not_named(tmp_path, process, names):
    draw(tmp_path / "in", *names)
    assert process().warnings == ()


def test_untagged_folders_may_merge(tmp_path, process):
    draw(tmp_path / "in", "cat/2021/a.png", "dog/2021/b.png", "Other_Training/c.png")
    assert process(tagged_dataset=False).warnings == ()


def test_another_tag_level_gives_other_tags_on_the_next_run(tmp_path, process):
    draw(tmp_path / "in", "cat/2021/a.png", "dog/2021/b.png", "dog/c.png")
    assert process().tags == {"2021": 2, "dog": 1}
    top = process(tag_level="top")
    assert (top.tags, top.warnings, top.embedding.computed) == ({"cat": 1, "dog": 2}, (), 0)
    metadata = json.loads((tmp_path / "out" / "input-metadata.json").read_text(encoding="utf-8"))
    assert sorted(record["image_tags"][0] for record in metadata.values()) == ["cat", "dog", "dog"]
    assert process(tag_level="top").embedding.unchanged


@pytest.mark.parametrize(
    "tag", ["other_training", "Other-Training", "other training", "OTHER-VALIDATION", "Othertraining"]
)
def test_other_training_in_another_spelling_is_named(tmp_path, process, tag):
    draw(tmp_path / "in", "cat/a.png", f"{tag}/b.png")
    assert process().warnings == (
        f"{tag} is a tag like any other: only other-training and other-validation have a special meaning.",
    )


def test_other_training_and_tags_that_are_others_are_not_named(tmp_path, process):
    draw(tmp_path / "in", *(f"{tag}/b.png" for tag in ("other-training", "other-validation", "training", "others")))
    assert process().warnings == ()


def test_training_names_other_training_in_another_spelling(trained, tmp_path):
    lists = json.loads(trained.tag_lists.read_text(encoding="utf-8"))
    lists["Other_Training"] = lists.pop("tiles")
    path = written(tmp_path / "lists.json", json.dumps(lists).encode())
    config = TrainConfig(metadata_json=str(trained.metadata), tag_to_hash_json=path, output=str(tmp_path / "out"))
    assert "Other_Training is a tag like any other" in train_tag_models(config).warnings[0]


def test_the_command_warns_of_tags_on_the_screen(tmp_path, capsys):
    draw(tmp_path / "in", "cat/2021/a.png", "dog/2021/b.png", "Other_Training/c.png")
    flags = [f"--input_folder={tmp_path / 'in'}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin"]
    assert cli.main(["process", *flags]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "The tag 2021 has images of cat and dog" in shown
    assert "Other_Training is a tag like any other" in shown
    assert cli.main(["process", *flags, "--tag-level", "top"]) == 0
    assert "2021" not in capsys.readouterr().out


# --- what is left out --------------------------------------------------------------------------------------


def test_what_is_left_out_is_on_the_screen_and_in_the_log(tmp_path, capsys):
    draw(
        tmp_path / "in",
        "cat/a.png",
        "cat/@eaDir/a.png/SYNOPHOTO_THUMB_M.png",
        "dog/@eaDir/b.png",
        ".c.png",
        "cat/x.gif",
    )
    written(tmp_path / "in" / "a.zip", zipped({"#recycle/d.png": png(5), "e.png": png(6)}))
    flags = [f"--input_folder={tmp_path / 'in'}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin"]
    assert cli.main(["process", *flags, "--exclude=*.gif"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in (
        "1 file hidden by name or by the system (in/.c.png)",
        "1 folder of trash (a.zip/#recycle)",
        "2 folders of thumbnails and caches (cat/@eaDir)",
        "1 file by --exclude (cat/x.gif)",
    ):
        assert words in shown
    log = (tmp_path / "out" / "image-tagging.log").read_text(encoding="utf-8")
    assert f"left out 1 folder of trash (a.zip/#recycle); the first: {tmp_path / 'in' / 'a.zip'}/#recycle" in log


def test_an_input_of_nothing_but_what_is_left_out_says_so(tmp_path, process):
    draw(tmp_path / "in", "@eaDir/a.png")
    with pytest.raises(NoImagesError, match=r"left out \(name it to have it read\): 1 folder of thumbnails"):
        process()


def test_a_folder_that_is_left_out_is_no_tag_without_images(tmp_path, process):
    draw(
        tmp_path / "in", "cat/a.png", "$RECYCLE.BIN/b.png", "drafts/c.png", "Sent/d.png", "Sent/.nomedia", "empty/x.txt"
    )
    assert process(exclude=["drafts"]).empty_tags == ("empty",)


@needs_pattern
def test_excluding_changes_the_next_run_as_another_input_does(tmp_path, process, pattern):
    draw(tmp_path / "in", "cat/a.png", "cat/drafts/b.png", "dog/c.png")
    assert process().tags == {"cat": 1, "dog": 1, "drafts": 1}
    without = process(exclude=[pattern])
    assert (without.tags, without.embedding.unchanged) == ({"cat": 1, "dog": 1}, False)
    assert process(exclude=(pattern,)).embedding.unchanged
    again = process()
    assert (again.embedding.images, again.embedding.computed) == (3, 0)


@needs_pattern
@pytest.mark.parametrize("archives", [False, True], ids=["classify", "classify-zip"])
def test_stages_3_and_4_exclude_too(tmp_path, trained, pattern, archives):
    draw(tmp_path / "in", "cat/a.png", "cat/drafts/b.png")
    written(tmp_path / "in" / "a.zip", zipped({"cat/c.png": png(3), "cat/drafts/d.png": png(4)}))
    config = ClassifyConfig(
        directory=str(tmp_path / "in"),
        model=str(trained.models),
        output=str(tmp_path / "out"),
        archives=archives,
        exclude=[pattern],
    )
    embedding = classify_images(config).embedding
    assert embedding.images == 1
    assert {count.reason for count in embedding.left_out} == {"excluded"}


@needs_pattern
def test_the_file_cache_excludes_too_and_says_so(tmp_path, pattern, caplog):
    draw(tmp_path / "in", "cat/a.png", "cat/drafts/b.png", "@eaDir/c.png")
    with caplog.at_level(logging.INFO):
        FileCache().add_folder_to_file_cache(tmp_path / "in", tmp_path / "out", exclude=[pattern])
    with closing(sqlite3.connect(tmp_path / "out" / "file_cache.sqlite")) as cache:
        assert cache.execute("SELECT file_name FROM file_cache").fetchall() == [("a.png",)]
    assert "left out 1 folder by --exclude (cat/drafts)" in caplog.text
    assert "left out 1 folder of thumbnails" in caplog.text


def test_a_text_in_place_of_patterns_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"give a list: \['drafts/'\]"):
        ProcessConfig(input_folder="x", exclude="drafts/")


@pytest.mark.parametrize("command", ["process", "classify", "classify-zip"])
def test_a_pattern_that_means_nothing_is_wrong_usage(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "input_folder" if command == "process" else "directory"
    assert cli.main([command, f"--{name}=x", "--exclude=*.gif", "--exclude", "[z-a]"]) == 2
    assert "the pattern '[z-a]' to exclude means nothing" in capsys.readouterr().err


# --- one file that is named --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["download", "a.png.part", "photo.5f3a", "photo.dat", ".hidden"])
def test_an_image_that_is_named_is_what_its_content_is(tmp_path, trained, process, name):
    for image_format in ("PNG", "JPEG"):
        path = written(tmp_path / "cat" / name, encoded(drawn(), image_format))
        assert process(path).tags == {"cat": 1}
        config = ClassifyConfig(directory=path, model=str(trained.models), output=str(tmp_path / "scored"))
        assert classify_images(config).embedding.images == 1
        FileCache().add_folder_to_file_cache(path, tmp_path / "cache")


@pytest.mark.parametrize("name", ["download", "a.zip.part", ".hidden.dat"])
def test_an_archive_that_is_named_is_what_its_content_is(tmp_path, trained, process, name):
    path = written(tmp_path / name, zipped({"cat/a.png": png()}))
    assert process(path).tags == {"cat": 1}
    config = {"directory": path, "model": str(trained.models), "output": str(tmp_path / "scored")}
    assert classify_images(ClassifyConfig(**config, archives=True)).embedding.images == 1
    with pytest.raises(NoImagesError, match="classify-zip"):
        classify_images(ClassifyConfig(**config))


@pytest.mark.parametrize("name", ["x.cr2", "X.CR2", "a.NEF", "b.dng"])
@pytest.mark.parametrize("data", [b"", b"II*\0 begins like a TIFF"], ids=["empty", "TIFF"])
def test_a_raw_photo_that_is_named_has_its_own_sentence(tmp_path, trained, process, name, data):
    path = written(tmp_path / name, data)
    says = (
        rf"{name} is a raw photo \({name[1:].lower()}\) that cannot be read. Save it as a PNG or JPEG, and name that."
    )
    with pytest.raises(InputError, match=says):
        process(path)
    for archives in (False, True):
        with pytest.raises(InputError, match=says):
            classify_images(ClassifyConfig(directory=path, model=str(trained.models), archives=archives))
    with pytest.raises(InputError, match=says):
        FileCache().add_folder_to_file_cache(path, tmp_path / "cache")


@pytest.mark.parametrize("name", ["x.jxl", "y.exr"])
def test_an_image_of_another_kind_that_is_named_has_its_own_sentence(tmp_path, process, name):
    with pytest.raises(InputError, match=r"is an image of a kind \(\.[a-z]{3}\) that cannot be read"):
        process(written(tmp_path / name, b"x"))


@pytest.mark.parametrize("name", ["drawing.svg", "a.xcf", "a.pyxel"])
def test_a_drawing_that_is_named_and_not_read_has_its_own_sentence(tmp_path, process, name):
    says = r"is a drawing \(\.[a-z]+\) that cannot be read. Export it as a PNG, and name that.$"
    with pytest.raises(InputError, match=says):
        process(written(tmp_path / name, zipped({"layer0.png": png()}) if name == "a.pyxel" else b"x"))


@pytest.mark.parametrize("name", ["notes.txt", "noise", "page.html"])
def test_what_is_named_and_is_no_image_is_refused(tmp_path, process, name):
    with pytest.raises(InputError, match="is neither a folder, an image nor an archive"):
        process(written(tmp_path / name, b"some text"))
