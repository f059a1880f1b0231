"""All four stages on real photographs and pixel art, with the embedded encoder."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from image_tagging import (
    ClassifyConfig,
    ProcessConfig,
    TrainConfig,
    classify_images,
    process_dataset,
    train_tag_models,
)

pytestmark = [pytest.mark.data, pytest.mark.slow, pytest.mark.xdist_group("real kinds")]


@pytest.fixture(scope="module")
def kinds(shared_data, tmp_path_factory):
    """One folder with a link for every class of photographs and every kind of pixel art."""
    folder = tmp_path_factory.mktemp("kinds")
    for source in (*(shared_data / "photos").iterdir(), *(shared_data / "pixelart").iterdir()):
        if not source.is_dir():
            continue
        try:
            (folder / source.name).symlink_to(source, target_is_directory=True)
        except OSError:
            shutil.copytree(source, folder / source.name)
    return folder


@pytest.fixture(scope="module")
def stage1(kinds, tmp_path_factory):
    output = tmp_path_factory.mktemp("real")
    return process_dataset(
        ProcessConfig(input_folder=str(kinds), output_folder=str(output), clip_model="builtin", follow_links=True)
    )


@pytest.fixture(scope="module")
def stage2(stage1):
    return train_tag_models(
        TrainConfig(
            metadata_json=stage1.files[0],
            tag_to_hash_json=stage1.files[-1],
            output=_folder(stage1),
            threshold_for="balanced",  # what is measured below
        )
    )


def _folder(stage1):
    return stage1.files[0].rpartition("/")[0]


def test_every_image_is_read(stage1, kinds):
    files = [path for folder in kinds.iterdir() for path in folder.iterdir()]
    assert stage1.embedding.images == len(files) == 384 + 241
    assert stage1.embedding.failures == ()
    assert set(stage1.tags) == {path.name for path in kinds.iterdir()}


def test_models_are_right_on_the_images_held_back(stage2):
    figures = [report.balanced_accuracy for report in stage2.reports]
    assert len(figures) == 14 * 2
    assert np.mean(figures) > 0.8
    assert np.mean([report.average_precision for report in stage2.reports]) > 0.8


@pytest.mark.parametrize("archives", [False, True])
def test_they_sort_the_images(stage1, stage2, kinds, shared_data, tmp_path, archives):
    directory = shared_data / "pixelart"
    if archives:
        directory = shutil.make_archive(str(tmp_path / "pixelart"), "zip", directory)
    summary = classify_images(
        ClassifyConfig(
            directory=str(directory),
            metadata_json=None if archives else stage1.files[0],
            model=stage2.models,
            output=str(tmp_path / "out"),
            archives=archives,
        )
    )
    assert summary.embedding.images == 241
    assert summary.place_failures == ()
    for kind, tag in summary.models:
        assert len(list((tmp_path / "out" / kind / tag).glob("*/*"))) == 241
