"""The encoder of an output folder: that of its first run, until another is named."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Optional, Union

from ..datasets import TAGGED_METADATA, read_embeddings
from ..encoders import (
    DEFAULT_MODEL,
    DEFAULT_PRETRAINED,
    EncoderChoice,
    automatic_encoder,
    require_this_version,
)
from ..errors import EncoderError, EncoderMismatchError, MetadataError
from ..files import absolute
from ..records import EncoderSpec
from ..store import ENCODER, STORE_NAME, WorkingStore
from ..text import counted
from .configs import ProcessConfig
from .sort_config import AUTO, SortConfig

#: What says which encoder a run uses.
Asked = Union[SortConfig, ProcessConfig]


@dataclass(frozen=True)
class ChosenEncoder:
    """The encoder of a run, and a sentence that says which it is and why.

    ``is_news`` says that the output folder has an encoder: this one, which nobody named, or another.
    """

    choice: EncoderChoice
    sentence: str
    is_news: bool = False


def choose_encoder(config: Asked) -> ChosenEncoder:
    """Return the encoder that a run of ``sort`` or of stage 1 uses.

    Raises
    ------
    EncoderUnavailableError
        There is none of the name that is given, as far as is known without loading it.
    OutputError
        The output folder cannot be read, or another run is working in it.
    """
    chosen = _chosen(config)
    if unused := chosen.choice.unused_hardware:
        return replace(chosen, sentence=f"{chosen.sentence} {unused}.", is_news=True)
    return chosen


def _chosen(config: Asked) -> ChosenEncoder:
    output = absolute(config.output if isinstance(config, SortConfig) else config.output_folder)
    if not os.path.exists(os.path.join(output, STORE_NAME)):
        kept = _of_metadata(output)
        return replace(_choose(config, kept), is_news=kept is not None)
    with WorkingStore(output) as store:
        kept = _kept(store) or _of_metadata(output)
        encoder = _choose(config, kept)
        identity = (encoder.choice.name, encoder.choice.pretrained)
        if kept is None:
            return encoder
        if (kept.name, kept.pretrained) == identity:
            return replace(encoder, is_news=config.clip_model is None)
        missing = store.encoders.count_missing(kept, identity)
    are = "is" if missing == 1 else "are"
    again = f" {counted(missing, 'embedding')} by {kept.label} {are} computed again." if missing else ""
    return ChosenEncoder(encoder.choice, encoder.sentence + again, is_news=True)


def keep_encoder(store: WorkingStore, encoder: EncoderSpec) -> None:
    """Note the encoder in the output folder for later runs.

    That is once it has worked: a name that was mistyped, or weights that are not there, would be asked for ever after.
    """
    identity = json.dumps((encoder.name, encoder.pretrained))
    if not store.finished.is_finished(ENCODER, identity):
        store.finished.finish(ENCODER, identity)


def _kept(store: WorkingStore) -> Optional[EncoderSpec]:
    """Return the encoder of earlier runs into the folder, of ``sort`` or the stages; ``None`` where there is none."""
    try:
        name, pretrained = json.loads(store.finished.made_from(ENCODER) or "")
    except ValueError:
        return store.encoders.most_used()
    return store.encoders.find(name, pretrained) or store.encoders.most_used()


def _of_metadata(output: str) -> Optional[EncoderSpec]:
    """Return the encoder of the metadata in a folder, ``None`` where there is none, or none that can be read."""
    stem = os.path.join(output, os.path.splitext(TAGGED_METADATA)[0])
    for path in (f"{stem}.json", f"{stem}.parquet"):
        if os.path.exists(path):
            with suppress(MetadataError, EncoderError):  # what is not ours is left as it is, and a run says so
                return read_embeddings(path)[0]
    return None


def _choose(config: Asked, kept: Optional[EncoderSpec]) -> ChosenEncoder:
    if config.clip_model is None or config.clip_model == AUTO:
        return _of_folder(config, kept) if kept else _of_new_folder(config)
    weights = config.pretrained or DEFAULT_PRETRAINED
    choice = EncoderChoice.by_name(config.clip_model, weights, config.compute)
    return ChosenEncoder(choice, f"Encoder {_label(choice)}, as --clip_model says.")


def _of_folder(config: Asked, kept: EncoderSpec) -> ChosenEncoder:
    """Return the encoder where none is named, and the folder has one."""
    if config.clip_model is None and config.pretrained and not _may_be_weights_of(kept, config.pretrained):
        return _of_new_folder(config)
    if _is_outdated(kept):
        choice = EncoderChoice.by_name(kept.name, DEFAULT_PRETRAINED, config.compute)
        return ChosenEncoder(choice, f"Encoder {_label(choice)}, since {kept.label} is another version of it.")
    choice = EncoderChoice.by_spec(kept, config.pretrained, config.compute)
    output = config.output if isinstance(config, SortConfig) else config.output_folder
    earlier = f"that of earlier runs into {output} (--clip_model changes it)"
    return ChosenEncoder(choice, f"Encoder {_label(choice)}, {earlier}.")


def _may_be_weights_of(kept: EncoderSpec, pretrained: str) -> bool:
    """Return whether weights may be those of the folder's encoder: of its tag, or a file where those are one, too."""
    return pretrained == kept.pretrained or ("@" in kept.pretrained and os.path.isfile(pretrained))


def _of_new_folder(config: Asked) -> ChosenEncoder:
    """Return the encoder where none is named, and the folder has none."""
    if config.pretrained is not None:
        choice = EncoderChoice.by_name(DEFAULT_MODEL, config.pretrained, config.compute)
        return ChosenEncoder(choice, f"Encoder {_label(choice)}, as --pretrained says.")
    name, pretrained, why = DEFAULT_MODEL, DEFAULT_PRETRAINED, "the default (--clip_model names another)"
    if config.clip_model == AUTO:
        name, pretrained, why = automatic_encoder()
    choice = EncoderChoice.by_name(name, pretrained, config.compute)
    return ChosenEncoder(choice, f"Encoder {_label(choice)}, {why}.")


def _is_outdated(kept: EncoderSpec) -> bool:
    """Return whether an encoder is another version of the one that is here."""
    try:
        require_this_version(kept)
    except EncoderMismatchError:
        return True
    return False


def _label(choice: EncoderChoice) -> str:
    return EncoderSpec(choice.name, choice.pretrained, 0, "").label
