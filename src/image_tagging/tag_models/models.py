"""Trained tag models, and how a set of them scores a whole batch.

A tag model is binary: class 0 is the tag, class 1 is other, as in the models published with the original. Scoring works
on plain arrays (:mod:`.scorers`) and needs no scikit-learn.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import EncoderError, EncoderMismatchError, NoModelsError, UnknownTagError
from ..records import EncoderSpec
from ..text import as_tag, command_line, did_you_mean, escaped, tag_in_words
from .average_precision import AveragePrecision
from .cards import ModelCard
from .names import MODELS_FOLDER
from .scorers import Scorer, ScorerStack


@dataclass(frozen=True, eq=False, repr=False)
class TagModel:
    """One trained model: the probability that an image has ``tag``.

    ``encoder`` is ``None`` where it is not known (models without a card, as the original's), ``threshold`` the
    probability from which an image counts as having the tag, ``file`` where the model was loaded from, and ``card`` the
    card next to it.
    """

    tag: str
    kind: str
    encoder: Optional[EncoderSpec]
    scorer: Scorer
    threshold: float = 0.5
    file: Optional[str] = None
    card: Optional[ModelCard] = None

    @property
    def dim(self) -> int:
        """D, the length of the embeddings it takes."""
        return self.scorer.dim

    @property
    def precision(self) -> Optional[AveragePrecision]:
        """The one average precision of the model with its interval, ``None`` where no card says it."""
        return self.card.precision if self.card else None

    def probabilities(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """Embeddings (N, D), not normalised -> (N,) float64; raises as :meth:`TagModels.probabilities` does."""
        return TagModels([self]).probabilities(embeddings)[:, 0]

    def __repr__(self) -> str:
        encoder = self.encoder.label if self.encoder else "an encoder not named"
        tag = escaped(tag_in_words(self.tag))
        return f"<TagModel {tag}: {escaped(self.kind)}, {encoder}, threshold {self.threshold:.2f}>"


@dataclass(frozen=True, eq=False, repr=False)
class TagModels:
    """Tag models that score together, in a fixed order.

    ``models["cat"]`` is the one that answers for a tag (:func:`.answers.answering_kinds`), ``models["cat", "ovr-svm"]``
    that of a kind, and ``"cat" in models`` says whether there is one. Iteration gives all of them in their order, and
    ``len`` counts them. An unknown tag or kind raises an ``UnknownTagError``, which is a ``KeyError``.

    Raises
    ------
    NoModelsError
        There is none.
    EncoderMismatchError
        They belong to different encoders, or take embeddings of different lengths.
    """

    models: Sequence[TagModel]

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", tuple(self.models))
        if not self.models:
            raise NoModelsError("there is no tag model to score with. Train some first, or name their folder.")
        _require_one_encoder(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def __iter__(self) -> Iterator[TagModel]:
        return iter(self.models)

    def __contains__(self, key: object) -> bool:
        tag, kind = key if isinstance(key, tuple) and len(key) == 2 else (key, None)
        return isinstance(tag, str) and any(
            model.tag == as_tag(tag) and kind in {None, model.kind} for model in self.models
        )

    def __getitem__(self, key: Union[str, tuple[str, str]]) -> TagModel:
        tag, kind = key if isinstance(key, tuple) and len(key) == 2 else (key, None)
        if not isinstance(tag, str):
            raise TypeError(f"tag models are indexed by a tag, or by a tag and a kind, and not by {key!r}")
        of_tag = {model.kind: model for model in self.models if model.tag == as_tag(tag)}
        if not of_tag:
            raise UnknownTagError(f"there is no model of {_in_words('tag', tag)}.{self._hint(tag, kind)}")
        if kind is None:
            from .answers import answering_kinds  # here, because it imports this module

            return of_tag[answering_kinds(of_tag.values())[as_tag(tag)]]
        if kind not in of_tag:
            hint = did_you_mean(kind, of_tag) or f" It has {', '.join(map(escaped, of_tag))}."
            raise UnknownTagError(f"there is no model of {_in_words('tag', tag)} and {_in_words('kind', kind)}.{hint}")
        return of_tag[kind]

    def _hint(self, tag: str, kind: Optional[str]) -> str:
        if isinstance(kind, str) and (kind, tag) in self:
            return " The tag comes first, then the kind."
        return did_you_mean(tag, self.tags)

    def __repr__(self) -> str:
        from .notebooks import in_one_line

        return in_one_line(self)

    def _repr_html_(self) -> str:
        from .notebooks import as_html

        return as_html(self)

    @property
    def tags(self) -> tuple[str, ...]:
        """Their tags, each once, in the order of the models."""
        return tuple(dict.fromkeys(model.tag for model in self.models))

    @property
    def names(self) -> list[tuple[str, str]]:
        """Kind and tag of each model, in the order of the columns of :meth:`probabilities`."""
        return [(model.kind, model.tag) for model in self.models]

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """(M,) float64: the probability from which an image counts as having the tag, in the order of :attr:`names`."""
        return np.array([model.threshold for model in self.models], dtype=np.float64)

    @property
    def encoder(self) -> Optional[EncoderSpec]:
        """The encoder of all of them, ``None`` where no model says it."""
        return next((model.encoder for model in self.models if model.encoder is not None), None)

    @property
    def dim(self) -> int:
        """D, the length of the embeddings they take."""
        return self.models[0].dim

    def probabilities(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """Embeddings (N, D), not normalised -> probabilities (N, M) float64, M in the order of :attr:`names`.

        Computed in float64 and in chunks: a row does not depend on its neighbours (less than 1e-12), and memory
        in addition to the result stays bounded. Support vectors may be kept in float32, where that changes no
        probability by more than 1e-6.

        Raises
        ------
        EncoderMismatchError
            The embeddings are not rows of length D.
        EncoderError
            A row holds what is no number; the message says which rows.
        """
        x = np.asarray(embeddings, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise EncoderMismatchError(
                f"the tag models take embeddings (N, {self.dim}) and were given {x.shape}. Use those of their encoder."
            )
        _require_numbers(x)
        return self._stack.probabilities(x)

    @cached_property
    def _stack(self) -> ScorerStack:
        return ScorerStack([model.scorer for model in self.models])


def _in_words(what: str, name: object) -> str:
    return f"the {what} {escaped(tag_in_words(str(name)))}"


def _require_one_encoder(models: Sequence[TagModel]) -> None:
    """Models whose encoder is not known go with any encoder of their dimension."""
    first = next((model for model in models if model.encoder is not None), models[0])
    for model in models:
        if not _go_together(first, model):
            newer, older = sorted((first, model), key=_time, reverse=True)
            raise EncoderMismatchError(
                "tag models of different encoders cannot score together: "
                f"{_belongs(newer)}, {_belongs(older)}. Keep them in two folders{_how_to_forget(older)}."
            )


def _time(model: TagModel) -> float:
    """Return when a model was made, in seconds; those whose cards do not say it are the oldest."""
    created = model.card.created if model.card else None
    return created.timestamp() if created else float("-inf")


def _how_to_forget(model: TagModel) -> str:
    """Return the end of a sentence: how a model of an earlier training is taken out of an output folder."""
    folder, name = os.path.split(os.path.dirname(os.path.abspath(model.file or "")))
    if not model.file or name != MODELS_FOLDER:
        return ""
    command = command_line("forget", model.tag, "--output", folder)
    return f"; where {tag_in_words(escaped(model.tag))} is left over from an earlier training: {command}"


def _go_together(one: TagModel, other: TagModel) -> bool:
    if one.dim != other.dim:
        return False
    return one.encoder is None or other.encoder is None or one.encoder.matches(other.encoder)


def _belongs(model: TagModel) -> str:
    encoder = "an encoder not named" if model.encoder is None else model.encoder.label
    return f"{model.file or f'{model.kind} {model.tag}'} belongs to {encoder} ({model.dim} numbers)"


def _require_numbers(x: NDArray[np.float64]) -> None:
    # Embeddings are float32: beyond its range is as little an embedding as NaN is, and would overflow below.
    bad = np.flatnonzero(~(np.abs(x) <= float(np.finfo(np.float32).max)).all(axis=1))
    if bad.size:
        shown = ", ".join(str(row) for row in bad[:10]) + (" …" if bad.size > 10 else "")
        raise EncoderError(f"embeddings that hold what is no number cannot be scored: rows {shown} of {len(x)}.")
