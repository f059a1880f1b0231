"""Write the page of a training: one HTML file with the results of each tag, example images, and advice.

The page is self-contained, makes no network request (its content security policy forbids it) and opens from disk. The
head and the table are plain HTML and need no JavaScript; the plots and pictures of one tag are drawn when it is opened,
from the content of ``reports.json`` (:mod:`.content`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from ...tag_models import kind_named
from ...text import encodable
from ...writing import new_text
from ..components import component_style
from ..html_head import html_head
from .content import details, overview, pictures_of
from .head import heading, notes, title
from .table import table

PAGE_NAME = "index.html"

#: What every page holds near its beginning; those of earlier versions the second.
PAGE_MARK = re.compile(rb'content="image-tagging-tools"|<p class="program">image-tagging-tools')

#: The scripts, in the order in which they run.
_SCRIPTS = ("elements.js", "plots.js", "pictures.js", "tag.js", "table.js", "page.js")

#: The digits of embedded figures. The page shows at most three; more would only make it larger.
_DIGITS = 4

_PAGE = """{head}
<body>
{heading}
<main id="overview">
{notes}
{table}
</main>
<main id="tag" hidden></main>
<p id="said" role="status"></p>
<script type="application/json" id="run">{run}</script>
<script type="application/json" id="details">{details}</script>
<script type="application/json" id="thumbnails">{thumbnails}</script>
<script>{script}</script>
</body>
</html>
"""


def write_report_page(folder: str, run: Mapping[str, Any], thumbnails: Mapping[str, str]) -> str:
    """Write the page of a training into ``folder`` atomically; return its path.

    ``run`` is the content of ``reports.json``, ``thumbnails`` the data URI of an image by its ``file_path``; where one
    is missing, the page says so.

    Raises
    ------
    OutputError
        The page cannot be written.
    """
    path = os.path.join(folder, PAGE_NAME)
    page = as_page(run, thumbnails)
    with new_text(path, PAGE_MARK) as file:
        file.write(page)
    return path


def as_page(run: Mapping[str, Any], thumbnails: Mapping[str, str]) -> str:
    """Return the HTML of the page."""
    links = {model["tag"]: tag_link(model["tag"]) for model in run["models"]}
    script = "\n".join(['"use strict";', *map(_asset, _SCRIPTS)])
    shown = {path: thumbnails[path] for path in pictures_of(run) if path in thumbnails}
    return _PAGE.format(
        head=html_head(title(run), "image-tagging-tools", component_style() + _asset("page.css"), script),
        script=script,
        heading=heading(run),
        notes=notes(run, links),
        table=table(run["models"], links, with_mountain=bool(run.get("mountain"))),
        run=_embedded({**overview(run, shown), "links": list(links.items()), "kinds": _kinds(run)}),
        details="\n".join(map(_embedded, details(run))),
        thumbnails=_embedded(list(shown.items())),
    )


def tag_link(tag: str) -> str:
    """Return the fragment of the page that shows a tag: ``#tag=cat``."""
    return f"#tag={quote(encodable(tag), safe='')}"


def _kinds(run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the name, title and short title of each kind of model that was trained."""
    kinds = map(kind_named, dict.fromkeys(str(model["kind"]) for model in run["models"]))
    return [(kind.name, kind.title, kind.short_title) for kind in kinds]


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _embedded(content: Any) -> str:
    """Return JSON that is safe inside an HTML element: ASCII, without a character that could end the element."""
    text = json.dumps(_rounded(content), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _rounded(content: Any) -> Any:
    if isinstance(content, float):
        return round(content, _DIGITS)
    if isinstance(content, Mapping):
        return {key: _rounded(value) for key, value in content.items()}
    return [_rounded(value) for value in content] if isinstance(content, (list, tuple)) else content
