"""Names that are spelt nearly alike, and names that deny each other."""

from __future__ import annotations

import pytest

from image_tagging.datasets.audit.alike_names import opposites, spelt_alike


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("environment-natural", "environmental-natural"),
        ("Cat", "cat"),
        ("cats in hats", "cat-in_hats"),
        ("sunflower", "sunflowers"),
        ("color-palette", "colour-pallete"),
        ("level-1", "levels 1"),
        ("Ærøskøbing", "ærøskøbing!"),
    ],
)
def test_a_slip_of_a_letter_or_two_is_found(one, other):
    assert spelt_alike([other, "something else", one]) == [tuple(sorted((one, other)))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cat", "car"),
        ("level-1", "level-2"),
        ("sunflower", "wallflower"),
        ("no-ball", "ball"),
        ("non-violet", "violet"),
        ("", "-"),
    ],
)
def test_other_names_are_not(one, other):
    assert spelt_alike([one, other]) in ([], [("", "-")])


def test_what_tells_many_names_apart_is_no_slip():
    assert spelt_alike(f"variety-{letter}" for letter in "abcdefgh") == []


def test_names_of_any_length_are_answered():
    assert spelt_alike(["x" * 255, "x" * 254]) == [("x" * 254, "x" * 255)]
    assert spelt_alike(["x" * 3000, "x" * 2999]) == []  # too long for the name of a model: not compared by letters


def test_a_name_that_denies_another_is_its_opposite():
    names = ["not-pixel-art", "pos-pixel-art", "pixel art", "pos-art", "not-art-digital", "Not Art"]
    assert opposites(names) == [
        ("Not Art", "pos-art"),
        ("not-pixel-art", "pixel art"),
        ("not-pixel-art", "pos-pixel-art"),
    ]
