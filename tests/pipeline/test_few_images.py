"""Tags of one or two images, from files to results: they take little of the world, and so do those told from them."""

from __future__ import annotations

import json
import random

import pytest
from PIL import Image, ImageDraw

from image_tagging import ClassifyConfig, ProcessConfig, TrainConfig, classify_images, process_dataset, train_tag_models
from samples import encoded, written, zipped


def shapes(kind, seed):
    """A PNG of five shapes of one kind, in colours of their own."""
    drawn = random.Random(f"{kind}{seed}")
    image = Image.new("RGB", (90, 90), tuple(drawn.randrange(180, 256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    method = {"round": draw.ellipse, "square": draw.rectangle, "lines": draw.line}[kind]
    for _ in range(5):
        x, y, size = drawn.randrange(60), drawn.randrange(60), drawn.randrange(9, 30)
        method((x, y, x + size, y + size), fill=tuple(drawn.randrange(200) for _ in range(3)))
    return encoded(image)


def common(start, count):
    return [shapes(("round", "square")[number % 2], start + number) for number in range(count)]


@pytest.fixture(scope="module", params=[1, 2], ids=["one image", "two images"])
def trained(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    for number in range(request.param):
        written(folder / "data" / "rare" / f"{number}.png", shapes("lines", number))
    for number, picture in enumerate(common(0, 120)):
        written(folder / "data" / "common" / f"{number}.png", picture)
    out = str(folder / "out")
    process_dataset(ProcessConfig(input_folder=str(folder / "data"), output_folder=out, clip_model="builtin"))
    metadata, lists = f"{out}/input-metadata.json", f"{out}/input-tag-to-image-hash-list.json"
    train_tag_models(TrainConfig(metadata_json=metadata, tag_to_hash_json=lists, output=out))
    return folder


def tagged(folder, directory, output, **changes):
    """How many of the scores of each tag reach the threshold, of both kinds of model together."""
    config = ClassifyConfig(directory=directory, model=f"{folder}/out/models", output=output, place="none", **changes)
    classify_images(config)
    with open(f"{output}/output.json", encoding="utf-8") as file:
        scores = [score for entry in json.load(file).values() for score in entry["classifiers_output"]]
    return {tag: sum(score["tagged"] for score in scores if score["tag_name"] == tag) for tag in ("rare", "common")}


@pytest.mark.slow
def test_new_images_of_the_common_tag_keep_it_and_get_no_rare_one(trained, tmp_path):
    for number, picture in enumerate(common(5000, 60)):
        written(tmp_path / "new" / f"{number}.png", picture)
    said = tagged(trained, str(tmp_path / "new"), str(tmp_path / "out"))
    assert said["rare"] <= 0.05 * 2 * 60
    assert said["common"] >= 0.9 * 2 * 60


@pytest.mark.slow
def test_the_same_holds_for_images_in_archives(trained, tmp_path):
    members = {f"{number}.png": picture for number, picture in enumerate(common(7000, 60))}
    archive = written(tmp_path / "new.zip", zipped(members))
    said = tagged(trained, archive, str(tmp_path / "out"), archives=True)
    assert said["rare"] <= 0.05 * 2 * 60
    assert said["common"] >= 0.9 * 2 * 60
