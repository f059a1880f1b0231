"""Stage 2: tag models for every tag of a data set, each with its card and its report."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, Optional, Union

from ..datasets import (
    NotedImages,
    VerdictLabel,
    audit_dataset,
    gather,
    read_embeddings,
    read_tag_lists,
)
from ..encoders import near_duplicate_cosine, require_this_version
from ..errors import EncoderMismatchError, ModelError, TrainingError
from ..files import absolute, is_url, longest_name
from ..progress import Progress, no_progress
from ..reports import RunReport, require_report_ours, require_reports_ours, write_report
from ..store import StoreFile
from ..tag_models import (
    MODELS_FOLDER,
    find_model_files,
    kind_names,
    load_tag_models,
    model_path,
    require_model_ours,
    save_tag_model,
)
from ..text import join_tags, tag_in_words
from ..training import LearnedTag, TagLearner, Training, ValidationReport, as_aim, one_thread_a_product
from ..writing import folder_below, remove_leftovers
from .kept_thresholds import aims_of, kept_thresholds
from .learned_verdicts import write_learned
from .model_age import dataset_digest, forget_command, training_identity
from .next_images import CommonFolder, mountain_of
from .prior_choice import choose_prior
from .remote_files import at_hand
from .shown_progress import shown
from .summaries import TrainSummary
from .tag_warnings import warn_of_spelling
from .train_background import background_of
from .train_config import TrainConfig
from .train_verdicts import given_verdicts

REPORTS_FOLDER = "reports"

#: The most tags named in a sentence.
_NAMED = 3


def train_tag_models(
    config: TrainConfig,
    watch: Progress = no_progress,
    *,
    mountain: Optional[int] = None,
    progress: Union[bool, Progress] = False,
) -> TrainSummary:
    """Learn the models of every tag, and write each with its card and its report.

    ``mountain`` is how many pictures the mountain has, where the background is a sample of it. ``watch`` is called with
    the progress, and with ``progress=True`` a bar shows it.

    Raises
    ------
    MetadataError
        One of the two files is missing, malformed or something else.
    TrainingError
        No tag can be learned, or the two files belong to different data sets.
    VerdictsError
        The file of verdicts is missing where it was named, or cannot be used.
    EncoderMismatchError
        The embeddings are those of another version of the embedded encoder, or the weights given for reading the
        names of tags those of another encoder.
    OutputError
        The output folder cannot be written, holds a file that is not ours under a name of ours, or another run is
        working in it.
    """
    # BLAS comes first: it is found in the list of mapped files, which cannot be read once a store lies in a folder
    # whose name is no text.
    with at_hand(config) as here, shown(progress, watch) as report, one_thread_a_product():
        return _train(here, report, mountain)


def _train(config: TrainConfig, watch: Progress, mountain: Optional[int]) -> TrainSummary:
    """Do the work of :func:`train_tag_models`."""
    started = time.monotonic()
    tag_lists, common, noted = read_tag_lists(config.tag_to_hash_json), CommonFolder(), NotedImages()
    verdicts = given_verdicts(config.output, config.verdicts, no_verdicts=config.no_verdicts)
    aim, aims = aims_of(config.threshold_for, tag_lists.keys() | (verdicts.tags if verdicts else set()))
    encoder, images = read_embeddings(config.metadata_json)
    require_this_version(encoder)
    labels = verdicts.with_pictures(config, encoder, noted) if verdicts else None
    images = noted.of(common.of(images))
    data = gather(images, tag_lists, nearly_the_same=near_duplicate_cosine(encoder), verdicts=labels)
    background = background_of(config.background, encoder, data, watch, mountain)
    watch("checking the data set", 0, None)
    advice = audit_dataset(data)
    prior, prior_warnings = choose_prior(config.prior, config.pretrained, encoder, data.tags, watch)
    writer = _Writer(
        absolute(config.output), RunReport(data, encoder, seed=config.seed, aim=aim, background=background)
    )
    kept, kept_warnings = kept_thresholds(writer.models_folder, [tag for tag in data.tags if tag not in aims])
    aims = {**{tag: as_aim(asked) for tag, asked in kept.items()}, **aims}
    learner = TagLearner(data, encoder, seed=config.seed, aim=aim, prior=prior, background=background, aims=aims)
    identity = training_identity(config, encoder, dataset_digest(tag_lists), background)
    writer.note(verdicts.marked(identity) if verdicts else identity, kept, verdicts.labels if verdicts else ())
    watch("training", 0, len(data.tags))
    # Nothing is stored: holding the store file prevents two runs from writing into one folder.
    with StoreFile(writer.output):
        writer.open_folders(data.tags)
        _learn(Training(data, learner, test_share=config.test_per, longest_name=writer.longest_name), writer, watch)
        if not writer.reports:
            why = "; ".join(f"{tag_in_words(tag)}: {reason}" for tag, reason in writer.skipped[:1]) or "it names no tag"
            raise TrainingError(f"no tag of {config.tag_to_hash_json} can be learned ({why}).")
        watch("writing the reports", 0, None)
        _, page = writer.run.write(writer.reports_folder, noted, advice, writer.skipped)
        leftover = leftover_warnings(writer.models_folder, writer.reports)
    return TrainSummary(
        images=len(data.embeddings),
        encoder=encoder,
        reports=tuple(writer.reports),
        background=None if background is None else len(background),
        skipped=tuple(writer.skipped),
        unknown=data.unknown,
        verdicts=verdicts.used(data) if verdicts else None,
        warnings=(*prior_warnings, *kept_warnings, *warn_of_spelling(data.tags), *leftover),
        advice=advice,
        models=writer.models_folder,
        reports_folder=writer.reports_folder,
        page=page,
        seconds=time.monotonic() - started,
        **_next_images(config, common),
    )


def _next_images(config: TrainConfig, common: CommonFolder) -> dict[str, Any]:
    """Return where the images are that are to be scored next, by the names of the summary."""
    metadata, place = config.metadata_json, (common.path, common.in_archives)
    if config.background:
        metadata, place = config.background[0], mountain_of(config.background[0])
    directory = place[0] if is_url(place[0]) or os.path.exists(place[0]) else ""  # images may have been moved since
    return {"metadata": absolute(metadata), "directory": directory, "in_archives": place[1]}


def _learn(training: Training, writer: _Writer, watch: Progress) -> None:
    """Learn tag after tag, and write what each has learned."""
    with closing(training.run()) as learned_tags:
        for number, learned in enumerate(learned_tags, start=1):
            writer.add(learned)
            watch("training", number, len(training.tags))
    writer.note_learned()


class _Writer:
    """Writes what each tag has learned, and keeps what the summary and the report of the run need."""

    def __init__(self, output: str, run: RunReport) -> None:
        self.output = output
        self.run = run
        self.models_folder = os.path.join(output, MODELS_FOLDER)
        self.reports_folder = os.path.join(output, REPORTS_FOLDER)
        self.reports: list[ValidationReport] = []
        self.skipped: list[tuple[str, str]] = []
        self._identity: Mapping[str, str] = {}
        self._kept: Mapping[str, str] = {}
        self._said: Sequence[VerdictLabel] = ()

    def note(self, identity: Mapping[str, str], kept: Mapping[str, str], said: Sequence[VerdictLabel]) -> None:
        """Take what cards say of the training, the thresholds by tag that a person has set, and the verdicts."""
        self._identity, self._kept, self._said = identity, kept, said

    def note_learned(self) -> None:
        """Write which verdicts the models have learned, where there are models."""
        if self.reports:
            write_learned(self.output, self._identity["run"], self._said)

    @property
    def longest_name(self) -> int:
        """How long the names of model files may be."""
        return longest_name(self.models_folder)

    def open_folders(self, tags: Iterable[str]) -> None:
        """Make the folders, while no other run writes there; OutputError where that fails or a file is not ours."""
        remove_leftovers(folder_below(self.output, MODELS_FOLDER), folder_below(self.output, REPORTS_FOLDER))
        require_reports_ours(self.reports_folder)
        for tag in tags:
            for kind in kind_names():
                require_model_ours(self.models_folder, tag, kind)
                require_report_ours(self.reports_folder, kind, tag)

    def add(self, learned: LearnedTag) -> None:
        """Write the models of one tag with their text reports; OutputError where a file cannot be written."""
        if learned.why_not:
            self.skipped.append((learned.tag, learned.why_not))
        for model in learned.models:
            asked = self._kept.get(learned.tag)
            card = {**model.card, **self._identity, **({} if asked is None else {"threshold_set": asked})}
            save_tag_model(self.models_folder, learned.tag, model.report.kind, model.estimator, card)
            write_report(self.reports_folder, model.report, model.card.get("mountain"))
            self.run.add(model)
            self.reports.append(model.report)


def leftover_warnings(models: str, reports: Sequence[ValidationReport]) -> tuple[str, ...]:
    """Return warnings about models of an earlier training in the folder, which stages 3 and 4 would use too.

    ``reports`` are those of the models that were written.
    """
    written = {model_path(models, report.kind, report.tag) for report in reports}
    if written.issuperset(find_model_files(models)):
        return ()
    try:
        present = {tag for _, tag in load_tag_models(models).names}
    except (ModelError, EncoderMismatchError) as error:
        return (str(error),)
    if not (others := sorted(present.difference(report.tag for report in reports))):
        return ()
    tag_names = join_tags(others, _NAMED)
    return (
        f"{models} also holds models of other tags ({tag_names}), which stages 3 and 4 will use too. If they are not "
        f"wanted: {forget_command(others[0], os.path.dirname(models))}",
    )
