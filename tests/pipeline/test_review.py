"""The review of an output folder without HTTP: pages, verdicts, what is learned, and what outlives a restart."""

from __future__ import annotations

import io
import os
import shutil
import time
from datetime import timedelta

import pytest
from PIL import Image

from image_tagging import SortConfig, forget_tag, list_verdicts, sort_images
from image_tagging.errors import InputError, OutputError
from image_tagging.pipeline import MODES, Judged, Review
from image_tagging.pipeline.review.tags import tag_rows
from image_tagging.pipeline.settings_of_sort import remembered_sort
from image_tagging.store import Verdict, Verdicts, in_force
from image_tagging.store.verdict import time_in_words


def accepted(page, **changed):
    """What a person says who accepts a page but for what is changed, by position: ``p0="no"``."""
    words = ["yes" if cell.is_marked else "no" for cell in page.cells]
    for name, word in changed.items():
        words[int(name[1:])] = word
    return [Judged(cell.hash_id, word, at, cell.score) for at, (cell, word) in enumerate(zip(page.cells, words))]


def test_tags_are_those_of_examples_models_and_verdicts(review):
    assert {row.tag for row in review.tags()} == {"isometric", "sprites", "tiles"}
    assert {row.examples for row in review.tags()} == {8}
    assert all(row.precision for row in review.tags())
    review.make_tag("new one", review.page("tiles", "all").cells[0].hash_id)
    (new,) = (row for row in review.tags() if row.tag == "new one")
    assert (new.examples, new.precision, new.yes, new.waiting) == (0, None, 1, 1)
    assert review.tags()[0] == new  # it leaves most to gain


@pytest.mark.parametrize("mode", list(MODES))
def test_every_order_shows_pictures_that_are_no_examples_or_says_why_there_are_none(review, mode):
    page = review.page("tiles", mode)
    examples = {cell.hash_id for cell in page.cells} & {each.hash_id for each in tagged(review, "tiles")}
    assert page.cells or page.note
    assert not examples or mode == "wrong"
    assert all(cell.reason for cell in page.cells)


def tagged(review, tag):
    return [picture for picture in review._collected.pictures if tag in picture.tags]


def test_what_was_judged_is_not_shown_again_and_is_kept_at_once(review, output):
    page = review.page("tiles", "next")
    said = review.judge("tiles", "next", accepted(page), page.model)
    assert "Kept on tiles" in said
    assert not {cell.hash_id for cell in page.cells} & {cell.hash_id for cell in review.page("tiles", "next").cells}
    (counts,) = list_verdicts(output)
    assert counts.yes + counts.no == len(page.cells)


def test_a_verdict_holds_what_was_shown(review, output):
    page = review.page("tiles", "next")
    review.judge("tiles", "next", accepted(page, p0="yes"), page.model)
    verdict = next(each for each in review.history(100) if each.position == 0)
    assert (verdict.hash_id, verdict.verdict, verdict.mode) == (page.cells[0].hash_id, "yes", "next")
    assert verdict.score == pytest.approx(page.cells[0].score)
    assert len(verdict.model) == 64
    assert verdict.file_path.endswith(".png")


def test_scores_follow_verdicts(review):
    page = review.page("tiles", "all")
    first, before = page.cells[0], page.cells[0].score
    review.judge("tiles", "all", [Judged(first.hash_id, "no", 0, before)])
    (now,) = (cell for cell in review.page("tiles", "all").cells if cell.hash_id == first.hash_id)
    assert now.score < before
    assert now.verdict == "no"


def test_undo_and_redo_outlive_a_restart_and_an_undone_page_is_as_it_was(review, output):
    page = review.page("tiles", "next")
    judged = accepted(page, p0="yes")
    review.judge("tiles", "next", judged, page.model)
    review.close()
    again = Review(str(output))
    said, undone = again.undo()
    assert f"{len(judged)} verdicts" in said
    assert [cell.is_marked for cell in undone.cells] == [each.verdict == "yes" for each in judged]
    assert list_verdicts(output) == ()
    said, tag = again.redo()
    assert tag == "tiles"
    assert list_verdicts(output)[0].no + list_verdicts(output)[0].yes == len(judged)
    assert again.undo()[1] is not None
    assert again.undo() == ("There is nothing to undo.", None)
    again.close()


def test_undo_gives_the_scores_of_before(review):
    before = [(cell.hash_id, cell.score) for cell in review.page("tiles", "all").cells]
    page = review.page("tiles", "next")
    review.judge("tiles", "next", accepted(page, p0="yes"), page.model)
    review.undo()
    now = [(cell.hash_id, cell.score) for cell in review.page("tiles", "all").cells]
    assert [name for name, _ in now] == [name for name, _ in before]
    assert [score for _, score in now] == pytest.approx([score for _, score in before], abs=1e-3)


