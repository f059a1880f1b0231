"""Stages 3 and 4: score every image by all tag models, write the scores, place the images in bins."""

from __future__ import annotations

import time
from collections.abc import Iterable, Set
from typing import Any, NamedTuple, Optional, Union

from ..exporters import EarlierResults, ResultFormats, ResultWriter, require_place, require_results_ours
from ..files import absolute
from ..images import decoder_version
from ..progress import Progress, Say, no_progress, say_nothing
from ..records import Found
from ..runners import Runner
from ..store import WorkingStore
from ..tag_models import AnswerTally, TagModels, load_tag_models
from .answers import StageTally, has_few_images, tag_answers
from .configs import ClassifyConfig
from .embedder import LOCAL
from .embedding import embed_found, explain_no_images, find_by
from .manifests import source_of, with_manifest
from .model_age import warn_of_age
from .places import Places
from .remote_files import at_hand
from .sharded import Sharding
from .shown_progress import shown
from .stage_encoder import keep_imported, metadata_and_encoder, require_dim
from .stage_images import StageImages
from .stage_results import chosen_results, plan_results, write_results
from .summaries import ClassifySummary, EmbeddingSummary
from .where import AnyRunner, chosen_runner


def classify_images(
    config: ClassifyConfig,
    watch: Progress = no_progress,
    runner: Optional[AnyRunner] = None,
    *,
    say: Say = say_nothing,
    progress: Union[bool, Progress] = False,
) -> ClassifySummary:
    """Score every image by all tag models, write the scores, and place the images in bins.

    ``runner`` says where images are prepared, or done in shards, without it the settings do; the results are the same.
    Scoring is done here. ``say`` is called with what is going to be placed, before that; ``watch`` with the progress,
    which with ``progress=True`` a bar shows.

    Raises
    ------
    InputError
        The directory is missing, or holds no usable image (stage 4: no archive with one), or images cannot be placed
        in the requested way.
    ModelError
        There is no usable tag model.
    MetadataError
        The metadata file is missing, malformed or not a metadata file.
    EncoderError
        Models and metadata belong to different encoders, or every image needs an encoder that is not available.
    OutputError
        The output folder cannot be written, its ``output.json`` is damaged, another run is working in it, or its disk
        has no room for the copies.
    RunnerError
        Where the work is to run, it cannot.
    """
    require_place(config.place, archives=config.archives, source=config.directory or "")
    with at_hand(config) as given, shown(progress, watch) as report:
        here = with_manifest(given)
        found = find_by(here, source_of(here), open_archives=here.archives)
        return classify_found(here, found, report, chosen_runner(here, runner, say), say=say).summary


class Classified(NamedTuple):
    """The ``summary`` of a run, and the ``tally`` of its pictures that no other run counts."""

    summary: ClassifySummary
    tally: AnswerTally


class StagePart(NamedTuple):
    """What a stage needs to know as a part of the whole job.

    ``counted`` has the ``picture_hash`` of pictures that the other stage counts too, ``is_few`` says that the input has
    few images in both.
    """

    counted: Set[str]
    is_few: bool


def classify_found(
    config: ClassifyConfig,
    found: Iterable[Found],
    watch: Progress,
    runner: Union[Runner, Sharding] = LOCAL,
    *,
    say: Optional[Say] = say_nothing,
    part: Optional[StagePart] = None,
) -> Classified:
    """As :func:`classify_images`, of what was found in the directory; without ``say`` it is known what is placed.

    As a ``part`` of the whole job, the directory may have no image of this stage, where another input has one.
    """
    started = time.monotonic()
    root, output = source_of(config), absolute(config.output)
    images = StageImages(found, config.archives)
    models = load_tag_models(config.model)
    require_results_ours(output, of_archives=config.archives)
    formats = ResultFormats.of(config.results_format, output)
    imported, choice = metadata_and_encoder(config, models)
    with WorkingStore(output, decoder_version(config)) as store, chosen_results(store, config) as earlier:
        store.names.reserve(earlier.names, earlier.digest)
        keep_imported(store, config, imported, watch)
        with explain_no_images(root, images.where_the_rest_belongs):
            embedding = embed_found(store, images, choice, config, watch, runner, is_part=part is not None)
        require_dim(models, embedding.encoder)
        places = Places(store, models, config)
        plan = plan_results(store, models, places, embedding.encoder, formats, watch, say) if say else None
        places.begin()
        tally = _tally(models, embedding, part)
        writer, written = write_results(store, tally, embedding, earlier, places, formats, watch)
        if config.place == "hardlink" or writer.bins.moved or writer.bins.removed:
            store.listing.renew_stamps()
        finished = places.finish()
    summary = ClassifySummary(
        of_archives=config.archives,
        directory=root,
        embedding=embedding,
        models=tuple(models.names),
        model_warnings=warn_of_age(models, config.model),
        by_tag=config.name_with_score,
        place=config.place,
        plan=plan,
        **finished._asdict(),
        **_answered(tally, writer, embedding),
        **_placed(writer, earlier),
        written=written,
        differing=store.pictures.differing,
        left_out=images.left_out,
        folder=output,
        seconds=time.monotonic() - started,
    )
    return Classified(summary, tally.alone)


def _tally(models: TagModels, embedding: EmbeddingSummary, part: Optional[StagePart]) -> StageTally:
    if part:
        return StageTally(models, embedding, part.counted, is_few=part.is_few)
    return StageTally(models, embedding, frozenset(), is_few=has_few_images(embedding))


def _answered(tally: StageTally, writer: ResultWriter, embedding: EmbeddingSummary) -> dict[str, Any]:
    """Return what the answers add up to, by the names of the summary."""
    return {
        "answers": tag_answers(tally.every, writer.bins.folder_of),
        "tagged": tally.files,
        "untagged": embedding.images - tally.files,
        "with_tag": tally.every.with_tag,
        "outside": tally.every.outside,
        "few": tuple(tally.few.images),
    }


def _placed(writer: ResultWriter, earlier: EarlierResults) -> dict[str, Any]:
    """Return what became of images, and of what earlier runs did, by the names of the summary."""
    return {
        **{name: getattr(writer.bins, name) for name in ("moved", "removed", "stayed", "first_stayed")},
        **{name: getattr(earlier, name) for name in ("replaced", "dropped", "kept")},
        **{name: getattr(writer, name) for name in ("examples", "not_as_found")},
        "place_failures": tuple(writer.failures.held),
        "place_failed": writer.failures.count,
    }
