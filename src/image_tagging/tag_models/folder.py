"""What a folder of tag models holds, and what one model is: read from names and cards, for people.

Of a folder no ``.pkl`` is read: two thousand of them may take gigabytes. What stages 3 and 4 would refuse is reported,
as far as names and cards show it; whether a file itself is sound is found when its model is looked at alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Callable, Optional

from ..errors import ModelError, NoModelsError
from ..files import StrPath
from ..records import EncoderSpec
from ..text import as_tag, did_you_mean, escaped, tag_in_words
from .cards import ModelCard, read_card
from .files import all_unusable, card_path, load_tag_model
from .names import find_model_files, parse_model_name, require_model_name


@dataclass(frozen=True)
class ListedModel:
    """A model by its name. ``card`` is ``None`` where it has none, as those published with the original.

    ``dim``, the length of the embeddings that it takes, is known where the model was loaded.
    """

    kind: str
    tag: str
    file: str
    card: Optional[ModelCard]
    dim: Optional[int] = None

    @property
    def encoder(self) -> Optional[EncoderSpec]:
        """The encoder that its card names."""
        return self.card.encoder if self.card else None


@dataclass(frozen=True)
class ModelList:
    """Models by tag, then kind. ``faults`` are sentences, one for each reason why stages 3 and 4 would use none."""

    models: tuple[ListedModel, ...]
    faults: tuple[str, ...]

    @property
    def encoders(self) -> tuple[str, ...]:
        """The encoders that cards name, in words."""
        return tuple(sorted({model.encoder.label for model in self.models if model.encoder}))


def list_folder(path: StrPath) -> ModelList:
    """What the folder ``path`` holds.

    Raises
    ------
    NoModelsError
        It does not exist, or holds no ``.pkl``.
    ModelError
        It cannot be read, or by their names and cards none of its models is usable; the message names them.
    """
    found = _list(find_model_files(path), _listed)
    return replace(found, faults=(*found.faults, *_doubles(found.models), *_mixed(found.models)))


def examine(path: StrPath, tag: Optional[str] = None) -> ModelList:
    """The model that the file ``path`` is, or those of one ``tag`` in a folder, each loaded as stages 3 and 4 do.

    Raises
    ------
    NoModelsError
        There is none.
    ModelError
        None of them is usable; the message says why.
    """
    files = find_model_files(path)
    if tag is not None:
        tag = as_tag(tag)
        files = [file for file in files if (parse_model_name(file) or ("", None))[1] == tag]
        if not files:
            hint = did_you_mean(tag, (name[1] for name in map(parse_model_name, find_model_files(path)) if name))
            shown = escaped(tag_in_words(tag))
            raise NoModelsError(
                f"there is no model of the tag {shown} at {path}.{hint} Without --tag all of them are listed."
            )
    return _list(files, lambda file: replace(_listed(file), dim=load_tag_model(file).dim))


def _list(files: Iterable[str], look: Callable[[str], ListedModel]) -> ModelList:
    models: list[ListedModel] = []
    unusable: dict[str, ModelError] = {}
    for file in files:
        try:
            models.append(look(file))
        except ModelError as error:
            unusable[file] = error
    if not models:
        raise all_unusable(unusable)
    models.sort(key=lambda model: (model.tag, model.kind))
    return ModelList(tuple(models), tuple(map(str, unusable.values())))


def _listed(file: str) -> ListedModel:
    kind, tag = require_model_name(file)
    return ListedModel(kind, tag, file, read_card(card_path(file)))


def _doubles(models: Sequence[ListedModel]) -> Iterator[str]:
    for one, other in zip(models, models[1:]):
        if (one.kind, one.tag) == (other.kind, other.tag):
            yield f"{one.file} and {other.file} are models of the same kind and tag. Remove one of them."


def _mixed(models: Sequence[ListedModel]) -> Iterator[str]:
    # As `EncoderSpec.matches` has it; models whose encoder is not known go with any.
    named = (model.encoder for model in models if model.encoder)
    counts = Counter((f"{encoder.label} ({encoder.dim} numbers)") for encoder in named)
    if len(counts) > 1:
        counted = ", ".join(f"{encoder}: {count:,}" for encoder, count in counts.most_common())
        yield f"The models belong to {len(counts)} encoders ({counted}). Keep them in folders of their own."