def test_checks_hide_nothing_from_the_figures_and_are_not_learned_from(review):
    before = review.page("tiles", "all").model
    page = review.page("tiles", "check")
    assert not any(cell.is_marked for cell in page.cells)
    review.judge("tiles", "check", accepted(page)[:6], page.model)
    assert sum(row.checks for row in review.tags()) == 6
    assert review.strip("tiles").recall is None  # no page of another order was judged yet
    page = review.page("tiles", "next")
    review.judge("tiles", "next", accepted(page)[:4], page.model)
    strip = review.strip("tiles")
    assert 0 <= strip.recall.low <= strip.recall.high <= 1
    assert before  # near-duplicates of checks leave the background, so the model itself may differ


def test_the_strip_counts_what_no_model_has_learned(review):
    assert review.strip("tiles").waiting == 0
    page = review.page("tiles", "next")
    review.judge("tiles", "next", accepted(page), page.model)
    strip = review.strip("tiles")
    assert strip.waiting == len(page.cells)
    assert strip.sentence


def test_a_tag_without_an_example_begins_with_typical_pictures(review):
    page = review.page("nothing yet", "next")
    assert page.cells
    assert "Nothing is learned yet" in page.note
    assert not any(cell.is_marked for cell in page.cells)


def test_verdicts_of_another_program_are_seen_without_a_restart(review, output):
    page = review.page("tiles", "next")
    with Verdicts(str(output)) as other:
        other.append([Verdict("tiles", page.cells[0].hash_id, "yes")])
        other.append([Verdict("tiles", "of another folder", "yes")])
    assert page.cells[0].hash_id not in {cell.hash_id for cell in review.page("tiles", "next").cells}
    assert review.strip("tiles").unknown == 1


def test_a_picture_is_drawn_anew_and_to_the_pixel(review, trained):
    cell = review.page("tiles", "all").cells[0]
    drawn = review.draw(cell.hash_id)
    with Image.open(io.BytesIO(drawn.data)) as image, Image.open(review.picture(cell.hash_id).files[0].file) as own:
        assert image.format in {"WEBP", "PNG"}
        assert image.size == own.size
        assert image.convert("RGB").tobytes() == own.convert("RGB").tobytes()


@pytest.mark.parametrize("content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html><script>", b"", None])
def test_a_file_that_holds_something_else_now_is_not_shown_and_keeps_its_verdict(trained, tmp_path, content, drawing):
    images = shutil.copytree(trained.images, tmp_path / "images")
    output = processed(images, tmp_path / "out")
    review = Review(str(output))
    cell = review.page("tiles", "all").cells[0]
    path = review.picture(cell.hash_id).files[0].file
    if content is None:
        drawing(type(images)(path), "tiles", 99)
    else:
        type(images)(path).write_bytes(content)
    drawn = review.draw(cell.hash_id)
    assert drawn.data == b""
    assert drawn.why
    review.judge("tiles", "all", [Judged(cell.hash_id, "no", 0)])
    assert list_verdicts(output)[0].no == 1
    review.close()


def processed(images, output):
    from image_tagging import ProcessConfig, process_dataset

    process_dataset(ProcessConfig(input_folder=str(images), output_folder=str(output), clip_model="builtin"))
    return output


def test_a_folder_that_was_only_processed_can_be_reviewed(trained, tmp_path):
    review = Review(str(processed(trained.images, tmp_path / "out")))
    assert {row.precision for row in review.tags()} == {None}
    assert review.page("tiles", "next").cells
    review.close()


def test_nothing_is_kept_where_it_is_read_only(review, output):
    page = review.page("tiles", "next")
    review.judge("tiles", "next", accepted(page))
    looked_at = Review(str(output), read_only=True)
    for call in (
        looked_at.undo,
        looked_at.redo,
        looked_at.retrain,
        lambda: looked_at.make_tag("a", page.cells[0].hash_id),
    ):
        with pytest.raises(OutputError, match="read-only"):
            call()
    looked_at.close()


def test_what_is_no_output_folder_or_no_picture_of_it_is_told(tmp_path, review):
    with pytest.raises(InputError, match=r"image-tagging\.store"):
        Review(str(tmp_path))
    with pytest.raises(InputError, match="no picture"):
        review.draw("../../etc/passwd")
    with pytest.raises(InputError, match="no picture"):
        review.judge("tiles", "next", [Judged("unknown", "yes", 0)])
    with pytest.raises(InputError, match="1 to 200"):
        review.page(" ", "next")
    with pytest.raises(InputError, match="mode"):
        review.page("tiles", "sideways")


