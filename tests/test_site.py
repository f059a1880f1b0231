"""The site of the documentation: every page is in its navigation, links are moved, and what leads nowhere is found."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
REPOSITORY = "https://example.org/project"


@pytest.fixture(autouse=True, scope="module")
def rooms():
    """The scripts of docs/site import each other by their names."""
    sys.path.insert(0, str(ROOT / "docs" / "site"))
    yield
    sys.path.remove(str(ROOT / "docs" / "site"))


def test_every_page_is_in_the_navigation_once():
    import pages

    named = [name for name in re.findall(r": (\S+)$", NAVIGATION, re.M) if not name.startswith("https:")]
    written = [path.relative_to(pages.DOCS).as_posix() for path in pages.DOCS.rglob("*.md")]
    made = ["reference/command-line.md", "reference/python.md"]
    decisions = {name for name in written if name.startswith("decisions/")}  # the page that lists them is made
    assert sorted(named) == sorted({*written, *made, *pages.OUTSIDE.values()} - decisions)


@pytest.mark.parametrize(
    ("page", "link", "there"),
    [
        ("docs/search.md", "duplicates.md#what-is-a-repeat", "duplicates.md#what-is-a-repeat"),
        ("README.md", "docs/search.md", "search.md"),
        ("README.md", "docs/pictures/report.webp", "pictures/report.webp"),
        ("docs/search.md", "../README.md#install", "index.md#install"),
        ("CHANGELOG.md", "docs/search.md", "../search.md"),
        ("docs/architecture.md", "decisions/", "decisions/index.md"),
        ("docs/decisions/0020-ray.md", "../../fuzz/README.md", f"{REPOSITORY}/blob/main/fuzz/README.md"),
        ("docs/search.md", "../benchmarks", f"{REPOSITORY}/tree/main/benchmarks"),
        ("docs/search.md", "https://example.org/a.md", "https://example.org/a.md"),
    ],
)
def test_a_link_leads_to_the_page_of_the_site_else_to_the_repository(page, link, there):
    import pages

    assert pages.move_links(f"see [it]({link}).", ROOT / page, REPOSITORY) == f"see [it]({there})."


def test_a_link_in_a_block_of_code_stays():
    import pages

    text = "```\n[it](../README.md)\n```\n"
    assert pages.move_links(text, ROOT / "docs" / "search.md", REPOSITORY) == text


def test_a_link_to_no_file_stops_the_build():
    import pages

    with pytest.raises(pages.DeadLinkError, match=re.escape("docs/search.md links to gone.md")):
        pages.move_links("[it](gone.md)", ROOT / "docs" / "search.md", REPOSITORY)


def test_every_command_and_public_name_is_in_the_reference():
    import reference

    import image_tagging

    names = reference.names_page()
    assert re.findall(r"^::: image_tagging\.(\w+)$", names, re.M) != []
    assert set(re.findall(r"^::: image_tagging\.(\w+)$", names, re.M)) == set(image_tagging.__all__)
    assert "| `mountain` | required |" in names


@pytest.mark.slow
def test_the_reference_has_the_help_of_every_command():
    import reference
    import typer.main

    from image_tagging.cli import app

    page = reference.help_page()
    for name in typer.main.get_command(app.app).commands:
        assert f"\n## {name}\n\n```text\nUsage: image-tagging {name} " in page


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="gone.html">', "links to gone.html, which is not there"),
        ('<a href="other.html#gone">', "links to other.html#gone, and that page has no such heading"),
        ('<a href="#gone">', "links to #gone, and that page has no such heading"),
        ('<img src="gone.png">', "links to gone.png, which is not there"),
        ('<script src="https://example.org/a.js"></script>', "loads https://example.org/a.js from elsewhere"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "loads //example.org/a.css from elsewhere"),
    ],
)
def test_what_leads_nowhere_or_elsewhere_is_a_fault(tmp_path, body, fault):
    import check

    (tmp_path / "other.html").write_text('<h2 id="there">', encoding="utf-8")
    (tmp_path / "index.html").write_text(body, encoding="utf-8")
    assert list(check.faults(tmp_path)) == [f"index.html {fault}."]


def test_a_link_to_a_heading_or_to_another_site_is_none(tmp_path):
    import check

    body = '<h2 id="top"><a href="other.html#there"><a href="#top"><a href="https://example.org/">'
    (tmp_path / "other.html").write_text('<h2 id="there">', encoding="utf-8")
    (tmp_path / "index.html").write_text(body, encoding="utf-8")
    assert list(check.faults(tmp_path)) == []


@pytest.mark.slow
def test_a_page_on_a_disk_searches_and_asks_nobody_else(chromium):
    if not (ROOT / "site" / "index.html").exists():
        pytest.skip("the site is not built: make docs")
    page, asked = chromium.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((ROOT / "site" / "reference" / "python.html").as_uri(), wait_until="load")
    page.locator("button.md-search__button").click()
    page.keyboard.type("repeats", delay=50)
    page.get_by_text(re.compile(r"^[1-9]\d? results$")).wait_for(timeout=30_000)
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []
