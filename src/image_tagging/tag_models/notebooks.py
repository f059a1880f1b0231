"""Tag models as a person sees them in a notebook: one line, and a table of their tags.

Tags are names of strangers' folders: each is escaped, for its line and for HTML.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

from ..text import counted, escaped, join_tags, tag_in_words
from .models import TagModel, TagModels

#: Rows of the table; of more tags it says how many there are.
_MOST_ROWS = 20

_HEADINGS = ("tag", "kind that answers", "average precision", "images", "threshold")


def in_one_line(models: TagModels) -> str:
    """Return ``<TagModels: 6 models of 3 tags (cat, dog, owl), encoder builtin/learned-2>``."""
    tags = models.tags
    encoder = models.encoder.label if models.encoder else "an encoder not named"
    counts = f"{counted(len(models), 'model')} of {counted(len(tags), 'tag')}"
    return f"<TagModels: {counts} ({join_tags(tags)}), encoder {encoder}>"


def as_html(models: TagModels) -> str:
    """Return a table with a row per tag: the kind that answers, its figure, its images and its threshold."""
    tags = sorted(models.tags)
    rows = ["".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(models[tag])) for tag in tags[:_MOST_ROWS]]
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    more = f"<p>… and {len(tags) - _MOST_ROWS:,} more tags</p>" if len(tags) > _MOST_ROWS else ""
    return f"<p>{html.escape(in_one_line(models)[1:-1])}</p><table><tr>{head}</tr>{body}</table>{more}"


def _cells(model: TagModel) -> Iterator[str]:
    card = model.card
    figure = card.average_precision if card else None
    images = card.pictures.tag if card and card.pictures else None
    yield escaped(tag_in_words(model.tag))
    yield escaped(model.kind)
    yield "-" if figure is None else f"{figure:.2f}"
    yield "-" if images is None else f"{images:,}"
    yield f"{model.threshold:.2f}"
