"""Images as paths and as pictures in memory -> arrays: the embeddings of stage 1, the scores of stage 3."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes import MeanColours, mean_colours
from image_tagging import ImageRef, embed_images, load_tag_models, score_images
from image_tagging.encoders import load_encoder
from image_tagging.errors import EncoderMismatchError, InputError, NoModelsError, UnknownTagError
from image_tagging.exporters import read_results
from image_tagging.pipeline import ClassifyConfig, classify_images
from image_tagging.records import EncoderSpec
from samples import drawn, encoded, palette_image, png, written, zipped


@pytest.fixture(scope="module")
def builtin():
    """The embedded encoder, loaded once."""
    return load_encoder("builtin", "openai")


@pytest.fixture
def mean():
    return MeanColours()


def test_a_row_is_that_of_its_image(tmp_path, mean):
    paths = [Path(written(tmp_path / f"{number}.png", png(number))) for number in range(5)]
    result = embed_images(paths, mean, batch_size=2)
    assert result.embeddings.dtype == np.float32
    assert np.array_equal(result.embeddings, [mean_colours(drawn(number)) for number in range(5)])
    assert result.names == tuple(map(str, paths))
    assert (len(result), result.failures, result.usable.all(), result.encoder) == (5, (), True, mean.spec)


def test_paths_addresses_pictures_and_arrays_may_be_mixed(tmp_path, mean):
    picture, archive = drawn(7), written(tmp_path / "a.zip", zipped({"in.zip": {"cat/1.png": png(7)}}))
    file = written(tmp_path / "a.png", png(7))
    given = [file, Path(file), ImageRef(archive, ("in.zip", "cat/1.png")), picture, np.asarray(picture)]
    result = embed_images(iter(given), mean)
    assert np.array_equal(result.embeddings, [mean_colours(picture)] * 5)
    assert result.names == (file, file, f"{archive}/in.zip/cat/1.png", 3, 4)


def test_one_image_is_one_row(tmp_path, mean):
    file = written(tmp_path / "a.png", png(7))
    for given in (file, Path(file), ImageRef(file), drawn(7), np.asarray(drawn(7))):
        assert np.array_equal(embed_images(given, mean).embeddings, [mean_colours(drawn(7))])
    stack = np.stack([np.asarray(drawn(number)) for number in range(3)])
    assert embed_images(stack, mean).embeddings.shape == (3, 3)


def test_an_image_that_fails_keeps_its_place(tmp_path, mean):
    bad, good = written(tmp_path / "bad.png", b"nonsense"), written(tmp_path / "good.png", png(1))
    result = embed_images([bad, good, tmp_path / "none.png", drawn(2, size=(2_000, 2_000))], mean, max_megapixels=1)
    assert result.usable.tolist() == [False, True, False, False]
    assert np.isnan(result.embeddings).all(axis=1).tolist() == [True, False, True, True]
    assert [(failure.ref.path, failure.step, failure.code) for failure in result.failures] == [
        (bad, "decode", "not-an-image"),
        (str(tmp_path / "none.png"), "read", "missing"),
        ("image 3", "decode", "too-large"),
    ]
    assert repr(result) == "<ImageEmbeddings: 4 images, 3 of them not usable, 3 numbers each, of mean-colours/v1>"


def test_no_image_gives_no_row(mean):
    assert embed_images([], mean).embeddings.shape == (0, 3)


def test_a_picture_is_embedded_as_a_person_sees_it(tmp_path, mean):
    transparent = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    turned = drawn(3, size=(40, 20))
    turned.getexif()[0x0112] = 6
    swapped = palette_image([(1, 2, 3), (200, 2, 3), (9, 9, 9), (0, 0, 90)])
    for number, (picture, options) in enumerate(
        [(transparent, {}), (turned, {"exif": turned.getexif()}), (swapped, {})]
    ):
        file = written(tmp_path / f"{number}.png", encoded(picture, "PNG", **options))
        with Image.open(file) as opened:
            result = embed_images([file, picture, opened], mean)
        assert np.array_equal(result.embeddings, [result.embeddings[0]] * 3)
    assert embed_images(transparent, mean).embeddings.tolist() == [[255, 255, 255]]


@pytest.mark.slow
def test_an_embedding_is_that_of_stage_1_to_the_bit(trained, builtin):
    metadata = json.loads(trained.metadata.read_text("utf-8")).values()
    stored = np.array([record["embeddings_vector"] for record in metadata], dtype=np.float32)
    paths = [record["file_path"] for record in metadata]
    pictures = [np.asarray(Image.open(path)) for path in paths]
    for given, batch_size in ((paths, 32), (pictures, 5)):
        assert np.array_equal(embed_images(given, builtin, batch_size=batch_size).embeddings, stored)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([np.zeros((4, 4, 3))], r"image 0 is an array \(4, 4, 3\) of float64\. Give paths"),
        ([drawn(1), np.zeros((4, 4), np.uint8)], r"image 1 is an array \(4, 4\) of uint8\. Give paths"),
        ([b"bytes"], "image 0 is b'bytes', which is no image"),
        (3, "3 is no image. Give paths"),
        ([""], "image 0 is an empty path"),
    ],
)
def test_what_is_no_image_is_refused(mean, given, says):
    with pytest.raises(InputError, match=says):
        embed_images(given, mean)


def test_a_folder_is_refused_with_what_to_do(tmp_path, mean):
    with pytest.raises(InputError, match=r"is a folder\. Give its files"):
        embed_images(tmp_path, mean)


def test_an_archive_is_refused_with_what_to_do(tmp_path, mean):
    with pytest.raises(InputError, match=r"is an archive\. Give its images, as in ImageRef"):
        embed_images(written(tmp_path / "a.zip", zipped({"1.png": png(1)})), mean)


def test_settings_are_checked(mean):
    with pytest.raises(InputError, match="batch_size is 0; it must be 1 or more"):
        embed_images([], mean, batch_size=0)
    with pytest.raises(TypeError, match=r"Did you mean batch_size\?"):
        embed_images([], mean, batchsize=1)
    with pytest.raises(InputError, match="encoder is '3'; give a name"):
        embed_images([], 3)
    with pytest.raises(InputError, match="progress is 'yes'; it must be True, False or a function"):
        embed_images([], mean, progress="yes")


def test_nothing_is_written(trained, tmp_path, builtin, monkeypatch):
    monkeypatch.chdir(tmp_path)
    score_images(drawn(1), trained.models, encoder=builtin)
    assert os.listdir(tmp_path) == []


def test_progress_goes_to_a_function(mean):
    told = []
    embed_images([drawn(1), drawn(2)], mean, batch_size=1, progress=lambda *state: told.append(state))
    embed_images((drawn(number) for number in range(2)), mean, progress=lambda *state: told.append(state))
    assert told == [("embedding", 1, 2), ("embedding", 2, 2), ("embedding", 1, None), ("embedding", 2, None)]


@pytest.mark.slow
def test_a_score_is_that_of_stage_3(trained, tmp_path, builtin):
    config = ClassifyConfig(
        directory=str(trained.images), output=str(tmp_path), model=str(trained.models), place="none"
    )
    classify_images(config)
    pictures = list(read_results(tmp_path / "output.json"))
    paths, models = [picture.file_paths[0] for picture in pictures], load_tag_models(trained.models)
    for kind in ("ovr-svm", None):
        scores = score_images(paths, models, kind=kind, encoder=builtin)
        assert scores.tags == ("isometric", "sprites", "tiles")
        assert scores.kinds == tuple(models[tag].kind if kind is None else kind for tag in scores.tags)
        written_scores = [{(score.tag, score.kind): score for score in picture.scores} for picture in pictures]
        columns = list(zip(scores.tags, scores.kinds))
        expected = np.array([[of[column].probability for column in columns] for of in written_scores])
        assert np.abs(scores.probabilities - expected).max() < 1e-12
        assert scores.tagged.tolist() == [[of[column].tagged for column in columns] for of in written_scores]
    assert repr(scores) == "<ImageScores: 24 images, 3 tags>"


def test_embeddings_are_scored_as_they_are(trained, builtin):
    models = load_tag_models(trained.models)
    embedded = embed_images([drawn(1), Path("nowhere.png"), drawn(2)], builtin)
    scores = score_images(embedded, models)
    assert np.array_equal(
        scores.probabilities[[0, 2]], score_images([drawn(1), drawn(2)], models, encoder=builtin).probabilities
    )
    assert np.isnan(scores.probabilities[1]).all()
    assert not scores.tagged[1].any()
    assert (scores.usable.tolist(), scores.failures, scores.names) == (
        [True, False, True],
        embedded.failures,
        (0, "nowhere.png", 2),
    )


def test_the_encoder_of_the_models_is_taken(trained):
    assert score_images(drawn(1), trained.models).probabilities.shape == (1, 3)


def test_embeddings_of_another_encoder_are_refused(trained, mean):
    for given, encoder in ((embed_images(drawn(1), mean), None), (drawn(1), mean)):
        with pytest.raises(
            EncoderMismatchError, match=r"those of mean-colours/v1 \(3 values\), but .* encoder='builtin'"
        ):
            score_images(given, trained.models, encoder=encoder)


def test_models_without_a_card_take_the_encoder_that_is_given(trained, builtin):
    models = load_tag_models(trained.models)
    bare = type(models)([replace(model, encoder=None, card=None) for model in models])
    scores = score_images(drawn(1), bare, encoder=builtin)
    assert set(scores.kinds) == {"ovr-logistic-regression"}
    with pytest.raises(EncoderMismatchError, match="take embeddings of 1024 values"):
        score_images(embed_images(drawn(1), MeanColours(EncoderSpec("x", "y", 3, ""))), bare)


def test_an_unknown_kind_names_the_one_that_is_meant(trained):
    with pytest.raises(UnknownTagError, match=r"there is no model of the kind svm\. Did you mean ovr-svm\?"):
        score_images([], trained.models, kind="svm")


def test_a_folder_without_models_says_so(tmp_path):
    with pytest.raises(NoModelsError, match="holds no tag model"):
        score_images([], tmp_path)
