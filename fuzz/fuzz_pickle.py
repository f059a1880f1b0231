"""A model file, and its card where there is one, from bytes to scores.

An input is the bytes of a ``.pkl``. Behind ``CARD`` may follow the text of its card, where ``SHA`` stands for the
checksum, which no fuzzer guesses.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache

import numpy as np

from image_tagging.errors import EncoderMismatchError, ModelError
from image_tagging.tag_models.files import load_tag_models

from .only_reading import only_reading

CARD = b"\n--card--\n"

#: Embeddings longer than this are not made to score with.
_LONGEST = 4096

_LONGEST_MESSAGE = 3000


def one_input(data: bytes) -> None:
    """Load and score; anything but a usable model or a named error of one line is a finding."""
    model, has_card, card = data.partition(CARD)
    path = _written(model, card if has_card else None)
    try:
        with only_reading():
            models = load_tag_models(path)
            if models.dim > _LONGEST:
                return
            random = np.random.default_rng(0).normal(size=(3, models.dim))
            probabilities = models.probabilities(np.vstack([random, np.zeros((1, models.dim)), 1e38 * random[:1]]))
    except (ModelError, EncoderMismatchError) as error:
        message = str(error)
        assert path[:-4] in message, message
        assert "\n" not in message, message
        assert len(message) < _LONGEST_MESSAGE, message
        return
    assert probabilities.shape == (5, 1)
    assert ((probabilities >= 0) & (probabilities <= 1)).all(), probabilities


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzz-pickle-")


def _written(model: bytes, card: bytes | None) -> str:
    stem = os.path.join(_folder().name, "model-ovr-svm-tag-cat")
    with open(stem + ".pkl", "wb") as file:
        file.write(model)
    if card is not None:
        with open(stem + ".json", "wb") as file:
            file.write(card.replace(b"SHA", hashlib.sha256(model).hexdigest().encode()))
    elif os.path.exists(stem + ".json"):
        os.remove(stem + ".json")
    return stem + ".pkl"
