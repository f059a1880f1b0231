"""Columns by score: each has its own bin and goes on by itself, and never more than 200 pictures are in a page."""

from __future__ import annotations

import re
import shutil

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.pipeline.review.bins import IN_COLUMN, bin_parts
from review_pages import shown, told
from web.test_app import CELL, page_of


@pytest.fixture
def output(tmp_path, trained, drawing):
    """An output folder with 150 pictures: columns have more than they show at a time."""
    images = shutil.copytree(trained.images, tmp_path / "images")
    for kind in ("charts", "sprites"):
        for number in range(63):
            drawing(images / kind / f"{kind}-{100 + number}.png", kind, 100 + number)
    config = ProcessConfig(input_folder=str(images), output_folder=str(tmp_path / "out"), clip_model="builtin")
    process_dataset(config)
    return tmp_path / "out"


def columns_of(text):
    rows = text.split('role="row"')[1:]
    return [[(name, float(score)) for name, score, _ in CELL.findall(row)] for row in rows]


def parts_of(review, after=""):
    with review.opened() as now:
        return bin_parts(now.states.of("tiles"), after)


def test_each_column_has_the_pictures_of_its_bin_the_best_first(browser):
    columns = columns_of(browser.get("/tag/tiles?mode=bins").text)
    assert len(columns) == 5
    for column, (low, high) in zip(columns, [(0.8, 1), (0.6, 0.8), (0.4, 0.6), (0.2, 0.4), (0, 0.2)]):
        scores = [score for _, score in column]
        assert all(low < score <= high for score in scores)
        assert scores == sorted(scores, reverse=True)
        assert len(column) <= IN_COLUMN


def test_going_on_shows_every_picture_once(review):
    met, after = [], ""
    counts = [part.count for part in parts_of(review)]
    while True:
        parts = parts_of(review, after)
        rows = [row for part in parts for row in part.rows.tolist()]
        if not rows:
            break
        met += rows
        after = " ".join(part.after for part in parts)
    with review.opened() as now:
        everything = now.states.of("tiles").by_score.tolist()
    assert sorted(met) == sorted(everything)
    assert sum(counts) == len(everything)


@pytest.mark.parametrize("after", ["x", "nan~x", "~", "1e999~a b c d e f g", "\x00", "inf~" * 3])
def test_what_is_no_key_shows_a_page_all_the_same(browser, after):
    answer = browser.get("/tag/tiles", params={"mode": "bins", "after": after})
    assert answer.status_code == 200


def test_a_page_of_columns_is_judged_like_any_other_and_goes_on(browser, review):
    text = browser.get("/tag/tiles?mode=bins").text
    after = " ".join(re.findall(r'role="row" data-after="([^"]*)"', text))
    form = {**page_of(text, mode="bins"), "after": after}
    answer = browser.post("/tag/tiles/verdicts", json=form).json()
    assert {each.mode for each in review.history(1)} == {"bins"}
    assert CELL.findall(answer["page"])
    assert len({found[0] for found in CELL.findall(answer["page"])} & {each["hash"] for each in form["verdicts"]}) < 12


def test_undo_shows_all_that_was_judged_in_columns(browser):
    form = page_of(browser.get("/tag/tiles?mode=bins").text, mode="bins")
    browser.post("/tag/tiles/verdicts", json=form)
    undone = browser.post("/undo", json={}).json()["page"]
    assert [found[0] for found in CELL.findall(undone)] == [each["hash"] for each in form["verdicts"]]


@pytest.mark.slow
def test_columns_by_keyboard_and_never_more_than_200_pictures(app, page):
    _, address = app("--port", "0")
    page.goto(address)
    page.goto(address.split("?")[0] + "tag/tiles")
    shown(page)
    page.keyboard.press("b")
    page.wait_for_selector("#grid.bins .cell")
    page.wait_for_function("() => document.activeElement.classList.contains('cell')")
    where = """() => {
        const row = document.activeElement.closest("[role=row]");
        const places = [row.parentElement.children, row.querySelectorAll(".cell")];
        return [[...places[0]].indexOf(row), [...places[1]].indexOf(document.activeElement)];
    }"""
    first = page.evaluate(where)
    page.keyboard.press("ArrowDown")
    assert page.evaluate(where) == [first[0], first[1] + 1]
    page.keyboard.press("ArrowRight")
    across, down = page.evaluate(where)
    assert across > first[0]
    assert down <= 1
    before = shown(page)
    page.keyboard.press("Space")
    assert sum(one != other for one, other in zip(before, shown(page))) == 1
    while page.locator(".more button").count():
        count = len(shown(page))
        page.locator(".more button").first.click()
        page.wait_for_function(f"() => document.querySelectorAll('#grid .cell').length > {count}")
    assert len(before) < len(shown(page)) <= 200
    assert sum(one != other for one, other in zip(sorted(before), sorted(shown(page)))) >= 1  # what was flipped stays
    page.keyboard.press("Enter")
    told(page, "Kept on tiles")
