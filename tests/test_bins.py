"""Every score falls into one bin, every image keeps its own file there."""

from __future__ import annotations

import os
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging.bins import MAX_BINS, Placer, bin_labels, bin_numbers, numbered_name

SCORES = st.floats(0, 1)
BINS = st.integers(1, MAX_BINS)


@given(SCORES, BINS)
def test_every_score_falls_between_the_edges_of_its_bin(score, bins):
    (number,) = bin_numbers(np.array([score]), bins).tolist()
    assert 1 <= number <= bins
    assert score <= number / bins
    assert score > (number - 1) / bins or (score == 0 and number == 1)


@given(st.lists(SCORES, min_size=1), BINS)
def test_a_higher_score_is_never_in_a_lower_bin(scores, bins):
    numbers = bin_numbers(np.sort(np.array(scores)), bins)
    assert (np.diff(numbers) >= 0).all()


@given(BINS, st.data())
def test_an_upper_edge_belongs_to_its_bin(bins, data):
    k = data.draw(st.integers(1, bins))
    assert bin_numbers(np.array([k / bins]), bins).tolist() == [k]


def test_the_edges_of_ten_bins():
    scores = np.array([[0.0, 0.1, 0.3], [0.7, np.nextafter(0.7, 1), 1.0]])
    assert bin_numbers(scores, 10).tolist() == [[1, 1, 3], [7, 8, 10]]


def test_no_scores_fall_into_no_bins():
    assert bin_numbers(np.empty((0, 4)), 10).shape == (0, 4)


@pytest.mark.parametrize("score", [-0.001, 1.001, np.nan, np.inf])
def test_what_is_no_probability_is_refused(score):
    with pytest.raises(ValueError, match="not a number between 0 and 1"):
        bin_numbers(np.array([0.5, score]), 10)


@pytest.mark.parametrize("bins", [0, -1, MAX_BINS + 1])
def test_a_number_of_bins_out_of_reason_is_refused(bins):
    with pytest.raises(ValueError, match="number of bins"):
        bin_numbers(np.array([0.5]), bins)


def test_folders_are_named_by_the_upper_edge():
    assert bin_labels(10) == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]
    assert bin_labels(3) == ["0.3333", "0.6667", "1.0"]
    assert bin_labels(1) == ["1.0"]


@given(BINS)
def test_no_two_bins_share_a_folder(bins):
    labels = bin_labels(bins)
    assert len(set(labels)) == bins
    assert all(abs(Fraction(label) - Fraction(k, bins)) < Fraction(1, 10_000) for k, label in enumerate(labels, 1))
    assert all("e" not in label for label in labels)


def test_numbered_names_keep_the_suffix():
    assert [numbered_name("cat.png", number) for number in (1, 2, 3)] == ["cat.png", "cat (2).png", "cat (3).png"]
    assert numbered_name("no suffix", 2) == "no suffix (2)"
    assert numbered_name(".png", 2) == ".png (2)"


# --- placing ----------------------------------------------------------------------------------------------


def contents(folder):
    return {
        os.path.relpath(os.path.join(where, name), folder): open_bytes(os.path.join(where, name))
        for where, _, names in os.walk(folder)
        for name in names
    }


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("name", ["cat.png", "it's.png", "猫🐱.png", "a\\b.png", "x" * 251 + ".png"])
def test_bytes_and_files_are_placed_under_their_names(tmp_path, name):
    source = tmp_path / "source.png"
    source.write_bytes(b"file")
    placer = Placer(str(tmp_path / "out"))
    assert placer.place("kind/tag/0.1", name, b"bytes") == str(tmp_path / "out" / "kind/tag/0.1" / name)
    placer.place("kind/tag/0.2", name, str(source))
    assert contents(tmp_path / "out") == {f"kind/tag/0.1/{name}": b"bytes", f"kind/tag/0.2/{name}": b"file"}
    assert source.read_bytes() == b"file"


def test_two_files_of_one_name_never_overwrite_each_other(tmp_path):
    placer = Placer(str(tmp_path))
    for number, content in enumerate([b"first", b"second", b"third"], start=1):
        placer.place("0.1", "cat.png", content, number=number)
    assert contents(tmp_path) == {
        "0.1/cat.png": b"first",
        "0.1/cat (2).png": b"second",
        "0.1/cat (3).png": b"third",
    }


def test_a_name_that_other_bytes_have_is_left_to_them(tmp_path):
    placer = Placer(str(tmp_path))
    placer.place("0.1", "cat.png", b"theirs")
    (tmp_path / "0.1" / "cat (2).png").mkdir()
    os.symlink("nowhere", tmp_path / "0.1" / "cat (3).png")
    assert placer.place("0.1", "cat.png", b"mine") == str(tmp_path / "0.1" / "cat (4).png")
    assert open_bytes(tmp_path / "0.1" / "cat.png") == b"theirs"


def test_placing_again_in_a_later_run_changes_nothing(tmp_path):
    source = tmp_path / "source.png"
    source.write_bytes(b"file")
    out = tmp_path / "out"
    for _ in range(2):
        placer = Placer(str(out))
        placer.place("0.1", "cat.png", str(source))
        placer.place("0.1", "dog.png", b"bytes")
        placer.place("0.1", "dog.png", b"BYTES", number=2)
    assert contents(out) == {"0.1/cat.png": b"file", "0.1/dog.png": b"bytes", "0.1/dog (2).png": b"BYTES"}


def test_thousands_of_one_name_find_their_numbers(tmp_path):
    placer = Placer(str(tmp_path))
    (tmp_path / "0.1").mkdir()
    for number in range(1, 1501):
        (tmp_path / "0.1" / numbered_name("cat.png", number)).write_bytes(b"")
    assert placer.place("0.1", "cat.png", b"one more").endswith("cat (1501).png")


def test_a_copy_that_fails_leaves_nothing(tmp_path):
    placer = Placer(str(tmp_path / "out"))
    with pytest.raises(FileNotFoundError):
        placer.place("0.1", "cat.png", str(tmp_path / "gone.png"))
    assert contents(tmp_path / "out") == {}
