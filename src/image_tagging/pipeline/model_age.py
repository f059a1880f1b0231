"""Whether tag models are those of the last training, and of the examples as they are now; by their cards alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Optional

import numpy as np

from ..datasets import TAG_TO_HASHES, TAGGED_METADATA, Background, HashList, read_tag_lists
from ..errors import MetadataError
from ..files import absolute
from ..records import EncoderSpec
from ..tag_models import MODELS_FOLDER, TagModels
from ..text import command_line, join_tags
from .train_background import BACKGROUND_FILES
from .train_config import TrainConfig


def dataset_digest(tag_lists: Mapping[str, HashList]) -> str:
    """Return what changes with the images and tags of a data set, and not with their order or where they lie."""
    digest = hashlib.blake2b(digest_size=16)
    for tag in sorted(tag_lists):
        name = tag.encode("utf-8", "backslashreplace")
        hashes = np.unique(tag_lists[tag].digests).tobytes()
        digest.update(b"%d %d\n" % (len(name), len(hashes)) + name + hashes)
    return digest.hexdigest()


def training_identity(
    config: TrainConfig, encoder: EncoderSpec, dataset: str, background: Optional[Background]
) -> dict[str, str]:
    """Return what cards say of the training that made them: the same for the same data and settings, at any time.

    ``run`` stands for all that it was made from, ``dataset`` for the images and tags alone.
    """
    digest = hashlib.blake2b(digest_size=16)
    aim = config.threshold_for if isinstance(config.threshold_for, str) else sorted(config.threshold_for.items())
    made_from = (dataset, encoder.label, config.test_per, aim, config.prior, config.seed)
    digest.update(repr(made_from).encode("utf-8", "backslashreplace"))
    for picture in background.pictures if background else ():
        digest.update(picture.hash_id.encode("utf-8", "backslashreplace") + b"\n")
    return {"run": digest.hexdigest(), "dataset": dataset}


def warn_of_age(models: TagModels, path: str) -> tuple[str, ...]:
    """Return sentences on models from ``path`` that are older than the examples, or not of the last training.

    Cards of earlier versions do not say what they were learned from, and models that a person has put together in a
    folder of another name need not be of one training: then there is no sentence.
    """
    output, name = os.path.split(absolute(path if os.path.isdir(path) else os.path.dirname(path)))
    if name != MODELS_FOLDER:
        return ()
    return (*_older(models, output), *_left_over(models, output))


def forget_command(tag: str, output: str) -> str:
    """Return the command that takes a tag away."""
    return command_line("forget", tag, "--output", output)


def _older(models: TagModels, output: str) -> Iterator[str]:
    """Yield a sentence where the examples next to the models are others than those that the models learned from."""
    lists = os.path.join(output, TAG_TO_HASHES)
    last = _last_run(models)
    learned_from = {model.card.dataset for model in models.models if model.card and model.card.run == last}
    if last is None or not os.path.exists(lists) or not _metadata(output):
        return
    with suppress(MetadataError):  # what is damaged, stage 2 says
        if learned_from != {dataset_digest(read_tag_lists(lists))}:
            learn = "The examples were processed again since the tag models were learned. To learn from them:"
            yield f"{learn} {_train_command(models, output)}"


def _train_command(models: TagModels, output: str) -> str:
    """Return the command that learns from the examples in an output folder, and from its background if models did."""
    lists = os.path.join(output, TAG_TO_HASHES)
    flags = ["--metadata_json", _metadata(output), "--tag_to_hash_json", lists]
    background = _first_there(output, *BACKGROUND_FILES)
    has_one = any(model.card and model.card.mountain for model in models.models)
    return command_line("train", *flags, *(("--background", background) if has_one and background else ()))


def _metadata(output: str) -> str:
    stem = os.path.splitext(TAGGED_METADATA)[0]
    return _first_there(output, f"{stem}.json", f"{stem}.parquet")


def _first_there(output: str, *names: str) -> str:
    """Return the first of these files that is in a folder; empty where none is."""
    paths = (os.path.join(output, name) for name in names)
    return next(filter(os.path.exists, paths), "")


def _left_over(models: TagModels, output: str) -> Iterator[str]:
    """Yield a sentence where some models are of an earlier training than the others."""
    last = _last_run(models)
    others = sorted({model.tag for model in models.models if model.card and model.card.run not in {None, last}})
    if last is not None and others:
        of = "a tag that is" if len(others) == 1 else "tags that are"
        yield (
            f"There are models of {of} not of the last training: {join_tags(others)}. It had no such tag, or could not "
            f"learn it. To take one away: {forget_command(others[0], output)}"
        )


def _last_run(models: TagModels) -> Optional[str]:
    """Return the training that made the newest of the models, ``None`` where no card says it."""
    made: dict[str, datetime] = {}
    for model in models.models:
        card = model.card
        if card and card.run and card.created and card.created.tzinfo:
            made[card.run] = max(card.created, made.get(card.run, card.created))
    return max(made, key=lambda run: made[run]) if made else None
