"""A person's way through the app in a real browser, by keyboard alone, killed in between."""

from __future__ import annotations

import json
import re
import shutil
import signal

import pytest

from image_tagging import export_verdicts, list_verdicts
from review_pages import shown, told


@pytest.mark.slow
def test_judge_undo_over_a_restart_and_export_by_keyboard_alone(app, page, output, tmp_path):
    program, address = app("--port", "0")
    page.goto(address)
    assert "token" not in page.url
    page.keyboard.press("Tab")  # Tags
    page.keyboard.press("Tab")  # History
    page.keyboard.press("Tab")  # Search
    page.keyboard.press("Tab")  # the first tag
    page.keyboard.press("Enter")
    before = shown(page)
    page.wait_for_function("() => document.activeElement.classList.contains('cell')")

    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("y")
    page.keyboard.press("l")
    page.keyboard.press("s")
    page.keyboard.press("End")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("n")
    marked = shown(page)
    assert marked[0][1] != before[0][1]
    assert [word for _, word in marked[1:3]] == ["yes", "unsure"]
    assert [word for _, word in marked[-2:]] == ["no", "no"]
    page.keyboard.press("Enter")
    told(page, "Kept on")
    (counts,) = list_verdicts(output)
    assert counts.yes + counts.no + counts.unsure == len(marked)
    assert counts.unsure == 1

    program.send_signal(signal.SIGKILL)
    program.wait()
    _, address = app("--port", "0")
    page.goto(address)
    page.goto(address.split("?")[0] + f"tag/{counts.tag}")
    page.wait_for_selector("#grid", state="attached")
    page.keyboard.press("u")
    told(page, "Undone")
    assert shown(page) == marked
    assert list_verdicts(output) == ()
    page.keyboard.press("Shift+U")
    told(page, "Given again")

    there = tmp_path / "verdicts.jsonl"
    assert export_verdicts(output, there) == len(marked)
    assert {line.split('"verdict":"')[1].split('"')[0] for line in there.read_text().splitlines()} >= {"yes", "unsure"}


def not_in_results(page):
    """How many verdicts the strip says are not yet in the results."""
    page.wait_for_selector("#strip p")
    found = re.search(r"([\d,]+) verdicts? not yet in the results", page.text_content("#strip"))
    return int(found[1].replace(",", "")) if found else 0


def judge_a_page(page, *keys):
    """Press keys on a page of a tag, and Enter; return the marks that it was given with."""
    shown(page)
    page.wait_for_function("() => document.activeElement.classList.contains('cell')")
    for key in keys:
        page.keyboard.press(key)
    marked = shown(page)
    page.keyboard.press("Enter")
    told(page, "Kept on")
    page.evaluate("document.getElementById('said').textContent = ''")
    return dict(marked)


@pytest.mark.slow
def test_a_whole_review_by_keyboard_alone(app, page, output, tmp_path):
    """Some 40 verdicts on three tags, killed and undone in between, trained, and exported."""
    said = {}
    program, address = app("--port", "0")
    page.goto(address)
    page.goto(address.split("?")[0] + "tag/isometric")
    said["isometric"] = judge_a_page(page, "Space", "ArrowRight", "s", "End", "y")
    page.keyboard.press("t")
    page.wait_for_url("**/tag/sprites")
    marked = judge_a_page(page, "n", "Shift+ArrowRight", "Shift+ArrowRight", "y")
    program.send_signal(signal.SIGKILL)  # nothing that was told as kept is lost
    program.wait()

    program, address = app("--port", "0")
    page.goto(address)
    page.goto(address.split("?")[0] + "tag/sprites")
    page.keyboard.press("u")
    told(page, "Undone")
    assert dict(shown(page)) == marked
    said["sprites"] = judge_a_page(page, "Home", "y", "l", "n")
    page.keyboard.press("t")
    page.wait_for_url("**/tag/tiles")
    said["tiles"] = judge_a_page(page, "j", "Space")
    count = sum(map(len, said.values()))
    assert count >= 40
    page.reload()
    assert not_in_results(page) == count

    page.keyboard.press("r")
    page.wait_for_function("() => document.getElementById('said').textContent.startsWith('Trained')", timeout=300_000)
    page.wait_for_function("() => !document.getElementById('strip').textContent.includes('not yet in the results')")
    page.keyboard.press("u")  # of what is in the results
    told(page, "Undone")
    page.wait_for_function("() => document.getElementById('strip').textContent.includes('not yet in the results')")
    assert not_in_results(page) == len(said["tiles"])
    page.keyboard.press("Shift+U")
    told(page, "Given again")
    page.wait_for_function("() => !document.getElementById('strip').textContent.includes('not yet in the results')")

    here, alone = tmp_path / "here.jsonl", tmp_path / "alone.jsonl"
    assert export_verdicts(output, here) == count
    (tmp_path / "alone").mkdir()
    shutil.copy(output / "verdicts.db", tmp_path / "alone")
    export_verdicts(tmp_path / "alone", alone)
    assert here.read_bytes() == alone.read_bytes()
    exported = [json.loads(line) for line in here.read_text(encoding="utf-8").splitlines()]
    assert {tag: {each["hash_id"]: each["verdict"] for each in exported if each["tag"] == tag} for tag in said} == said


