"""A person's way through the app with a mouse and with a finger: ranges by drag, and pictures that are zoomed."""

from __future__ import annotations

import pytest

from image_tagging import list_verdicts
from review_pages import shown, told

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(app, page):
    """``opened(path)`` opens a page of the app."""
    _, address = app("--port", "0")
    page.goto(address)

    def open_page(path):
        page.goto(address.split("?")[0] + path)
        page.wait_for_load_state("networkidle")
        return page

    return open_page


def middle(page, at):
    box = page.locator("#grid .cell").nth(at).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + 60


def selected(page):
    return page.eval_on_selector_all(
        "#grid .cell",
        "cells => cells.flatMap((cell, at) => cell.getAttribute('aria-selected') === 'true' ? [at] : [])",
    )


def test_a_drag_selects_a_range_and_flips_nothing(opened):
    page = opened("tag/tiles?mode=all")
    before = shown(page)
    page.mouse.move(*middle(page, 1))
    page.mouse.down()
    for at in (2, 3, 4):
        page.mouse.move(*middle(page, at), steps=3)
    page.mouse.move(*middle(page, 3), steps=3)  # a person may come back
    page.mouse.up()
    assert selected(page) == [1, 2, 3]
    assert shown(page) == before
    page.keyboard.press("s")
    assert [word for _, word in shown(page)[1:4]] == ["unsure"] * 3


def test_a_button_hides_repeats_and_shows_them_again(opened):
    page = opened("tag/tiles?mode=all")
    for pressed in ("true", "false"):
        page.click("#repeats")
        page.wait_for_selector(f"#repeats[aria-pressed={pressed}]")
        assert shown(page)


def test_a_click_flips_and_ends_a_range(opened):
    page = opened("tag/tiles?mode=all")
    before = shown(page)
    page.keyboard.press("Shift+ArrowRight")
    page.mouse.click(*middle(page, 4))
    assert selected(page) == []
    assert [at for at, (one, other) in enumerate(zip(before, shown(page))) if one != other] == [4]


def size(page):
    return page.evaluate(
        """() => {
            const [image, view] = ["img", ".view"].map((name) => document.querySelector(`#zoom ${name}`));
            const width = image.getBoundingClientRect().width;
            return { factor: width / image.naturalWidth, left: view.scrollLeft, top: view.scrollTop,
                     drawn: getComputedStyle(image).imageRendering };
        }"""
    )


def test_a_small_picture_is_enlarged_by_a_whole_number_without_blur(opened):
    page = opened("tag/tiles?mode=all")
    page.keyboard.press("z")
    page.wait_for_function("() => document.querySelector('#zoom img').style.width")
    for key in ("", "+", "-", "0"):
        if key:
            page.keyboard.press(key)
        now = size(page)
        assert now["factor"] >= 2
        assert now["factor"] == int(now["factor"])
        assert now["drawn"] == "pixelated"
    assert "pixels, at" in page.text_content("#zoom .size")


def test_the_page_of_a_picture_zooms_it_by_key_and_by_button_and_not_while_a_tag_is_typed(opened, review):
    page = opened(f"image/{review.page('tiles', 'all').cells[0].hash_id}")
    for open_it in (lambda: page.keyboard.press("z"), lambda: page.click("#larger")):
        open_it()
        page.wait_for_function("() => document.querySelector('#zoom img').style.width")
        assert size(page)["factor"] == int(size(page)["factor"]) >= 2
        page.keyboard.press("z")
        page.wait_for_selector("#zoom", state="hidden")
    page.focus("input[name=tag]")
    page.keyboard.type("zebra")
    assert page.input_value("input[name=tag]") == "zebra"
    assert page.is_hidden("#zoom")


def test_a_zoomed_picture_is_moved_by_arrows_and_by_drag(opened):
    page = opened("tag/tiles?mode=all")
    page.keyboard.press("z")
    page.wait_for_function("() => document.querySelector('#zoom img').style.width")
    for _ in range(12):
        page.keyboard.press("+")
    start = size(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => document.querySelector('#zoom .view').scrollLeft > {start['left']}")
    page.wait_for_timeout(500)  # browsers scroll smoothly
    now = size(page)
    page.mouse.move(600, 300)
    page.mouse.down()
    page.mouse.move(630, 310, steps=4)
    page.mouse.up()
    moved = size(page)
    assert (moved["left"] - now["left"], moved["top"] - now["top"]) == pytest.approx((-30, -10), abs=2)
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.classList.contains('cell')")


def test_what_to_do_is_said_until_a_page_was_judged(opened):
    page = opened("tag/tiles")
    shown(page)
    what = page.get_by_text("Click what is marked wrong, then press Enter.")
    assert what.is_visible()
    page.keyboard.press("Enter")
    what.wait_for(state="hidden")


def test_a_swipe_judges_one_picture_even_while_the_next_one_loads(app, chromium, output):
    _, address = app("--port", "0")
    context = chromium.new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    page.goto(address.split("?")[0] + "tag/tiles/one")
    page.wait_for_selector("#one img:not([hidden])")
    page.wait_for_function("() => document.querySelector('#one img').naturalWidth")
    assert page.get_by_text("swipe, or press an arrow").is_visible()
    page.route("**/picture/*", lambda route: None)  # no other one comes
    finger = context.new_cdp_session(page)
    box = page.locator("#one").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def swipe(across):
        finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 6):
            point = {"x": x + across * step / 5, "y": y}
            finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(150)
    told(page, "1 yes")
    page.wait_for_function("() => document.querySelector('#one .line').textContent.startsWith('2 of')")
    assert page.locator("#one").bounding_box() == box
    swipe(-150)
    told(page, "1 no")
    (counts,) = list_verdicts(output)
    assert (counts.yes, counts.no) == (1, 1)
    context.close()
