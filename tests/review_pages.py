"""What tests read from a page of the review in a browser."""

from __future__ import annotations


def told(page, text):
    """Wait until the page says a text."""
    page.wait_for_function("text => document.getElementById('said').textContent.includes(text)", arg=text)


def shown(page):
    """The hash and the mark of every picture of the page."""
    page.wait_for_selector("#grid .cell")
    return page.eval_on_selector_all(
        "#grid .cell", "cells => cells.map(cell => [cell.dataset.hash, cell.dataset.verdict])"
    )
