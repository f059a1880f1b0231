"""Names, cards, and the way of a model to disk and back."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import warnings
from functools import cache

import joblib
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import SVC

from image_tagging.errors import EncoderMismatchError, ModelError, NoModelsError, OutputError
from image_tagging.records import EncoderSpec
from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM, files, kind_names
from image_tagging.tag_models.estimator_arrays import scorer_of
from image_tagging.tag_models.files import (
    generate_model_path,
    load_tag_models,
    model_names,
    parse_model_name,
    save_tag_model,
)
from image_tagging.tag_models.models import TagModel
from image_tagging.tag_models.names import quote_tag, unquote_tag
from image_tagging.training.fitting.fit import fit_models

DIM = 12
ENCODER = {"name": "ViT-B-32", "pretrained": "openai", "dim": DIM, "preprocess": "clip-224"}
TAGS = [
    "cat",
    "pos-pixel-art",
    "has space",
    'it\'s "quoted"',
    "🐈‍⬛ naïve 猫",
    "a/b\\c",
    "..",
    ".hidden",
    "ends with dot.",
    " ",
    "100%",
    "%2F",
    "a%41",
    "nul\0 tab\t line\n",
    "-tag-",
    "x-tag-y",
    "model-ovr-svm-tag-z.pkl",
    "odd \udcff\ud800",
    "\x85\u2028",
    "C:*?<>|",
]


@cache
def fitted(kind=LOGISTIC_REGRESSION.name, seed=0, dim=DIM):
    """An estimator and what it learned from; fitted once for all tests, and not to be changed."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(40, dim)).astype(np.float32)
    x[:15, 0] += 2
    return fit_models(x, np.arange(40) < 15, seed=seed)[kind].estimator, x


def save(folder, tag="cat", kind=LOGISTIC_REGRESSION.name, **card):
    return save_tag_model(str(folder), tag, kind, fitted(kind)[0], {"encoder": ENCODER, "threshold": 0.4, **card})


@pytest.mark.parametrize("tag", TAGS)
def test_any_tag_has_a_name_and_back(tag):
    name = quote_tag(tag)
    assert not set(name) & set('/\\:*?"<>|\0\n\t')
    assert not name.startswith(".")
    name.encode("utf-8")
    assert unquote_tag(name) == tag
    assert parse_model_name(f"some/model-ovr-svm-tag-{name}.pkl") == ("ovr-svm", tag)


def test_different_tags_have_different_names():
    assert len({quote_tag(tag) for tag in TAGS}) == len(TAGS)


def test_readable_tags_stay_readable():
    assert quote_tag("it's a 🐈 (猫) & more") == "it's a 🐈 (猫) & more"
    assert quote_tag("a/b 50%") == "a%2Fb 50%25"


def test_names_made_by_hand_are_tags_as_they_stand():
    assert unquote_tag("100%") == "100%"
    assert unquote_tag("%41") == "%41"
    assert unquote_tag("%ff") == "%ff"


@pytest.mark.parametrize(
    "name", ["cat.pkl", "model-ovr-svm-tag-.pkl", "model-ovr-svm-tag-cat.json", "model--tag-x", ""]
)
def test_what_is_no_model_name(name):
    assert parse_model_name(name) is None


@pytest.mark.parametrize("tag", TAGS)
def test_any_tag_is_saved_found_and_loaded(tmp_path, tag):
    path = save(tmp_path / "models", tag)
    assert os.path.dirname(path) == str(tmp_path / "models")
    assert sorted(os.listdir(tmp_path / "models")) == sorted(
        [os.path.basename(path), os.path.basename(path)[:-4] + ".json"]
    )
    assert generate_model_path(str(tmp_path / "models"), LOGISTIC_REGRESSION.name, tag) == path
    assert generate_model_path(str(tmp_path / "models"), model_type=SVM.name, tag_name=tag) is None
    assert load_tag_models(path).names == model_names(str(tmp_path / "models")) == [(LOGISTIC_REGRESSION.name, tag)]


def test_a_file_named_by_hand_is_found(tmp_path):
    os.rename(save(tmp_path, "x"), tmp_path / "model-ovr-svm-tag-100%.pkl")
    assert generate_model_path(str(tmp_path), "ovr-svm", "100%") == str(tmp_path / "model-ovr-svm-tag-100%.pkl")
    assert generate_model_path(str(tmp_path), "ovr-svm", "../models\0") is None


