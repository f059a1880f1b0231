"""Every member of an archive has a name that no other has."""

from __future__ import annotations

from image_tagging.sources.archives.names import unique_names


def test_of_several_with_one_name_the_last_keeps_it():
    assert unique_names(["a.png", "b.png"]) == ["a.png", "b.png"]
    assert unique_names(["a.png", "b.png", "a.png", "a.png"]) == ["a (2).png", "b.png", "a (3).png", "a.png"]


def test_a_number_never_takes_the_name_of_another_member():
    names = ["a.png", "a.png", "a (2).png", "a (2).png", "a (4).png"]
    assert unique_names(names) == ["a (3).png", "a.png", "a (2) (2).png", "a (2).png", "a (4).png"]
    assert len(set(unique_names(names))) == 5


def test_many_of_one_name_cost_no_more_than_many_of_several():
    names = unique_names(["a.png"] * 100_000)
    assert len(set(names)) == 100_000
    assert (names[0], names[-2], names[-1]) == ("a (2).png", "a (100000).png", "a.png")
