"""The page of a search, as a browser asks for it."""

from __future__ import annotations

import re

import pytest

FOUND = re.compile(r'<input type="checkbox" value="([^"]+)"')


def test_names_are_found_and_what_is_needed_for_words_is_said(browser):
    answer = browser.get("/search?words=tiles")
    assert answer.status_code == 200
    assert len(FOUND.findall(answer.text)) == 8
    assert "cannot be found by what they show" in answer.text
    assert browser.get("/search").status_code == 200


def test_the_pictures_most_like_one_are_found(browser, review):
    hash_id = review.page("tiles", "all").cells[0].hash_id
    assert f'href="/search?like={hash_id}"' in browser.get(f"/image/{hash_id}").text
    found = FOUND.findall(browser.get(f"/search?like={hash_id}").text)
    assert found == [picture.hash_id for picture in review.search.like(hash_id)]
    assert browser.get("/search?like=%2Fetc%2Fpasswd").status_code == 404


def test_what_was_found_gets_a_tag_that_can_be_reviewed(browser, review):
    picked = FOUND.findall(browser.get("/search?words=tiles").text)[:3]
    address = browser.post("/search/tag", json={"tag": "of/search", "hashes": [*picked, picked[0]]}).json()["address"]
    assert browser.get(address).status_code == 200
    assert [row.yes for row in review.tags() if row.tag == "of/search"] == [3]


def test_repeats_are_hidden_and_shown_again_on_pages_of_pictures(browser, review):
    assert 'id="repeats" aria-pressed="false"' in browser.get("/search").text
    assert browser.post("/repeats", json={"hide": True}).json() == {"hides": True}
    assert review.hides_repeats
    for address in ("/search?words=tiles", "/tag/tiles?mode=all", "/tag/tiles/one"):
        assert 'id="repeats" aria-pressed="true"' in browser.get(address).text
    assert browser.post("/repeats", json={"hide": False}).json() == {"hides": False}
    assert browser.post("/repeats", json={"hide": "yes"}).status_code == 400


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"tag": "a", "hashes": []},
        {"tag": "a", "hashes": "x"},
        {"tag": 1, "hashes": ["x"]},
        {"tag": "a", "hashes": [1]},
        {"tag": "a", "hashes": ["x"] * 201},
    ],
)
def test_a_malformed_choice_is_refused_in_one_line(browser, review, form):
    answer = browser.post("/search/tag", json=form)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["problem"]
    assert review.history(1) == []


def test_a_tag_begins_with_words_at_an_address_of_its_own(browser):
    answer = browser.get("/search/begin?tag=a%2Fb&words=red+car")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/tag/a~2Fb?words=red%20car"
    answer = browser.get(answer.headers["location"])
    assert answer.status_code == 404
    assert "CLIP" in answer.text
    assert browser.get("/search/begin?tag=&words=x").status_code == 400


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '"><img src=x>', "a' onfocus='x"])
def test_what_is_searched_is_escaped(browser, words):
    text = browser.get("/search", params={"words": words}).text
    assert words not in text
    assert "<script>alert" not in text
