"""Names of tags as sentences."""

from __future__ import annotations

import pytest

from image_tagging.training.text_prior.prompts import TEMPLATES, neutral_prompts, prompts_of, words_of


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("cat", "cat"),
        ("pos-pixel-art-space", "pixel art space"),
        ("POS_Video__Game.top-down", "video game top down"),
        ("tag-cat", "cat"),
        ("PixelArt", "pixel art"),
        ("pos", "pos"),  # nothing is left without it
        ("pos-", "pos"),
        ("90s style", "90s style"),
        ("Größe", "größe"),
        ("Gro\u0308ße", "größe"),  # the same in two letters
        ("हिन्दी", "हिन्दी"),  # vowels are marks, and stay
        ("猫", "猫"),
        ("cat\x1b[2J\u202e\n{}", "cat 2j"),
    ],
)
def test_a_name_becomes_words(tag: str, words: str) -> None:
    assert words_of(tag) == words


@pytest.mark.parametrize(
    "tag",
    ["not-pixel-art", "Not_a_cat", "non-photo", "pos-character-no-background", "neg-cat", "2024", "---", "", "🐈"],
)
def test_a_name_without_letters_or_of_what_is_missing_makes_no_sentence(tag: str) -> None:
    assert words_of(tag) is None
    assert prompts_of(tag) == ()


def test_a_part_of_a_word_denies_nothing() -> None:
    assert words_of("notebook-knot") == "notebook knot"


def test_there_is_a_sentence_a_template() -> None:
    prompts = prompts_of("pos-isometric-house")
    assert len(prompts) == len(TEMPLATES) == len(set(prompts))
    assert all("isometric house" in prompt and "{" not in prompt for prompt in prompts)


def test_neutral_sentences_have_the_same_templates_in_equal_number() -> None:
    starts = [template.partition("{}")[0] for template in TEMPLATES]
    prompts = neutral_prompts()
    assert len(prompts) == len(set(prompts))
    counts = [sum(prompt.startswith(start) for prompt in prompts) for start in starts]
    assert len(set(counts)) == 1
