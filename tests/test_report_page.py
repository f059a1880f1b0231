"""The page of a training, as HTML and as a real browser shows it."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from browser import Browser, as_url, find_browser
from image_tagging.errors import OutputError
from image_tagging.report_page import as_page, pictures_of, tag_link, write_report_page
from samples import drawn, encoded

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=http://example.com/x onerror=alert(1)>",
    "\"quotes' & <b>",
    "line\u2028end\u2029\nnew",
    "\u202egnp.exe",
    "__proto__",
    "a/b %41#?",
    "odd \udcff",
    "-->]]>",
    "猫 🐈‍⬛",
)
KINDS = ("ovr-logistic-regression", "ovr-svm")


def example(tag, number, probability=0.5):
    name = f"{tag}-{number}.png"
    return {"file_path": f"/in/{tag}/{name}", "file_name": name, "probability": probability, "tags": [tag]}


def model(tag="cat", kind="ovr-svm", ap=0.8, **changed):
    known = {
        "tag": tag,
        "kind": kind,
        "images": 42,
        "others": 198,
        "validation_images": 4,
        "validation_others": 22,
        "recipe": "linear, C 0.1",
        "average_precision": ap,
        "average_precision_interval": [ap - 0.1, ap + 0.1],
        "roc_auc": 0.9,
        "balanced_accuracy": 0.84,
        "precision": 0.7,
        "recall": 0.9,
        "threshold": 0.31,
        "calibration_error": 0.04,
        "log_loss": 0.2,
        "warnings": [],
        "precision_recall": [[0.0, 1.0], [0.5, 0.9], [0.9, 0.7], [1.0, 0.2]],
        "reliability": [
            {"predicted": 0.1, "observed": 0.12, "images": 30},
            {"predicted": 0.8, "observed": 0.7, "images": 9},
        ],
        "histogram_tag": [1, 0, 0, 2, 3, 4, 5, 6, 9, 12],
        "histogram_other": [150, 30, 10, 4, 2, 1, 1, 0, 0, 0],
        "confused_with": [{"tag": "dog", "images": 12, "above_threshold": 5, "mean_probability": 0.6}],
        "hits": [example(tag, number, 0.9) for number in range(3)],
        "misses": [example(tag, number, 0.1) for number in range(3, 6)],
        "label_errors": [example("dog", 1, 0.95), example(tag, 9, 0.02)],
    }
    return {**known, **changed}


UNKNOWN = {
    **dict.fromkeys(
        "average_precision average_precision_interval roc_auc balanced_accuracy precision recall calibration_error "
        "log_loss".split()
    ),
    **{name: [] for name in ("precision_recall", "reliability", "confused_with", "hits", "misses", "label_errors")},
    "histogram_tag": [0] * 10,
    "histogram_other": [0] * 10,
}


def run(*models, **changed):
    known = {
        "program": "image-tagging-tools",
        "version": 1,
        "encoder": {"name": "ViT-B-32", "pretrained": "openai", "dim": 512, "preprocess": "open_clip"},
        "created": "2026-11-24T19:47:12+00:00",
        "images": 240,
        "seed": 0,
        "threshold_for": "balanced",
        "advice": [],
        "skipped": [],
        "models": list(models),
    }
    return {**known, **changed}


def two_kinds(*tags):
    """Models of both kinds for each tag, each tag a little better than the one before."""
    return [
        model(tag, kind, ap=0.2 + 0.5 * number / len(tags) + 0.1 * (kind == "ovr-svm"))
        for number, tag in enumerate(tags)
        for kind in KINDS
    ]


def uri(seed=0):
    return f"data:image/png;base64,{base64.b64encode(encoded(drawn(seed))).decode()}"


class _Elements(HTMLParser):
    """What a page holds: elements with their attributes, and the text outside of scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text, self._raw = [], "", None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._raw = tag if tag in {"script", "style"} else None

    def handle_endtag(self, tag):
        self._raw = None

    def handle_data(self, data):
        if self._raw is None:
            self.text += data


