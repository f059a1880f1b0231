"""Write a page of pictures in sections: what a search found, or groups of repeats.

One HTML file that holds its thumbnails, makes no network request (its content security policy forbids it), runs no
script, and can be sent to somebody. A picture that is a file of its own links to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Optional

from ..addresses import ImageRef
from ..sources import may_be_opened
from ..text import encodable
from ..writing import new_text
from .components import component_style
from .html_head import html_head
from .page.words import as_html
from .thumbnails import ShownImage, draw_thumbnails

#: What every such page holds near its beginning.
_MARK = re.compile(rb'content="image-tagging-tools pictures"')

_PAGE = """{head}
<body class="pictures">
<header>
<h1>{title}</h1>
<p class="quiet">{summary}</p>
</header>
<main>
{sections}
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class PagePicture:
    """A picture of the page: where it is and what it is called (``hash_id``), and ``notes``, each on its line.

    ``is_marked`` sets it off from the others.
    """

    hash_id: str
    ref: ImageRef
    notes: tuple[str, ...] = ()
    is_marked: bool = False


@dataclass(frozen=True)
class PageSection:
    """Pictures under a heading, which is left out where it is empty."""

    heading: str
    pictures: Sequence[PagePicture]


def write_picture_page(path: str, title: str, summary: str, sections: Iterable[PageSection]) -> None:
    """Write the page; one of ours that is there is replaced. Of more pictures than ``MOST_THUMBNAILS`` the first have
    one, and those that cannot be shown have their paths alone.

    Raises
    ------
    OutputError
        Something else is at ``path``, or it cannot be written.
    DecoderError
        The processes that decode cannot be started.
    """
    sections = list(sections)
    shown = {
        each.ref.key: ShownImage(each.ref, each.hash_id)
        for section in sections
        for each in section.pictures
        if may_be_opened(each.ref)
    }
    uris = draw_thumbnails(shown)
    page = _PAGE.format(
        head=html_head(as_html(title), "image-tagging-tools pictures", f"{component_style()}\n{_style()}"),
        title=as_html(title),
        summary=as_html(summary),
        sections="\n".join(_section(section, uris) for section in sections),
    )
    with new_text(path, _MARK) as file:
        file.write(encodable(page))


def _section(section: PageSection, uris: dict[str, str]) -> str:
    heading = f"<h2>{as_html(section.heading)}</h2>\n" if section.heading else ""
    items = "\n".join(_item(each, uris.get(each.ref.key)) for each in section.pictures)
    return f"<section>\n{heading}<ul>\n{items}\n</ul>\n</section>"


def _item(picture: PagePicture, uri: Optional[str]) -> str:
    image = f'<img src="{uri}" alt="" loading="lazy">' if uri else '<span class="quiet">not shown</span>'
    name = as_html(picture.ref.name)
    if (link := _link(picture.ref)) is not None:
        label, frame = f'<a href="{as_html(link)}"><bdi>{name}</bdi></a>', f'<a href="{as_html(link)}" tabindex="-1">'
        image = f"{frame}{image}</a>"
    else:
        label = f"<bdi>{name}</bdi>"
    notes = "".join(f"<small>{as_html(note)}</small>" for note in picture.notes)
    place = (
        f'<small class="place" title="{as_html(picture.ref.path)}"><bdi>{as_html(_folder(picture.ref))}</bdi></small>'
    )
    marked = ' class="marked"' if picture.is_marked else ""
    return f'<li{marked}><div class="frame">{image}</div><p>{label}</p>{notes}{place}</li>'


def _folder(ref: ImageRef) -> str:
    return ref.path[: -len(ref.name)].rstrip("/\\")


def _link(ref: ImageRef) -> Optional[str]:
    """Return the address of a file as it stands for a browser; ``None`` where there is none."""
    if ref.members or not may_be_opened(ref):
        return None
    try:
        return Path(ref.file).as_uri()
    except ValueError:  # a relative path, or one that no file can have
        return None


@cache
def _style() -> str:
    return files(__package__).joinpath("picture_page.css").read_text(encoding="utf-8")
