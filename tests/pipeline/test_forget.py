"""Forgetting a tag: models, cards, reports and what was placed go; what a person changed, and other tags, stay."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, TrainConfig, classify_images, process_dataset, train_tag_models
from image_tagging.cli import app as cli
from image_tagging.errors import EncoderMismatchError, InputError, NoModelsError, OutputError
from image_tagging.pipeline import forget_tag
from image_tagging.store import PlacedFile, WorkingStore
from image_tagging.tag_models import load_tag_models, quote_tag
from samples import zipped

TAGS = ("isometric", "sprites", "tiles")


@pytest.fixture
def output(trained, tmp_path):
    """An output folder with models of three tags, and 24 images placed by six models."""
    shutil.copytree(trained.output, tmp_path / "out")
    score(trained.images, tmp_path / "out")
    return tmp_path / "out"


def score(images, output, **settings):
    return classify_images(
        ClassifyConfig(directory=str(images), output=str(output), model=str(output / "models"), **settings)
    )


def train(output, **settings):
    lists = output / "input-tag-to-image-hash-list.json"
    return train_tag_models(
        TrainConfig(metadata_json=str(output / "input-metadata.json"), tag_to_hash_json=str(lists), **settings)
    )


def placed(output, tag):
    return list(output.glob(f"*/{tag}/**/*.png"))


def named(output, tag):
    return [path for path in output.rglob("*") if tag in path.name and path.is_file()]


def test_nothing_of_a_forgotten_tag_is_left_in_the_folder(output):
    others = {path: path.read_bytes() for tag in TAGS[1:] for path in named(output, f"tag-{tag}")}
    summary = forget_tag("isometric", output)
    assert (summary.models, summary.reports, summary.placed, summary.stayed) == (2, 2, 48, 0)
    assert not list(output.glob("*/isometric"))
    assert not [path for path in named(output, "isometric") if path.parent.name in {"models", "reports"}]
    assert {path: path.read_bytes() for path in others} == others
    assert {tag for _, tag in load_tag_models(output / "models").names} == {"sprites", "tiles"}
    assert len(placed(output, "sprites")) == 48


def test_reports_and_page_keep_the_other_tags_and_their_pictures(output):
    forget_tag("isometric", output)
    run = json.loads((output / "reports" / "reports.json").read_text("utf-8"))
    assert {model["tag"] for model in run["models"]} == {"sprites", "tiles"}
    page = (output / "reports" / "index.html").read_text("utf-8")
    assert "#tag=isometric" not in page
    assert "#tag=sprites" in page
    assert page.count("data:image/") >= 8


def test_files_that_a_person_changed_stay_and_are_counted(output):
    changed, *_ = placed(output, "tiles")
    changed.write_bytes(b"drawn over")
    own = changed.parent / "notes.txt"
    own.write_text("mine")
    summary = forget_tag("tiles", output)
    assert (summary.placed, summary.stayed, summary.first_stayed) == (47, 1, str(changed))
    assert changed.read_bytes() == b"drawn over"
    assert own.read_text() == "mine"


def test_the_last_copy_of_an_image_stays(trained, tmp_path):
    output = tmp_path / "out"
    shutil.copytree(trained.output, output)
    shutil.copytree(trained.images, tmp_path / "images")
    score(tmp_path / "images", output)
    shutil.rmtree(tmp_path / "images" / "tiles")
    summary = forget_tag("sprites", output)
    assert (summary.placed, summary.stayed) == (32, 16)
    assert len(placed(output, "sprites")) == 16


@pytest.mark.parametrize("how", ["hardlink", "symlink"])
def test_links_are_taken_out_and_what_they_lead_to_stays(trained, tmp_path, how):
    shutil.copytree(trained.output, tmp_path / "out")
    score(trained.images, tmp_path / "out", place=how)
    assert forget_tag("sprites", tmp_path / "out").placed == 48
    assert len(list(trained.images.rglob("*.png"))) == 24


def test_images_of_archives_are_taken_out_too(trained, tmp_path):
    shutil.copytree(trained.output, tmp_path / "out")
    pictures = {path.name: path.read_bytes() for path in trained.images.rglob("*.png")}
    (tmp_path / "mountain.zip").write_bytes(zipped(pictures))
    score(tmp_path / "mountain.zip", tmp_path / "out", archives=True)
    assert forget_tag("sprites", tmp_path / "out").placed == 48


def test_any_layout_of_folders_by_tag_is_found(output):
    folder = output / "by-tag" / "tiles"
    folder.mkdir(parents=True)
    with WorkingStore(str(output)) as store:
        (ref, files), *_ = store.placed.within(store.placed.folders())
        shutil.copy2(ref.file, folder / "0.93 a.png")
        status = (folder / "0.93 a.png").stat()
        one = PlacedFile("by-tag/tiles", "0.93 a.png", status.st_size, status.st_mtime_ns)
        store.placed.remember({ref.key: [*files, one]}, "3", "models")
    assert forget_tag("tiles", output).placed == 49
    assert not (output / "by-tag").exists()


def test_a_store_of_a_stranger_removes_nothing_else(output, tmp_path):
    mine = output / "x" / "tiles" / "photo.png"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.png").write_bytes(b"out")
    (output / "y").symlink_to(tmp_path, target_is_directory=True)
    status = mine.stat()
    with WorkingStore(str(output)) as store:
        (ref, files), *_ = store.placed.within(store.placed.folders())
        claims = [
            PlacedFile("x/tiles", "photo.png", status.st_size, status.st_mtime_ns),
            PlacedFile("y/tiles/../outside", "b.png", 3, 1),
            PlacedFile("x/tiles", "../../models", 3, 1),
        ]
        store.placed.remember({ref.key: [*files, *claims]}, "3", "models")
    forget_tag("tiles", output)
    assert mine.read_bytes() == b"mine"
    assert (tmp_path / "outside" / "b.png").exists()
    assert (output / "models").is_dir()


def test_an_unknown_tag_names_those_that_are_nearly_called_so(output):
    with pytest.raises(NoModelsError, match=r"has nothing of a tag isometic\. Did you mean isometric\?"):
        forget_tag("isometic", output)


def test_a_tag_that_was_forgotten_is_unknown(output):
    forget_tag("tiles", output)
    with pytest.raises(NoModelsError, match="has nothing of a tag tiles"):
        forget_tag("tiles", output)


def test_models_that_a_person_put_together_need_be_of_no_one_training(output, trained, tmp_path):
    shutil.copytree(output / "models", tmp_path / "mine")
    card = next((tmp_path / "mine").glob("*tiles.json"))
    card.write_text(json.dumps({**json.loads(card.read_text("utf-8")), "run": "another"}))
    config = ClassifyConfig(directory=str(trained.images), output=str(output), model=str(tmp_path / "mine"))
    assert classify_images(config).model_warnings == ()


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(InputError, match="there is no output folder"):
        forget_tag("tiles", tmp_path / "sorted")
    assert not (tmp_path / "sorted").exists()


def test_files_of_others_under_a_name_of_ours_stop_it_before_anything_is_removed(output):
    card = output / "models" / "model-ovr-svm-tag-tiles.json"
    card.write_text("my notes")
    with pytest.raises(OutputError, match="is not a file that this program wrote"):
        forget_tag("tiles", output)
    assert len(placed(output, "tiles")) == 48


def test_a_tag_is_found_by_either_spelling_of_its_letters(output):
    for path in named(output, "tag-tiles"):
        path.rename(path.with_name(path.name.replace("tiles", quote_tag("cafe\u0301"))))
    assert forget_tag("caf\xe9", output).models == 2


def test_the_command_says_what_stays_and_that_the_examples_still_have_the_tag(output, capsys):
    assert cli.main(["forget", "tiles", f"--output={output}"]) == 0
    said = capsys.readouterr().out
    assert "of tiles: 2 models, 2 text reports, 48 placed files." in said
    assert "output.json and the tables keep its scores until the next image-tagging classify" in said
    assert "The examples still have tiles, so the next training learns it again" in said


def test_after_forgetting_a_tag_the_folder_is_scored_without_it(output, trained):
    forget_tag("tiles", output)
    summary = score(trained.images, output)
    assert {tag for _, tag in summary.models} == {"isometric", "sprites"}
    assert "tiles" not in {score["tag_name"] for score in scores(output)}


def scores(output):
    entries = json.loads((output / "output.json").read_text("utf-8")).values()
    return [score for entry in entries for score in entry["classifiers_output"]]


@pytest.mark.slow
def test_a_tag_without_a_folder_is_named_by_train_and_classify_with_the_command(output, trained, tmp_path):
    shutil.copytree(trained.images, tmp_path / "images")
    shutil.rmtree(tmp_path / "images" / "isometric")
    process_dataset(
        ProcessConfig(input_folder=str(tmp_path / "images"), output=str(output), clip_model="builtin", fresh=True)
    )
    (older,) = score(tmp_path / "images", output).model_warnings
    assert older.startswith("The examples were processed again since the tag models were learned.")
    warnings = train(output).warnings
    command = f"image-tagging forget isometric --output {output}"
    assert any(warning.endswith(command) for warning in warnings)
    (left,) = score(tmp_path / "images", output).model_warnings
    assert "not of the last training: isometric" in left
    assert left.endswith(command)
    forget_tag("isometric", output)
    assert score(tmp_path / "images", output).model_warnings == ()


def test_models_of_one_training_over_these_examples_need_no_word(output, trained):
    assert score(trained.images, output).model_warnings == ()


def test_cards_of_earlier_versions_give_no_false_alarm(output, trained):
    for card in (output / "models").glob("*.json"):
        content = json.loads(card.read_text("utf-8"))
        card.write_text(json.dumps({key: content[key] for key in content if key not in {"run", "dataset"}}))
    (output / "input-tag-to-image-hash-list.json").write_text('{"other": ["a"]}')
    assert score(trained.images, output).model_warnings == ()


def test_the_command_that_learns_again_names_the_background_that_was_used(output, trained):
    for card in (output / "models").glob("*.json"):
        content = json.loads(card.read_text("utf-8"))
        card.write_text(json.dumps({**content, "mountain": {"pictures": 900}}))
    (output / "input-tag-to-image-hash-list.json").write_text('{"other": ["a"]}')
    shutil.copy(output / "input-metadata.json", output / "background-metadata.json")
    (older,) = score(trained.images, output).model_warnings
    assert older.endswith(f" --background {output / 'background-metadata.json'}")


@pytest.mark.slow
def test_the_same_examples_and_settings_are_the_same_training(trained, tmp_path):
    shutil.copytree(trained.output, tmp_path / "out")
    before = runs(tmp_path / "out")
    train(tmp_path / "out")
    assert runs(tmp_path / "out") == before
    train(tmp_path / "out", test_per=0.2)
    assert not runs(tmp_path / "out") & before


def runs(output):
    return {json.loads(card.read_text("utf-8"))["run"] for card in (output / "models").glob("*.json")}


def test_models_of_two_encoders_name_the_tag_that_is_left_over(output):
    for card in (output / "models").glob("*tiles.json"):
        content = json.loads(card.read_text("utf-8"))
        content["encoder"]["pretrained"] = "classical-1"
        content["created"] = "2020-01-01T00:00:00+00:00"
        card.write_text(json.dumps(content))
    with pytest.raises(EncoderMismatchError) as error:
        load_tag_models(output / "models")
    assert str(error.value).endswith(
        f"where tiles is left over from an earlier training: image-tagging forget tiles --output {output}."
    )
    forget_tag("tiles", output)
    assert len(load_tag_models(output / "models")) == 4


def test_models_go_next_to_the_metadata_unless_told_otherwise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = TrainConfig(metadata_json="./second/input-metadata.json", tag_to_hash_json="x.json")
    assert Path(config.output) == Path("second")
    assert TrainConfig(metadata_json="m.json", tag_to_hash_json="x.json", output="o").output == "o"
