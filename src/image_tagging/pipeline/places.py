"""What the images of one run of stage 3 or 4 are placed by, and what that means for what lies in the bins already."""

from __future__ import annotations

import hashlib
import os

from ..addresses import ImageRef
from ..exporters import Placing, take_out
from ..files import stamp_of
from ..store import PLACING, UNFINISHED_PLACING, WorkingStore
from ..tag_models import TagModels, quote_tag
from .configs import ClassifyConfig

#: What begins the note of a folder in which all that was placed is remembered; earlier versions remembered nothing.
_REMEMBERED = "remembered:"


class Places:
    """The places of one run, noted in the store as unfinished until :meth:`finish`."""

    def __init__(self, store: WorkingStore, models: TagModels, config: ClassifyConfig) -> None:
        self.config = config
        self._store = store
        self._kinds = {(kind, quote_tag(tag)) for kind, tag in models.names}
        self._made_from = f"{_models_digest(models)}/{config.output_bins}"
        self._stage = stage_name(config)
        was_killed = store.finished.made_from(UNFINISHED_PLACING) is not None
        if config.place != "none":
            store.finished.finish(UNFINISHED_PLACING, self._made_from)
        self.placing = Placing(
            how=config.place,
            tagged_only=config.placed == "tagged",
            placed=store.placed,
            stage=self._stage,
            made_from=self._made_from,
            adopt=was_killed,
        )

    def finish(self) -> bool:
        """Note that all images are placed; return whether bins also hold what is not placed by these models."""
        if self.config.place == "none":
            return False
        before = self._store.finished.made_from(PLACING)
        is_remembered = before is None or before.startswith(_REMEMBERED)
        self._store.finished.finish(PLACING, (_REMEMBERED if is_remembered else "") + self._made_from)
        self._store.finished.forget(UNFINISHED_PLACING)
        has_unknown = not is_remembered and before != self._made_from
        return has_unknown or self._store.placed.has_others(self._stage, self._made_from) or self._holds_other_models()

    def take_out_gone(self) -> tuple[int, int]:
        """Remove from the bins what was placed of images that no input has now; return how many files stay, too.

        Those stay that somebody has changed, and those whose image is not where it was found.
        """
        if self.config.place == "none":
            return 0, 0
        gone = map(ImageRef.of_key, self._store.placed.unlisted(self._stage))
        return take_out(os.path.dirname(self._store.path), self._store.placed, gone)

    def _holds_other_models(self) -> bool:
        """Return whether something lies in the bins of models that are not among those of this run."""
        output = os.path.dirname(self._store.path)
        return any(
            tuple(folder.split(os.sep)[:2]) not in self._kinds and os.path.isdir(os.path.join(output, folder))
            for folder in self._store.placed.folders()
        )


def stage_name(config: ClassifyConfig) -> str:
    """Return the name of a stage in what is remembered of placed files."""
    return "4" if config.archives else "3"


def _models_digest(models: TagModels) -> str:
    """Return a digest that changes when a model is trained again, added or removed."""
    files = (f"{model.kind}/{model.tag}/{stamp_of(model.file) if model.file else ''}\n" for model in models.models)
    return hashlib.blake2b("".join(files).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
