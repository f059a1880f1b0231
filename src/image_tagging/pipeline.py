"""The three use-cases, in the order in which a person meets them. Read this first.

``process_dataset`` (stage 1) finds images, brings their embeddings into the working store and writes the
metadata. ``train_tag_models`` (stage 2) learns two models per tag from that. ``classify_images`` (stages 3 and
4, which differ in where images come from and in their table) brings the embeddings of further images into the
store, scores them by all models and places them in bins.
"""

from __future__ import annotations

import hashlib
import os
import time
from typing import Optional, Union

from . import metadata
from .audit import audit
from .bins import MAX_BINS, require_place
from .classifiers import KINDS, TagModels
from .dataset_files import empty_tags, records_paths, write_dataset_files
from .embedder import EmbeddingConfig
from .embedding import embed_images
from .encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED, EncoderChoice, require_this_version
from .errors import InputError, TrainingError
from .files import stamp_of
from .images import DEFAULT_LIMITS, ImageLimits
from .index import WorkingStore
from .learning import TagLearner
from .model_files import load_tag_models
from .prior_choice import choose_prior
from .records import Failure
from .run_report import RunReport
from .scoring import results, score_pictures
from .selection import StageImages, agreed_encoder, naming, require_dim
from .settings import settings
from .sources import find_images
from .splits import gather
from .store import PLACING
from .summaries import ClassifySummary, ProcessSummary, TrainSummary, Watch, unwatched
from .thresholds import BALANCED, parse_aim
from .training import MODELS_FOLDER, REPORTS_FOLDER, Training, leftover_warnings
from .validation import ValidationReport


@settings
class ProcessConfig:
    """Settings of :func:`process_dataset`, by the names of the flags of ``image-tagging process``."""

    input_folder: str
    output_folder: str = "./output"
    tagged_dataset: bool = True
    clip_model: str = DEFAULT_MODEL
    pretrained: str = DEFAULT_PRETRAINED
    batch_size: int = 32
    num_threads: int = 4
    device: Optional[str] = None
    precision: str = "auto"
    metadata_format: str = "json"
    max_megapixels: float = DEFAULT_LIMITS.max_megapixels
    image_seconds: float = DEFAULT_LIMITS.image_seconds
    use_truncated: bool = False
    retry_failures: bool = False


def process_dataset(config: ProcessConfig, watch: Watch = unwatched) -> ProcessSummary:
    """Stage 1: the metadata and the embedding of every image of a folder or an archive.

    Raises
    ------
    InputError
        The input is missing, or holds no image that can be used.
    EncoderError
        The encoder or the device asked for cannot be had.
    OutputError
        The output folder cannot be written, or another run is working in it.
    """
    started = time.monotonic()
    root, output = os.path.abspath(config.input_folder), os.path.abspath(config.output_folder)
    left_out = _result_folders(output)
    found = find_images(root, leave_out=left_out)
    records = records_paths(root, output, tagged=config.tagged_dataset, metadata_format=config.metadata_format)
    choice = EncoderChoice.by_name(config.clip_model, config.pretrained, config.device, config.precision)
    effort = _effort(config)
    with WorkingStore(output, effort.limits.decoder_version) as store:
        with naming(root):
            embedding = embed_images(store, found, choice, effort, watch)
        watch("writing the metadata", 0, None)
        empty = empty_tags(store, root, left_out) if config.tagged_dataset else ()
        files = write_dataset_files(store, records, embedding, tagged=config.tagged_dataset, without_images=empty)
        return ProcessSummary(
            embedding=embedding,
            tags=store.count_tags() if config.tagged_dataset else {},
            empty_tags=empty,
            files=files,
            seconds=time.monotonic() - started,
        )


def _effort(config: Union[ProcessConfig, ClassifyConfig]) -> EmbeddingConfig:
    limits = ImageLimits(
        max_megapixels=config.max_megapixels, image_seconds=config.image_seconds, use_truncated=config.use_truncated
    )
    return EmbeddingConfig(
        batch_size=config.batch_size,
        num_threads=config.num_threads,
        limits=limits,
        retry_failures=config.retry_failures,
    )


