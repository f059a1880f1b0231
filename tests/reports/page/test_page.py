"""The page of a training, as HTML."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from image_tagging.errors import OutputError
from image_tagging.reports.page.content import pictures_of
from image_tagging.reports.page.page import as_page, tag_link, write_report_page
from report_runs import HOSTILE, KINDS, UNKNOWN, example, model, mountain, run, two_kinds, uri


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


def content(page, name):
    return re.search(f'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)[1]


def embedded(page, name):
    """The JSON that a page holds."""
    return json.loads(content(page, name))


def details(page):
    """The details of each model, in their order."""
    return [json.loads(line) for line in content(page, "details").split("\n")]


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
    assert len(embedded(page, "run")["models"]) == len(details(page)) == 2000
    assert len(content(page, "run")) < 1_000_000  # what is read before anything is shown
    assert len(page) < 12_000_000


def test_a_run_that_learned_nothing_has_a_page_too():
    skipped = [{"tag": "cat", "reason": "only 1 image"}]
    assert "only 1 image" in _Elements(as_page(run(skipped=skipped), {})).text


WITH_MOUNTAIN = {"mountain": {"pictures": 18000, "read": 1_000_000}}


def cells_of(page):
    """The cells of the last row of the table, by their classes."""
    return {attributes.get("class"): attributes for tag, attributes in _Elements(page).elements if tag == "td"}


def test_the_table_names_what_is_on_the_mountain():
    page = as_page(run(model(mountain=mountain()), **WITH_MOUNTAIN), {})
    for said in ("Among your examples", "On the mountain", "0.7\u202f%", "0.5\u202f% – 1.3\u202f%", "81\u202f%"):
        assert said in _Elements(page).text
    assert cells_of(page)["share number"]["data-value"] == "0.0071"
    assert cells_of(page)["right number"]["data-value"] == "0.81"


def test_a_run_without_a_background_shows_no_mountain():
    for one in (run(model()), run(model(mountain=None), mountain=None)):
        page = as_page(one, {})
        assert "On the mountain" not in _Elements(page).text
        assert details(page)[0]["mountain"] is None


def test_a_warning_on_the_mountain_takes_the_share_of_right_ones_back():
    told = mountain(warnings=["cannot be told"])
    page = as_page(run(model(warnings=["7 images"], mountain=told), **WITH_MOUNTAIN), {})
    assert "data-value" not in cells_of(page)["right number"]
    assert cells_of(page)["warnings"]["data-value"] == "2"
    assert embedded(page, "run")["models"][0]["right"] is None
    assert "right" not in "".join(details(page)[0]["mountain"]["sentences"])


def test_a_mountain_of_which_nothing_is_known_is_dashes():
    lists = ("warnings", "surest", "at_threshold", "just_below")
    unknown = {key: [] if key in lists else None for key in mountain()}
    text = _Elements(as_page(run(model(mountain=unknown), **WITH_MOUNTAIN), {})).text
    assert "On the mountain" in text
    assert "None" not in text


def test_the_sentences_count_the_whole_mountain():
    page = as_page(run(model(mountain=mountain()), **WITH_MOUNTAIN), {})
    assert "some 7,100 pictures (4,600 to 13,000)" in details(page)[0]["mountain"]["sentences"][0]


def test_the_kind_that_answers_is_the_better_one_on_the_mountain():
    lr, svm = (mountain(average_precision=value) for value in (0.9, 0.8))
    models = [model(kind=KINDS[0], ap=0.5, mountain=lr), model(kind=KINDS[1], ap=0.9, mountain=svm)]
    for given, answers in ((models, [True, False]), ([{**one, "mountain": None} for one in models], [False, True])):
        assert [one["answers"] for one in embedded(as_page(run(*given), {}), "run")["models"]] == answers


def test_pictures_of_the_mountain_come_after_the_first_hit_of_every_tag():
    models = [model(tag, mountain=mountain(tag)) for tag in ("cat", "dog")]
    paths = pictures_of(run(*models, **WITH_MOUNTAIN))
    first = [path.rpartition("/")[2] for path in paths[:8]]
    hits, threshold = ["cat-0.png", "dog-0.png"], ["cat-23.png", "dog-23.png"]
    assert first == [*hits, *threshold, "cat-20.png", "dog-20.png", "cat-26.png", "dog-26.png"]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(("count", "more"), [(8, ""), (9, "and 1 more"), (112, "and 104 more")])
def test_eight_tags_of_one_piece_of_advice_are_shown_at_once(count, more):
    tags = [f"tag {number}" for number in range(count)]
    advice = {"code": "few", "tags": tags, "images": [], "sentence": "Few images."}
    page = as_page(run(model(), advice=[advice]), {})
    chips = re.search(r'<div class="chips">(.*?)</li>', page, re.S)[1]
    shown, _, rest = chips.partition("<details>")
    assert [part.count(' cut"') for part in (shown, rest)] == [8, count - 8]
    assert (more in rest) if more else not rest