@pytest.mark.parametrize("kind", kind_names())
def test_saved_and_loaded_scores_are_the_estimators(tmp_path, kind):
    estimator, x = fitted(kind)
    path = save_tag_model(str(tmp_path), "cat", kind, estimator, {"encoder": ENCODER, "threshold": 0.4})
    (model,) = load_tag_models(str(tmp_path)).models
    expected = estimator.predict_proba(x.astype(float))[:, 0]
    assert np.abs(model.probabilities(x) - expected).max() < 1e-6
    assert model.encoder == EncoderSpec(**ENCODER)
    assert (model.threshold, model.kind, model.tag, model.dim, model.file) == (0.4, kind, "cat", DIM, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        by_anyone = joblib.load(path)
    assert np.array_equal(by_anyone.predict_proba(x), estimator.predict_proba(x))


def test_other_writers_are_read_too(tmp_path):
    estimator, x = fitted(SVM.name)
    expected = TagModel("t", SVM.name, None, scorer_of(estimator)).probabilities(x)
    for protocol in (3, 4):
        joblib.dump(estimator, tmp_path / f"model-a-tag-{protocol}.pkl", protocol=protocol)
    for protocol in (3, 4):
        (tmp_path / f"model-b-tag-{protocol}.pkl").write_bytes(pickle.dumps(estimator, protocol))
    loaded = load_tag_models(str(tmp_path))
    assert len(loaded) == 4
    assert np.abs(loaded.probabilities(x) - expected[:, np.newaxis]).max() < 1e-12


def shared_images(folder, tags=6):
    """Write machines of several tags that learn from the same images."""
    random = np.random.default_rng(0)
    x = random.normal(size=(40, DIM)).astype(np.float32)
    for tag in range(tags):
        machine = CalibratedClassifierCV(SVC(gamma=0.5), cv=3, ensemble=False)
        classes = np.where(random.permutation(40) < 15, 0, 1)
        estimator = make_pipeline(Normalizer(), machine).fit(x.astype(float), classes)
        save_tag_model(str(folder), f"tag-{tag}", SVM.name, estimator, {})
    return x


def test_support_vectors_of_several_files_are_held_once(tmp_path):
    x = shared_images(tmp_path)
    models = load_tag_models(str(tmp_path))
    tables = [model.scorer.support_vectors for model in models]
    (pool,) = {table.pool for table in tables}
    assert sum(table.shape[0] for table in tables) > 3 * len(pool)
    assert len(pool) <= len(x)
    # Not an array of the file either: what is held is held by the pool.
    assert sum(block.nbytes for block in pool.blocks) == len(pool) * DIM * 4
    assert {scorer.dual_coef.base is None for scorer in (model.scorer for model in models)} == {True}


def test_models_that_share_support_vectors_score_as_each_alone(tmp_path):
    x = shared_images(tmp_path)
    models = load_tag_models(str(tmp_path))
    together = models.probabilities(x)
    for column, model in enumerate(models):
        assert np.abs(load_tag_models(model.file).probabilities(x)[:, 0] - together[:, column]).max() < 1e-12
        assert np.abs(model.probabilities(x) - together[:, column]).max() < 1e-12
        expected = joblib.load(model.file).predict_proba(x.astype(float))[:, 0]
        assert np.abs(expected - together[:, column]).max() < 1e-6


def test_files_read_on_a_thread_are_checked_as_others_are(tmp_path, monkeypatch):
    x = shared_images(tmp_path)
    expected = load_tag_models(str(tmp_path)).probabilities(x)
    monkeypatch.setattr(files, "_WORTH_A_THREAD", 1)
    assert np.array_equal(load_tag_models(str(tmp_path)).probabilities(x), expected)
    (tmp_path / f"model-{SVM.name}-tag-tag-1.pkl").write_bytes(b"no pickle")
    (tmp_path / f"model-{SVM.name}-tag-tag-4.json").write_text("no card", encoding="utf-8")
    with pytest.raises(ModelError, match=r"tag-1.json belongs to another.*1 more next to it \(.*tag-4.pkl\)"):
        load_tag_models(str(tmp_path))


def test_saving_again_gives_the_same_bytes(tmp_path):
    one, two = save(tmp_path / "1"), save(tmp_path / "2")
    for end in (".pkl", ".json"):
        with open(one[:-4] + end, "rb") as first, open(two[:-4] + end, "rb") as second:
            assert first.read() == second.read()


def test_the_card_says_what_it_belongs_to(tmp_path):
    path = save(tmp_path, "猫 \udcff", images={"tag": 15, "other": 25})
    with open(path[:-4] + ".json", encoding="utf-8") as file:
        text = file.read()
    card = json.loads(text)
    assert "猫" in text
    assert card["tag"] == "猫 \udcff"
    assert card["images"] == {"tag": 15, "other": 25}
    assert card["encoder"] == ENCODER
    with open(path, "rb") as model:
        assert card["sha256"] == hashlib.sha256(model.read()).hexdigest()


def test_models_come_in_the_order_of_kind_and_tag(tmp_path):
    wanted = [(kind, tag) for kind in sorted(kind_names()) for tag in ("a", "b", "ä")]
    for kind, tag in reversed(wanted):
        save(tmp_path, tag, kind)
    (tmp_path / "notes.txt").write_text("not a model")
    (tmp_path / "._model-ovr-svm-tag-a.pkl").write_bytes(b"a shadow of macOS")
    (tmp_path / "folder.pkl").mkdir()
    assert load_tag_models(str(tmp_path)).names == wanted
    assert model_names(str(tmp_path)) == wanted


def one_line(caught):
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_no_models(tmp_path, make):
    make(tmp_path / "models")
    for look in (load_tag_models, model_names):
        with pytest.raises(NoModelsError) as caught:
            look(str(tmp_path / "models"))
        assert str(tmp_path / "models") in one_line(caught)


def test_a_model_without_card_has_no_known_encoder(tmp_path):
    path = save(tmp_path)
    os.remove(path[:-4] + ".json")
    loaded = load_tag_models(path)
    assert loaded.encoder is None
    assert loaded.dim == DIM
    assert loaded.models[0].threshold == 0.5


@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"sha256": "0"}',
        b'{"sha256": SHA, "threshold": "high"}',
        b'{"sha256": SHA, "threshold": NaN}',
        b'{"sha256": SHA, "threshold": 2}',
        b'{"sha256": SHA, "threshold": -0.1}',
        b'{"sha256": SHA, "threshold": 1%s}' % (b"0" * 400),
        b'{"sha256": SHA, "threshold": "0.5"}',
        b'{"sha256": SHA, "threshold": true}',
        b'{"sha256": SHA, "threshold": null}',
        b'{"sha256": SHA, "encoder": "ViT"}',
        b'{"sha256": SHA, "encoder": {"name": "ViT-B-32"}}',
        b'{"sha256": SHA, "encoder": {"name": 1, "pretrained": "", "dim": 12}}',
        b'{"sha256": SHA, "encoder": {"name": "a", "pretrained": "b", "dim": "12"}}',
        b'{"sha256": SHA, "encoder": {"name": "a", "pretrained": "b", "dim": 13}}',
    ],
)
def test_a_card_that_cannot_be_right(tmp_path, card):
    path = save(tmp_path)
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    with open(path[:-4] + ".json", "wb") as file:
        file.write(card.replace(b"SHA", f'"{digest}"'.encode()))
    with pytest.raises(ModelError) as caught:
        load_tag_models(path)
    assert path[:-4] in one_line(caught)


