"""Four weeks of a pixel artist: one command, small folders, names that a person reads."""

from __future__ import annotations

import pytest

from .people import Person

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def artist(tmp_path_factory):
    """The artist after the first week: three tags, and a folder of old work sorted."""
    person = Person(tmp_path_factory.mktemp("artist"), "sorted")
    for kind in ("isometric", "sprites", "tiles"):
        person.draws(f"examples/{kind}", kind, range(12))
        person.draws("old-work", kind, range(100, 106))
    person.draws("old-work", "maps", range(100, 140))
    person.first_week = sort(person, "old-work")
    return person


def sort(person, mountain, *flags):
    return person.runs("sort", "examples", mountain, "--output=sorted", "--clip_model=builtin", *flags)


def test_the_four_weeks_of_an_artist(artist):
    # Week 1: which folder to open is said, the best come first.
    assert "by-tag" in artist.first_week
    assert "sprites-100.png" in artist.placed("sprites")
    assert len(artist.scores()) == 58

    # Week 2: five new pictures; last week's scores stay, those of five pictures are on the screen.
    new = [file.name for kind in ("sprites", "tiles") for file in artist.draws("inbox", kind, range(200, 202))]
    new += [file.name for file in artist.draws("inbox", "maps", [200])]
    said = sort(artist, "inbox")
    assert all(name in said for name in new)
    assert len(artist.scores()) == 63
    assert {entry["input"] for entry in artist.scores().values()} == {
        str(artist.desk / folder) for folder in ("old-work", "inbox")
    }
    assert {"sprites-100.png", "sprites-200.png"} <= set(artist.placed("sprites"))

    # Week 3: a tag more. All pictures are scored by it, those of the weeks before too.
    artist.draws("examples/maps", "maps", range(12))
    sort(artist, "inbox")
    assert artist.models() == {"isometric", "maps", "sprites", "tiles"}
    assert {"maps-100.png", "maps-200.png"} <= set(artist.placed("maps"))
    assert all(
        {score["tag_name"] for score in entry["classifiers_output"]} == artist.models()
        for entry in artist.scores().values()
    )

    # A tag less: its folder goes, then all that it left.
    artist.moves("examples/isometric", "archive/isometric")
    sort(artist, "inbox")
    said = artist.runs("forget", "isometric", "--output=sorted")
    assert artist.models() == {"maps", "sprites", "tiles"}
    assert artist.placed("isometric") == []
    assert not list((artist.output / "reports").glob("*isometric*"))

    # Week 4: a picture was in the wrong folder; it is learned rightly, and the examples are not among the finds.
    artist.moves("examples/tiles/tiles-3.png", "examples/sprites/tiles-3.png")
    sort(artist, "inbox")
    assert (artist.tags()["sprites"], artist.tags()["tiles"]) == (13, 11)

    # What the artist renamed in a folder of results is theirs: it stays when the models change.
    kept = next((artist.output / "by-tag" / "sprites").glob("*sprites-100.png"))
    kept.rename(kept.with_name("my favourite.png"))
    artist.moves("examples/sprites/tiles-3.png", "examples/tiles/tiles-3.png")
    sort(artist, "inbox")
    assert (artist.output / "by-tag" / "sprites" / "my favourite.png").exists()

    # Nothing changes where nothing has changed.
    before = artist.files()
    sort(artist, "inbox")
    assert artist.files() == before
