"""Another tag for pictures of a page by one key: kept at once as a batch, and taken back by the same key."""

from __future__ import annotations

import pytest

from image_tagging import list_verdicts
from image_tagging.pipeline import Judged
from review_pages import shown, told


def names(review, count):
    return [cell.hash_id for cell in review.page("tiles", "all").cells[:count]]


def give(browser, hashes, tag="sprites", **form):
    return browser.post(f"/tag/{tag}/pinned", json={"hashes": hashes, **form})


def said(browser, hashes):
    return browser.get("/said?" + "&".join(f"of={each}" for each in hashes)).json()


def test_a_pinned_tag_is_given_to_a_range_as_one_batch(browser, review):
    one, two = names(review, 2)
    assert give(browser, [one, two]).json()["said"] == "sprites: yes to 2 pictures."
    verdicts = review.history(10)
    assert {(each.tag, each.verdict, each.mode) for each in verdicts} == {("sprites", "yes", "pinned")}
    assert len({each.batch for each in verdicts}) == 1
    assert said(browser, [one, two]) == {one: ["sprites"], two: ["sprites"]}


def test_what_a_picture_has_is_not_given_twice(browser, review):
    one, two = names(review, 2)
    give(browser, [one])
    assert "1 picture." in give(browser, [one, two]).json()["said"]
    assert "had it already" in give(browser, [one, two]).json()["said"]
    assert len(review.history(10)) == 2


def test_a_pinned_tag_is_taken_back_from_some_pictures_of_a_batch(browser, review):
    one, two, three = names(review, 3)
    give(browser, [one, two, three])
    assert give(browser, [two], take=True).json()["said"] == "sprites: taken back from 1 picture."
    assert said(browser, [one, two, three]) == {one: ["sprites"], three: ["sprites"]}
    give(browser, [one, three], take=True)
    assert said(browser, [one, two, three]) == {}


def test_a_verdict_of_a_page_is_not_taken_back_by_a_key(browser, review):
    (one,) = names(review, 1)
    review.make_tag("sprites", one)
    assert "history" in give(browser, [one], take=True).json()["said"]
    assert said(browser, [one]) == {one: ["sprites"]}


def test_undo_of_a_pinned_tag_leaves_the_page_as_it_is(browser, review, output):
    give(browser, names(review, 2))
    answer = browser.post("/undo", json={}).json()
    assert "page" not in answer
    assert "2 verdicts on sprites" in answer["said"]
    assert list_verdicts(output) == ()
    assert browser.post("/redo", json={}).json()["tag"] == ""
    assert list_verdicts(output)


@pytest.mark.parametrize("taken", [1, 3])
def test_undo_right_after_a_tag_was_taken_back_gives_it_again_and_changes_nothing_else(browser, review, taken):
    """To take back is what the person did last; an earlier page, and the rest of the range, stay as they are."""
    hashes = names(review, 3)
    review.judge("tiles", "next", [Judged(hashes[0], "no", 0)])
    give(browser, hashes)
    give(browser, hashes[:taken], take=True)
    assert said(browser, hashes) == {each: ["sprites"] for each in hashes[taken:]}
    answer = browser.post("/undo", json={}).json()
    assert answer == {"said": f"Given again: {taken} verdict{'s' if taken > 1 else ''} on sprites."}
    assert said(browser, hashes) == {each: ["sprites"] for each in hashes}
    assert "3 verdicts on sprites" in browser.post("/undo", json={}).json()["said"]  # and then the range
    assert "1 verdict on tiles" in browser.post("/undo", json={}).json()["said"]


def test_redo_right_after_a_tag_was_taken_back_gives_it_again(browser, review):
    hashes = names(review, 3)
    give(browser, hashes)
    give(browser, hashes[1:2], take=True)
    assert "1 verdict on sprites" in browser.post("/redo", json={}).json()["said"]
    assert said(browser, hashes) == {each: ["sprites"] for each in hashes}
    assert len(review.history(10)) == 3  # nothing was given twice


def test_undo_after_something_else_than_taking_back_undoes_that(browser, review):
    hashes = names(review, 3)
    give(browser, hashes)
    give(browser, hashes[:1], take=True)
    review.judge("tiles", "next", [Judged(hashes[0], "no", 0)])
    assert "1 verdict on tiles" in browser.post("/undo", json={}).json()["said"]
    assert "2 verdicts on sprites" in browser.post("/undo", json={}).json()["said"]
    assert said(browser, hashes) == {}


@pytest.mark.parametrize("hashes", [[], "a", [1], ["a"] * 201, None])
def test_malformed_pictures_are_refused(browser, review, hashes):
    assert give(browser, hashes).status_code == 400
    assert review.history(1) == []


def test_what_is_no_picture_is_refused_and_nothing_is_kept(browser, review):
    assert give(browser, [*names(review, 1), "../x"]).status_code == 404
    assert review.history(1) == []


@pytest.mark.slow
def test_tags_are_pinned_and_given_by_keyboard(app, page, output):
    _, address = app("--port", "0")
    page.goto(address)
    for tag in ("tiles", "sprites"):
        page.focus(f"button[data-pin={tag}]")
        page.keyboard.press("Enter")
        told(page, f"{tag} is pinned")
    page.goto(address.split("?")[0] + "tag/tiles?mode=all")
    marked = shown(page)
    assert page.locator("#pins li a").all_text_contents() == ["tiles", "sprites"]
    page.wait_for_function("() => document.activeElement.classList.contains('cell')")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("2")
    told(page, "sprites: yes to 2 pictures.")
    page.wait_for_function("() => document.querySelectorAll('.cell .said').length === 2")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("2")
    told(page, "taken back from 1 picture")
    page.keyboard.press("u")
    told(page, "Given again: 1 verdict on sprites")
    page.wait_for_function("() => document.querySelectorAll('.cell .said').length === 2")
    page.keyboard.press("u")
    told(page, "Undone: 2 verdicts on sprites")
    assert shown(page) == marked
    page.keyboard.press("9")
    told(page, "No tag is pinned on 9")
    page.keyboard.press("1")
    told(page, "is the tag of this page")
    page.click("#pins li:first-child button")
    assert page.locator("#pins li a").all_text_contents() == ["sprites"]
