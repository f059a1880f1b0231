"""Tag models on disk: a ``.pkl`` that anyone's script can load with joblib, and a card beside it.

The card (``….json``, same stem) says what the estimator cannot: its encoder, its threshold, the images it learnt
from, and the SHA-256 of the ``.pkl`` it belongs to. Models published with the original have no card. Reading never
runs code of the file (:mod:`image_tagging.safe_pickle`) and needs no scikit-learn, so any version's files load.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional, Union

from .classifiers import TagModel, TagModels
from .errors import ModelError, UnsafeModelError
from .estimator_arrays import scorer_of
from .files import write_aside
from .model_names import SUFFIX, find_model_files, generate_model_path, model_names, model_stem, parse_model_name
from .records import EncoderSpec
from .safe_pickle import read_pickle

__all__ = [
    "generate_model_path",
    "load_tag_model",
    "load_tag_models",
    "model_names",
    "parse_model_name",
    "save_tag_model",
]

CARD_FORMAT = 1

# A machine over a hundred thousand support vectors of 512 numbers takes 0.4 GB; nothing real is larger than this.
_LARGEST_FILE = 2 << 30
# A card takes 1 kB; JSON of nothing but brackets makes 25 times its size of lists.
_LARGEST_CARD = 1 << 20
# Files named in one line.
_MOST_NAMED = 5
# Characters; such a text is shown to people.
_LONGEST_TEXT = 1000


def load_tag_models(path: str) -> TagModels:
    """Load every ``.pkl`` of a folder, or the one file ``path``; ordered by kind, then tag.

    Raises
    ------
    NoModelsError
        There is no model at ``path``.
    ModelError
        A file cannot be used; the message names every one. ``UnsafeModelError`` where one asks for code. The others
        are not used without it: scores that lack a tag would look complete.
    EncoderMismatchError
        The models belong to different encoders.
    """
    models, unusable = [], {}
    for file in find_model_files(os.fspath(path)):
        try:
            models.append(load_tag_model(file))
        except ModelError as error:
            unusable[file] = error
    if unusable:
        raise _all_of(unusable)
    models.sort(key=lambda model: (model.kind, model.tag))
    for one, other in zip(models, models[1:]):
        if (one.kind, one.tag) == (other.kind, other.tag):
            raise ModelError(f"{one.file} and {other.file} are models of the same kind and tag. Remove one of them.")
    return TagModels(models)


def _all_of(unusable: Mapping[str, ModelError]) -> ModelError:
    """One error for all files: the gravest in full, the others by their names, so that one look finds them all."""
    file, error = next((pair for pair in unusable.items() if isinstance(pair[1], UnsafeModelError)), None) or next(
        iter(unusable.items())
    )
    others = [os.path.basename(other) for other in unusable if other != file]
    if not others:
        return error
    named = ", ".join(others[:_MOST_NAMED]) + (" …" if len(others) > _MOST_NAMED else "")
    return type(error)(f"{error} Not usable either: {len(others):,} more beside it ({named}).")


def load_tag_model(file: str) -> TagModel:
    """Load one ``.pkl`` with the card beside it, if there is one; raises as :func:`load_tag_models` does."""
    name = parse_model_name(file)
    if name is None:
        raise ModelError(f"{file} has no name of a tag model. Call it model-<kind>-tag-<tag>{SUFFIX}, or move it away.")
    data = _read(file, _LARGEST_FILE)
    card = _read_card(_card_path(file), hashlib.sha256(data).hexdigest())
    try:
        scorer = scorer_of(read_pickle(data))
    except UnsafeModelError as error:
        raise UnsafeModelError(f"{file} was not loaded: {error}. Use models from someone you trust.") from error
    except ModelError as error:
        raise ModelError(f"{file} is not a usable tag model: {error}. Train it again or move it away.") from error
    if card.encoder is not None and card.encoder.dim != scorer.dim:
        raise ModelError(
            f"{file} takes embeddings of {scorer.dim} numbers, and its card says {card.encoder.dim}. Train it again."
        )
    return TagModel(name[1], name[0], card.encoder, scorer, card.threshold, file)


def save_tag_model(folder: str, tag: str, kind: str, estimator: object, card: Mapping[str, Any]) -> str:
    """Write a fitted estimator and its card; return the path of the ``.pkl``.

    Both are written aside and moved into place together. The card gets the items of ``card`` and beside them
    ``format``, ``kind``, ``tag`` and ``sha256``; ``encoder`` (name, pretrained, dim, preprocess) and ``threshold``
    are read back by :func:`load_tag_models`.

    Raises
    ------
    OutputError
        The files cannot be written.
    ModelError
        The tag is empty, or the estimator is not one that can be loaded again.
    """
    import joblib  # here, because only whoever trains needs it

    if not tag or not kind:
        raise ModelError("a tag model needs a tag and a kind: one of them is empty.")
    scorer_of(estimator)
    path = os.path.join(folder, model_stem(kind, tag) + SUFFIX)
    data = io.BytesIO()
    joblib.dump(estimator, data)
    digest = hashlib.sha256(data.getbuffer()).hexdigest()
    content = {**card, "format": CARD_FORMAT, "kind": kind, "tag": tag, "sha256": digest}
    with write_aside(path) as model_aside, write_aside(_card_path(path)) as card_aside:
        with open(model_aside, "wb") as file:
            file.write(data.getbuffer())
        with open(card_aside, "wb") as file:
            # A tag may hold what is no Unicode text (an odd folder name); JSON can spell it with an escape.
            text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
            file.write((text + "\n").encode("utf-8", "backslashreplace"))
    return path


@dataclass(frozen=True)
class _Card:
    encoder: Optional[EncoderSpec] = None
    threshold: float = 0.5


def _read_card(path: str, digest: str) -> _Card:
    """What the card says of the ``.pkl`` with this SHA-256; a model without a card is usable, its encoder unknown."""
    if not os.path.lexists(path):
        return _Card()
    try:
        content = json.loads(_read(path, _LARGEST_CARD).decode("utf-8-sig"))
        claimed = content["sha256"]
        card = _Card(_encoder(content.get("encoder")), _threshold(content.get("threshold", _Card.threshold)))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelError(f"{path} is not the card of a tag model. Train the model again or remove the card.") from error
    if claimed != digest:
        raise ModelError(f"{path} belongs to another model file than the one beside it. Train the model again.")
    if not 0 <= card.threshold <= 1:
        raise ModelError(f"{path} has a threshold outside 0 to 1. Train the model again.")
    return card


def _threshold(value: Union[int, float]) -> float:
    if type(value) not in {int, float}:  # what float() would make a number of: true, and a text
        raise TypeError("a threshold is a number")
    return float(value)


def _encoder(value: Optional[Mapping[str, Any]]) -> Optional[EncoderSpec]:
    if value is None:
        return None
    texts = [value["name"], value["pretrained"], value.get("preprocess", "")]
    if not all(isinstance(text, str) and len(text) <= _LONGEST_TEXT for text in texts) or type(value["dim"]) is not int:
        raise TypeError("an encoder is described by short texts and a whole number")
    return EncoderSpec(texts[0], texts[1], value["dim"], texts[2])


def _card_path(file: str) -> str:
    return file[: -len(SUFFIX)] + ".json"


def _read(path: str, limit: int) -> bytes:
    try:
        # Only a regular file has a size to check, and none of the others (a pipe) may be waited for.
        if os.path.exists(path) and not os.path.isfile(path):
            raise ModelError(f"{path} is no file. Move it away.")
        size = os.path.getsize(path)
        if size > limit:
            raise ModelError(f"{path} is larger than any tag model ({limit >> 20:,} MB). Move it away.")
        with open(path, "rb") as file:
            return file.read(size)  # what is written to it meanwhile is not followed
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}.") from error
