"""A page of a report as Chromium shows it."""

from __future__ import annotations

import pytest


@pytest.fixture
def browser(chromium):
    """A tab of 1400 pixels; whatever it is used for, it must have nothing to complain of."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    tab, complaints = context.new_page(), []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda message: complaints.append(message.text))
    yield tab
    context.close()
    assert complaints == []
