"""The public names: what the documentation promises, no less and no more."""

from __future__ import annotations

import subprocess
import sys

import pytest

import image_tagging

PROMISED = {
    # The examples of the README.
    *("classify_main", "list_models", "generate_model_path", "FileCache"),
    # Tag models on arrays.
    *("load_tag_models", "TagModel", "TagModels"),
    # The three use-cases, what they take and what they tell.
    *("process_dataset", "train_tag_models", "classify_images", "sort_images"),
    *("ProcessConfig", "TrainConfig", "ClassifyConfig", "SortConfig"),
    *("ProcessSummary", "TrainSummary", "ClassifySummary", "SortSummary"),
    # Arrays of images, and what shows how far a work is.
    *("embed_images", "score_images", "ImageEmbeddings", "ImageScores", "Progress", "scores_frame"),
    # What inputs an output folder has, taking one out, and finding one that was moved.
    *("list_inputs", "forget_input", "move_input"),
    # Taking a tag out of it, and setting the threshold of one.
    *("forget_tag", "set_threshold"),
    # How many verdicts an output folder has, and moving them.
    *("list_verdicts", "export_verdicts", "import_verdicts"),
    # What these hold, and what they raise.
    *("Encoder", "EncoderSpec", "load_encoder", "Failure", "ImageRef", "ImageTaggingError"),
}


def run(program, **options):
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, encoding="utf-8", timeout=600, **options
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_all_holds_what_is_promised():
    assert set(image_tagging.__all__) == PROMISED
    assert image_tagging.__all__ == sorted(image_tagging.__all__)
    assert set(dir(image_tagging)) >= PROMISED


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_name_can_be_imported_and_says_what_it_is(name):
    value = getattr(image_tagging, name)
    assert value.__name__ == name
    assert value.__doc__


def test_a_star_import_brings_all_of_them():
    brought = {}
    exec("from image_tagging import *", brought)
    assert set(brought) >= PROMISED


def test_there_is_no_other_name():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = image_tagging.nonsense


def test_importing_the_package_costs_nothing():
    heavy = "{'numpy', 'sklearn', 'torch', 'PIL', 'cv2', 'scipy', 'typer', 'rich', 'orjson', 'sqlite3'}"
    assert run(f"import sys, image_tagging; print(*{heavy} & set(sys.modules))") == []


def test_models_load_without_what_draws_on_the_screen():
    heavy = "{'sklearn', 'torch', 'PIL', 'cv2', 'typer', 'rich'}"
    assert run(f"import sys; from image_tagging import load_tag_models; print(*{heavy} & set(sys.modules))") == []


def test_the_version_is_that_of_the_package():
    from importlib.metadata import PackageNotFoundError, version

    try:
        installed = version("image-tagging-tools")
    except PackageNotFoundError:
        pytest.skip("the package is not installed")
    assert image_tagging.__version__ == installed
