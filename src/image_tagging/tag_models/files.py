"""Tag models on disk: a ``.pkl`` that anyone's script can load with joblib, and a card next to it.

The card (``….json``, same stem) says what the estimator cannot: its encoder, its threshold, the images it learnt
from, and the SHA-256 of the ``.pkl`` it belongs to. Models published with the original have no card. Reading never
runs code of the file (:mod:`.safe_pickle`) and needs no scikit-learn, so any version's files load.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any, Callable, NamedTuple, Optional

from ..errors import ModelError, UnsafeModelError
from ..files import StrPath
from ..writing import names_below, new_file, require_ours
from .cards import CARD_MARK, DEFAULT_THRESHOLD, as_card_text, read_card, read_whole
from .estimator_arrays import scorer_of
from .kinds import readable_classes
from .models import TagModel, TagModels
from .names import (
    SUFFIX,
    find_model_files,
    generate_model_path,
    model_names,
    model_path,
    parse_model_name,
    require_model_name,
)
from .safe_pickle import read_pickle
from .scorers import SharedRows, share_rows

__all__ = [
    "files_of_tag",
    "generate_model_path",
    "load_tag_model",
    "load_tag_models",
    "model_names",
    "parse_model_name",
    "require_model_ours",
    "save_tag_model",
]

CARD_FORMAT = 1

# A machine over a hundred thousand support vectors of 512 numbers takes 0.4 GB; nothing real is larger than this.
_LARGEST_FILE = 2 << 30
# What the file of a model holds near its beginning or end: the names of the classes.
_MODEL_MARK = re.compile(rb"sklearn|numpy")
# Files named in one line.
_MOST_NAMED = 5
# Files that are read before they are used: enough for a thread never to wait, few enough to hold.
_READ_AHEAD = 2
# Bytes that are hashed in a tenth of a millisecond: a thread takes as long to begin.
_WORTH_A_THREAD = 200_000


def load_tag_models(path: StrPath) -> TagModels:
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
    models, unusable, rows = [], {}, SharedRows()
    with closing(_read_ahead(find_model_files(path))) as files:
        for file, content in files:
            try:
                models.append(load_tag_model(file, rows, content))
            except ModelError as error:
                unusable[file] = error
    if unusable:
        raise all_unusable(unusable)
    models.sort(key=lambda model: (model.kind, model.tag))
    for one, other in zip(models, models[1:]):
        if (one.kind, one.tag) == (other.kind, other.tag):
            raise ModelError(f"{one.file} and {other.file} are models of the same kind and tag. Remove one of them.")
    return TagModels(models)


def all_unusable(unusable: Mapping[str, ModelError]) -> ModelError:
    """One error for all files: the gravest in full, the others by their names, so that one look finds them all."""
    file, error = next((pair for pair in unusable.items() if isinstance(pair[1], UnsafeModelError)), None) or next(
        iter(unusable.items())
    )
    others = [os.path.basename(other) for other in unusable if other != file]
    if not others:
        return error
    named = ", ".join(others[:_MOST_NAMED]) + (" …" if len(others) > _MOST_NAMED else "")
    return type(error)(f"{error} Not usable either: {len(others):,} more next to it ({named}).")


class _Content(NamedTuple):
    """The bytes of a model file, and their SHA-256."""

    data: bytes
    sha256: str


def _read(file: str) -> _Content:
    data = read_whole(file, _LARGEST_FILE)
    return _Content(data, hashlib.sha256(data).hexdigest())


def _read_ahead(files: Sequence[str]) -> Generator[tuple[str, Callable[[], _Content]], None, None]:
    """Yield the files, and what gives their contents: large ones a thread reads and hashes while others are used."""
    thread = ThreadPoolExecutor(1)
    reading: deque[tuple[str, Callable[[], _Content]]] = deque()
    try:
        for file in files:
            reading.append((file, thread.submit(_read, file).result if _is_large(file) else partial(_read, file)))
            if len(reading) > _READ_AHEAD:
                yield reading.popleft()
        while reading:
            yield reading.popleft()
    finally:
        thread.shutdown(wait=True, cancel_futures=True)


def _is_large(file: str) -> bool:
    try:
        return os.path.getsize(file) >= _WORTH_A_THREAD
    except OSError:
        return False  # reading it says why


def load_tag_model(
    file: str, rows: Optional[SharedRows] = None, content: Optional[Callable[[], _Content]] = None
) -> TagModel:
    """Load one ``.pkl`` with the card next to it, if there is one; raises as :func:`load_tag_models` does.

    Models loaded with the same ``rows`` hold each support vector that several of them have once. ``content`` gives the
    content of the file where it has been read.
    """
    kind, tag = require_model_name(file)
    data, sha256 = content() if content else _read(file)
    card = read_card(card_path(file))
    if card is not None and card.sha256 != sha256:
        raise ModelError(
            f"{card_path(file)} belongs to another model file than the one next to it. Train the model again."
        )
    try:
        scorer = share_rows(scorer_of(read_pickle(data, readable_classes())), rows)
    except UnsafeModelError as error:
        raise UnsafeModelError(f"{file} was not loaded: {error}. Use models from someone you trust.") from error
    except ModelError as error:
        raise ModelError(f"{file} is not a usable tag model: {error}. Train it again or move it away.") from error
    encoder = card.encoder if card else None
    if encoder is not None and encoder.dim != scorer.dim:
        raise ModelError(
            f"{file} takes embeddings of {scorer.dim} numbers, and its card says {encoder.dim}. Train it again."
        )
    return TagModel(tag, kind, encoder, scorer, card.threshold if card else DEFAULT_THRESHOLD, file, card)


def save_tag_model(folder: str, tag: str, kind: str, estimator: object, card: Mapping[str, Any]) -> str:
    """Write a fitted estimator and its card; return the path of the ``.pkl``.

    Both are written aside and moved into place together. The card gets the items of ``card``, and also
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
    path = model_path(folder, kind, tag)
    require_model_ours(folder, tag, kind)  # both, before either is replaced
    data = io.BytesIO()
    joblib.dump(estimator, data)
    digest = hashlib.sha256(data.getbuffer()).hexdigest()
    content = {**card, "format": CARD_FORMAT, "kind": kind, "tag": tag, "sha256": digest}
    with new_file(path, _MODEL_MARK) as model_file, new_file(card_path(path), CARD_MARK) as card_file:
        model_file.write(data.getbuffer())
        card_file.write(as_card_text(content))
    return path


def require_model_ours(folder: str, tag: str, kind: str) -> None:
    """Raise OutputError where a file in ``folder`` has the name of this model or of its card, and is not ours."""
    path = model_path(folder, kind, tag)
    require_ours(path, _MODEL_MARK)
    require_ours(card_path(path), CARD_MARK)


def files_of_tag(output: str, folder: str, tag: str) -> list[str]:
    """Return the names of the models and cards of a tag in a folder below ``output``, by any spelling of the tag.

    Raises
    ------
    OutputError
        One of them is not ours, or the folder cannot be read.
    """
    names = []
    for name in names_below(output, folder):
        stem, suffix = os.path.splitext(name)
        mark = {SUFFIX: _MODEL_MARK, ".json": CARD_MARK}.get(suffix)
        if mark and (parse_model_name(stem + SUFFIX) or ("", None))[1] == tag:
            require_ours(os.path.join(output, folder, name), mark)
            names.append(name)
    return names


def card_path(file: str) -> str:
    """The path of the card that belongs to a ``.pkl``."""
    return file[: -len(SUFFIX)] + ".json"
