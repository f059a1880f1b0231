"""What the page calls things, and text of strangers as HTML."""

from __future__ import annotations

import html
from typing import Optional

from ...text import marked, percent
from ..components import NOTHING, share

_AIMS = {
    "balanced": "for the best balanced accuracy",
    "f1": "for the best F1",
    "precision": "to be right in {share} of what is tagged",
    "recall": "to find {share} of a tag's images",
}


def as_html(text: object) -> str:
    """Text of a stranger in HTML, in an element or an attribute in quotes: it cannot leave it or turn it round."""
    return html.escape(marked(str(text)))


def aim(name: str) -> str:
    """What thresholds are for, in words; ``balanced``, ``f1``, ``precision=0.9`` or ``recall=0.9``."""
    what, _, value = name.partition("=")
    if what not in _AIMS:
        return name
    try:
        return _AIMS[what].format(share=share(float(value)) if value else "most")
    except ValueError:
        return name


def estimated_share(value: Optional[float]) -> str:
    """An estimated share as a percentage, of few digits: ``0.7 %``."""
    return NOTHING if value is None else percent(value).replace(" ", "\u202f")