def _result_folders(output: str) -> list[str]:
    """The folders that hold earlier results: the images in them are copies, not input."""
    return [output, *(os.path.join(output, kind) for kind in KINDS)]


@settings
class TrainConfig:
    """Settings of :func:`train_tag_models`, by the names of the flags of ``image-tagging train``.

    With ``prior`` ``text`` the names of tags have a say in their models, where the encoder reads text, and a tag
    without an image is learned from its name alone; ``pretrained`` says where its weights are, for an encoder whose
    weights are a local file.
    """

    metadata_json: str
    tag_to_hash_json: str
    output: str = "./output"
    test_per: float = 0.1
    threshold_for: str = BALANCED
    seed: int = 0
    prior: str = "none"
    pretrained: Optional[str] = None


def train_tag_models(config: TrainConfig, watch: Watch = unwatched) -> TrainSummary:
    """Stage 2: two models for every tag, each with its card and its report.

    Raises
    ------
    MetadataError
        One of the two files is missing, malformed or foreign, or they belong to different data sets.
    TrainingError
        No tag can be learned.
    EncoderMismatchError
        The embeddings are those of another version of the embedded encoder, or the weights given for reading the
        names of tags those of another encoder.
    OutputError
        The output folder cannot be written.
    """
    started = time.monotonic()
    if not 0 <= config.test_per < 1:
        raise InputError(f"test_per is {config.test_per}; it is a share of the images: 0 or more, and less than 1.")
    aim = parse_aim(config.threshold_for)
    tag_lists = metadata.read_tag_lists(config.tag_to_hash_json)
    encoder, images = metadata.read_embeddings(config.metadata_json)
    require_this_version(encoder)
    data = gather(images, tag_lists)
    watch("looking the data set over", 0, None)
    advice = audit(data)
    output = os.path.abspath(config.output)
    models_folder, reports_folder = (os.path.join(output, name) for name in (MODELS_FOLDER, REPORTS_FOLDER))
    prior, notes = choose_prior(config.prior, config.pretrained, encoder, data.tags, watch)
    learner = TagLearner(data, encoder, seed=config.seed, aim=aim, prior=prior)
    training = Training(data, learner, output, test_share=config.test_per)
    run = RunReport(data, encoder, seed=config.seed, aim=aim)
    reports: list[ValidationReport] = []
    watch("training", 0, len(data.tags))
    for number, learned in enumerate(training.run(), start=1):
        run.add(learned)
        reports += (model.report for model in learned)
        watch("training", number, len(data.tags))
    if not reports:
        why = "; ".join(f"{tag}: {reason}" for tag, reason in training.skipped[:1]) or "it names no tag"
        raise TrainingError(f"no tag of {config.tag_to_hash_json} can be learned ({why}).")
    watch("training", len(data.tags), len(data.tags))
    watch("writing the reports", 0, None)
    _, page = run.write(reports_folder, metadata.read_embeddings(config.metadata_json)[1], advice, training.skipped)
    return TrainSummary(
        images=len(data.embeddings),
        encoder=encoder,
        reports=tuple(reports),
        skipped=tuple(training.skipped),
        unknown=data.unknown,
        warnings=(*notes, *leftover_warnings(models_folder, [report.tag for report in reports])),
        advice=advice,
        models=models_folder,
        reports_folder=reports_folder,
        page=page,
        seconds=time.monotonic() - started,
    )


