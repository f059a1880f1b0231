"""The browser that the tests of the page share."""

from __future__ import annotations

import pytest

from browser import Browser, find_browser


@pytest.fixture(scope="module")
def browser():
    command = find_browser()
    if command is None:
        pytest.skip("no Chromium is installed, so the page was not tried in a browser: apt-get install chromium")
    opened = Browser(command)
    yield opened
    opened.close()
