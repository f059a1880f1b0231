"""The page at any width: warnings in sight, names whole or cut, and nothing that looks like a button and is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from image_tagging.reports.page.page import tag_link, write_report_page
from report_runs import mountain, run, two_kinds

pytestmark = pytest.mark.slow

LONG = "a-very-long-name-of-a-tag-without-a-space-in-it-that-goes-on-until-nobody-reads-it"
WORD = "Landschaftsgaertnereifachbetriebsinhaberinnenvereinigung"
TAGS = ("cat", LONG, WORD)
WIDTHS = (360, 400, 640, 660, 800, 1000, 1010, 1200, 1300, 1480)


@pytest.fixture(scope="module", params=["examples", "mountain"])
def page(request, tmp_path_factory):
    warnings = ["12 images", "not calibrated: too few images to hold some out"]
    models = [{**one, "warnings": warnings} for one in two_kinds(*TAGS)]
    more = {}
    if request.param == "mountain":
        figures = mountain(warnings=["cannot be distinguished from the mountain: its figures there mean little"])
        models = [{**one, "measured_on": "mountain", "mountain": figures} for one in models]
        more = {"mountain": {"pictures": 18000, "read": 1_000_000}}
    advice = {"code": "few", "tags": [*TAGS, "not learned"], "images": [], "sentence": "Add more."}
    return Path(
        write_report_page(str(tmp_path_factory.mktemp("fit")), run(*models, advice=[advice], **more), {})
    ).as_uri()


def test_nothing_is_wider_than_its_place(browser, page):
    browser.set_viewport_size({"width": 1200, "height": 900})
    browser.goto(page)
    for width in WIDTHS:
        browser.set_viewport_size({"width": width, "height": 900})
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        wide = "document.querySelector('.wide')"
        assert browser.evaluate(f"{wide}.scrollWidth - {wide}.clientWidth") == 0, width


@pytest.mark.parametrize("width", [800, 1200])
def test_warnings_are_in_sight(browser, page, width):
    browser.set_viewport_size({"width": width, "height": 900})
    browser.goto(page)
    right = "Math.max(...[...document.querySelectorAll('td.warnings')].map(one => one.getBoundingClientRect().right))"
    assert 0 < browser.evaluate(right) <= width


@pytest.mark.parametrize("fragment", ["", tag_link(WORD)])
def test_names_stay_on_their_line_and_are_whole_in_the_title(browser, page, fragment):
    browser.set_viewport_size({"width": 400, "height": 900})
    browser.goto(page + fragment)
    names = "[...document.querySelectorAll('.cut')].filter(one => one.offsetHeight)"
    heights = f"{names}.map(one => one.getClientRects().length ? one.offsetHeight : 0)"
    assert max(browser.evaluate(heights)) < 45
    titles = browser.evaluate(f"{names}.map(one => (one.closest('[title]') ?? one).title)")
    assert titles
    assert all(titles)
    if not fragment:
        assert {LONG, WORD} < set(titles)


def test_every_chip_leads_to_its_tag_and_others_are_plain_text(browser, page):
    browser.set_viewport_size({"width": 1200, "height": 900})
    browser.goto(page)
    for number, tag in enumerate(TAGS):
        browser.evaluate(
            f"document.querySelectorAll('.chip')[{number}].click(); new Promise(done => setTimeout(done, 50))"
        )
        assert browser.evaluate("document.querySelector('#tag h2').textContent") == tag
        browser.evaluate("document.querySelector('.back').click(); new Promise(done => setTimeout(done, 50))")
        assert browser.evaluate("document.getElementById('overview').hidden") is False
    assert browser.evaluate("[...document.querySelectorAll('.chip')].every(one => one.matches('a[href]'))")
    for plain in (".no-link", "td .warning"):
        style = f"getComputedStyle(document.querySelector({json.dumps(plain)}))"
        assert browser.evaluate(f"[{style}.backgroundColor, {style}.borderStyle]") == ["rgba(0, 0, 0, 0)", "none"]


def test_every_button_does_what_it_says(browser, page):
    """In the overview buttons sort; on the page of a tag they copy paths, and those of the kinds change the column."""
    browser.set_viewport_size({"width": 800, "height": 900})
    browser.goto(page)
    for column in browser.evaluate(
        "[...document.querySelectorAll('#table th[data-column]')].map(one => one.dataset.column)"
    ):
        head = f"document.querySelector('[data-column={column}]')"
        before = browser.evaluate(f"{head}.getAttribute('aria-sort')")
        browser.evaluate(f"{head}.querySelector('button').click()")
        assert browser.evaluate(f"{head}.getAttribute('aria-sort')") not in {None, before}
    browser.goto(page + tag_link("cat"))
    browser.evaluate("window.copied = []; document.execCommand = () => copied.push(document.activeElement.value); 0")
    browser.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('not from disk')); 0")
    buttons = "[...document.querySelectorAll('#tag .shown :is(.plain, .picture)')]"
    clicked = f"for (const each of {buttons}) each.click(); new Promise(done => setTimeout(done, 300))"
    browser.evaluate(clicked)
    assert browser.evaluate("copied.length") == browser.evaluate(f"{buttons}.length") > 5
    assert browser.evaluate("copied.every(paths => paths.startsWith('/in/'))")


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ([0.2, 0.4, 0.6, 0.8], "2 of the 4 are at 0.60 or above."),
        ([0.2, 0.4, 0.8], "2 of the 3 are at 0.40 or above."),
        ([0.5, 0.5, 0.5, 0.5], "All 4 are at 0.50."),
        ([0.5, 0.5, 0.5, 0.9], "All 4 are at 0.50 or above."),
        ([0.1, 0.5, 0.501, 0.5], "3 of the 4 are at 0.50 or above."),
    ],
)
def test_the_sentence_on_the_middle_counts(browser, page, figures, said):
    browser.goto(page)
    models = json.dumps([{"average_precision": value} for value in sorted(figures)])
    assert browser.evaluate(f"halfOf({models})") == said
