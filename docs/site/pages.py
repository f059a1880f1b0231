"""The pages of the site: those of ``docs/`` and the README, with links that lead somewhere there."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = ROOT / "build" / "site-pages"

#: What links lead to outside of the pages of docs/, and what it is called on the site.
OUTSIDE = {
    ROOT / "README.md": "index.md",
    ROOT / "CHANGELOG.md": "reference/changes.md",
    DOCS / "decisions": "decisions/index.md",
}

#: What stands between lines of ```, and a link in the text between them.
_FENCED = re.compile(r"(^```.*?^```)", re.M | re.S)
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")


class DeadLinkError(Exception):
    """A page links to a file that is not there."""


def home_of(path: Path) -> Path | None:
    """Return where a file or folder of the repository lies among the pages of the site, ``None`` if it does not."""
    if path in OUTSIDE:
        return PAGES / OUTSIDE[path]
    is_there = path.is_relative_to(DOCS) and path.is_file() and path.suffix != ".py"
    return PAGES / path.relative_to(DOCS) if is_there else None


def move_links(text: str, page: Path, repository: str) -> str:
    """Return the text of a page with its links as they are on the site.

    A link to a page or picture of the site leads there; one to any other file or folder of the repository leads to the
    web page of that.

    Raises
    ------
    DeadLinkError
        There is no such file.
    """

    def moved(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(page.parent / link[1]))
        if not target.exists():
            raise DeadLinkError(f"{page.relative_to(ROOT).as_posix()} links to {link[1]}, which is not there.")
        if home := home_of(target):
            return Path(os.path.relpath(home, home_of(page).parent)).as_posix()
        kind = "tree" if target.is_dir() else "blob"
        return f"{repository}/{kind}/main/{target.relative_to(ROOT).as_posix()}"

    parts = _FENCED.split(text)
    parts[::2] = [_LINK.sub(moved, part) for part in parts[::2]]
    return "".join(parts)


def write_page(name: str, text: str) -> None:
    """Write a page of the site; ``name`` is its path among the pages."""
    path = PAGES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_pages(repository: str) -> None:
    """Write the pages that people wrote, and what they show, into a new folder."""
    shutil.rmtree(PAGES, ignore_errors=True)
    for path in [*DOCS.rglob("*"), *OUTSIDE]:
        if not path.is_file() or (home := home_of(path)) is None:
            continue
        if path.suffix == ".md":
            write_page(home.relative_to(PAGES).as_posix(), move_links(path.read_text("utf-8"), path, repository))
        else:
            home.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, home)
