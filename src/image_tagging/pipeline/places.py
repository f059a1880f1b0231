"""What the images of one run of stage 3 or 4 are placed by, and what that means for what lies in the bins already."""

from __future__ import annotations

import hashlib
import logging
import os
from typing import NamedTuple, Optional

from ..addresses import ImageRef
from ..exporters import Placing, PlacingPlan, Planner, Scoring, take_out_images
from ..files import absolute, stamp_of
from ..progress import Progress, Say
from ..records import EncoderSpec
from ..settings import BY_TAG
from ..store import PLACING, UNFINISHED_PLACING, WorkingStore
from ..tag_models import TagModels, answering_kinds, bin_labels, quote_tag
from .configs import ClassifyConfig
from .examples import examples_among

log = logging.getLogger(__name__)

#: What begins the note of a folder in which all that was placed is remembered; earlier versions remembered nothing.
_REMEMBERED = "remembered:"


class FinishedPlaces(NamedTuple):
    """Whether the bins also hold what is not placed by these models; and files of images that no input has now.

    Those of the latter stay that somebody has changed, and those whose image is not where it was found.
    """

    mixed_bins: bool
    gone_removed: int
    gone_stayed: int


class Places:
    """The places of one run, noted in the store as unfinished from :meth:`begin` to :meth:`finish`."""

    def __init__(self, store: WorkingStore, models: TagModels, config: ClassifyConfig) -> None:
        self.config = config
        self._store = store
        self._models = models
        self._slots = {(folder, quote_tag(tag)) for kind, tag in models.names for folder in (kind, BY_TAG)}
        self._made_from = f"{_models_digest(models)}/{BY_TAG if config.name_with_score else config.output_bins}"
        self._stage = stage_name(config)
        self.placing = Placing(
            how=config.place,
            tagged_only=config.placed == "tagged",
            answers=answering_kinds(models.models) if config.name_with_score else None,
            models=models.names,
            examples=examples_among(store.pictures, os.path.dirname(store.path)),
            placed=store.placed,
            stage=self._stage,
            made_from=self._made_from,
            adopt=store.finished.made_from(UNFINISHED_PLACING) is not None,
        )

    def plan(self, encoder: EncoderSpec, results: int, watch: Progress, say: Say) -> Optional[PlacingPlan]:
        """Say what is going to be copied, and return it; ``None`` where nothing is copied.

        ``results`` is about the bytes of the files of scores.

        The pictures are scored for it, and again when they are placed: where all embeddings are known, that takes about
        a quarter of the run.

        Raises
        ------
        OutputError
            The disk has no room for it.
        """
        config, pictures = self.config, self._store.pictures
        if config.place not in {"copy", "hardlink"}:
            return None
        watch("counting what to place", 0, None)
        planner = Planner(absolute(config.output), self.placing, bin_labels(config.output_bins), config.directory or "")
        records, is_tagged = pictures.records(encoder), self.placing.tagged_only
        scored = Scoring(self._models, config.output_bins).to_place(records, tagged_only=is_tagged)
        plan = planner.plan(scored, results=results)
        plan.require_room()
        if plan.files:
            log.info("%s", plan.sentence)
            say(plan.sentence)
        return plan

    def begin(self) -> None:
        """Note that images are being placed."""
        if self.config.place != "none":
            self._store.finished.finish(UNFINISHED_PLACING, self._made_from)

    def finish(self) -> FinishedPlaces:
        """Remove what was placed of images that no input has now, and note that all images are placed."""
        if self.config.place == "none":
            return FinishedPlaces(mixed_bins=False, gone_removed=0, gone_stayed=0)
        gone = map(ImageRef.of_key, self._store.placed.unlisted(self._stage))
        removed, stayed = take_out_images(os.path.dirname(self._store.path), self._store.placed, gone)
        before = self._store.finished.made_from(PLACING)
        is_remembered = before is None or before.startswith(_REMEMBERED)
        self._store.finished.finish(PLACING, (_REMEMBERED if is_remembered else "") + self._made_from)
        self._store.finished.forget(UNFINISHED_PLACING)
        has_unknown = not is_remembered and before != self._made_from
        has_others = self._store.placed.has_others(self._stage, self._made_from) or self._holds_other_models()
        return FinishedPlaces(has_unknown or has_others, removed, stayed)

    def _holds_other_models(self) -> bool:
        """Return whether something lies in the bins of models that are not among those of this run."""
        output = os.path.dirname(self._store.path)
        return any(
            tuple(folder.split(os.sep)[:2]) not in self._slots and os.path.isdir(os.path.join(output, folder))
            for folder in self._store.placed.folders()
        )


def stage_name(config: ClassifyConfig) -> str:
    """Return the name of a stage in what is remembered of placed files."""
    return "4" if config.archives else "3"


def _models_digest(models: TagModels) -> str:
    """Return a digest that changes when a model is trained again, added or removed."""
    files = (f"{model.kind}/{model.tag}/{stamp_of(model.file) if model.file else ''}\n" for model in models.models)
    return hashlib.blake2b("".join(files).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
