"""JSON of strangers: metadata, tag lists, results and the cards of models. An input is the text of one file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import cache

import numpy as np

from image_tagging.datasets import read_embeddings, read_tag_lists
from image_tagging.errors import EncoderMismatchError, ImageTaggingError, InputError, MetadataError, ModelError
from image_tagging.exporters import read_results
from image_tagging.tag_models.cards import read_card

from .only_reading import only_reading

_LONGEST_MESSAGE = 3000


def one_metadata(data: bytes) -> None:
    """Read metadata to its end: embeddings of one length, or a named error of one line."""
    check(data, "input.json", read_all_embeddings, (MetadataError, EncoderMismatchError))


def one_tag_lists(data: bytes) -> None:
    """Read tag lists: they hold no more hashes than the file has quotes."""
    lists = check(data, "input.json", read_tag_lists, (MetadataError,))
    if isinstance(lists, dict):
        assert 2 * sum(map(len, lists.values())) + 2 * len(lists) <= data.count(b'"')


def one_output_json(data: bytes) -> None:
    """Read results to their end: every score has its texts and its number."""
    for picture in check(data, "input.json", lambda path: list(read_results(path)), (InputError,)) or ():
        assert all(isinstance(path, str) for path in picture.file_paths)
        assert len(picture.addresses) in {0, len(picture.file_paths)}
        assert all(isinstance(score.tag, str) and np.isfinite(score.probability) for score in picture.scores)


def one_card(data: bytes) -> None:
    """Read a card: stages 3 and 4 go by its threshold and by its encoder."""
    card = check(data, "card.json", read_card, (ModelError,))
    if card is not None:
        assert 0 <= card.threshold <= 1
        assert card.encoder is None or (type(card.encoder.dim) is int and card.encoder.label.isprintable())
        assert all(share is None or 0 <= share <= 1 for share in (card.average_precision, card.balanced_accuracy))


def read_all_embeddings(path: str) -> int:
    """How many pictures a metadata file holds."""
    encoder, images = read_embeddings(path)
    count = 0
    for image in images:
        count += 1
        assert image.embedding.shape == (encoder.dim,)
        assert image.embedding.dtype == np.float32
        assert np.isfinite(image.embedding).all()
        assert isinstance(image.file_path, str)
    return count


def check(data: bytes, name: str, read: Callable[[str], object], errors: tuple[type[ImageTaggingError], ...]) -> object:
    """Return what is read of a file with this content, ``None`` after one of the errors; any other is a finding."""
    path = os.path.join(_folder().name, name)
    with open(path, "wb") as file:
        file.write(data)
    try:
        with only_reading():
            return read(path)
    except errors as error:
        message = str(error)
        assert path in message, message
        assert "\n" not in message, message
        assert len(message) < _LONGEST_MESSAGE, message
        return None


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzz-files-")
