"""The whole job in one command: learn tags from examples, and sort a mountain of images by them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from functools import partial
from typing import Optional

from ..datasets import HASH_TO_TAGS
from ..encoders import EncoderChoice
from ..errors import InputError
from ..exporters import require_place, require_results_ours
from ..files import absolute
from ..images import decoder_version
from ..progress import Progress, Step, Steps, no_progress
from ..records import Found
from ..runners import Runner
from ..store import Role, WorkingStore, one_run_at_a_time
from ..training import parse_aim
from .classify import chosen_results, classify_found
from .configs import ClassifyConfig, ProcessConfig
from .embedder import LOCAL
from .embedding import embed_images, explain_no_images, find_by
from .found_items import FoundItems
from .input_files import empty_stage
from .process import process_found
from .sort_config import SortConfig
from .sort_encoder import SortEncoder, choose_encoder, keep_encoder
from .sort_training import Sample, SortTraining, draw_sample, example_names, require_background_ours
from .summaries import ClassifySummary, EmbeddingSummary, ProcessSummary, SortSummary
from .train import MODELS_FOLDER, REPORTS_FOLDER

log = logging.getLogger(__name__)

#: The steps, by what a person reads of them.
_EXAMPLES, _MOUNTAIN, _TAGS = "embedding the examples", "embedding the mountain", "learning the tags"
_FOLDERS, _ARCHIVES = "sorting images", "sorting images in archives"

#: About how many seconds a step takes: for each image, each tag, and each image again.
_TO_EMBED, _TO_LEARN, _TO_SORT = 0.03, 2.0, 0.003


def sort_images(
    config: SortConfig,
    watch: Progress = no_progress,
    encoder: Optional[SortEncoder] = None,
    runner: Runner = LOCAL,
) -> SortSummary:
    """Learn tags from the examples, distinguish them from the mountain, and sort its images into bins.

    Everything goes into one output folder. The results are those of the stages run one by one with the same settings:
    stage 1 on the examples and, untagged, on the mountain, stage 2 with the mountain as background, stages 3 and 4.
    What an earlier run has computed is not computed again. ``watch`` gets one whole from all steps; ``encoder`` is what
    :func:`choose_encoder` gave for the same settings.

    Raises
    ------
    InputError
        An input is missing, holds no usable image, or lies in the other so that its images would be examples.
    TrainingError
        No tag can be learned.
    EncoderError
        The encoder that was asked for, or its device, is not available.
    OutputError
        The output folder cannot be written, holds a file of others under a name of ours, or another run works in it.
    """
    require_sortable(config)
    with one_run_at_a_time(absolute(config.output)):
        return _sort(config, watch, encoder or choose_encoder(config), runner)


def _sort(config: SortConfig, watch: Progress, encoder: SortEncoder, runner: Runner) -> SortSummary:
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
    sample, with_archives = _look_through(config, process)
    training = SortTraining(config, process.files, embedded.encoder, sample)
    with _store(config) as store:
        store.inputs.choose(Role.MOUNTAIN)
        is_new = training.write_background(store)
    train = training.run(steps.of(_TAGS)) if is_new else None
    stages: list[Optional[ClassifySummary]] = [None, None]
    for archives, step in ((False, _FOLDERS), (True, _ARCHIVES)):
        stage = _stage(once, archives=archives)
        if archives in with_archives:
            stages[archives] = classify_found(stage, mountain, steps.of(step), runner, is_part=True)
        elif config.fresh:
            with _store(config) as store:
                empty_stage(store, stage)
    return SortSummary(
        encoder=encoder.sentence,
        process=process,
        mountain=embedded,
        background=len(sample.pictures) if sample.is_enough else 0,
        train=train,
        folder=stages[False],
        archive=stages[True],
        output=output,
        page=os.path.join(output, REPORTS_FOLDER, "index.html"),
        seconds=time.monotonic() - started,
    )


def require_sortable(config: SortConfig) -> None:
    """Raise an error, before any work, where the settings or the inputs cannot be used."""
    parse_aim(config.threshold_for)
    require_place(config.place, archives=False)
    for source in config.sources:
        _find(config, source)
    examples, mountain = (os.path.realpath(source) for source in config.sources)
    if mountain != examples and os.path.join(mountain, "").startswith(os.path.join(examples, "")):
        raise InputError(
            f"the mountain {config.mountain} lies in the examples {config.examples}, so that its images would be "
            "examples of a tag. Move one of the two out of the other."
        )
    require_background_ours(absolute(config.output))
    for archives in (False, True):
        require_results_ours(absolute(config.output), of_archives=archives)


def _stage(config: SortConfig, *, archives: bool) -> ClassifyConfig:
    models = os.path.join(absolute(config.output), MODELS_FOLDER)
    return config.of_stage(ClassifyConfig, directory=config.mountain, archives=archives, model=models)


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
    """Run stage 1 on the examples, and keep the encoder, which has worked now."""
    stage1 = config.of_stage(
        ProcessConfig,
        input_folder=config.examples,
        output_folder=config.output,
        clip_model=choice.name,
        pretrained=choice.pretrained,
    )
    process = process_found(stage1, examples, choice, watch, runner)
    with _store(config) as store:
        keep_encoder(store, process.embedding.encoder)
    return process


def _embed_mountain(
    config: SortConfig, mountain: FoundItems, choice: EncoderChoice, watch: Progress, runner: Runner
) -> EmbeddingSummary:
    """Embed every image of the mountain, as stage 1 does of untagged images."""
    with _store(config) as store, explain_no_images(absolute(config.mountain)):
        store.inputs.choose(Role.MOUNTAIN, absolute(config.mountain))
        return embed_images(store, mountain, choice, config, watch, runner)


def _look_through(config: SortConfig, process: ProcessSummary) -> tuple[Sample, Set[bool]]:
    """Return what may be drawn from the mountain, and whether its usable images lie in archives (or both)."""
    lists = next(path for path in process.files if os.path.basename(path) == HASH_TO_TAGS)
    with_archives: set[bool] = set()
    with _store(config) as store:
        store.inputs.choose(Role.MOUNTAIN)
        sample = draw_sample(store, example_names(lists))
        for file, _ in store.pictures.files():
            with_archives.add(bool(file.ref.members))
            if len(with_archives) == 2:
                break
    return sample, with_archives