@pytest.mark.slow
def test_a_search_and_a_tag_of_what_it_found_by_keyboard_alone(app, page, output):
    _, address = app("--port", "0")
    page.goto(address)
    page.keyboard.press("/")
    page.wait_for_url("**/search")
    page.keyboard.type("tiles")
    page.keyboard.press("Enter")
    page.wait_for_selector(".found input")
    page.wait_for_load_state("load")
    page.keyboard.press("/")  # in no field: the search again
    page.wait_for_url("**/search")
    page.keyboard.type("tiles/")
    page.keyboard.press("Enter")
    page.wait_for_selector(".found input")
    page.focus(".found input")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    told(page, "2 marked")
    page.focus("#give input")
    page.keyboard.type("of search")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tag/of%20search")
    assert [(each.tag, each.yes) for each in list_verdicts(output)] == [("of search", 2)]


@pytest.mark.slow
def test_a_tab_that_outlives_the_program_keeps_its_marks(app, page, output):
    program, address = app("--port", "0")
    port = re.search(r":(\d+)/", address)[1]
    page.goto(address)
    page.goto(f"http://127.0.0.1:{port}/tag/tiles")
    shown(page)
    page.keyboard.press("Space")
    marked = shown(page)
    program.kill()
    program.wait()
    page.keyboard.press("Enter")
    told(page, "does not answer")
    _, address = app("--port", port)
    page.keyboard.press("Enter")
    told(page, "started again")
    assert list_verdicts(output) == ()
    assert shown(page) == marked
    other = page.context.new_page()
    other.goto(address)
    page.bring_to_front()
    page.keyboard.press("Enter")
    told(page, "Kept on tiles")
    (counts,) = list_verdicts(output)
    assert counts.yes + counts.no == len(marked)


@pytest.mark.slow
def test_pictures_are_shown_without_blur_and_one_that_is_gone_says_so(app, page, output, trained, monkeypatch):
    _, address = app("--port", "0")
    page.goto(address)
    page.goto(address.split("?")[0] + "tag/tiles?mode=all")
    shown(page)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.frame img')].every(image => image.complete && image.naturalWidth)"
    )
    sizes = page.eval_on_selector_all(
        "img.pixels",
        "images => images.map(image => [image.width / image.naturalWidth, image.height / image.naturalHeight])",
    )
    assert all(across == down and across == int(across) for across, down in sizes)
    page.route("**/thumb/*", lambda route: route.fulfill(status=404, body="{}"))
    page.reload()
    page.wait_for_selector(".gone")
    assert "cannot be shown" in page.text_content(".gone")


@pytest.mark.slow
def test_one_picture_at_a_time_by_arrows_and_by_touch(app, chromium, output):
    _, address = app("--port", "0")
    context = chromium.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    page.goto(address.split("?")[0] + "tag/tiles/one")
    page.wait_for_selector("#one img:not([hidden])")
    page.keyboard.press("ArrowRight")
    told(page, "1 yes")
    page.wait_for_function("() => document.querySelector('#one .line').textContent.startsWith('2 of')")
    page.tap("#no")
    told(page, "1 no")
    (counts,) = list_verdicts(output)
    assert (counts.yes, counts.no) == (1, 1)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(app, chromium, review, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    hash_id = review.page("tiles", "all").cells[0].hash_id
    _, address = app("--port", "0")
    context = chromium.new_context(color_scheme=scheme, bypass_csp=True)  # axe is a script of another origin
    page = context.new_page()
    page.goto(address)
    page.goto(address.split("?")[0] + "tag/tiles")
    shown(page)
    page.keyboard.press("Enter")
    told(page, "Kept on")
    for path in (
        "",
        "tag/tiles",
        "tag/tiles?mode=check",
        "tag/tiles/one",
        "history",
        "search?words=tiles",
        f"search?like={hash_id}",
        f"image/{hash_id}",
        "tag/x?mode=y",
    ):
        page.goto(address.split("?")[0] + path)
        page.wait_for_load_state("networkidle")
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
    context.close()
