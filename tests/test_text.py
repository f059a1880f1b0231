"""Names of strangers as text, and the name that a person may have meant."""

from __future__ import annotations

import pytest

from image_tagging.text import did_you_mean, near_misses


@pytest.mark.parametrize(
    ("word", "known", "says"),
    [
        ("bultin", ["auto", "builtin"], " Did you mean builtin?"),
        ("Parquet", ["json", "parquet"], " Did you mean parquet?"),
        ("cats", ["cat", "cat2", "dog"], " Did you mean cat or cat2?"),
        ("svm", ["ovr-logistic-regression", "ovr-svm"], " Did you mean ovr-svm?"),
        ("zebra", ["cat", "dog"], ""),
        ("cat", [], ""),
        (None, ["cat"], ""),
        (3, ["3"], ""),
        ("cat", ["cat\x1b[2J"], " Did you mean cat\\x1b[2J?"),
    ],
)
def test_the_words_that_are_nearly_the_same_are_named(word, known, says):
    assert did_you_mean(word, known) == says


def test_at_most_three_words_are_named():
    assert len(near_misses("tag", [f"tag{number}" for number in range(9)], least=0.5)) == 3


def test_a_long_word_takes_no_longer():
    assert did_you_mean("x" * 1_000_000, ["x" * 255, "y"]) == ""