def embedded(page, name):
    """The JSON that a page holds."""
    return json.loads(re.search(f'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)[1])


# The page as HTML


def test_it_is_written_into_place(tmp_path):
    path = write_report_page(str(tmp_path / "report"), run(*two_kinds("cat")), {})
    assert path == str(tmp_path / "report" / "index.html")
    assert [each.name for each in (tmp_path / "report").iterdir()] == ["index.html"]
    (tmp_path / "in-the-way").write_text("")
    with pytest.raises(OutputError):
        write_report_page(str(tmp_path / "in-the-way"), run(*two_kinds("cat")), {})


def test_without_javascript_the_table_and_the_advice_are_there():
    advice = {"code": "few", "tags": ["cat", "gone"], "images": ["/in/cat/1.png"], "sentence": "Add more cats."}
    skipped = {"tag": "bird", "reason": "only 1 image"}
    page = _Elements(as_page(run(*two_kinds("cat", "dog"), advice=[advice], skipped=[skipped]), {}))
    for said in (
        "240",
        "ViT-B-32",
        "2026-11-24",
        "balanced",
        "Add more cats.",
        "/in/cat/1.png",
        "bird",
        "only 1 image",
    ):
        assert said in page.text
    rows = [attributes for tag, attributes in page.elements if tag == "tr" and "data-model" in attributes]
    assert [row["data-kind"] for row in rows] == list(KINDS) * 2
    assert "0.55" in page.text
    assert "0.45 – 0.65" in page.text


def test_figures_that_no_image_supports_are_dashes_and_not_zero():
    page = _Elements(as_page(run(model(**UNKNOWN)), {}))
    assert "–" in page.text
    assert "0.00" not in page.text
    values = [attributes for tag, attributes in page.elements if tag == "td" and "ap" in attributes["class"].split()]
    assert "data-value" not in values[0]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_strangers_cannot_leave_their_place(name):
    advice = {"code": name, "tags": [name], "images": [name], "sentence": name}
    hostile = run(
        model(name, recipe=name, warnings=[name], hits=[example(name, 1)], confused_with=[]),
        encoder={"name": name, "pretrained": name, "dim": 1, "preprocess": name},
        program=name,
        threshold_for=name,
        created=name,
        advice=[advice],
        skipped=[{"tag": name, "reason": name}],
    )
    text = as_page(hostile, {example(name, 1)["file_path"]: uri()})
    text.encode()  # no half of a pair
    page, plain = _Elements(text), _Elements(as_page(run(model(hits=[]), advice=[], skipped=[]), {}))
    assert [tag for tag, _ in page.elements if tag == "script"] == [tag for tag, _ in plain.elements if tag == "script"]
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements} | {"ul", "li", "a", "b", "span"}
    assert not [attributes for _, attributes in page.elements if any(each.startswith("on") for each in attributes)]
    assert not set(text) & set("\u2028\u2029\u202e")
    assert embedded(text, "run")["models"][0]["tag"] == name
    assert [path for path, _ in embedded(text, "thumbnails")] == [example(name, 1)["file_path"]]


def test_only_thumbnails_that_are_shown_are_held_and_each_once():
    both = run(*two_kinds("cat"))
    page = as_page(both, {"/in/cat/cat-1.png": uri(1), "/elsewhere.png": uri(2)})
    assert page.count(uri(1)) == 1
    assert uri(2) not in page


def test_pictures_are_named_once_with_those_of_the_advice_first_and_some_of_every_tag():
    advice = {"code": "x", "tags": [], "images": ["/in/z.png"], "sentence": "."}
    paths = pictures_of(run(*two_kinds("cat", "bird"), advice=[advice]))
    assert len(paths) == len(set(paths)) == 16
    assert paths[0] == "/in/z.png"
    assert {"/in/cat/cat-0.png", "/in/bird/bird-0.png"} < set(paths[:8])


def test_links_of_tags_are_readable():
    assert tag_link("cat") == "#tag=cat"
    assert tag_link("a b/ü") == "#tag=a%20b%2F%C3%BC"


@pytest.mark.parametrize(
    ("aim", "said"), [("precision=0.9", "to be right in 90"), ("recall=0.5", "to find 50"), ("odd=x", "odd=x")]
)
def test_what_thresholds_are_for_is_said(aim, said):
    assert said in _Elements(as_page(run(model(), threshold_for=aim), {})).text


def test_a_thousand_tags_make_a_page_that_can_be_opened():
    page = as_page(run(*two_kinds(*(f"tag {number}" for number in range(1000)))), {})
    assert len(embedded(page, "run")["models"]) == 2000
    assert len(page) < 12_000_000


# The page in a browser


@pytest.fixture(scope="module")
def browser():
    command = find_browser()
    if command is None:
        pytest.skip("no Chromium is installed, so the page was not tried in a browser: apt-get install chromium")
    opened = Browser(command)
    yield opened
    opened.close()


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
TAG_CELLS = f"{SHOWN}.map(row => row.querySelector('th bdi').textContent)"


def go(browser, tag):
    browser.run(f"location.hash = {json.dumps(tag_link(tag))}; new Promise(done => setTimeout(done, 50))")


def test_a_row_a_tag_of_the_better_kind_and_of_both_where_wanted(opened):
    assert opened.run(f"{SHOWN}.length") == len(TAGS)
    assert set(opened.run(f"{SHOWN}.map(row => row.dataset.kind)")) == {"ovr-svm", KINDS[0]}  # of equals the first
    opened.run("document.querySelector('#kinds [value=both]').click()")
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
    assert missing == "the picture is not therecat-2.png90\u202f%"
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
    assert browser.run(f"{SHOWN}.length") == 1000
    browser.run("document.querySelector('[data-column=ap] button').click()")
    assert browser.run(f"{TAG_CELLS}[0]") == "tag 999"
    go(browser, "tag 10")
    assert browser.run("document.querySelectorAll('.curve').length") == 2
    assert browser.complaints == []


def test_a_single_tag_of_a_single_kind(browser, tmp_path):
    browser.open(as_url(write_report_page(str(tmp_path), run(model()), {})))
    assert browser.run("document.getElementById('kinds').hidden") is True
    go(browser, "cat")
    assert browser.run("document.querySelectorAll('.curve').length") == 1
    assert browser.complaints == []
