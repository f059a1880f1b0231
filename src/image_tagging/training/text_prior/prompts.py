"""Prompts for a text encoder: sentences with the name of a tag, and neutral sentences.

A text encoder like CLIP's learned from captions, not from words: a name is put into several sentences, and the mean of
their embeddings represents it (Radford et al. 2021, "Learning transferable visual models from natural language
supervision", section 3.1.4, on engineering and ensembling prompts; over ImageNet this was worth 5 points of accuracy).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Optional

#: A few, for the usual kinds of pictures: photographs, drawings, pixel art, parts of games. Without
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

#: Subjects of pictures, as diverse as a few words can be: their mean is close to the mean of all texts.
_ANYTHING = (
    "something", "a person", "an animal", "a plant", "food", "a building", "a room", "a vehicle", "a machine", "a tool",
    "clothes", "a landscape", "the sky", "water", "a pattern", "writing",
)  # fmt: skip

#: First words that describe the folder, not the images: pos-pixel-art, tag_cat.
_PREFIXES = frozenset({"pos", "tag"})

_NEGATIONS = frozenset({"not", "no", "non", "neg", "without"})


def words_of(tag: str) -> Optional[str]:
    """Return the name of a tag as words: ``pos-pixel-art-space`` -> ``pixel art space``, ``PixelArt`` -> ``pixel art``.

    ``None`` where the words make no useful sentence: they have no letter, or say what the images are *not*. To CLIP a
    sentence about what is missing is one about the thing itself (Yuksekgonul et al. 2023, "When and why vision-language
    models behave like bags-of-words"; Singh et al. 2024, "Learn 'no' to say 'yes' better"), the opposite of the tag.
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFC", tag))
    # Letters with their marks, and digits, of all scripts; every other character separates words.
    words = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in spaced).lower().split()
    if len(words) > 1 and words[0] in _PREFIXES:
        del words[0]
    if not any(char.isalpha() for word in words for char in word) or _NEGATIONS.intersection(words):
        return None
    return " ".join(words)


def prompts_of(tag: str) -> tuple[str, ...]:
    """Return the sentences for a tag, one for each template; none where :func:`words_of` returns ``None``."""
    words = words_of(tag)
    return () if words is None else tuple(template.format(words) for template in TEMPLATES)


def neutral_prompts() -> tuple[str, ...]:
    """Return neutral sentences, the same for every data set: no tag may change the direction of another one."""
    return tuple(template.format(words) for template in TEMPLATES for words in _ANYTHING)
