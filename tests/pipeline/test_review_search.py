"""Search in a review: by words, by names, by a picture; and a tag that begins from what was found."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from clip_models import saved_clip
from image_tagging import ProcessConfig, SortConfig, process_dataset, sort_images
from image_tagging.errors import EncoderUnavailableError, InputError, OutputError
from image_tagging.pipeline import Review
from pipeline.test_review import accepted

SMALL = "ViT-S-32-alt"


@pytest.fixture
def review(trained, tmp_path):
    opened = Review(str(shutil.copytree(trained.output, tmp_path / "out")))
    yield opened
    opened.close()


def names(pictures):
    return [Path(picture.files[0].path).name for picture in pictures]


def test_an_encoder_that_reads_no_text_says_what_is_needed_and_names_are_still_searched(review):
    found = review.search.words("TILES png")
    assert not found.by_words
    assert "cannot be found by what they show" in found.why_not
    assert "CLIP" in found.why_not
    assert "\n" not in found.why_not
    assert {picture.files[0].path.split("/")[-2] for picture in found.by_name} == {"tiles"}
    assert len(found.by_name) == 8


@pytest.mark.parametrize("text", ["", "   ", "no file is called so"])
def test_what_no_name_has_finds_nothing(review, text):
    assert list(review.search.words(text).by_name) == []


@pytest.mark.parametrize("text", ["%", "'; DROP TABLE listed", "\0", "\ud800", "(" * 400, "日本", "../.."])
def test_any_text_may_be_searched(review, text):
    found = review.search.words(text)
    assert not found.by_words


def test_the_pictures_most_like_one_do_not_have_that_one(review):
    hash_id = review.page("tiles", "all").cells[0].hash_id
    near = review.search.like(hash_id)
    assert hash_id not in {picture.hash_id for picture in near}
    assert [picture.hash_id for picture in review.neighbours(hash_id)] == [picture.hash_id for picture in near][:12]
    with pytest.raises(InputError, match="no picture"):
        review.search.like("../etc/passwd")


def test_a_tag_is_made_of_several_pictures_that_were_found(review):
    found = review.search.words("tiles").by_name[:3]
    assert review.make_tag("of search", *(picture.hash_id for picture in found)) == "of search"
    (row,) = (row for row in review.tags() if row.tag == "of search")
    assert row.yes == 3
    assert len({verdict.batch for verdict in review.history(10)}) == 1  # undone at once
    assert review.page("of search", "next").cells


def test_a_tag_cannot_begin_from_words_that_nothing_reads(review):
    with pytest.raises(InputError, match="CLIP"):
        review.begin("new", "a windmill")
    assert "most like the words" not in review.page("new", "next").note


class Missing:
    """An encoder whose texts cannot be read for a reason; counts how often that was tried."""

    def __init__(self, monkeypatch, error, reads_text=True):
        self.error, self.tried = error, 0
        monkeypatch.setattr("image_tagging.records.EncoderSpec.reads_text", reads_text)
        monkeypatch.setattr("image_tagging.encoders.EncoderChoice.load_text", self.load)

    def load(self, *given):
        self.tried += 1
        raise self.error


def test_weights_that_are_missing_are_looked_for_once_and_it_is_said_what_to_do_here(review, monkeypatch):
    reason = "the weights 'openai' of X are neither in /c nor available from h (OSError: no): give --pretrained=/path"
    missing = Missing(monkeypatch, EncoderUnavailableError(reason))
    said = {review.search.words(text).why_not for text in ("a windmill", "a boat", "a windmill")}
    with pytest.raises(InputError, match="start this review again"):
        review.begin("windmills", "a windmill")
    assert missing.tried == 1
    (sentence,) = said
    assert "neither in /c nor available from h (OSError: no). Put the weights there" in sentence
    assert "start this review again" in sentence
    assert "/path" not in sentence
    assert "\n" not in sentence


def test_what_to_install_is_said_as_it_is(review, monkeypatch):
    missing = Missing(
        monkeypatch, EncoderUnavailableError("open_clip is missing: pip install 'x[clip]'", "take builtin")
    )
    assert "open_clip is missing: pip install 'x[clip]'. Then start" in review.search.words("boat").why_not
    assert missing.tried == 1


def test_another_run_in_the_folder_is_no_reason_to_give_up(review, monkeypatch):
    missing = Missing(monkeypatch, OutputError("another run holds the store."))
    for text in ("a windmill", "a boat"):
        assert "another run holds the store" in review.search.words(text).why_not
    assert missing.tried == 2


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    pytest.importorskip("open_clip", reason="the clip extra is not installed")
    pytest.importorskip("torch", reason="the clip extra is not installed")
    return saved_clip(tmp_path_factory.mktemp("weights") / "random.pt", SMALL, seed=7)


@pytest.fixture(scope="module")
def sorted_by_clip(weights, tmp_path_factory, drawing):
    folder = tmp_path_factory.mktemp("sorted")
    for kind in ("tiles", "sprites"):
        for number in range(8):
            drawing(folder / "examples" / kind / f"{number}.png", kind, number)
            drawing(folder / "mountain" / f"{kind}-{number}.png", kind, 100 + number)
    given = {"examples": str(folder / "examples"), "mountain": str(folder / "mountain")}
    sort_images(SortConfig(**given, output=str(folder / "out"), clip_model=SMALL, pretrained=str(weights)))
    return folder / "out"


@pytest.mark.clip
@pytest.mark.slow
def test_a_text_finds_the_pictures_that_its_encoder_puts_near_it(sorted_by_clip, weights, tmp_path):
    from image_tagging.encoders.registry import load_text_encoder
    from image_tagging.training import TextPrior

    review = Review(str(shutil.copytree(sorted_by_clip, tmp_path / "out")))
    found = review.search.words("a windmill")
    assert found.why_not == ""
    embed = load_text_encoder(SMALL, str(weights), "cpu").embed_texts
    direction = TextPrior.of(["a windmill"], embed).direction_of("a windmill")
    cosines = review._collected.pool.cosines(direction)
    expected = [review._collected.pictures[row].hash_id for row in np.argsort(-cosines, kind="stable")]
    assert [picture.hash_id for picture in found.by_words] == expected[:48]
    assert "no letter" in review.search.words("1 2 3").why_not
    review.close()


@pytest.mark.clip
@pytest.mark.slow
def test_a_tag_without_examples_begins_from_words_until_something_is_learned(sorted_by_clip, tmp_path):
    review = Review(str(shutil.copytree(sorted_by_clip, tmp_path / "out")))
    review.begin("windmills", "a windmill")
    page = review.page("windmills", "next")
    assert "most like the words 'a windmill'" in page.note
    assert {cell.reason for cell in page.cells} == {"similar to what was asked for"}
    assert not any(cell.is_marked for cell in page.cells)
    nothing = accepted(page)[:4]
    review.soon("windmills", "next", nothing)
    review.judge("windmills", "next", nothing, page.model)
    again = review.page("windmills", "next")
    assert "most like the words" in again.note
    assert not {each.hash_id for each in nothing} & {cell.hash_id for cell in again.cells}
    review.judge("windmills", "next", accepted(again, p0="yes")[:3], again.model)
    assert "most like the words" not in review.page("windmills", "next").note
    review.close()


@pytest.mark.clip
@pytest.mark.slow
def test_without_the_weights_one_sentence_says_so(weights, tmp_path, drawing):
    for number in range(6):
        drawing(tmp_path / "images" / "tiles" / f"{number}.png", "tiles", number)
    given = {"input_folder": str(tmp_path / "images"), "output_folder": str(tmp_path / "out")}
    process_dataset(ProcessConfig(**given, clip_model=SMALL, pretrained=str(weights)))
    review = Review(str(tmp_path / "out"))
    found = review.search.words("tiles")
    assert "cannot be found by what they show" in found.why_not
    assert "\n" not in found.why_not
    assert len(found.by_name) == 6
    review.close()


@pytest.mark.clip
@pytest.mark.slow
def test_a_weights_file_that_is_gone_is_named(sorted_by_clip, weights, tmp_path, monkeypatch):
    review = Review(str(shutil.copytree(sorted_by_clip, tmp_path / "out")))
    monkeypatch.setattr("image_tagging.pipeline.text_reader.os.path.isfile", lambda path: path != str(weights))
    assert f"{weights}, the file that sort took the weights of" in review.search.words("a windmill").why_not
    review.close()
