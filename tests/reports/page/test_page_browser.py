"""The page of a training, as a real browser shows it."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from browser import as_url
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
    return as_url(path)


@pytest.fixture
def opened(browser, page):
    """The browser with the page in it, which has asked for nothing and complained of nothing, then and at the end."""
    browser.size(1400)
    browser.open(page)
    yield browser
    assert browser.complaints == []
    assert [url for url in browser.requests if url.partition("#")[0] != page] == []


SHOWN = "[...document.querySelectorAll('#table tbody tr')].filter(row => !row.hidden)"
FILLED = """new Promise((done) => {
  const wait = () => (body.rows.length === shown.length ? done() : setTimeout(wait, 20));
  wait();
})"""
TAG_CELLS = f"{SHOWN}.map(row => row.querySelector('th bdi').textContent)"


def go(browser, tag):
    browser.run(f"location.hash = {json.dumps(tag_link(tag))}; new Promise(done => setTimeout(done, 50))")


def test_a_row_a_tag_of_the_better_kind_and_of_both_where_wanted(opened):
    assert opened.run(f"{SHOWN}.length") == len(TAGS)
    assert set(opened.run(f"{SHOWN}.map(row => row.dataset.kind)")) == {"ovr-svm", KINDS[0]}  # of equals the first
    opened.run("document.querySelector('#kinds [value=all]').click()")
    assert opened.run(f"{SHOWN}.length") == 2 * len(TAGS)
    opened.run("document.querySelector('#kinds [value=ovr-logistic-regression]').click()")
    assert set(opened.run(f"{SHOWN}.map(row => row.dataset.kind)")) == {"ovr-logistic-regression"}


def test_it_sorts_both_ways_and_what_is_unknown_comes_last(opened):
    head = "document.querySelector('[data-column=ap] button')"
    values = f"{SHOWN}.map(row => row.querySelector('td.ap').dataset.value ?? null)"
    for said, sign in (("descending", -1), ("ascending", 1)):
        opened.run(f"{head}.click()")
        *known, last = opened.run(values)
        assert last is None
        assert (np.diff(np.array(known, float) * sign) >= 0).all()
        assert opened.run(f"{head}.closest('th').getAttribute('aria-sort')") == said
    opened.run("document.querySelector('[data-column=tag] button').click()")
    cells = opened.run(TAG_CELLS)
    assert [cell for cell in cells if cell in {"bird", "cat", "dog"}] == ["bird", "cat", "dog"]


def test_it_finds_tags_and_those_with_warnings(opened):
    opened.press("/")
    for key in "do":
        opened.press(key)
    assert opened.run(TAG_CELLS) == ["dog"]
    assert opened.run("document.getElementById('count').textContent") == f"1 of {len(TAGS)} tags"
    opened.run(
        "const search = document.getElementById('search'); search.value = ''; search.dispatchEvent(new Event('input'))"
    )
    opened.run("document.getElementById('warned').click()")
    assert opened.run(TAG_CELLS) == ["dog"]


def test_a_tag_is_shown_with_its_plots_and_pictures(opened):
    go(opened, "cat")
    count = "document.querySelectorAll('{}').length".format
    assert opened.run(count(".kind-column")) == 2
    assert opened.run("[...document.querySelectorAll('.plot h4')].map(head => head.textContent).length") == 8
    for drawn_in_each in (".curve", ".honest", ".at-threshold", "line.threshold", "table.confusions tbody tr"):
        assert opened.run(count(drawn_in_each)) == 2, drawn_in_each
    assert opened.run(count(".group")) == 4
    assert opened.run(count(".bar-tag")) == 16
    assert opened.run(
        "[...document.querySelectorAll('.plot')].every(plot => plot.querySelector('figcaption').textContent)"
    )
    assert opened.run(count(".plot .axis")) == 12
    assert opened.run("[...document.querySelectorAll('#tag img')].every(image => image.complete && image.naturalWidth)")
    assert opened.run(
        "[...document.querySelectorAll('.picture')].some(one => one.title.startsWith('/in/cat/cat-0.png'))"
    )
    missing = opened.run(
        "[...document.querySelectorAll('.picture')].find(one => one.querySelector('.missing')).textContent"
    )
    assert missing == "picture not availablecat-2.png90\u202f%"
    assert opened.run("document.title").startswith("cat – ")


def test_a_tag_of_which_nothing_is_known_is_shown_too(opened):
    go(opened, "bird")
    assert opened.run("document.querySelectorAll('.plot .nothing').length") == 8
    assert "NaN" not in opened.run("document.getElementById('tag').outerHTML")


@pytest.mark.parametrize("tag", HOSTILE)
def test_a_hostile_name_is_text_and_its_link_leads_to_it(opened, tag):
    before = opened.run("document.scripts.length")
    go(opened, tag)
    said = opened.run("document.querySelector('#tag h2').textContent")
    assert len(said) >= len(tag) - 2
    assert not set(said) & set("\u2028\u202e\n")
    assert opened.run("document.scripts.length") == before
    assert opened.run("document.querySelectorAll('#tag [onerror], #tag script').length") == 0
    assert opened.run("document.querySelectorAll('.curve').length") == 2


def test_keys_lead_from_tag_to_tag_and_back_to_the_row(opened):
    opened.run("document.querySelector('[data-column=tag] button').click()")  # from Z to A
    order = opened.run(TAG_CELLS)
    opened.run("document.querySelectorAll('#table tbody tr th a')[0].focus()")
    go(opened, "dog")
    opened.press("ArrowRight")
    heading = "document.querySelector('#tag h2').textContent"
    opened.run("new Promise(done => setTimeout(done, 50))")
    assert opened.run(heading) == order[order.index("dog") + 1] == "cat"
    opened.press("Escape")
    opened.run("new Promise(done => setTimeout(done, 50))")
    assert opened.run("document.getElementById('overview').hidden") is False
    assert opened.run("document.activeElement.textContent") == "cat"


def test_a_click_copies_the_path(opened):
    go(opened, "cat")
    opened.run("document.execCommand = () => { window.copied = document.activeElement.value; return true; }")
    opened.run("navigator.clipboard.writeText = () => Promise.reject(new Error('not from disk'))")
    opened.run("document.querySelector('.picture').click(); new Promise(done => setTimeout(done, 50))")
    assert opened.run("window.copied") == "/in/cat/cat-0.png"
    assert opened.run("document.getElementById('said').textContent") == "Copied /in/cat/cat-0.png"


def test_a_link_to_no_tag_shows_the_overview_and_says_so(opened):
    go(opened, "no such tag")
    assert opened.run("document.getElementById('overview').hidden") is False
    assert "no such tag" in opened.run("document.getElementById('said').textContent")


@pytest.mark.parametrize("fragment", ["", "#tag=cat"])
@pytest.mark.parametrize("width", [420, 1400])
def test_it_fits_and_is_light_or_dark_as_the_reader_wants(browser, page, width, fragment):
    browser.size(width)
    browser.open(page + fragment)
    grounds = []
    for theme in ("light", "dark"):
        shot = Image.open(io.BytesIO(browser.look(width, theme=theme))).convert("L")
        grounds.append(shot.getpixel((3, 3)))
    assert grounds[0] > 200
    assert grounds[1] < 60
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("document.querySelector('.wide').scrollWidth") <= width
    assert browser.complaints == []


def test_on_a_phone_one_kind_is_shown_at_a_time(browser, page):
    browser.size(420)
    browser.open(f"{page}#tag=cat")
    shown = (
        "[...document.querySelectorAll('.kind-column')].filter(one => one.offsetHeight).map(one => one.dataset.kind)"
    )
    assert browser.run(shown) == ["ovr-svm"]
    browser.run("document.querySelector('.tabs button').click()")
    assert browser.run(shown) == ["ovr-logistic-regression"]


def test_a_thousand_tags_open_and_sort(browser, tmp_path):
    models = two_kinds(*(f"tag {number}" for number in range(1000)))
    browser.open(as_url(write_report_page(str(tmp_path), run(*models), {})))
    assert browser.run("body.rows.length") >= 60  # more than a screen shows, at once
    assert browser.run(f"{FILLED}.then(() => {SHOWN}.length)") == 1000
    browser.run("document.querySelector('[data-column=ap] button').click()")
    assert browser.run(f"{TAG_CELLS}[0]") == "tag 999"
    go(browser, "tag 10")
    assert browser.run("document.querySelectorAll('.curve').length") == 2
    assert browser.complaints == []


def test_of_a_thousand_tags_the_last_is_found_opened_and_returned_to(browser, tmp_path):
    models = two_kinds(*(f"tag {number:03}" for number in range(1000)))
    browser.open(as_url(write_report_page(str(tmp_path), run(*models), {})))
    browser.run("document.querySelector('#kinds [value=all]').click()")
    go(browser, "tag 999")  # long before its row is made
    browser.press("Escape")
    browser.run("new Promise(done => setTimeout(done, 50))")
    assert browser.run("document.activeElement.textContent") == "tag 999"
    assert browser.run(f"{FILLED}.then(() => body.rows.length)") == 2000
    assert browser.run("new Set([...body.rows].map((row) => row.dataset.model)).size") == 2000


def test_all_rows_are_printed(browser, tmp_path):
    browser.open(as_url(write_report_page(str(tmp_path), run(*two_kinds(*map(str, range(400)))), {})))
    assert browser.run("dispatchEvent(new Event('beforeprint')); body.rows.length") == 400


def test_a_single_tag_of_a_single_kind(browser, tmp_path):
    browser.open(as_url(write_report_page(str(tmp_path), run(model()), {})))
    assert browser.run("document.getElementById('kinds').hidden") is True
    go(browser, "cat")
    assert browser.run("document.querySelectorAll('.curve').length") == 1
    assert browser.complaints == []


def test_a_run_that_learned_nothing(browser, tmp_path):
    browser.open(as_url(write_report_page(str(tmp_path), run(), {})))
    assert browser.run("document.querySelector('h1').textContent") == "What 0 tags have learned"
    assert browser.complaints == []


def test_without_javascript_the_table_is_there(browser, page):
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        root = browser.ask("DOM.getDocument", depth=0)["root"]["nodeId"]
        rows = browser.ask("DOM.querySelectorAll", nodeId=root, selector="#table tbody tr:not([hidden])")["nodeIds"]
        assert len(rows) == 2 * len(TAGS)
        assert browser.ask("DOM.getBoxModel", nodeId=rows[-1])["model"]["height"] > 10
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_on_paper_it_is_light_whatever_the_screen_is(browser, page):
    browser.open(page)
    browser.look(1400, theme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert browser.run(ground) == "rgb(19, 21, 25)"
    browser.ask(
        "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    assert browser.run(ground) == "rgb(255, 255, 255)"
    browser.ask("Emulation.setEmulatedMedia", media="")


@pytest.fixture(scope="module")
def mountain_page(tmp_path_factory):
    """The address of a page of two tags on a mountain, one of them with a warning about it."""
    told = {"cat": mountain("cat"), "dog": mountain("dog", warnings=["cannot be told"], prevalence=0.001)}
    models = [{**one, "mountain": told[one["tag"]]} for one in two_kinds("cat", "dog")]
    shown = {f"/in/cat/cat-{number}.png": uri(number) for number in range(20, 29)}
    whole = run(*models, mountain={"pictures": 18000, "read": 1_000_000})
    return as_url(write_report_page(str(tmp_path_factory.mktemp("mountain")), whole, shown))


COLUMN = "document.querySelector('.kind-column.shown')"


def test_a_tag_on_the_mountain_is_shown_in_words_and_pictures(browser, mountain_page):
    browser.size(1400)
    browser.open(f"{mountain_page}#tag=cat")
    assert browser.run(f"{COLUMN}.querySelector('.mountain').textContent") == (
        "About 0.7 % of the mountain, some 7,100 pictures (4,600 to 13,000). "
        "121 of 18,000 background pictures are tagged, of which about 98 are right."
    )
    strips = browser.run(f"[...{COLUMN}.querySelectorAll('.strip h4')].map(head => head.firstChild.textContent.trim())")
    assert strips[:3] == ["Surest", "At the threshold", "Just below"]
    assert browser.run(f"{COLUMN}.querySelectorAll('.strip img').length") == 9
    parts = browser.run(f"[...{COLUMN}.querySelectorAll('.where')].map(head => head.textContent)")
    assert parts == ["On the mountain", "Among your examples"]
    assert browser.complaints == []


def test_a_warning_about_the_mountain_takes_the_place_of_figures(browser, mountain_page):
    browser.open(f"{mountain_page}#tag=dog")
    assert browser.run(f"{COLUMN}.querySelector('.mountain + .chips').textContent") == "cannot be told"
    assert browser.run(f"{COLUMN}.querySelector('.tiles').textContent").endswith("precision–recall–F1–")


@pytest.mark.parametrize("column", ["share", "right"])
def test_the_table_sorts_by_the_mountain(browser, mountain_page, column):
    browser.open(mountain_page)
    browser.run(f"document.querySelector('[data-column={column}] button').click()")
    assert browser.run(f"{TAG_CELLS}[0]") == "cat"
    assert browser.run(f"document.querySelector('[data-column={column}]').getAttribute('aria-sort')") == "descending"


@pytest.mark.parametrize("width", [420, 700, 1000, 1400])
def test_the_table_with_the_mountain_fits(browser, mountain_page, width):
    browser.size(width)
    browser.open(mountain_page)
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("document.querySelector('.wide').scrollWidth") <= width
