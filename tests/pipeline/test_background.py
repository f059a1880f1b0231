"""Stage 2 with a background of the mountain: what is written, what depends on what, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from image_tagging import (
    ClassifyConfig,
    ProcessConfig,
    TrainConfig,
    classify_images,
    load_tag_models,
    process_dataset,
    train_tag_models,
)
from image_tagging.cli import main
from image_tagging.demo import KINDS
from image_tagging.errors import TrainingError
from image_tagging.tag_models import kind_names
from mountains import background, cloud, has_tag, mountain, pictures, stage_1, written

COUNTS = {"cat": 20, "dog": 20}
SHARES = (0.05, 0.02)


def train(files, output, *mountains, **settings):
    metadata, lists = files
    config = {"metadata_json": metadata, "tag_to_hash_json": lists, "output": str(output), **settings}
    return train_tag_models(TrainConfig(**config, background=mountains))


def models(output):
    """The bytes of every model by its file's name."""
    return {path.name: path.read_bytes() for path in sorted((output / "models").glob("*.pkl"))}


def cards(output):
    files = sorted((output / "models").glob("*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in files]


def reports(output):
    return json.loads((output / "reports" / "reports.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Stages 1 and 2 of two tags with a mountain of 1,000 pictures. Not to be written to."""
    folder = tmp_path_factory.mktemp("world")
    files = stage_1(folder / "in", COUNTS)
    path = written(folder / "mountain-metadata.json", mountain(1000, SHARES))
    train(files, folder / "out", path)
    return folder, files, path


def test_what_was_learned_holds_on_the_mountain(world):
    folder, _, _ = world
    made = background(mountain(1000, SHARES))
    loaded = load_tag_models(str(folder / "out" / "models"))
    probabilities = loaded.probabilities(made.embeddings)
    thresholds = {(card["kind"], card["tag"]): card["threshold"] for card in cards(folder / "out")}
    assert len(loaded.names) == 4
    for column, name in zip(probabilities.T, loaded.names):
        truth = has_tag(made, 1000, SHARES, axis=list(COUNTS).index(name[1]))
        tagged = column >= thresholds[name]
        assert truth[tagged].mean() > 0.8
        assert tagged[truth].mean() > 0.6


def test_cards_and_reports_say_both_what_is_among_examples_and_on_the_mountain(world):
    folder, _, _ = world
    run = reports(folder / "out")
    assert (run["mountain"], run["threshold_for"]) == ({"pictures": 1000, "read": 1000}, "f1")
    entries = {(entry["kind"], entry["tag"]): entry for entry in run["models"]}
    for card in cards(folder / "out"):
        assert (card["threshold_for"], card["threshold_on"]) == ("f1", "mountain")
        assert (card["cross_validation"]["images"], card["cross_validation"]["others"]) == (20, 20)
        entry = entries[card["kind"], card["tag"]]
        shown = {sort: entry["mountain"].pop(sort) for sort in ("surest", "at_threshold", "just_below")}
        assert entry["mountain"] == card["mountain"]
        assert [len(pictures_) for pictures_ in shown.values()] == [10, 6, 6]
        assert all(each["file_path"].startswith("/m/") for each in shown["surest"])
        assert 0 < card["mountain"]["prevalence"] < 0.1
        text = folder / "out" / "reports" / f"model-report-{card['kind']}-tag-{card['tag']}.txt"
        assert "mountain-prevalence" in text.read_text(encoding="utf-8")


def test_without_a_background_cards_say_that_examples_decided(world, tmp_path):
    _, files, _ = world
    train(files, tmp_path)
    assert reports(tmp_path)["mountain"] is None
    for card in cards(tmp_path):
        assert (card["threshold_for"], card["threshold_on"]) == ("f1", "examples")
        assert "mountain" not in card


@pytest.mark.slow
def test_the_order_of_records_and_of_files_changes_no_byte(world, tmp_path):
    folder, _, _ = world
    every = mountain(1000, SHARES)
    one, other = written(tmp_path / "a.json", every[600:]), written(tmp_path / "b.json", every[599::-1])
    for seed, paths in enumerate([(one, other), (other, one, one)]):
        train(stage_1(tmp_path / "in", COUNTS, shuffled=seed), tmp_path / f"out{seed}", *paths)
        assert models(tmp_path / f"out{seed}") == models(folder / "out")


@pytest.mark.slow
def test_a_further_tag_of_known_images_changes_no_byte_of_the_others(world, tmp_path):
    folder, _, path = world
    further = {"bird": [f"cat-{n}" for n in range(8)] + [f"dog-{n}" for n in range(8)], "a": ["dog-3"]}
    train(stage_1(tmp_path / "in", COUNTS, further), tmp_path / "out", path)
    found = models(tmp_path / "out")
    assert len(found) == 8
    assert {name: found[name] for name in models(folder / "out")} == models(folder / "out")


@pytest.mark.slow
def test_examples_among_the_background_are_left_out_of_it(world, tmp_path):
    folder, (metadata, lists), path = world
    train((metadata, lists), tmp_path, metadata, path)
    assert models(tmp_path) == models(folder / "out")
    assert reports(tmp_path)["mountain"] == {"pictures": 1000, "read": 1040}


@pytest.mark.slow
def test_images_of_other_validation_change_no_byte(tmp_path):
    """They are only ever measured on."""
    path = written(tmp_path / "m.json", mountain(400, SHARES))
    found = []
    for number, far in enumerate((3.0, 9.0)):
        folder = tmp_path / str(number)
        files = stage_1(folder, COUNTS, {"other-validation": [f"v-{n}" for n in range(10)]})
        records = json.loads((folder / "input-metadata.json").read_text(encoding="utf-8"))
        written(folder / "v.json", pictures("v", cloud(10, 5, far=far)))
        records.update(json.loads((folder / "v.json").read_text(encoding="utf-8")))
        (folder / "input-metadata.json").write_text(json.dumps(records), encoding="utf-8")
        train(files, folder / "out", path)
        found.append(models(folder / "out"))
        assert {card["validation_images"]["other"] for card in cards(folder / "out")} == {10}
    assert found[0] == found[1]


@pytest.mark.slow
def test_other_training_and_other_tags_are_both_others(tmp_path):
    path = written(tmp_path / "m.json", mountain(400, SHARES))
    files = stage_1(tmp_path, {**COUNTS, "other-training": 30})
    train(files, tmp_path / "with", path, test_per=0)
    assert {card["training_images"]["other"] for card in cards(tmp_path / "with")} == {20 + 30}
    assert {card["tag"] for card in cards(tmp_path / "with")} == {"cat", "dog"}
    train(files, tmp_path / "without", test_per=0)
    assert {card["training_images"]["other"] for card in cards(tmp_path / "without")} == {30}


def test_one_tag_alone_needs_nothing_but_a_background(tmp_path):
    files = stage_1(tmp_path / "in", {"cat": 20})
    with pytest.raises(TrainingError, match="no image without the tag"):
        train(files, tmp_path / "out")
    train(files, tmp_path / "out", written(tmp_path / "m.json", mountain(400, SHARES)))
    for card in cards(tmp_path / "out"):
        assert card["training_images"] == {"tag": 20, "other": 0}
        assert card["validation"]["average_precision"] is None
        assert card["mountain"]["tagged"] > 5


def test_one_example_tags_nothing_and_its_surest_pictures_are_shown(tmp_path):
    files = stage_1(tmp_path / "in", {"cat": 1, "dog": 20})
    train(files, tmp_path / "out", written(tmp_path / "m.json", mountain(400, SHARES)))
    for card in cards(tmp_path / "out")[::2]:
        assert (card["tag"], card["threshold"]) == ("cat", 1)
        assert card["mountain"]["prevalence"] is None
        assert card["mountain"]["warnings"] == ["not calibrated: too few images to hold some out; nothing is tagged"]
    for entry in reports(tmp_path / "out")["models"][:2]:
        assert [len(entry["mountain"][sort]) for sort in ("surest", "at_threshold", "just_below")] == [10, 0, 6]


def test_a_background_of_ten_pictures_is_learned_from(tmp_path):
    files = stage_1(tmp_path / "in", COUNTS)
    summary = train(files, tmp_path / "out", written(tmp_path / "m.json", mountain(10)))
    assert summary.skipped == ()
    assert {card["mountain"]["pictures"] for card in cards(tmp_path / "out")} == {10}


def test_a_mountain_that_is_the_examples_again_is_refused(world, tmp_path):
    _, (metadata, lists), _ = world
    with pytest.raises(TrainingError) as raised:
        train((metadata, lists), tmp_path / "out", metadata)
    message = str(raised.value)
    assert metadata in message
    assert "holds no picture but 40 examples" in message
    assert message.endswith("Give the metadata of the mountain, or leave --background out.")
    assert "\n" not in message
    assert not (tmp_path / "out").exists()


def test_a_mountain_of_examples_saved_again_teaches_nothing_wrong(tmp_path):
    """Near-duplicates of every example, and nothing else: no negative is left but other tags' examples."""
    files = stage_1(tmp_path / "in", COUNTS)
    again = pictures("m", np.concatenate([cloud(20, axis, seed=1) * 1.01 for axis in (0, 1)]))
    summary = train(files, tmp_path / "out", written(tmp_path / "m.json", again))
    assert summary.skipped == ()
    assert {card["mountain"]["pictures"] for card in cards(tmp_path / "out")} == {40}


def test_the_flag_may_be_given_several_times(world, tmp_path, capsys):
    _, (metadata, lists), path = world
    more = written(tmp_path / "more.json", pictures("more", cloud(50, None, seed=5)))
    arguments = [f"--metadata_json={metadata}", f"--tag_to_hash_json={lists}", f"--output={tmp_path / 'out'}"]
    assert main(["train", *arguments, f"--background={path}", f"--background={more}"]) == 0
    capsys.readouterr()
    assert reports(tmp_path / "out")["mountain"] == {"pictures": 1050, "read": 1050}


@pytest.mark.slow
def test_a_drawn_mountain_is_tagged_right(drawing, tmp_path):
    """Two kinds of drawings, and seven times as many of kinds that are no tag."""
    tags, others = KINDS[:2], KINDS[2:]
    for tag in tags:
        for number in range(10):
            drawing(tmp_path / "in" / tag / f"{number}.png", tag, number)
    for kind, count in {**dict.fromkeys(tags, 25), **dict.fromkeys(others, 60)}.items():
        for number in range(100, 100 + count):
            drawing(tmp_path / "mountain" / f"{kind}-{number}.png", kind, number)
    output = tmp_path / "out"
    stage1 = process_dataset(
        ProcessConfig(input_folder=str(tmp_path / "in"), output_folder=str(output), clip_model="builtin")
    )
    found = process_dataset(
        ProcessConfig(
            input_folder=str(tmp_path / "mountain"),
            output_folder=str(output),
            tagged_dataset=False,
            clip_model="builtin",
        )
    )
    train((stage1.files[0], stage1.files[-1]), output, found.files[0])
    classify_images(
        ClassifyConfig(
            directory=str(tmp_path / "mountain"),
            metadata_json=found.files[0],
            output=str(output),
            model=str(output / "models"),
            place="none",
        )
    )
    results = json.loads((output / "output.json").read_text(encoding="utf-8")).values()
    for tag in tags:
        for kind in kind_names():
            names = [
                each["file_path"].rpartition("/")[2]
                for each in results
                for score in each["classifiers_output"]
                if (score["tag_name"], score["model_type"]) == (tag, kind) and score["tagged"]
            ]
            right = sum(name.startswith(tag) for name in names)
            assert right >= 15
            assert right >= 0.8 * len(names)
