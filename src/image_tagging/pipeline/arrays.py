"""Images, as paths or as pictures in memory, to arrays of embeddings and of scores: nothing is written.

Files are read and decoded as in stage 1, with its limits, so that a picture has the same embedding in both.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np
from numpy.typing import NDArray

from ..addresses import ImageRef
from ..encoders import DEFAULT_PRETRAINED, Encoder, EncoderChoice
from ..errors import EncoderMismatchError, InputError, UnknownTagError
from ..files import StrPath, name_or_path
from ..progress import Progress
from ..records import EncoderSpec, Failure
from ..tag_models import TagModels, load_tag_models
from ..text import counted, did_you_mean, escaped
from .configs import ComputeConfig
from .embedder import LOCAL, Vector, vectors_of
from .given_images import GivenImages, PrepareGiven
from .shown_progress import shown
from .stage_encoder import agreed_encoder

if TYPE_CHECKING:
    from PIL import Image

#: What an image may be given as.
GivenImage = Union[str, "os.PathLike[str]", ImageRef, "Image.Image", NDArray[np.uint8]]

#: How an image is named: by its path, or by its place among those given, from 0.
Name = Union[str, int]


@dataclass(frozen=True, eq=False, repr=False)
class ImageEmbeddings:
    """The embeddings of images, a row for each image that was given, in the same order.

    ``embeddings`` is (N, D) float32, not normalised. The row of an image that cannot be used is NaN: ``usable`` (N,)
    says which rows are numbers, and ``failures`` why the others are not, in their order. ``names`` are the paths that
    were given, and for a picture its place, from 0.
    """

    names: tuple[Name, ...]
    embeddings: NDArray[np.float32]
    usable: NDArray[np.bool_]
    failures: tuple[Failure, ...]
    encoder: EncoderSpec

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"<ImageEmbeddings: {_counts(self)}, {self.embeddings.shape[1]} numbers each, of {self.encoder.label}>"


@dataclass(frozen=True, eq=False, repr=False)
class ImageScores:
    """The scores of images, a row for each image that was given and a column for each tag.

    ``probabilities`` is (N, M) float64 and ``tagged`` (N, M) says whether they reach the ``thresholds`` (M,) of the
    models. ``tags`` and ``kinds`` name the columns. ``names``, ``usable`` and ``failures`` are as in
    :class:`ImageEmbeddings`; the row of an image that cannot be used is NaN, and it has no tag.
    """

    names: tuple[Name, ...]
    tags: tuple[str, ...]
    kinds: tuple[str, ...]
    probabilities: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    tagged: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    failures: tuple[Failure, ...]

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"<ImageScores: {_counts(self)}, {counted(len(self.tags), 'tag')}>"


def embed_images(
    images: Union[GivenImage, Iterable[GivenImage]],
    encoder: Union[str, EncoderSpec, Encoder] = "builtin",
    *,
    pretrained: StrPath = DEFAULT_PRETRAINED,
    progress: Union[bool, Progress] = False,
    **settings: Any,
) -> ImageEmbeddings:
    """Return the embedding of every image, in the order given; nothing is written.

    Parameters
    ----------
    images : path, ImageRef, PIL image or array, or several of them
        Files are decoded as in stage 1; ``ImageRef("photos.zip", ("cat.png",))`` is a member of an archive. An array is
        (H, W, 3) uint8, RGB. Several may be any iterable, of mixed sorts, which is read as it is needed.
    encoder : str, EncoderSpec or Encoder
        ``builtin``, a model of open_clip with its ``pretrained`` tag or weights file, the encoder of embeddings that
        are there (``models.encoder``), or one that :func:`load_encoder` gave, which is not loaded again.
    progress : bool or Progress
        ``True`` shows a bar; a function is called as ``watch`` of :func:`process_dataset` is.
    **settings
        ``batch_size``, ``num_threads``, ``device``, ``precision``, ``max_megapixels``, ``image_seconds``,
        ``use_truncated``, ``archive_encoding``: as of :func:`process_dataset`.

    Raises
    ------
    InputError
        A setting is wrong, or what was given is no image, path or address.
    EncoderError
        The encoder or its device is not available.
    """
    config = ComputeConfig(**settings)
    ready = _load(encoder, name_or_path(pretrained, "pretrained"), config)
    given = GivenImages(images, config.limits)
    vectors: list[Vector] = []
    with shown(progress) as watch:
        work = PrepareGiven(config, ready.preprocess)
        outcomes = LOCAL.run(
            work,
            lambda: lambda batch: vectors_of(ready, batch),
            given,
            batch_size=config.batch_size,
            threads=config.num_threads,
        )
        with closing(outcomes):
            for vector in outcomes:
                vectors.append(vector)
                watch("embedding", len(vectors), given.total)
    embeddings = np.full((len(vectors), ready.spec.dim), np.nan, dtype=np.float32)
    usable = np.array([not isinstance(vector, Failure) for vector in vectors], dtype=np.bool_)
    for row, vector in zip(embeddings, vectors):
        if not isinstance(vector, Failure):
            row[:] = vector
    failures = tuple(vector for vector in vectors if isinstance(vector, Failure))
    return ImageEmbeddings(tuple(given.names), embeddings, usable, failures, ready.spec)


def score_images(
    images: Union[ImageEmbeddings, GivenImage, Iterable[GivenImage]],
    models: Union[TagModels, StrPath],
    *,
    kind: Optional[str] = None,
    encoder: Optional[Encoder] = None,
    progress: Union[bool, Progress] = False,
    **settings: Any,
) -> ImageScores:
    """Return the probability of every tag for every image, in the order given; nothing is written.

    Parameters
    ----------
    images : ImageEmbeddings, or as :func:`embed_images` takes them
        What :func:`embed_images` returned is scored as it is.
    models : TagModels or path
        What :func:`load_tag_models` returned, or a folder of models or one of them.
    kind : str, optional
        The kind of the models, such as ``ovr-svm``; without it the kind that answers for each tag.
    encoder : Encoder, optional
        The encoder of the models as :func:`load_encoder` gave it: where its weights are a local file, or so that it
        is not loaded again.
    progress, **settings
        As of :func:`embed_images`.

    Raises
    ------
    EncoderMismatchError
        The embeddings, or the encoder, are not those of the models.
    ModelError
        There is no usable model, or none of this kind.
    InputError, EncoderError
        As :func:`embed_images` does.
    """
    models = models if isinstance(models, TagModels) else load_tag_models(models)
    columns = _columns(models, kind)
    given = images.encoder if isinstance(images, ImageEmbeddings) else encoder.spec if encoder else None
    if given and columns.encoder:
        _require_encoder(given, columns.encoder)
    spec = agreed_encoder(columns, given)
    if isinstance(images, ImageEmbeddings):
        embedded = images
    else:
        embedded = embed_images(images, encoder or spec, progress=progress, **settings)
    probabilities = np.full((len(embedded), len(columns)), np.nan)
    if embedded.usable.any():
        probabilities[embedded.usable] = columns.probabilities(embedded.embeddings[embedded.usable])
    return ImageScores(
        names=embedded.names,
        tags=columns.tags,
        kinds=tuple(model.kind for model in columns),
        probabilities=probabilities,
        thresholds=columns.thresholds,
        tagged=np.greater_equal(probabilities, columns.thresholds),
        usable=embedded.usable,
        failures=embedded.failures,
    )


def _load(encoder: Union[str, EncoderSpec, Encoder], pretrained: str, config: ComputeConfig) -> Encoder:
    if isinstance(encoder, str):
        return EncoderChoice.by_name(encoder, pretrained, config.compute).load()
    if isinstance(encoder, EncoderSpec):
        return EncoderChoice.by_spec(encoder, None, config.compute).load()
    if not all(hasattr(encoder, name) for name in ("spec", "preprocess", "embed")):
        raise InputError(
            f"encoder is {str(encoder)[:100]!r}; give a name, an EncoderSpec or what load_encoder returned."
        )
    return encoder


def _columns(models: TagModels, kind: Optional[str]) -> TagModels:
    """Return one model per tag, ordered by tag: those that answer, or those of one kind."""
    tags = sorted(models.tags)
    if kind is None:
        return TagModels([models[tag] for tag in tags])
    of_kind = [models[tag, kind] for tag in tags if (tag, kind) in models]
    if not of_kind:
        kinds = sorted({model.kind for model in models})
        hint = did_you_mean(kind, kinds) or f" There are {', '.join(map(escaped, kinds))}."
        raise UnknownTagError(f"there is no model of the kind {escaped(str(kind))}.{hint}")
    return TagModels(of_kind)


def _require_encoder(given: EncoderSpec, needed: EncoderSpec) -> None:
    if not given.matches(needed):
        raise EncoderMismatchError(
            f"the embeddings are those of {given.label} ({given.dim} values), but the tag models were trained on "
            f"{needed.label} ({needed.dim}). Embed the images by encoder={needed.name!r}, or learn the tags again."
        )


def _counts(result: Union[ImageEmbeddings, ImageScores]) -> str:
    failed = f", {len(result.failures):,} of them not usable" if result.failures else ""
    return counted(len(result), "image") + failed
