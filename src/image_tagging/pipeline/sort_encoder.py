"""The encoder of an output folder of ``sort``: that of its first run, until another is named."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Optional

from ..encoders import (
    DEFAULT_MODEL,
    DEFAULT_PRETRAINED,
    EncoderChoice,
    automatic_encoder,
    require_this_version,
)
from ..errors import EncoderMismatchError
from ..files import absolute
from ..records import EncoderSpec
from ..store import ENCODER, WorkingStore
from ..text import counted
from .sort_config import AUTO, SortConfig


@dataclass(frozen=True)
class SortEncoder:
    """The encoder of a run, and a sentence that says which it is and why."""

    choice: EncoderChoice
    sentence: str


def choose_encoder(config: SortConfig) -> SortEncoder:
    """Return the encoder that a run of ``sort`` uses.

    Raises
    ------
    EncoderUnavailableError
        There is none of the name that is given, as far as is known without loading it.
    OutputError
        The output folder cannot be written, or another run is working in it.
    """
    output = absolute(config.output)
    with WorkingStore(output) as store:
        kept = _kept(store)
        encoder = _named(config) if config.clip_model != AUTO else _chosen(config, kept)
        identity = (encoder.choice.name, encoder.choice.pretrained)
        again = ""
        if kept and (kept.name, kept.pretrained) != identity:
            missing = store.encoders.count_missing(kept, identity)
            are = "is" if missing == 1 else "are"
            again = f" {counted(missing, 'embedding')} by {kept.label} {are} computed again." if missing else ""
    return SortEncoder(encoder.choice, encoder.sentence + again)


def keep_encoder(store: WorkingStore, encoder: EncoderSpec) -> None:
    """Note the encoder in the output folder for later runs.

    That is once it has worked: a name that was mistyped, or weights that are not there, would be asked for ever after.
    """
    store.finished.finish(ENCODER, json.dumps((encoder.name, encoder.pretrained)))


def _kept(store: WorkingStore) -> Optional[EncoderSpec]:
    """Return the encoder of earlier runs into the folder, of ``sort`` or the stages; ``None`` where there is none."""
    try:
        name, pretrained = json.loads(store.finished.made_from(ENCODER) or "")
    except ValueError:
        return store.encoders.most_used()
    return store.encoders.find(name, pretrained) or store.encoders.most_used()


def _named(config: SortConfig) -> SortEncoder:
    weights = config.pretrained or DEFAULT_PRETRAINED
    choice = EncoderChoice.by_name(config.clip_model, weights, config.device, config.precision)
    return SortEncoder(choice, f"Encoder {_label(choice)}, as --clip_model says.")


def _chosen(config: SortConfig, kept: Optional[EncoderSpec]) -> SortEncoder:
    """Return the encoder where none is named: that of the folder or, in a new one, one that is available."""
    if kept and not _is_outdated(kept):
        choice = EncoderChoice.by_spec(kept, config.pretrained, config.device, config.precision)
        earlier = f"that of earlier runs into {config.output} (--clip_model changes it)"
        return SortEncoder(choice, f"Encoder {_label(choice)}, {earlier}.")
    if config.pretrained is not None and not kept:
        choice = EncoderChoice.by_name(DEFAULT_MODEL, config.pretrained, config.device, config.precision)
        return SortEncoder(choice, f"Encoder {_label(choice)}, as --pretrained says.")
    if kept:
        choice = EncoderChoice.by_name(kept.name, DEFAULT_PRETRAINED, config.device, config.precision)
        return SortEncoder(choice, f"Encoder {_label(choice)}, since {kept.label} is another version of it.")
    name, pretrained, why = automatic_encoder()
    choice = EncoderChoice.by_name(name, pretrained, config.device, config.precision)
    return SortEncoder(choice, f"Encoder {_label(choice)}, {why}.")


def _is_outdated(kept: EncoderSpec) -> bool:
    """Return whether an encoder is another version of the one that is here."""
    try:
        require_this_version(kept)
    except EncoderMismatchError:
        return True
    return False


def _label(choice: EncoderChoice) -> str:
    return EncoderSpec(choice.name, choice.pretrained, 0, "").label