@settings
class ClassifyConfig:
    """Settings of :func:`classify_images`, by the names of the flags of ``image-tagging classify``.

    ``archives`` decides between the two stages: without it images in folders are scored (stage 3), with it
    those in archives (stage 4). ``place`` says how images get into their bins: ``copy``, ``hardlink``, ``symlink``
    or ``none``. ``pretrained`` says where the weights are, for an encoder whose weights are a
    local file; the encoder itself follows from the metadata and the models.
    """

    directory: str
    metadata_json: Optional[str] = None
    output: str = "./output"
    model: str = "./output/models"
    output_bins: int = 10
    archives: bool = False
    place: str = "copy"
    pretrained: Optional[str] = None
    batch_size: int = 32
    num_threads: int = 4
    device: Optional[str] = None
    precision: str = "auto"
    max_megapixels: float = DEFAULT_LIMITS.max_megapixels
    image_seconds: float = DEFAULT_LIMITS.image_seconds
    use_truncated: bool = False
    retry_failures: bool = False


def classify_images(config: ClassifyConfig, watch: Watch = unwatched) -> ClassifySummary:
    """Stages 3 and 4: the probability of every tag for every image, written, and the images placed in bins.

    Raises
    ------
    InputError
        The directory is missing, or holds no image (stage 4: no archive with one) that can be used, or images
        cannot be placed in the way asked for.
    ModelError
        There is no usable tag model.
    MetadataError
        The metadata file is missing, malformed or foreign.
    EncoderError
        Models and metadata belong to different encoders, or a new image needs an encoder that is not here.
    OutputError
        The output folder cannot be written, or another run is working in it.
    """
    started = time.monotonic()
    if not 1 <= config.output_bins <= MAX_BINS:
        raise InputError(f"output_bins is {config.output_bins}; it must lie between 1 and {MAX_BINS}.")
    require_place(config.place, archives=config.archives)
    root, output = os.path.abspath(config.directory), os.path.abspath(config.output)
    found = find_images(root, open_archives=config.archives, leave_out=_result_folders(output))
    images = StageImages(found, config.archives)
    models = load_tag_models(config.model)
    brought = metadata.read_embeddings(config.metadata_json) if config.metadata_json else None
    spec = agreed_encoder(models, brought and brought[0])
    choice = EncoderChoice.by_spec(spec, config.pretrained, config.device, config.precision)
    effort = _effort(config)
    with WorkingStore(output, effort.limits.decoder_version) as store:
        if brought and config.metadata_json:
            watch("reading the metadata", 0, None)
            store.bring(os.path.abspath(config.metadata_json), *brought)
        with naming(root, images):
            embedding = embed_images(store, images, choice, effort, watch)
        require_dim(models, embedding.encoder)
        mixed = config.place != "none" and _note_placing(store, f"{_models_digest(models)}/{config.output_bins}")
        failures: list[Failure] = []
        tagged = 0
        archives = embedding.archives if config.archives else None
        with results(output, archives=archives, bins=config.output_bins, place=config.place) as writer:
            scored = score_pictures(store.pictures(embedding.encoder), models, config.output_bins)
            for number, (record, scores) in enumerate(scored, start=1):
                files = store.files_of(record.hash_id)
                failures += writer.add(record, files, scores)
                tagged += len(files) if any(score.tagged for score in scores) else 0
                watch("scoring and placing", number, embedding.pictures)
    return ClassifySummary(
        of_archives=config.archives,
        embedding=embedding,
        models=tuple(models.names),
        tagged=tagged,
        place_failures=tuple(failures),
        place=config.place,
        mixed_bins=mixed,
        left_out=images.left_out,
        files=writer.paths,
        folder=output,
        seconds=time.monotonic() - started,
    )


def _note_placing(store: WorkingStore, placed_from: str) -> bool:
    """Whether the bins hold images that other models, or another number of bins, placed there."""
    before = store.made_from(PLACING)
    store.finish(PLACING, placed_from)
    return before not in {None, placed_from}


def _models_digest(models: TagModels) -> str:
    """What changes when a model is trained anew, added or taken away."""
    files = (f"{model.kind}/{model.tag}/{stamp_of(model.file) if model.file else ''}\n" for model in models.models)
    return hashlib.blake2b("".join(files).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
