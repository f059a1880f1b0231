"""What a folder of models holds is told from names and cards; a single model is loaded."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from image_tagging.errors import ModelError, NoModelsError, UnsafeModelError
from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM, kind_names
from image_tagging.tag_models.folder import examine, list_folder

ENCODER = {"name": "ViT-B-32", "pretrained": "openai", "dim": 512, "preprocess": ""}


def write(folder, tag, kind=SVM.name, *, card=True, **content):
    """A model of which nothing but its name and its card is of use; gives the path of its ``.pkl``."""
    path = folder / f"model-{kind}-tag-{tag}.pkl"
    path.touch()
    if card:
        said = {"sha256": "of another file", "encoder": ENCODER, **content}
        path.with_suffix(".json").write_text(json.dumps(said), encoding="utf-8")
    return path


def test_models_come_by_tag_then_kind_and_no_model_file_is_read(tmp_path):
    for tag in ("dog", "cat"):
        for kind in reversed(kind_names()):
            write(tmp_path, tag, kind, threshold=0.25)
    write(tmp_path, "a%2Fb", card=False)
    found = list_folder(str(tmp_path))
    assert [(model.tag, model.kind) for model in found.models] == [
        ("a/b", SVM.name),
        *(("cat", kind) for kind in kind_names()),
        *(("dog", kind) for kind in kind_names()),
    ]
    assert (found.models[0].card, found.models[0].encoder, found.models[0].dim) == (None, None, None)
    assert {model.card.threshold for model in found.models[1:]} == {0.25}
    assert (found.encoders, found.faults) == (("ViT-B-32/openai",), ())


def test_what_cannot_be_used_is_named_and_the_others_are_listed(tmp_path):
    write(tmp_path, "cat")
    write(tmp_path, "dog", threshold="high")
    (tmp_path / "mine.pkl").touch()
    found = list_folder(str(tmp_path))
    assert [model.tag for model in found.models] == ["cat"]
    first, second = found.faults
    assert first.startswith(f"{tmp_path}/mine.pkl has no name of a tag model.")
    assert second.startswith(f"{tmp_path}/model-ovr-svm-tag-dog.json is not the card of a tag model.")


def test_where_none_can_be_used_that_is_an_error_which_names_them(tmp_path):
    write(tmp_path, "cat", threshold=2)
    write(tmp_path, "dog", threshold=2)
    with pytest.raises(ModelError, match=r"tag-cat\.json has a threshold outside 0 to 1.*1 more.*tag-dog\.pkl"):
        list_folder(str(tmp_path))


def test_models_of_two_encoders_are_a_fault(tmp_path):
    for tag in ("cat", "cow"):
        write(tmp_path, tag)
    write(tmp_path, "dog", encoder={**ENCODER, "pretrained": "laion"})
    write(tmp_path, "owl", card=False)  # of any encoder
    (fault,) = list_folder(str(tmp_path)).faults
    assert "2 encoders (ViT-B-32/openai (512 numbers): 2, ViT-B-32/laion (512 numbers): 1)" in fault


def test_two_files_of_one_model_are_a_fault(tmp_path):
    write(tmp_path, "100%")
    write(tmp_path, "100%25")
    (fault,) = list_folder(str(tmp_path)).faults
    assert "models of the same kind and tag" in fault


def test_where_there_is_no_model_that_is_said(tmp_path):
    for look in (list_folder, examine):
        for path in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(NoModelsError):
                look(str(path))
    write(tmp_path, "cat")
    with pytest.raises(NoModelsError, match="no model of the tag dog"):
        examine(str(tmp_path), "dog")


def test_a_single_model_is_loaded(trained):
    path = trained.models / f"model-{LOGISTIC_REGRESSION.name}-tag-tiles.pkl"
    (model,) = examine(str(path)).models
    assert (model.kind, model.tag, model.file, model.dim) == (LOGISTIC_REGRESSION.name, "tiles", str(path), 1024)
    assert model.card.training.tag == 8
    assert [(each.kind, each.dim) for each in examine(str(trained.models), "tiles").models] == [
        (kind, 1024) for kind in kind_names()
    ]


def test_a_single_model_that_is_not_the_one_of_its_card_is_refused(trained, tmp_path):
    for kind in kind_names():
        for suffix in ("pkl", "json"):
            shutil.copy(trained.models / f"model-{kind}-tag-tiles.{suffix}", tmp_path)
    with open(tmp_path / f"model-{SVM.name}-tag-tiles.pkl", "ab") as file:
        file.write(b"x")
    assert len(list_folder(str(tmp_path)).models) == 2
    found = examine(str(tmp_path), "tiles")
    assert [model.kind for model in found.models] == [LOGISTIC_REGRESSION.name]
    assert "belongs to another model file" in found.faults[0]
    with pytest.raises(ModelError, match="belongs to another model file"):
        examine(str(tmp_path / f"model-{SVM.name}-tag-tiles.pkl"))


def test_a_model_that_asks_for_code_runs_none(tmp_path):
    path = write(tmp_path, "cat", card=False)
    path.write_bytes(b"cos\nsystem\n(S'touch " + os.fsencode(tmp_path / "ran") + b"'\ntR.")
    with pytest.raises(UnsafeModelError):
        examine(str(path))
    assert not (tmp_path / "ran").exists()