@pytest.mark.slow
def test_training_in_the_background_learns_the_verdicts_and_the_new_tag(review, output):
    for number, picture in enumerate(tagged(review, "tiles")[:4]):
        review.judge("like tiles", "next", [Judged(picture.hash_id, "yes", number)])
    review.retrain()
    wait_for_training(review)
    assert review.retraining.state.state == "done", review.retraining.state
    (new,) = (row for row in review.tags() if row.tag == "like tiles")
    assert new.waiting == 0
    assert new.precision


@pytest.mark.slow
def test_what_sort_has_made_is_sorted_again_with_the_settings_that_it_had(tmp_path, drawing):
    for kind in ("tiles", "sprites", "charts"):
        for number in range(8):
            drawing(tmp_path / "examples" / kind / f"{number}.png", kind, number)
            drawing(tmp_path / "mountain" / f"{kind}-{number}.png", kind, 100 + number)
    given = {"examples": str(tmp_path / "examples"), "mountain": str(tmp_path / "mountain"), "clip_model": "builtin"}
    config = SortConfig(**given, output=str(tmp_path / "out"), place="symlink", scores=0.25)
    sort_images(config)
    assert remembered_sort(str(tmp_path / "out")) == config
    review = Review(str(tmp_path / "out"))
    found = review.page("tiles", "all").cells
    assert {cell.name.split("-")[0] for cell in found} == {"tiles", "sprites", "charts"}  # the mountain alone
    for cell in found:
        review.judge("new", "next", [Judged(cell.hash_id, "yes" if cell.name.startswith("tiles") else "no", 0)])
    review.retrain()
    wait_for_training(review)
    assert review.retraining.state.state == "done", review.retraining.state
    placed = tmp_path / "out" / "by-tag" / "new"
    assert placed.joinpath(min(os.listdir(placed))).is_symlink()
    assert review.strip("new").waiting == 0
    review.close()


def wait_for_training(review):
    deadline = time.monotonic() + 300
    while review.retraining.is_running and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_training_that_fails_is_told_and_the_review_goes_on(review, output):
    (output / "input-tag-to-image-hash-list.json").write_text("{")
    review.retrain()
    while review.retraining.is_running:
        time.sleep(0.02)
    assert review.retraining.state.state == "failed"
    assert "The training failed" in review.retraining.state.said
    assert review.page("tiles", "next").cells


def test_a_tag_whose_models_were_taken_away_is_still_there_by_its_verdicts(review, output):
    page = review.page("tiles", "next")
    review.judge("tiles", "next", accepted(page), page.model)
    review.close()
    forget_tag("tiles", str(output))
    again = Review(str(output))
    assert "tiles" in {row.tag for row in again.tags()}
    again.close()


def test_what_was_said_in_the_second_of_a_card_is_learned(review):
    model = next(models[0] for models in review._collected.models.values())
    verdicts = [
        Verdict(model.tag, f"h{at}", "yes", id=str(at), time=time_in_words(model.card.created + timedelta(seconds=at)))
        for at in (-0.1, 0.5, 1.5)
    ]
    waiting = {row.tag: row.waiting for row in tag_rows(review._collected, in_force(verdicts))}
    assert waiting[model.tag] == 1


def test_a_tag_that_no_picture_has_gets_no_figures(tmp_path, drawing):
    for number in range(8):
        drawing(tmp_path / "examples" / "tiles" / f"{number}.png", "tiles", number)
        drawing(tmp_path / "examples" / "sprites" / f"{number}.png", "sprites", number)
    for number in range(60):
        drawing(tmp_path / "mountain" / f"{number}.png", "isometric", number)
    given = {"examples": str(tmp_path / "examples"), "mountain": str(tmp_path / "mountain"), "clip_model": "builtin"}
    sort_images(SortConfig(**given, output=str(tmp_path / "out")))
    review = Review(str(tmp_path / "out"))
    page = review.page("tiles", "next")
    all_no = {f"p{at}": "no" for at in range(len(page.cells))}
    review.judge("tiles", "next", accepted(page, **all_no), page.model)
    assert not any(cell.is_marked for cell in review.page("tiles", "all").cells)  # nothing scores above the threshold
    strip = review.strip("tiles")
    assert (strip.precision, strip.recall, strip.advice) == (None, None, "go on")
    assert strip.sentence.startswith("No picture has this tag so far")
    page = review.page("tiles", "next")
    review.judge("tiles", "next", accepted(page, p0="yes"), page.model)
    assert review.strip("tiles").recall is not None
    review.close()
