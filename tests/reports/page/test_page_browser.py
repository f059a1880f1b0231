"""The page of a training, as a real browser shows it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_tagging.reports.page.page import tag_link, write_report_page
from report_runs import HOSTILE, KINDS, UNKNOWN, model, mountain, run, two_kinds, uri

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


TAGS = ("cat", "dog", "bird", *HOSTILE)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of a page of some tags; those of the first have thumbnails, but for one."""
    advice = {"code": "few", "tags": ["cat"], "images": ["/in/cat/cat-0.png"], "sentence": "Add more cats."}
    models = two_kinds(*TAGS)
    models[2]["warnings"] = models[3]["warnings"] = ["7 images"]
    models[4:6] = [{**one, **UNKNOWN} for one in models[4:6]]
    shown = {f"/in/cat/cat-{number}.png": uri(number) for number in (0, 1, 3, 4, 5, 9)}
    path = write_report_page(str(tmp_path_factory.mktemp("page")), run(*models, advice=[advice]), shown)
    return Path(path).as_uri()


@pytest.fixture
def opened(browser, page):
    """The browser with the page in it, which has asked for nothing else, then and at the end."""
    requests = []
    browser.on("request", lambda request: requests.append(request.url))
    browser.goto(page)
    yield browser
    assert {url.partition("#")[0] for url in requests if not url.startswith("data:")} == {page}


SHOWN = "[...document.querySelectorAll('#table tbody tr')].filter(row => !row.hidden)"
FILLED = """new Promise((done) => {
  const wait = () => (body.rows.length === shown.length ? done() : setTimeout(wait, 20));
  wait();
})"""
TAG_CELLS = f"{SHOWN}.map(row => row.querySelector('th bdi').textContent)"


def go(browser, tag):
    browser.evaluate(f"location.hash = {json.dumps(tag_link(tag))}; new Promise(done => setTimeout(done, 50))")


def test_a_row_a_tag_of_the_better_kind_and_of_both_where_wanted(opened):
    assert opened.evaluate(f"{SHOWN}.length") == len(TAGS)
    assert set(opened.evaluate(f"{SHOWN}.map(row => row.dataset.kind)")) == {"ovr-svm", KINDS[0]}  # of equals the first
    opened.evaluate("document.querySelector('#kinds [value=all]').click()")
    assert opened.evaluate(f"{SHOWN}.length") == 2 * len(TAGS)
    opened.evaluate("document.querySelector('#kinds [value=ovr-logistic-regression]').click()")
    assert set(opened.evaluate(f"{SHOWN}.map(row => row.dataset.kind)")) == {"ovr-logistic-regression"}


def test_it_sorts_both_ways_and_what_is_unknown_comes_last(opened):
    head = "document.querySelector('[data-column=ap] button')"
    values = f"{SHOWN}.map(row => row.querySelector('td.ap').dataset.value ?? null)"
    for said, sign in (("descending", -1), ("ascending", 1)):
        opened.evaluate(f"{head}.click()")
        *known, last = opened.evaluate(values)
        assert last is None
        assert (np.diff(np.array(known, float) * sign) >= 0).all()
        assert opened.evaluate(f"{head}.closest('th').getAttribute('aria-sort')") == said
    opened.evaluate("document.querySelector('[data-column=tag] button').click()")
    cells = opened.evaluate(TAG_CELLS)
    assert [cell for cell in cells if cell in {"bird", "cat", "dog"}] == ["bird", "cat", "dog"]


def test_it_finds_tags_and_those_with_warnings(opened):
    opened.keyboard.press("/")
    for key in "do":
        opened.keyboard.press(key)
    assert opened.evaluate(TAG_CELLS) == ["dog"]
    assert opened.evaluate("document.getElementById('count').textContent") == f"1 of {len(TAGS)} tags"
    opened.evaluate(
        "const search = document.getElementById('search'); search.value = ''; search.dispatchEvent(new Event('input'))"
    )
    opened.evaluate("document.getElementById('warned').click()")
    assert opened.evaluate(TAG_CELLS) == ["dog"]


def test_a_tag_is_shown_with_its_plots_and_pictures(opened):
    go(opened, "cat")
    count = "document.querySelectorAll('{}').length".format
    assert opened.evaluate(count(".kind-column")) == 2
    assert opened.evaluate("[...document.querySelectorAll('.plot h4')].map(head => head.textContent).length") == 8
    for drawn_in_each in (".curve", ".honest", ".at-threshold", "line.threshold", "table.confusions tbody tr"):
        assert opened.evaluate(count(drawn_in_each)) == 2, drawn_in_each
    assert opened.evaluate(count(".group")) == 4
    assert opened.evaluate(count(".bar-tag")) == 16
    assert opened.evaluate(
        "[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('figcaption').textContent)"
    )
    assert opened.evaluate(count(".plot .axis")) == 12
    assert opened.evaluate(
        "[...document.querySelectorAll('#tag img')].every(image => image.complete && image.naturalWidth)"
    )
    assert opened.evaluate(
        "[...document.querySelectorAll('.picture')].some(one => one.title.startsWith('/in/cat/cat-0.png'))"
    )
    missing = opened.evaluate(
        "[...document.querySelectorAll('.picture')].find(one => one.querySelector('.missing')).textContent"
    )
    assert missing == "picture not availablecat-2.png90\u202f%"
    assert opened.evaluate("document.title").startswith("cat – ")


