"""The folder that is to be scored next is known from the paths in metadata."""

from __future__ import annotations

import os
import shutil

import pytest

from image_tagging import ProcessConfig, TrainConfig, process_dataset, train_tag_models
from image_tagging.addresses import ImageRef
from image_tagging.pipeline.next_images import CommonFolder, mountain_of
from image_tagging.records import ImportedEmbedding
from samples import png, written, zipped


def common(*refs):
    folder = CommonFolder()
    images = [ImportedEmbedding("h", ref.path, None, ref) for ref in refs]
    assert list(folder.of(images)) == images
    return folder.path, folder.in_archives


def ref(*names, members=()):
    return ImageRef(os.path.join(os.sep, *names), members)


def test_the_folder_of_all_images_is_that_of_the_data_set():
    folder = os.path.join(os.sep, "data", "in")
    assert common(ref("data", "in", "cat", "a.png"), ref("data", "in", "dog", "b.png")) == (folder, False)
    assert common(ref("data", "in", "cat", "a.png"), ref("data", "in", "b.png")) == (folder, False)
    assert common(ref("data", "in", "cat", "a.png"), ref("data", "in2", "b.png")) == (os.path.dirname(folder), False)
    assert common() == ("", True)


def test_of_images_in_one_archive_it_is_that():
    first, second = (ref("data", "z.zip", members=(name,)) for name in ("a/1.png", "b/2.png"))
    assert common(first, second) == (os.path.join(os.sep, "data", "z.zip"), True)
    assert common(first, ref("data", "y.zip", members=("c.png",))) == (os.path.join(os.sep, "data"), True)
    assert common(first, ref("data", "c.png")) == (os.path.join(os.sep, "data"), False)


@pytest.mark.parametrize("is_archive", [False, True])
def test_the_mountain_of_a_background_is_found_by_its_name(tmp_path, is_archive):
    if is_archive:
        source = tmp_path / "my mountain.zip"
        written(source, zipped({"a/b/1.png": png(1)}))
    else:
        source = tmp_path / "my mountain"
        written(source / "a" / "b" / "1.png", png(1))
    config = {"input_folder": str(source), "output_folder": str(tmp_path / "o"), "clip_model": "builtin"}
    summary = process_dataset(ProcessConfig(tagged_dataset=False, **config))
    metadata = next(file for file in summary.files if file.endswith("-metadata.json"))
    assert mountain_of(metadata) == (str(source), is_archive)
    assert summary.source == str(source)
    renamed = shutil.copy(metadata, tmp_path / "other.json")
    assert mountain_of(renamed) == ("", False)


def test_training_knows_the_folder_of_its_images(trained, tmp_path):
    output = shutil.copytree(trained.output, tmp_path / "output")
    config = {"metadata_json": str(trained.metadata), "tag_to_hash_json": str(trained.tag_lists)}
    summary = train_tag_models(TrainConfig(output=str(output), **config))
    assert (summary.directory, summary.in_archives) == (str(trained.images), False)
    assert summary.metadata == str(trained.metadata)
