"""Training in the background while a person goes on judging: as ``sort`` did in this folder, or as ``train`` does."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Optional

from ...datasets import TAG_TO_HASHES, TAGGED_METADATA
from ...errors import ImageTaggingError, InputError
from ...progress import Progress
from ..settings_of_sort import remembered_sort
from ..sort import sort_images
from ..train import train_tag_models
from ..train_background import BACKGROUND_FILES
from ..train_config import TrainConfig

IDLE, RUNNING, DONE, FAILED = "idle", "running", "done", "failed"


@dataclass(frozen=True)
class RetrainState:
    """How far the training is: ``state`` is idle, running, done or failed; ``said`` is a sentence for the page."""

    state: str = IDLE
    said: str = ""
    share: float = 0.0


class Retraining:
    """One training at a time in an output folder; ``then`` is called on its thread when it has succeeded."""

    def __init__(self, folder: str, then: Callable[[], None]) -> None:
        self._folder = folder
        self._then = then
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self.state = RetrainState()
        #: When the last training began that succeeded, as verdicts have times: later ones it has not learned.
        self.learned_until: Optional[str] = None

    @property
    def is_running(self) -> bool:
        """Whether a training is at work."""
        return self.state.state == RUNNING

    def start(self) -> RetrainState:
        """Start a training, unless one runs; return its state."""
        with self._lock:
            if not self.is_running:
                self.state = RetrainState(RUNNING, "Training starts …")
                self._thread = threading.Thread(target=self._run, name="retraining", daemon=True)
                self._thread.start()
            return self.state

    def _run(self) -> None:
        begun = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                said = _train(self._folder, self._watch)
            self.learned_until = begun
            self._then()
        except ImageTaggingError as error:
            self.state = RetrainState(FAILED, f"The training failed: {error}")
        else:
            self.state = RetrainState(DONE, said, 1.0)
        finally:
            if self.is_running:  # an error of this program, which the thread prints: the review goes on
                self.state = RetrainState(FAILED, "The training failed; the terminal says why. Verdicts are kept.")

    def _watch(self, activity: str, done: int, total: Optional[int]) -> None:
        share = min(done / total, 1.0) if total else self.state.share
        self.state = replace(self.state, said=f"Training: {activity}", share=share)


def _train(folder: str, watch: Progress) -> str:
    of_sort = remembered_sort(folder)
    if of_sort is not None:
        summary = sort_images(of_sort, watch)
        return f"Trained, and the mountain is sorted again, in {summary.seconds:.0f} s."
    stem, lists = os.path.join(folder, os.path.splitext(TAGGED_METADATA)[0]), os.path.join(folder, TAG_TO_HASHES)
    metadata = next((path for path in (f"{stem}.json", f"{stem}.parquet") if os.path.isfile(path)), None)
    if metadata is None or not os.path.isfile(lists):
        raise InputError(f"{folder} holds no data set to train from: run image-tagging sort, or process and train.")
    background = [path for path in (os.path.join(folder, name) for name in BACKGROUND_FILES) if os.path.isfile(path)]
    config = TrainConfig(output=folder, metadata_json=metadata, tag_to_hash_json=lists, background=background[:1])
    train_tag_models(config, watch)
    return "Trained. To place images by the new models: run image-tagging classify."