def test_a_tag_of_which_nothing_is_known_is_shown_too(opened):
    go(opened, "bird")
    assert opened.evaluate("document.querySelectorAll('.plot .nothing').length") == 8
    assert "NaN" not in opened.evaluate("document.getElementById('tag').outerHTML")


@pytest.mark.parametrize("tag", HOSTILE)
def test_a_hostile_name_is_text_and_its_link_leads_to_it(opened, tag):
    before = opened.evaluate("document.scripts.length")
    go(opened, tag)
    said = opened.evaluate("document.querySelector('#tag h2').textContent")
    assert len(said) >= len(tag) - 2
    assert not set(said) & set("\u2028\u202e\n")
    assert opened.evaluate("document.scripts.length") == before
    assert opened.evaluate("document.querySelectorAll('#tag [onerror], #tag script').length") == 0
    assert opened.evaluate("document.querySelectorAll('.curve').length") == 2


def test_keys_lead_from_tag_to_tag_and_back_to_the_row(opened):
    opened.evaluate("document.querySelector('[data-column=tag] button').click()")  # from Z to A
    order = opened.evaluate(TAG_CELLS)
    opened.evaluate("document.querySelectorAll('#table tbody tr th a')[0].focus()")
    go(opened, "dog")
    opened.keyboard.press("ArrowRight")
    heading = "document.querySelector('#tag h2').textContent"
    opened.evaluate("new Promise(done => setTimeout(done, 50))")
    assert opened.evaluate(heading) == order[order.index("dog") + 1] == "cat"
    opened.keyboard.press("Escape")
    opened.evaluate("new Promise(done => setTimeout(done, 50))")
    assert opened.evaluate("document.getElementById('overview').hidden") is False
    assert opened.evaluate("document.activeElement.textContent") == "cat"


def test_a_click_copies_the_path(opened):
    go(opened, "cat")
    opened.evaluate("document.execCommand = () => { window.copied = document.activeElement.value; return true; }; 0")
    opened.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('not from disk')); 0")
    opened.evaluate("document.querySelector('.picture').click(); new Promise(done => setTimeout(done, 50))")
    assert opened.evaluate("window.copied") == "/in/cat/cat-0.png"
    assert opened.evaluate("document.getElementById('said').textContent") == "Copied /in/cat/cat-0.png"


def test_a_link_to_no_tag_shows_the_overview_and_says_so(opened):
    go(opened, "no such tag")
    assert opened.evaluate("document.getElementById('overview').hidden") is False
    assert "no such tag" in opened.evaluate("document.getElementById('said').textContent")


@pytest.mark.parametrize("fragment", ["", "#tag=cat"])
@pytest.mark.parametrize("width", [420, 1400])
def test_it_fits_and_is_light_or_dark_as_the_reader_wants(browser, page, width, fragment):
    browser.set_viewport_size({"width": width, "height": 900})
    browser.goto(page + fragment)
    grounds = []
    for theme in ("light", "dark"):
        browser.emulate_media(color_scheme=theme)
        shot = Image.open(io.BytesIO(browser.screenshot())).convert("L")
        grounds.append(shot.getpixel((3, 3)))
    assert grounds[0] > 200
    assert grounds[1] < 60
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate("document.querySelector('.wide').scrollWidth") <= width


def test_on_a_phone_one_kind_is_shown_at_a_time(browser, page):
    browser.set_viewport_size({"width": 420, "height": 900})
    browser.goto(f"{page}#tag=cat")
    shown = (
        "[...document.querySelectorAll('.kind-column')].filter(one => one.offsetHeight).map(one => one.dataset.kind)"
    )
    assert browser.evaluate(shown) == ["ovr-svm"]
    browser.evaluate("document.querySelector('.tabs button').click()")
    assert browser.evaluate(shown) == ["ovr-logistic-regression"]


def test_a_thousand_tags_open_and_sort(browser, tmp_path):
    models = two_kinds(*(f"tag {number}" for number in range(1000)))
    browser.goto(Path(write_report_page(str(tmp_path), run(*models), {})).as_uri())
    assert browser.evaluate("body.rows.length") >= 60  # more than a screen shows, at once
    assert browser.evaluate(f"{FILLED}.then(() => {SHOWN}.length)") == 1000
    browser.evaluate("document.querySelector('[data-column=ap] button').click()")
    assert browser.evaluate(f"{TAG_CELLS}[0]") == "tag 999"
    go(browser, "tag 10")
    assert browser.evaluate("document.querySelectorAll('.curve').length") == 2


