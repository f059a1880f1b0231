"""Stage 2: tag models for every tag of a data set, each with its card and its report."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Optional

from ..datasets import (
    audit_dataset,
    gather,
    read_embeddings,
    read_tag_lists,
)
from ..encoders import EncoderChoice, near_duplicate_cosine, require_this_version
from ..errors import EncoderMismatchError, EncoderUnavailableError, InputError, MetadataError, ModelError, TrainingError
from ..files import absolute, longest_name, stamp_of
from ..progress import Progress, no_progress
from ..records import EncoderSpec, ImportedEmbedding
from ..reports import RunReport, require_report_ours, require_reports_ours, write_report
from ..settings import PRIORS
from ..store import StoreFile
from ..tag_models import (
    find_model_files,
    kind_names,
    load_tag_models,
    model_path,
    require_model_ours,
    save_tag_model,
)
from ..text import tag_in_words
from ..training import LearnedTag, TagLearner, TextPrior, Training, ValidationReport, one_thread_a_product, parse_aim
from ..writing import folder_below, remove_leftovers
from .configs import TrainConfig
from .next_images import CommonFolder, mountain_of
from .summaries import TrainSummary
from .tag_warnings import warn_of_spelling
from .train_background import background_of

MODELS_FOLDER = "models"
REPORTS_FOLDER = "reports"

#: The most tags named in a sentence.
_NAMED = 3


def train_tag_models(
    config: TrainConfig, watch: Progress = no_progress, *, mountain: Optional[int] = None
) -> TrainSummary:
    """Learn the models of every tag, and write each with its card and its report.

    ``mountain`` is how many pictures the mountain has, where the background is a sample of it.

    Raises
    ------
    MetadataError
        One of the two files is missing, malformed or something else.
    TrainingError
        No tag can be learned, or the two files belong to different data sets.
    EncoderMismatchError
        The embeddings are those of another version of the embedded encoder, or the weights given for reading the
        names of tags those of another encoder.
    OutputError
        The output folder cannot be written, holds a file that is not ours under a name of ours, or another run is
        working in it.
    """
    started = time.monotonic()
    aim = parse_aim(config.threshold_for)
    tag_lists = read_tag_lists(config.tag_to_hash_json)
    encoder, images = read_embeddings(config.metadata_json)
    stamp = stamp_of(config.metadata_json)
    require_this_version(encoder)
    data = gather(images, tag_lists, nearly_the_same=near_duplicate_cosine(encoder))
    background = background_of(config.background, encoder, data, watch, mountain)
    watch("checking the data set", 0, None)
    advice = audit_dataset(data)
    prior, prior_warnings = choose_prior(config.prior, config.pretrained, encoder, data.tags, watch)
    learner = TagLearner(data, encoder, seed=config.seed, aim=aim, prior=prior, background=background)
    common = CommonFolder()
    writer = _Writer(
        absolute(config.output), RunReport(data, encoder, seed=config.seed, aim=aim, background=background)
    )
    watch("training", 0, len(data.tags))
    # Nothing is stored: holding the store file prevents two runs from writing into one folder. BLAS comes first: it is
    # found in the list of mapped files, which cannot be read once the store lies in a folder whose name is no text.
    with one_thread_a_product(), StoreFile(writer.output):
        writer.open_folders(data.tags)
        _learn(Training(data, learner, test_share=config.test_per, longest_name=writer.longest_name), writer, watch)
        if not writer.reports:
            why = "; ".join(f"{tag_in_words(tag)}: {reason}" for tag, reason in writer.skipped[:1]) or "it names no tag"
            raise TrainingError(f"no tag of {config.tag_to_hash_json} can be learned ({why}).")
        watch("writing the reports", 0, None)
        shown = common.of(_again(config.metadata_json, stamp))
        _, page = writer.run.write(writer.reports_folder, shown, advice, writer.skipped)
        leftover = leftover_warnings(writer.models_folder, writer.reports)
    return TrainSummary(
        images=len(data.embeddings),
        encoder=encoder,
        reports=tuple(writer.reports),
        background=None if background is None else len(background),
        skipped=tuple(writer.skipped),
        unknown=data.unknown,
        warnings=(*prior_warnings, *warn_of_spelling(data.tags), *leftover),
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
    directory = place[0] if os.path.exists(place[0]) else ""  # images may have been moved since
    return {"metadata": absolute(metadata), "directory": directory, "in_archives": place[1]}


def _learn(training: Training, writer: _Writer, watch: Progress) -> None:
    """Learn tag after tag, and write what each has learned."""
    with closing(training.run()) as learned_tags:
        for number, learned in enumerate(learned_tags, start=1):
            writer.add(learned)
            watch("training", number, len(training.tags))


def _again(path: str, stamp: str) -> Iterator[ImportedEmbedding]:
    """Return the images of the metadata file once more, in the same order."""
    if stamp_of(path) != stamp:
        raise MetadataError(f"{path} was changed while tags were learned from it. Run stage 2 again.")
    return read_embeddings(path)[1]


class _Writer:
    """Writes what each tag has learned, and keeps what the summary and the report of the run need."""

    def __init__(self, output: str, run: RunReport) -> None:
        self.output = output
        self.run = run
        self.models_folder = os.path.join(output, MODELS_FOLDER)
        self.reports_folder = os.path.join(output, REPORTS_FOLDER)
        self.reports: list[ValidationReport] = []
        self.skipped: list[tuple[str, str]] = []

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
            save_tag_model(self.models_folder, learned.tag, model.report.kind, model.estimator, model.card)
            write_report(self.reports_folder, model.report, model.card.get("mountain"))
            self.run.add(model)
            self.reports.append(model.report)


def choose_prior(
    asked: str, weights: Optional[str], encoder: EncoderSpec, tags: Sequence[str], watch: Progress = no_progress
) -> tuple[Optional[TextPrior], tuple[str, ...]]:
    """Return the prior from the names of the tags, and warnings about names that are not used.

    The prior is ``None`` where none is requested, and where the text encoder of the ``encoder`` is not available: then
    tags are learned from images alone, and a warning says so and why.

    Raises
    ------
    InputError
        The prior is unknown, or ``weights`` (a file) are given without a prior that needs them.
    EncoderMismatchError
        The weights are those of another encoder.
    """
    if asked not in PRIORS:
        raise InputError(f"{asked!r} is not a prior: use {' or '.join(PRIORS)}.")
    if asked == "none":
        if weights is not None:
            raise InputError(
                "pretrained names the weights file for --prior=text only. Leave it out, or add --prior=text."
            )
        return None, ()
    try:
        reader = EncoderChoice.by_spec(encoder, weights).load_text()
        prior = TextPrior.of(_counted(tags, watch), reader.embed_texts)
    except EncoderUnavailableError as error:
        why = error.reason.rstrip(".")
        return None, (f"The names of tags are not used (--prior=text), tags are learned from images alone: {why}.",)
    if not prior.without:
        return prior, ()
    unused = ", ".join(tag for tag, _ in prior.without[:_NAMED]) + (" …" if len(prior.without) > _NAMED else "")
    reasons = "; or ".join(dict.fromkeys(reason for _, reason in prior.without))
    return prior, (f"Names that are not used in training their tags: {unused} ({reasons}).",)


def _counted(tags: Sequence[str], watch: Progress) -> Iterator[str]:
    for number, tag in enumerate(tags):
        watch("reading the names of tags", number, len(tags))
        yield tag


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
    tag_names = ", ".join(others[:_NAMED]) + (" …" if len(others) > _NAMED else "")
    return (
        f"{models} also holds models of other tags ({tag_names}), which stages 3 and 4 will use too. "
        "Move them away if they are not wanted.",
    )
