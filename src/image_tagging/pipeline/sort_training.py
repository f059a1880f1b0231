"""Stage 2 as ``sort`` runs it: with a sample of the mountain as background, and only where something has changed."""

from __future__ import annotations

import hashlib
import heapq
import os
from collections.abc import Iterable, Set
from dataclasses import dataclass
from importlib.util import find_spec

from ..datasets import MOST_KEPT, RECORDS_MARK, draw_of, json_entries, record_writer
from ..files import absolute, stamp_of
from ..images import decoder_version
from ..progress import Progress
from ..records import EncoderSpec
from ..store import TRAINING, WorkingStore
from ..tag_models import MODELS_FOLDER
from ..writing import require_ours
from .sort_config import SortConfig
from .summaries import TrainSummary
from .train import REPORTS_FOLDER, train_tag_models
from .train_background import BACKGROUND_FILES
from .train_config import TrainConfig
from .train_verdicts import given_verdicts

#: Pictures of the mountain, examples aside, from which on tags are distinguished from it.
LEAST_BACKGROUND = 300

#: Counts the changes of what training gives: models of an earlier count are learned again.
_LEARNING = 2


@dataclass(frozen=True)
class Sample:
    """The pictures of the mountain, examples aside, that training draws: names, with the key of the first file.

    ``mountain`` counts all pictures that it has.
    """

    pictures: tuple[tuple[str, str], ...]
    mountain: int

    @property
    def is_enough(self) -> bool:
        """Whether tags can be distinguished from these pictures."""
        return len(self.pictures) >= LEAST_BACKGROUND


def draw_sample(store: WorkingStore, examples: Set[str]) -> Sample:
    """Return the sample of the pictures that a store lists; ``examples`` are the names of the examples.

    Training draws pictures by their names, and so does this: of a million, all would be 20 GB.
    """
    others = ((name, key) for name, key in store.pictures.names() if name not in examples)
    drawn = heapq.nsmallest(MOST_KEPT, others, key=lambda picture: draw_of(picture[0]))
    return Sample(tuple(sorted(drawn)), store.pictures.count()[1])


def require_background_ours(output: str) -> None:
    """Raise OutputError, before any work, where a file of others has the name of the background."""
    for name in BACKGROUND_FILES:
        require_ours(os.path.join(output, name), RECORDS_MARK)


def example_names(hash_to_tags: str) -> Set[str]:
    """Return the names of the examples, as stage 1 has listed them."""
    return {name for name, _ in json_entries(hash_to_tags)}


class SortTraining:
    """The training of one run: ``config`` is that of the run, ``files`` are those of stage 1."""

    def __init__(self, config: SortConfig, files: Iterable[str], encoder: EncoderSpec, sample: Sample) -> None:
        metadata, *_, tag_to_hash = files
        self._output = absolute(config.output)
        self._encoder = encoder
        self._sample = sample
        self._config = config
        self._background = os.path.join(self._output, BACKGROUND_FILES[0 if find_spec("pyarrow") else 1])
        self._stage = config.of_stage(
            TrainConfig,
            metadata_json=metadata,
            tag_to_hash_json=tag_to_hash,
            output=self._output,
            background=(self._background,) if sample.is_enough else (),
            pretrained=config.pretrained if config.prior != "none" else None,
        )
        # Read once, and before the training reads them: what a person says meanwhile is learned by the next run.
        self._verdicts = given_verdicts(self._output, config.verdicts, no_verdicts=config.no_verdicts)

    @property
    def verdict_tags(self) -> tuple[str, ...]:
        """The tags that there are verdicts on, in alphabetical order."""
        return tuple(sorted(self._verdicts.tags)) if self._verdicts else ()

    def write_background(self, store: WorkingStore) -> bool:
        """Write the background from a store that lists the mountain; return whether tags must be learned from it.

        Nothing is written where the models in the output folder were learned from the same, and are as they were.
        """
        if store.finished.made_from(TRAINING) == self._made_from():
            return False
        if self._sample.is_enough:
            with_input = bool(store.inputs.origins)
            with record_writer([self._background], self._encoder, tagged=False, with_input=with_input) as writer:
                names = (name for name, _ in self._sample.pictures)
                for record in store.pictures.records_of(names, self._encoder):
                    writer.add(record)
        return True

    def run(self, watch: Progress) -> TrainSummary:
        """Learn the tags, and remember what from."""
        summary = train_tag_models(self._stage, watch, mountain=self._sample.mountain)
        with WorkingStore(self._output, decoder_version(self._config)) as store:
            store.finished.finish(TRAINING, self._made_from())
        return summary

    def _made_from(self) -> str:
        """Return what changes when the training would give something else, or when its files were changed."""
        digest = hashlib.blake2b(digest_size=16)
        stage = self._stage
        aim = stage.threshold_for if isinstance(stage.threshold_for, str) else sorted(stage.threshold_for.items())
        settings = (stage.test_per, aim, stage.prior, stage.pretrained, stage.seed, stage.background)
        digest.update(repr((_LEARNING, self._encoder.label, settings)).encode("utf-8", "backslashreplace"))
        digest.update(self._verdicts.digest.encode() if self._verdicts else b"")
        for path in (stage.metadata_json, stage.tag_to_hash_json):
            with open(path, "rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        for picture in self._sample.pictures if self._sample.is_enough else ():
            digest.update("\n".join(picture).encode("utf-8", "backslashreplace"))
        return f"{digest.hexdigest()}/{models_digest(self._output)}"


def models_digest(output: str) -> str:
    """Return what changes when a file of the models or reports in an output folder is changed, added or removed."""
    digest = hashlib.blake2b(digest_size=16)
    for folder in (MODELS_FOLDER, REPORTS_FOLDER):
        for path in _files_in(os.path.join(output, folder)):
            digest.update(f"{path} {stamp_of(path)}\n".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _files_in(folder: str) -> list[str]:
    """Return the files in a folder, in order; none where it is missing."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if entry.is_file())
    except FileNotFoundError:
        return []
