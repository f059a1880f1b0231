"""The whole job in one command: learn tags from examples, and sort a mountain of images by them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from functools import partial, reduce
from typing import Optional, Union

from ..datasets import HASH_TO_TAGS
from ..encoders import EncoderChoice
from ..errors import InputError
from ..exporters import PlacingPlan, ResultFormats, require_place, require_results_ours
from ..files import absolute
from ..images import decoder_version
from ..progress import Progress, Say, Step, Steps, no_progress, say_nothing
from ..records import EncoderSpec, Found
from ..runners import Runner
from ..store import Role, WorkingStore, one_run_at_a_time
from ..tag_models import MODELS_FOLDER, AnswerTally, load_tag_models
from .answers import folders_of, has_few_images, tag_answers
from .chosen_encoder import ChosenEncoder, choose_encoder
from .classify import Classified, StagePart, classify_found
from .configs import ClassifyConfig, ProcessConfig
from .embedder import LOCAL
from .embedding import embed_found, explain_no_images, find_by
from .found_items import FoundItems
from .input_files import empty_stage
from .kept_thresholds import require_aims
from .places import Places
from .process import process_found
from .settings_of_sort import remember_sort
from .shown_progress import shown
from .sort_config import SortConfig
from .sort_training import Sample, SortTraining, draw_sample, example_names, require_background_ours
from .stage_results import chosen_results, plan_results
from .summaries import EmbeddingSummary, ProcessSummary, SortSummary
from .train import REPORTS_FOLDER
from .train_verdicts import given_verdicts

log = logging.getLogger(__name__)

#: The steps, by what a person reads of them.
_EXAMPLES, _MOUNTAIN, _TAGS = "embedding the examples", "embedding the mountain", "learning the tags"
_FOLDERS, _ARCHIVES = "sorting images", "sorting images in archives"

#: About how many seconds a step takes: for each image, each tag, and each image again.
_TO_EMBED, _TO_LEARN, _TO_SORT = 0.03, 2.0, 0.003


def sort_images(
    config: SortConfig,
    watch: Progress = no_progress,
    encoder: Optional[ChosenEncoder] = None,
    runner: Runner = LOCAL,
    *,
    say: Say = say_nothing,
    progress: Union[bool, Progress] = False,
) -> SortSummary:
    """Learn tags from the examples, distinguish them from the mountain, and sort its images into bins.

    Everything goes into one output folder. The results are those of the stages run one by one with the same settings:
    stage 1 on the examples and, untagged, on the mountain, stage 2 with the mountain as background, stages 3 and 4.
    What an earlier run has computed is not computed again. ``watch`` gets one whole from all steps; ``encoder`` is what
    :func:`choose_encoder` gave for the same settings; ``say`` is called with what is going to be placed, before that.
    With ``progress=True`` a bar shows the progress.

    Raises
    ------
    InputError
        An input is missing, holds no usable image, or lies in the other so that its images would be examples.
    TrainingError
        No tag can be learned.
    EncoderError
        The encoder that was asked for, or its device, is not available.
    OutputError
        The output folder cannot be written, holds a file of others under a name of ours, another run works in it, or
        its disk has no room for the copies.
    """
    require_sortable(config)
    with one_run_at_a_time(absolute(config.output)), shown(progress, watch, of_steps=True) as report:
        return _sort(config, report, encoder or choose_encoder(config), runner, say)


def _sort(config: SortConfig, watch: Progress, encoder: ChosenEncoder, runner: Runner, say: Say) -> SortSummary:
    """Do the work of :func:`sort_images` in an output folder that no other run of it uses."""
    started = time.monotonic()
    log.info("%s", encoder.sentence)
    output, once = absolute(config.output), replace(config, retry_failures=False)
    _require_known_results(config)
    examples, mountain = (FoundItems(partial(_find, config, source), watch) for source in config.sources)
    require_place(config.place, archives=mountain.packed > 0)
    if not mountain.images:
        _embed_mountain(config, mountain, encoder.choice, watch, runner)  # which says what was found
    steps = Steps(watch, _steps(examples, mountain))
    process = _process_examples(config, examples, encoder.choice, steps.of(_EXAMPLES), runner)
    embedded = _embed_mountain(once, mountain, encoder.choice, steps.of(_MOUNTAIN), runner)
    sample, with_archives, in_both = _look_through(config, process)
    training = SortTraining(config, process.files, embedded.encoder, sample)
    with _store(config) as store:
        store.inputs.choose(Role.MOUNTAIN)
        is_new = training.write_background(store)
        remember_sort(store, config)
    train = training.run(steps.of(_TAGS)) if is_new else None
    configs = {archives: _stage(once, archives=archives) for archives in sorted(with_archives)}
    plan = _plan(next(iter(configs.values())), embedded.encoder, steps.of(_FOLDERS), say)
    stages: list[Optional[Classified]] = [None, None]
    for archives, stage in configs.items():
        part = StagePart(in_both if archives else frozenset(), is_few=has_few_images(embedded))
        watched = steps.of(_ARCHIVES if archives else _FOLDERS)
        stages[archives] = classify_found(stage, mountain, watched, runner, say=None, part=part)
    if config.fresh:
        _empty_others(once, with_archives)
    folder, archive = (stage and replace(stage.summary, plan=plan) for stage in stages)
    tally = reduce(AnswerTally.joined, (stage.tally for stage in stages if stage))
    folders = folders_of(stage.answers for stage in (folder, archive) if stage)
    return SortSummary(
        encoder=encoder.sentence,
        process=process,
        mountain=embedded,
        background=len(sample.pictures) if sample.is_enough else 0,
        train=train,
        folder=folder,
        archive=archive,
        answers=tag_answers(tally, folders, is_mountain=True),
        with_tag=tally.with_tag,
        output=output,
        page=os.path.join(output, REPORTS_FOLDER, "index.html"),
        seconds=time.monotonic() - started,
        verdict_tags=training.verdict_tags,
    )


def require_sortable(config: SortConfig) -> None:
    """Raise an error, before any work, where the settings or the inputs cannot be used."""
    require_aims(config.threshold_for)
    require_place(config.place, archives=False, source=config.mountain)
    for source in config.sources:
        _find(config, source)
    examples, mountain = (os.path.realpath(source) for source in config.sources)
    if mountain != examples and os.path.join(mountain, "").startswith(os.path.join(examples, "")):
        raise InputError(
            f"the mountain {config.mountain} lies in the examples {config.examples}, so that its images would be "
            "examples of a tag. Move one of the two out of the other."
        )
    require_background_ours(absolute(config.output))
    given_verdicts(config.output, config.verdicts, no_verdicts=config.no_verdicts)
    for archives in (False, True):
        require_results_ours(absolute(config.output), of_archives=archives)
    ResultFormats.of(config.results_format, absolute(config.output))


def _stage(config: SortConfig, *, archives: bool) -> ClassifyConfig:
    """Return the settings of stage 3 or 4."""
    models = os.path.join(absolute(config.output), MODELS_FOLDER)
    return config.of_stage(ClassifyConfig, directory=config.mountain, archives=archives, model=models)


def _empty_others(config: SortConfig, with_archives: Set[bool]) -> None:
    """Take the images of earlier runs out of the stage that this fresh run has no image for."""
    for archives in {False, True} - with_archives:
        with _store(config) as store:
            empty_stage(store, _stage(config, archives=archives))


def _require_known_results(config: SortConfig) -> None:
    """Raise OutputError, before any work, where the output folder has results of an input that nothing is known of."""
    with _store(config) as store:
        for archives in (False, True):
            chosen_results(store, _stage(config, archives=archives)).close()


def _find(config: SortConfig, source: str) -> Iterator[Found]:
    return find_by(config, absolute(source), tag_level=config.tag_level)


def _steps(examples: FoundItems, mountain: FoundItems) -> Mapping[str, Step]:
    loose = mountain.images - mountain.packed
    return {
        _EXAMPLES: Step(_TO_EMBED * examples.images, "embedding"),
        _MOUNTAIN: Step(_TO_EMBED * mountain.images, "embedding"),
        _TAGS: Step(_TO_LEARN * len(examples.tags), "training"),
        _FOLDERS: Step(_TO_SORT * loose, "scoring and placing"),
        _ARCHIVES: Step(_TO_SORT * mountain.packed, "scoring and placing"),
    }


def _store(config: SortConfig) -> WorkingStore:
    return WorkingStore(absolute(config.output), decoder_version(config))


def _process_examples(
    config: SortConfig, examples: FoundItems, choice: EncoderChoice, watch: Progress, runner: Runner
) -> ProcessSummary:
    """Run stage 1 on the examples."""
    stage1 = config.of_stage(
        ProcessConfig,
        input_folder=config.examples,
        clip_model=choice.name,
        pretrained=choice.pretrained,
    )
    return process_found(stage1, examples, choice, watch, runner)


def _embed_mountain(
    config: SortConfig, mountain: FoundItems, choice: EncoderChoice, watch: Progress, runner: Runner
) -> EmbeddingSummary:
    """Embed every image of the mountain, as stage 1 does of untagged images."""
    with _store(config) as store, explain_no_images(absolute(config.mountain)):
        store.inputs.choose(Role.MOUNTAIN, absolute(config.mountain))
        return embed_found(store, mountain, choice, config, watch, runner)


def _plan(stage: ClassifyConfig, encoder: EncoderSpec, watch: Progress, say: Say) -> Optional[PlacingPlan]:
    """Say what both stages are going to copy, before one of them does."""
    with WorkingStore(absolute(stage.output), decoder_version(stage)) as store:
        store.inputs.choose(Role.MOUNTAIN)
        models = load_tag_models(stage.model)
        formats = ResultFormats.of(stage.results_format, absolute(stage.output))
        return plan_results(store, models, Places(store, models, stage), encoder, formats, watch, say)


def _look_through(config: SortConfig, process: ProcessSummary) -> tuple[Sample, Set[bool], Set[str]]:
    """Return what may be drawn from the mountain, and whether its usable images lie in archives (or both).

    Last come the pictures that lie in archives and outside.
    """
    lists = next(path for path in process.files if os.path.basename(path) == HASH_TO_TAGS)
    with_archives: set[bool] = set()
    with _store(config) as store:
        store.inputs.choose(Role.MOUNTAIN)
        sample = draw_sample(store, example_names(lists))
        for file, _ in store.pictures.files():
            with_archives.add(bool(file.ref.members))
            if len(with_archives) == 2:
                break
        in_both = store.pictures.in_and_outside_archives()
    return sample, with_archives, in_both
