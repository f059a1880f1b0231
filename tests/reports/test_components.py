"""What the training report and the review app share: one style, one way to write a figure and to draw its interval."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from image_tagging.reports import component_style, interval_bar, limits, share
from image_tagging.reports.page.page import as_page
from report_runs import run, two_kinds


def text_of(package, name):
    return files(package).joinpath(name).read_text(encoding="utf-8")


OWN = [("image_tagging.reports.page", "page.css"), ("image_tagging.web", "static/review.css")]


def test_the_report_holds_the_style_in_itself():
    assert component_style() in as_page(run(*two_kinds("cat")), {})


@pytest.mark.parametrize("own", OWN)
def test_no_colour_is_given_twice(own):
    given = r"(--[\w-]+)\s*:"
    assert not set(re.findall(given, component_style())) & set(re.findall(given, text_of(*own)))


def test_light_and_dark_have_the_same_colours():
    light, dark = re.findall(r":root \{(.*?)\}", component_style(), re.DOTALL)
    names = [re.findall(r"(--[\w-]+)\s*:", each) for each in (light, dark)]
    assert sorted(names[0]) == sorted(names[1])


@pytest.mark.parametrize(("value", "low", "high"), [(0.0, 0.0, 0.0), (0.5, 0.2, 0.9), (1.0, 1.0, 1.0)])
def test_a_bar_stays_within_its_picture(value, low, high):
    drawn = interval_bar(value, low, high)
    width = float(re.search(r'width="(\d+)"', drawn[drawn.index("viewBox") :])[1])
    left, wide = (
        float(re.search(rf' {name}="([\d.]+)" ', drawn[drawn.index("<rect") :])[1]) for name in ("x", "width")
    )
    at = float(re.search(r'cx="([\d.]+)"', drawn)[1])
    assert 0 <= left <= left + wide <= width + 1
    assert 4 <= at <= width - 4
    assert 'aria-hidden="true"' in drawn


def test_figures_are_written_one_way():
    assert (limits(0.7, 0.912), share(0.845), share(None)) == ("0.70 – 0.91", "84\u202f%", "–")
