"""The embeddings of all pictures of an output folder in one mapped file, which a review and a search share."""

from __future__ import annotations

import os
from typing import Any, Optional

from numpy.typing import NDArray

from ..errors import InputError, NoModelsError
from ..progress import Say
from ..records import EncoderSpec
from ..store import EMBEDDINGS_NAME, STORE_NAME, CollectedPicture, WorkingStore, open_array, write_array
from ..tag_models import MODELS_FOLDER, ListedModel, list_folder
from ..text import encodable

#: From so many pictures on it is said that reading them takes a while, and near-duplicates are found in the background.
MANY = 10_000


def require_output(folder: str) -> None:
    """Raise InputError where a folder is no output folder."""
    if not os.path.isfile(os.path.join(folder, STORE_NAME)):
        raise InputError(f"{folder} holds no {STORE_NAME}: give an output folder of sort, process or classify.")


def collect_embeddings(
    store: WorkingStore, folder: str, encoder: Optional[EncoderSpec], say: Say
) -> tuple[tuple[CollectedPicture, ...], EncoderSpec, NDArray[Any], str]:
    """Return the pictures, the encoder (that of most embeddings where none is given), the embeddings (N, D) float16,
    mapped, and what changes with these. The file is written where it is not there, or of other pictures.

    Raises
    ------
    InputError
        There is no picture yet.
    OutputError
        The file cannot be written.
    """
    encoder = encoder or store.encoders.most_used()
    pictures = tuple(store.collection.pictures())
    if encoder is None or not pictures:
        raise InputError(f"{folder} holds no picture yet: run image-tagging sort or process first.")
    stamp = store.collection.stamp(pictures, encoder)
    path = os.path.join(folder, EMBEDDINGS_NAME)
    embeddings = open_array(path, stamp)
    if embeddings is None:
        if len(pictures) >= MANY:
            say(f"Reading the embeddings of {len(pictures):,} pictures; only when there are new ones …")
        shape = (len(pictures), encoder.dim)
        write_array(path, stamp, shape, store.collection.vectors(pictures, encoder))
        embeddings = open_array(path, stamp)
    if embeddings is None:
        raise InputError(f"{path} was changed while it was written: start again.")
    return pictures, encoder, embeddings, stamp


def models_by_tag(folder: str) -> dict[str, list[ListedModel]]:
    """Return the models of each tag in an output folder, by their names and cards; none where nothing was trained."""
    models: dict[str, list[ListedModel]] = {}
    path = os.path.join(folder, MODELS_FOLDER)
    try:
        found = list_folder(path).models if os.path.isdir(path) else ()
    except NoModelsError:
        return models
    for model in found:
        models.setdefault(encodable(model.tag), []).append(model)
    return models


def encoder_of(models: dict[str, list[ListedModel]]) -> Optional[EncoderSpec]:
    """Return the encoder that models name, ``None`` where none does."""
    return next((model.encoder for of_tag in models.values() for model in of_tag if model.encoder), None)
