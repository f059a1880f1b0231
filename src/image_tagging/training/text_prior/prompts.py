"""The name of a tag -> sentences that a text encoder takes, and sentences that name nothing in particular.

A text encoder of the kind of CLIP learned from captions, not from words: a name is put into several sentences, and the
mean of their embeddings stands for it (Radford et al. 2021, "Learning transferable visual models from natural language
supervision", section 3.1.4, on engineering and ensembling prompts; over ImageNet this was worth 5 points of accuracy).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Optional

#: Few, and of the kinds of pictures that are tagged here: photographs, drawings, pixel art, parts of games. Without
#: articles, because a tag may be a thing (cat), things (machines), a place (space) or a style (isometric).
TEMPLATES = (
    "a photo of {}.",
    "a picture of {}.",
    "a picture with {} in it.",
    "a drawing of {}.",
    "a digital illustration of {}.",
    "pixel art of {}.",
    "a video game sprite of {}.",
    "a screenshot of a video game showing {}.",
)

#: What pictures show, as widely spread as a few words go: their mean is close to the middle of all texts.
_ANYTHING = (
    "something", "a person", "an animal", "a plant", "food", "a building", "a room", "a vehicle", "a machine", "a tool",
    "clothes", "a landscape", "the sky", "water", "a pattern", "writing",
)  # fmt: skip

#: Words before a name that belong to the folders, not to what the images show: pos-pixel-art, tag_cat.
_PREFIXES = frozenset({"pos", "tag"})

_NEGATIONS = frozenset({"not", "no", "non", "neg", "without"})


def words_of(tag: str) -> Optional[str]:
    """The name of a tag as words: ``pos-pixel-art-space`` -> ``pixel art space``, ``PixelArt`` -> ``pixel art``.

    ``None`` where it makes no useful sentence: it has no letter, or it says what the images are *not*. A sentence about
    what is missing is to CLIP one about the thing itself (Yuksekgonul et al. 2023, "When and why vision-language models
    behave like bags-of-words"; Singh et al. 2024, "Learn 'no' to say 'yes' better"), which is the opposite of the tag.
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFC", tag))
    # Letters with their marks, and digits, of all scripts: all else parts words, whatever a stranger put there.
    words = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in parted).lower().split()
    if len(words) > 1 and words[0] in _PREFIXES:
        del words[0]
    if not any(char.isalpha() for word in words for char in word) or _NEGATIONS.intersection(words):
        return None
    return " ".join(words)


def prompts_of(tag: str) -> tuple[str, ...]:
    """The sentences for a tag, one a template, none where :func:`words_of` gives none."""
    words = words_of(tag)
    return () if words is None else tuple(template.format(words) for template in TEMPLATES)


def neutral_prompts() -> tuple[str, ...]:
    """The same sentences about anything: always the same, so that no tag has a say in what another one means."""
    return tuple(template.format(words) for template in TEMPLATES for words in _ANYTHING)
