"""One tag in two spellings of Unicode is one tag, wherever names become tags or tags are looked up."""

from __future__ import annotations

import json
import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from image_tagging import (
    ClassifyConfig,
    ProcessConfig,
    TrainConfig,
    classify_images,
    generate_model_path,
    list_models,
    load_tag_models,
    process_dataset,
    train_tag_models,
)
from image_tagging.cli import app as cli
from image_tagging.datasets import read_tag_lists
from image_tagging.exporters import read_results
from image_tagging.tag_models import model_names, model_path
from samples import png, written, zipped

NFC, NFD = "Möwe", unicodedata.normalize("NFD", "Möwe")


def spells_apart(folder: Path) -> bool:
    """Whether a file system keeps the two spellings apart, as that of macOS does not."""
    (folder / NFC).touch()
    apart = not (folder / NFD).exists()
    (folder / NFC).unlink()
    return apart


@pytest.fixture
def images(tmp_path):
    if not spells_apart(tmp_path):
        pytest.skip("here both spellings are one name")
    for number in range(4):
        written(tmp_path / "in" / NFC / f"{number}.png", png(number))
        written(tmp_path / "in" / NFD / f"{number + 4}.png", png(number + 4))
        written(tmp_path / "in" / "other" / f"{number}.png", png(number + 8))
        written(tmp_path / "in" / "other" / f"{number + 4}.png", png(number + 12))
    return tmp_path / "in"


def processed(source, output):
    return process_dataset(ProcessConfig(input_folder=source, output_folder=output, clip_model="builtin"))


def trained_in(output):
    lists = output / "input-tag-to-image-hash-list.json"
    return train_tag_models(
        TrainConfig(metadata_json=output / "input-metadata.json", tag_to_hash_json=lists, output=output)
    )


def test_folders_of_both_spellings_are_one_tag_through_all_stages(images, tmp_path):
    out = tmp_path / "out"
    assert processed(images, out).tags == {NFC: 8, "other": 8}
    trained_in(out)
    classify_images(ClassifyConfig(directory=images, model=out / "models", output=out))
    assert {tag for _, tag in load_tag_models(out / "models").names} == {NFC, "other"}
    assert set(os.listdir(out / "ovr-svm")) == {NFC, "other"}


def test_members_of_both_spellings_are_one_tag(tmp_path):
    members = {f"{tag}/{number}.png": png(number) for number, tag in enumerate((NFC, NFD, NFD))}
    done = processed(written(tmp_path / "a.zip", zipped(members)), tmp_path / "out")
    assert done.tags == {NFC: 3}
    records = json.loads((tmp_path / "out" / "input-metadata.json").read_text(encoding="utf-8")).values()
    assert {record["address"][1] for record in records} == set(members)  # paths stay as they are


def test_an_empty_folder_has_its_tag_in_one_spelling(tmp_path):
    written(tmp_path / "in" / "cat" / "1.png", png(1))
    (tmp_path / "in" / NFD).mkdir()
    assert processed(tmp_path / "in", tmp_path / "out").empty_tags == (NFC,)


def test_an_archive_is_a_tag_in_one_spelling(tmp_path):
    path = written(tmp_path / f"{NFD}.zip", zipped({"1.png": png(1)}))
    assert processed(path, tmp_path / "out").tags == {NFC: 1}


def test_lists_of_both_spellings_are_joined_in_their_order(tmp_path):
    path = written(tmp_path / "t.json", json.dumps({NFD: ["1", "2"], "x": ["3"], NFC: ["2", "4"]}).encode())
    lists = read_tag_lists(path)
    assert list(lists) == [NFC, "x"]
    assert len(lists[NFC].unique()) == 3


def test_one_spelling_with_two_lists_is_still_refused(tmp_path):
    path = written(tmp_path / "t.json", f'{{"{NFD}": ["1"], "{NFD}": ["2"]}}'.encode())
    with pytest.raises(Exception, match="two lists"):
        read_tag_lists(path)


@pytest.fixture
def models(trained, tmp_path):
    """A model whose file has its tag in the spelling of macOS."""
    (tmp_path / "models").mkdir()
    for suffix in ("pkl", "json"):
        source = trained.models / f"model-ovr-svm-tag-tiles.{suffix}"
        shutil.copy(source, tmp_path / "models" / f"model-ovr-svm-tag-{NFD}.{suffix}")
    return tmp_path / "models"


@pytest.mark.parametrize("spelling", [NFC, NFD], ids=["NFC", "NFD"])
def test_a_model_is_found_by_either_spelling(models, spelling, capsys):
    path = generate_model_path(models, "ovr-svm", spelling)
    assert path is not None
    assert os.path.isfile(path)
    assert cli.main(["models", str(models), f"--tag={spelling}"]) == 0
    assert NFC in capsys.readouterr().out


def test_a_model_has_its_tag_in_one_spelling(models, capsys):
    assert model_names(models) == load_tag_models(models).names == [("ovr-svm", NFC)]
    list_models(models)
    assert capsys.readouterr().out == f"model-type = ovr-svm, tag= {NFC}\n"


def test_a_model_of_any_spelling_is_found(models):
    # The sign of the unit, which is the letter of Sweden in another place.
    for suffix in ("pkl", "json"):
        os.rename(models / f"model-ovr-svm-tag-{NFD}.{suffix}", models / f"model-ovr-svm-tag-\u212b.{suffix}")
    assert generate_model_path(models, "ovr-svm", "\u00c5") == str(models / "model-ovr-svm-tag-\u212b.pkl")


def test_training_replaces_the_model_of_an_earlier_spelling(images, tmp_path):
    out = tmp_path / "out"
    processed(images, out)
    trained_in(out)
    for file in list((out / "models").iterdir()):
        file.rename(file.with_name(unicodedata.normalize("NFD", file.name)))
    assert trained_in(out).warnings == ()
    assert len(load_tag_models(out / "models").names) == len(list((out / "models").glob("*.pkl"))) == 4
    assert os.path.basename(model_path(str(out / "models"), "ovr-svm", NFC)) == f"model-ovr-svm-tag-{NFD}.pkl"


def test_results_of_an_earlier_version_have_their_tags_in_one_spelling(tmp_path):
    score = {"model_type": "ovr-svm", "tag_name": NFD, "tag_prob": 0.5}
    entry = {"hash_id": "h", "file_path": f"/{NFD}/1.png", "classifiers_output": [score]}
    (picture,) = read_results(written(tmp_path / "output.json", json.dumps({"h": entry}).encode()))
    assert (picture.scores[0].tag, picture.file_paths) == (NFC, (f"/{NFD}/1.png",))


# --- case -------------------------------------------------------------------------------------------------


def test_tags_that_differ_in_case_alone_get_a_note_in_stages_1_and_2(tmp_path, capsys):
    members = {f"{tag}/{number}.png": png(number + 100 * at) for at, tag in enumerate(("Möwe", "MÖWE", "x"))
               for number in range(5)}  # fmt: skip
    path = written(tmp_path / "a.zip", zipped(members))
    out = tmp_path / "out"
    assert cli.main(["process", f"--input_folder={path}", f"--output_folder={out}", "--clip_model=builtin"]) == 0
    assert "Tags that differ in case alone: MÖWE and Möwe. If two mean the same" in capsys.readouterr().out
    advice = [each.sentence for each in trained_in(out).advice if each.code == "spelt-alike"]
    if spells_apart(tmp_path):
        assert advice == [
            "MÖWE (5 images) and Möwe (5 images) differ in case alone: if they mean the same, put all into one folder."
        ]
