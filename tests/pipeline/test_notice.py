"""A mountain of other things than the tags were distinguished from is noticed, one of the same things is not."""

from __future__ import annotations

import json

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, TrainConfig, classify_images, process_dataset, train_tag_models
from image_tagging.cli.summaries import show_classify, show_train
from image_tagging.demo import draw

LEARNED, OTHERS = ("isometric", "sprites", "tiles"), ("charts", "gradients", "maps", "star-fields")


def folder_of(path, kinds, numbers, *, by_kind=False):
    for kind in kinds:
        folder = path / kind if by_kind else path
        folder.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            draw(kind, number).save(folder / f"{kind}-{number}.png")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The summary of a training without a background, in an output folder."""
    work = tmp_path_factory.mktemp("notice")
    examples = folder_of(work / "examples", LEARNED, range(20), by_kind=True)
    output = work / "output"
    process_dataset(ProcessConfig(input_folder=str(examples), output_folder=str(output), clip_model="builtin"))
    lists = output / "input-tag-to-image-hash-list.json"
    config = TrainConfig(
        metadata_json=str(output / "input-metadata.json"), tag_to_hash_json=str(lists), output=str(output)
    )
    return train_tag_models(config)


def scored(trained, mountain, output):
    return classify_images(
        ClassifyConfig(directory=str(mountain), model=trained.models, output=str(output), place="none")
    )


def test_a_mountain_of_other_things_is_noticed_with_the_command_that_mends_it(trained, tmp_path, capsys):
    mountain = folder_of(tmp_path / "the mountain", OTHERS, range(900, 912))
    summary = scored(trained, mountain, tmp_path / "o")
    show_classify(summary)
    said = capsys.readouterr().out
    assert summary.share_outside > 0.5
    assert "are unlike all that the tags were distinguished from" in said
    assert f"image-tagging sort EXAMPLES '{mountain}'" in said


def test_a_mountain_of_the_same_things_is_not(trained, tmp_path, capsys):
    summary = scored(trained, folder_of(tmp_path / "m", LEARNED, range(900, 916)), tmp_path / "o")
    show_classify(summary)
    assert summary.outside is not None
    assert summary.share_outside is None
    assert "unlike" not in capsys.readouterr().out


def test_few_pictures_are_not_judged(trained, tmp_path):
    summary = scored(trained, folder_of(tmp_path / "m", OTHERS, range(900, 902)), tmp_path / "o")
    assert (summary.outside or 0) > 4
    assert summary.share_outside is None


def test_models_of_an_earlier_version_get_no_notice(trained, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    for file in sorted((tmp_path / trained.models).iterdir()):
        content = file.read_bytes()
        if file.suffix == ".json":
            card = json.loads(content)
            del card["coverage"]
            content = json.dumps(card).encode()
        (models / file.name).write_bytes(content)
    mountain = folder_of(tmp_path / "m", OTHERS, range(900, 912))
    config = ClassifyConfig(directory=str(mountain), model=str(models), output=str(tmp_path / "o"), place="none")
    summary = classify_images(config)
    assert (summary.outside, summary.share_outside) == (None, None)


def test_training_without_a_background_says_in_one_line_what_that_means(trained, capsys):
    show_train(trained)
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "--background" in line)
    assert "distinguished from each other alone" in line
