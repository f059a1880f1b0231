"""What a review can meet in its folder: runs of others, at the start and later, and stores that are none of ours."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.errors import OutputError
from image_tagging.pipeline import Judged, Review
from image_tagging.pipeline.review import collected, reading
from image_tagging.pipeline.review.reading import Reading
from image_tagging.progress import say_nothing
from image_tagging.store import GROUPS_NAME, STORE_NAME, VERDICTS_NAME, WorkingStore, one_run_at_a_time
from pipeline.test_review import accepted, wait_for_training


@pytest.fixture
def output(trained, tmp_path):
    return shutil.copytree(trained.output, tmp_path / "out")


def wait_until(happened):
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("hold", [one_run_at_a_time, WorkingStore])
def test_a_review_that_begins_during_a_run_shows_the_pictures_when_that_has_ended(output, hold):
    said = []
    with hold(str(output)):
        review = Review(str(output), say=said.append)
        assert "Another run works" in review.why_not_open()
        assert said == [review.why_not_open()]
        for call in (review.tags, lambda: review.page("tiles", "next"), lambda: review.judge("tiles", "next", [])):
            with pytest.raises(OutputError, match="Another run works"):
                call()
    wait_until(lambda: not review.why_not_open())
    page = review.page("tiles", "next")
    assert "Kept on tiles" in review.judge("tiles", "next", accepted(page), page.model)
    assert review.note() == ""
    review.close()


def test_a_review_that_waits_for_a_run_can_be_ended(output):
    with one_run_at_a_time(str(output)):
        Review(str(output)).close()


def test_a_review_that_was_ended_opens_nothing_more(output):
    """Its thread may have seen the end of the run just then."""
    taken = []
    reading = Reading(str(output), taken.append)
    reading.close()
    reading.read(say_nothing)
    assert taken == []


def test_what_is_wrong_with_the_folder_after_the_run_is_told(output):
    with one_run_at_a_time(str(output)):
        review = Review(str(output))
        (output / STORE_NAME).write_bytes(b"no store")
    wait_until(lambda: "cannot be read" in review.why_not_open())
    review.close()


def test_a_review_is_read_only_while_another_run_works(output):
    review = Review(str(output))
    page = review.page("tiles", "next")
    with one_run_at_a_time(str(output)):
        assert "read-only until it ends" in review.why_read_only()
        assert review.page("tiles", "next").cells
        for call in (lambda: review.judge("tiles", "next", accepted(page)), review.undo, review.redo, review.retrain):
            with pytest.raises(OutputError, match="Another run works in this folder"):
                call()
    assert review.why_read_only() == ""
    assert review.note() == ""
    assert "Kept on tiles" in review.judge("tiles", "next", accepted(page), page.model)
    assert review.strip("tiles").waiting == len(page.cells)
    review.close()


def test_what_a_run_adds_is_shown_without_a_restart(trained, tmp_path, drawing):
    images = shutil.copytree(trained.images, tmp_path / "images")
    config = ProcessConfig(input_folder=str(images), output_folder=str(tmp_path / "out"), clip_model="builtin")
    process_dataset(config)
    review = Review(str(tmp_path / "out"))
    page = review.page("tiles", "next")
    review.judge("tiles", "next", accepted(page)[:2], page.model)
    count = len(review._collected.pictures)
    for number in range(200, 240):
        drawing(images / "charts" / f"{number}.png", "charts", number)
    process_dataset(config)
    assert review.note() == ""
    wait_until(lambda: len(review._collected.pictures) == count + 40)
    assert "charts" in {row.tag for row in review.tags()}
    assert sum(row.yes + row.no for row in review.tags()) == 2
    review.close()


def test_near_duplicates_of_many_pictures_are_found_while_pages_are_shown(output, monkeypatch):
    go_on, find = threading.Event(), collected.near_duplicate_groups

    def slow(*given, **named):
        assert go_on.wait(60)
        return find(*given, **named)

    first = Review(str(output))
    expected, sizes = first.page("tiles", "next"), first._collected.copies.tolist()
    first.close()
    (output / GROUPS_NAME).unlink()
    monkeypatch.setattr(reading, "MANY", 1)
    monkeypatch.setattr(collected, "near_duplicate_groups", slow)
    review = Review(str(output))
    assert "near-duplicates may be shown one by one" in review.note()
    assert set(review._collected.copies.tolist()) == {1}
    assert review.page("tiles", "next").cells
    go_on.set()
    wait_until(lambda: not review.note())
    assert review._collected.copies.tolist() == sizes
    assert review.page("tiles", "next") == expected
    review.close()
    again = Review(str(output))
    assert again.note() == ""
    assert again._collected.copies.tolist() == sizes
    again.close()


def test_a_review_that_is_closed_compares_no_further(output, monkeypatch):
    monkeypatch.setattr(reading, "MANY", 1)
    begun = threading.Event()

    def endless(embeddings, *, cosine, is_wanted):
        begun.set()
        while is_wanted():
            time.sleep(0.01)
        return collected.np.arange(len(embeddings))

    monkeypatch.setattr(collected, "near_duplicate_groups", endless)
    review = Review(str(output))
    assert begun.wait(60)
    review.close()
    assert not (output / GROUPS_NAME).exists()


def test_a_store_of_another_version_is_told_in_one_line_and_nothing_is_made(output):
    with sqlite3.connect(output / STORE_NAME) as store:
        store.execute("PRAGMA user_version = 999")
    store.close()
    with pytest.raises(OutputError, match="not a working store of this version") as raised:
        Review(str(output))
    assert "\n" not in str(raised.value)
    assert not (output / VERDICTS_NAME).exists()


@pytest.mark.slow
def test_what_was_learned_and_then_undone_is_not_yet_in_the_results(output):
    review = Review(str(output))
    page = review.page("tiles", "next")
    review.judge("tiles", "next", accepted(page, p0="no"), page.model)
    review.retrain()
    wait_for_training(review)
    assert review.retraining.state.state == "done", review.retraining.state
    assert review.strip("tiles").waiting == 0
    review.undo()
    assert review.strip("tiles").waiting == len(page.cells)
    review.redo()
    assert review.strip("tiles").waiting == 0
    first = page.cells[0].hash_id
    review.judge("tiles", "all", [Judged(first, "unsure", 0)])
    assert review.strip("tiles").waiting == 1
    review.close()
    again = Review(str(output))
    assert again.strip("tiles").waiting == 1
    assert {row.tag: row.waiting for row in again.tags()} == {"tiles": 1, "sprites": 0, "isometric": 0}
    again.close()