def test_of_a_thousand_tags_the_last_is_found_opened_and_returned_to(browser, tmp_path):
    models = two_kinds(*(f"tag {number:03}" for number in range(1000)))
    browser.goto(Path(write_report_page(str(tmp_path), run(*models), {})).as_uri())
    browser.evaluate("document.querySelector('#kinds [value=all]').click()")
    go(browser, "tag 999")  # long before its row is made
    browser.keyboard.press("Escape")
    browser.evaluate("new Promise(done => setTimeout(done, 50))")
    assert browser.evaluate("document.activeElement.textContent") == "tag 999"
    assert browser.evaluate(f"{FILLED}.then(() => body.rows.length)") == 2000
    assert browser.evaluate("new Set([...body.rows].map((row) => row.dataset.model)).size") == 2000


def test_all_rows_are_printed(browser, tmp_path):
    browser.goto(Path(write_report_page(str(tmp_path), run(*two_kinds(*map(str, range(400)))), {})).as_uri())
    assert browser.evaluate("dispatchEvent(new Event('beforeprint')); body.rows.length") == 400


def test_a_single_tag_of_a_single_kind(browser, tmp_path):
    browser.goto(Path(write_report_page(str(tmp_path), run(model()), {})).as_uri())
    assert browser.evaluate("document.getElementById('kinds').hidden") is True
    go(browser, "cat")
    assert browser.evaluate("document.querySelectorAll('.curve').length") == 1


def test_a_run_that_learned_nothing(browser, tmp_path):
    browser.goto(Path(write_report_page(str(tmp_path), run(), {})).as_uri())
    assert browser.evaluate("document.querySelector('h1').textContent") == "What 0 tags have learned"


def test_without_javascript_the_table_is_there(chromium, page):
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page)
    rows = tab.locator("#table tbody tr:not([hidden])")
    assert rows.count() == 2 * len(TAGS)
    assert rows.last.bounding_box()["height"] > 10
    context.close()


def test_on_paper_it_is_light_whatever_the_screen_is(browser, page):
    browser.goto(page)
    browser.emulate_media(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert browser.evaluate(ground) == "rgb(19, 21, 25)"
    browser.emulate_media(media="print", color_scheme="dark")
    assert browser.evaluate(ground) == "rgb(255, 255, 255)"


@pytest.fixture(scope="module")
def mountain_page(tmp_path_factory):
    """The address of a page of two tags on a mountain, one of them with a warning about it."""
    told = {"cat": mountain("cat"), "dog": mountain("dog", warnings=["cannot be told"], prevalence=0.001)}
    models = [{**one, "mountain": told[one["tag"]]} for one in two_kinds("cat", "dog")]
    shown = {f"/in/cat/cat-{number}.png": uri(number) for number in range(20, 29)}
    whole = run(*models, mountain={"pictures": 18000, "read": 1_000_000})
    return Path(write_report_page(str(tmp_path_factory.mktemp("mountain")), whole, shown)).as_uri()


COLUMN = "document.querySelector('.kind-column.shown')"


def test_a_tag_on_the_mountain_is_shown_in_words_and_pictures(browser, mountain_page):
    browser.set_viewport_size({"width": 1400, "height": 900})
    browser.goto(f"{mountain_page}#tag=cat")
    assert browser.evaluate(f"{COLUMN}.querySelector('.mountain').textContent") == (
        "About 0.7 % of the mountain, some 7,100 pictures (4,600 to 13,000). "
        "121 of 18,000 background pictures are tagged, of which about 98 are right."
    )
    strips = browser.evaluate(
        f"[...{COLUMN}.querySelectorAll('.strip h4')].map(head => head.firstChild.textContent.trim())"
    )
    assert strips[:3] == ["Surest", "At the threshold", "Just below"]
    assert browser.evaluate(f"{COLUMN}.querySelectorAll('.strip img').length") == 9
    parts = browser.evaluate(f"[...{COLUMN}.querySelectorAll('.where')].map(head => head.textContent)")
    assert parts == ["On the mountain", "Among your examples"]


def test_a_warning_about_the_mountain_takes_the_place_of_figures(browser, mountain_page):
    browser.goto(f"{mountain_page}#tag=dog")
    assert browser.evaluate(f"{COLUMN}.querySelector('.mountain + .chips').textContent") == "cannot be told"
    assert browser.evaluate(f"{COLUMN}.querySelector('.tiles').textContent").endswith("precision–recall–F1–")


@pytest.mark.parametrize("column", ["share", "right"])
def test_the_table_sorts_by_the_mountain(browser, mountain_page, column):
    browser.goto(mountain_page)
    browser.evaluate(f"document.querySelector('[data-column={column}] button').click()")
    assert browser.evaluate(f"{TAG_CELLS}[0]") == "cat"
    assert (
        browser.evaluate(f"document.querySelector('[data-column={column}]').getAttribute('aria-sort')") == "descending"
    )


@pytest.mark.parametrize("width", [420, 700, 1000, 1400])
def test_the_table_with_the_mountain_fits(browser, mountain_page, width):
    browser.set_viewport_size({"width": width, "height": 900})
    browser.goto(mountain_page)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate("document.querySelector('.wide').scrollWidth") <= width
