"""The slider of the threshold: figures at all its places at once, and the place that is kept for the tag."""

from __future__ import annotations

import json
import shlex

import pytest

from image_tagging.pipeline import Judged
from image_tagging.store import one_run_at_a_time
from review_pages import shown, told


def judge_a_page(review):
    page = review.page("tiles", "next")
    verdicts = [
        Judged(cell.hash_id, "yes" if at % 2 else "no", at, cell.score) for at, cell in enumerate(page.cells[:12])
    ]
    review.judge("tiles", "next", verdicts, page.model)


def cards(output):
    return [json.loads(path.read_text("utf-8")) for path in sorted((output / "models").glob("*-tag-tiles.json"))]


def test_before_a_page_is_judged_there_are_no_figures(browser):
    assert browser.get("/tag/tiles/thresholds").json() == {"figures": []}


def test_figures_at_a_half_are_those_of_the_strip_and_recall_falls(browser, review):
    judge_a_page(review)
    figures = browser.get("/tag/tiles/thresholds").json()["figures"]
    assert [each["threshold"] for each in figures] == pytest.approx([number / 20 for number in range(1, 20)])
    strip = browser.get("/tag/tiles/strip").text
    (half,) = (each for each in figures if each["threshold"] == 0.5)
    for median, interval, bar in (half["precision"], half["recall"]):
        assert f"{median}{bar}<small>{interval}</small>" in strip
    others = [float(each["recall"][0]) for each in figures if each != half]
    assert others == sorted(others, reverse=True)


def test_figures_of_the_strip_are_computed_once_until_something_is_judged(browser, review, monkeypatch):
    judge_a_page(review)
    strip = browser.get("/tag/tiles/strip").text
    with monkeypatch.context() as again:
        again.setattr("image_tagging.training.active.live_figures", None)
        assert browser.get("/tag/tiles/strip").text == strip
        assert browser.get("/tag/tiles/thresholds").json()["figures"]
    judge_a_page(review)
    assert browser.get("/tag/tiles/strip").text != strip


def test_a_kept_threshold_is_on_the_cards_and_is_found_by_training(browser, output):
    answer = browser.post("/tag/tiles/threshold", json={"threshold": 0.8}).json()
    assert "Kept: 0.80" in answer["said"]
    assert answer["command"] == ""
    assert {(card["threshold"], card["threshold_set"]) for card in cards(output)} == {(0.8, "0.8")}


def test_while_another_run_works_the_command_is_shown(browser, output):
    before = cards(output)
    with one_run_at_a_time(str(output)):
        answer = browser.post("/tag/tiles/threshold", json={"threshold": 0.8}).json()
    assert "Not kept now" in answer["said"]
    expected = ["image-tagging", "threshold", "--output", str(output), "--", "tiles", "0.8"]
    assert shlex.split(answer["command"]) == expected
    assert cards(output) == before


def test_a_tag_without_a_model_says_so(browser, review):
    review.make_tag("new", review.page("tiles", "all").cells[0].hash_id)
    answer = browser.post("/tag/new/threshold", json={"threshold": 0.8}).json()
    assert answer["said"].startswith("Not kept: ")
    assert answer["command"] == ""


def test_a_read_only_review_keeps_no_threshold(browser, review, output):
    before = cards(output)
    review.read_only = True
    assert browser.post("/tag/tiles/threshold", json={"threshold": 0.8}).status_code == 409
    assert cards(output) == before


@pytest.mark.parametrize("threshold", [0, 1, -1, 2, "0.5", None, True])
def test_what_is_no_threshold_is_refused(browser, output, threshold):
    assert browser.post("/tag/tiles/threshold", json={"threshold": threshold}).status_code == 400


@pytest.mark.slow
def test_the_slider_moves_the_figures_of_the_strip(app, page):
    _, address = app("--port", "0")
    page.goto(address)
    page.goto(address.split("?")[0] + "tag/tiles")
    shown(page)
    assert page.locator("#threshold").is_hidden()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    told(page, "Kept on")
    page.wait_for_selector("#threshold:not([hidden])")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.focus("#threshold input")
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "() => document.querySelector('#threshold input').getAttribute('aria-valuetext')?.startsWith('0.20')"
    )
    said = page.get_attribute("#threshold input", "aria-valuetext")
    for name in ("precision", "recall"):
        interval = page.text_content(f"#strip [data-figure={name}] small")
        median = page.text_content(f"#strip [data-figure={name}]").removesuffix(interval).strip()
        assert f"{name} {median}, {interval}" in said
    assert "pictures" in page.text_content("#threshold span")
    assert sum("/thresholds" in url for url in asked) == 1
    page.click("#threshold button")
    told(page, "Kept: 0.20")