def test_a_model_changed_after_its_card(tmp_path):
    path = save(tmp_path)
    other = save(tmp_path / "other", kind=SVM.name)
    os.replace(other, path)
    with pytest.raises(ModelError, match="another model file"):
        load_tag_models(path)


def test_two_files_of_one_model(tmp_path):
    for name in ("100%", "100%25"):
        os.rename(save(tmp_path, "x"), tmp_path / f"model-ovr-svm-tag-{name}.pkl")
    with pytest.raises(ModelError, match="same kind and tag"):
        load_tag_models(str(tmp_path))


def test_a_file_with_another_name(tmp_path):
    os.rename(save(tmp_path), tmp_path / "mine.pkl")
    with pytest.raises(ModelError, match="model-<kind>-tag-<tag>"):
        load_tag_models(str(tmp_path))


def test_models_of_two_encoders_are_named(tmp_path):
    one = save(tmp_path, "cat")
    two = save(tmp_path, "dog", encoder={**ENCODER, "pretrained": "laion2b"})
    with pytest.raises(EncoderMismatchError) as caught:
        load_tag_models(str(tmp_path))
    for part in (one, two, "ViT-B-32/openai", "ViT-B-32/laion2b"):
        assert part in one_line(caught)


def test_what_cannot_be_loaded_again_is_not_saved(tmp_path):
    for estimator in (object(), {"a": 1}):
        with pytest.raises(ModelError):
            save_tag_model(str(tmp_path), "cat", LOGISTIC_REGRESSION.name, estimator, {})
    with pytest.raises(ModelError):
        save_tag_model(str(tmp_path), "", LOGISTIC_REGRESSION.name, fitted()[0], {})
    assert not os.listdir(tmp_path)


def test_a_card_that_cannot_be_written_leaves_the_old_model(tmp_path):
    path = save(tmp_path)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises((TypeError, ValueError)):
        save(tmp_path, images=object())
    assert sorted(os.listdir(tmp_path)) == before
    load_tag_models(path)
    (tmp_path / "in the way").write_text("")
    with pytest.raises(OutputError):
        save(tmp_path / "in the way")
