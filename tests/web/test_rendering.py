"""Templates are compiled before the first page is asked for."""

from __future__ import annotations

import pytest

pytest.importorskip("jinja2", reason="the extra review is not installed")

from image_tagging.web import rendering


def test_no_page_compiles_a_template_once_all_are_compiled(browser, monkeypatch):
    rendering.compile_templates()
    monkeypatch.setattr(type(rendering._environment()), "compile", None)
    for address in ("/", "/tag/tiles", "/tag/tiles/one", "/tag/tiles/strip", "/history", "/search?words=tiles"):
        assert browser.get(address).status_code == 200


def test_a_template_gets_the_review_whose_page_it_is(browser, review):
    assert review.folder in browser.get("/").text
