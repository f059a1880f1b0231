"""The results that the use-cases return, for programs and for the command line: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..addresses import ImageRef
from ..datasets import Advice
from ..exporters import PlacingPlan, WrittenResults
from ..records import EncoderSpec, Failure, FoundArchive, LeftOutCount
from ..training import ValidationReport
from .tag_answers import ScoredImage, TagAnswer
from .train_verdicts import VerdictsUsed


@dataclass(frozen=True)
class InputImages:
    """An input of an output folder, by its absolute path, with the number of its images that are listed.

    ``missing`` counts those without an embedding by the encoder of the run, broken ones aside; ``is_there`` says
    whether something is at the path now.
    """

    source: str
    images: int
    missing: int
    is_there: bool


@dataclass(frozen=True)
class EmbeddingSummary:
    """The embedding of the images of one run, and of those that the output folder has of other inputs.

    ``images`` counts the files that could be used, ``pictures`` the different pictures in them. ``computed`` counts
    the newly computed embeddings, and ``computed_on`` is their device and precision, ``None`` where none was computed.
    ``archives`` are those that were searched, ``failures`` the files that could not be used (the first 10,000 of one
    file and 100,000 of all), ``failure_codes`` counts all of them by code. ``no_encoder`` says why those of the code
    ``no-encoder`` could not be embedded and what to install; it is empty where there are none. ``passed_over`` counts,
    by suffix, the files that are not images by their names. ``left_out`` counts, by reason, the files and folders that
    are no part of a data set. ``shared_hashes`` are the first 10,000 pairs (image, earlier image) of different pictures
    with the same ``hash_id``, ``shared_count`` counts all of them.

    ``bare_folders`` are the tags of folders directly in the input in which no image was found, ``merged_tags`` those
    of images from several such folders, with the first of these folders. ``digest`` identifies the set of images found
    and their tags, and ``unchanged`` says that an earlier run embedded the same set.

    ``inputs`` are all inputs, that of the run first: images, pictures, archives and bare folders are of all of them,
    and what failed, was left out or passed over is of the first. ``new`` counts its images that no input had before,
    ``gone`` those that were there before and are in none now.
    """

    images: int
    pictures: int
    computed: int
    encoder: EncoderSpec
    computed_on: Optional[str]
    archives: tuple[FoundArchive, ...]
    failures: tuple[Failure, ...]
    failure_codes: dict[str, int]
    no_encoder: str
    passed_over: dict[str, int]
    left_out: tuple[LeftOutCount, ...]
    bare_folders: tuple[str, ...]
    merged_tags: dict[str, tuple[str, ...]]
    shared_hashes: tuple[tuple[ImageRef, ImageRef], ...]
    shared_count: int
    unchanged: bool
    digest: str
    inputs: tuple[InputImages, ...] = ()
    new: int = 0
    gone: int = 0


@dataclass(frozen=True)
class ProcessSummary:
    """The result of stage 1.

    ``tags`` counts the pictures of each tag, and is empty for untagged folders. ``empty_tags`` are those of sub-folders
    without an image, whose lists are empty. ``warnings`` are sentences on tags. ``files`` are the paths of the written
    files. ``namesake`` is another untagged input of the same name, which keeps the metadata file of that name, so that
    this one is numbered; it is empty where there is none. ``source`` is the input.
    """

    embedding: EmbeddingSummary
    tags: dict[str, int]
    empty_tags: tuple[str, ...]
    warnings: tuple[str, ...]
    files: tuple[str, ...]
    namesake: str
    seconds: float
    source: str = ""


@dataclass(frozen=True)
class TrainSummary:
    """What stage 2 did: a report per model, tag by tag, the tags that could not be learned with the reason.

    ``background`` counts the pictures of the mountain that tags were distinguished from, ``None`` without any.
    ``unknown`` counts the listed hashes that the metadata does not hold. ``verdicts`` says which were used, and is
    ``None`` where there are none. ``warnings`` are sentences.
    ``advice`` lists problems of the data set, the most important first; its rows are those of the metadata, from 0.
    ``page`` is the path of the HTML page that shows all results. ``directory`` holds the images to score next, as far
    as that is known, ``in_archives`` says that they lie in archives there, and ``metadata`` is their metadata file.
    """

    images: int
    encoder: EncoderSpec
    reports: tuple[ValidationReport, ...]
    background: Optional[int]
    skipped: tuple[tuple[str, str], ...]
    unknown: int
    warnings: tuple[str, ...]
    advice: tuple[Advice, ...]
    models: str
    reports_folder: str
    page: str
    seconds: float
    metadata: str = ""
    directory: str = ""
    in_archives: bool = False
    verdicts: Optional[VerdictsUsed] = None


#: From this share on most of a mountain is of other things than the tags were distinguished from: of pictures like
#: those a quarter lies as far away. Measured on hundreds of mountains of either sort (docs/classifiers.md); the fewest
#: pictures that say so.
MOSTLY_OUTSIDE, _FEWEST_JUDGED = 0.42, 30


@dataclass(frozen=True)
class ClassifySummary:
    """The result of stage 3 or 4 on ``directory``: the models used and the files written.

    ``model_warnings`` are sentences on models that are older than the examples or not of the last training.
    ``answers`` has one value per tag, ordered by tag; they count pictures. By these answers ``tagged`` counts the files
    whose image has at least one tag, ``untagged`` those whose image has none, and ``with_tag`` the pictures that have
    one. ``outside`` counts the pictures that are unlike all that the tags were distinguished from, ``None`` where the
    cards of the models do not say what that was.
    ``left_out`` counts what the other stage is for: archives in stage 3, images outside archives in stage 4
    (``of_archives``). ``place_failures`` are the first files that could not be placed, ``place_failed`` counts all;
    ``place`` is how images were placed, and ``by_tag`` that it was in one folder per tag, with their scores in front of
    their names and without the examples; ``examples`` counts the pictures that are examples. ``plan`` says what was
    going to be copied, where that was counted, and ``mixed_bins`` that the folder also holds images that other models
    placed, or that earlier versions did. ``moved`` and ``removed`` count files of earlier runs that were moved to their
    new place, or taken out since they have none now; ``stayed`` counts those that a person has changed, which stay
    where they are, the ``first_stayed`` among them. ``not_as_found`` counts files of other inputs that were not placed,
    since they are not there or have changed since. ``gone_removed`` counts placed files of images that no input has
    now, which were removed, and ``gone_stayed`` those that stay: somebody has changed them, or the image is not where
    it was found. ``differing`` counts the pictures of which the metadata holds
    another embedding than the one computed here, which was used. ``few`` are the scores of a run over few images.

    ``output.json`` holds both stages: ``replaced`` counts the pictures of an earlier run of this stage that were in it,
    ``dropped`` those of them that are not among the images of this run, and ``kept`` the pictures of the other stage
    that are in it.
    """

    of_archives: bool
    directory: str
    embedding: EmbeddingSummary
    models: tuple[tuple[str, str], ...]
    model_warnings: tuple[str, ...]
    answers: tuple[TagAnswer, ...]
    tagged: int
    untagged: int
    with_tag: int
    outside: Optional[int]
    place_failures: tuple[Failure, ...]
    place_failed: int
    place: str
    by_tag: bool
    examples: int
    plan: Optional[PlacingPlan]
    mixed_bins: bool
    moved: int
    removed: int
    stayed: int
    first_stayed: str
    differing: int
    left_out: int
    replaced: int
    dropped: int
    kept: int
    written: WrittenResults
    folder: str
    seconds: float
    few: tuple[ScoredImage, ...] = ()
    not_as_found: int = 0
    gone_removed: int = 0
    gone_stayed: int = 0

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of the written files."""
        return self.written.files

    @property
    def share_outside(self) -> Optional[float]:
        """The share of the pictures that is unlike what the tags were distinguished from, where most of them are."""
        if self.outside is None or self.embedding.pictures < _FEWEST_JUDGED:
            return None
        share = self.outside / self.embedding.pictures
        return share if share > MOSTLY_OUTSIDE else None


@dataclass(frozen=True)
class SortSummary:
    """The result of the whole job: that of each of its steps.

    ``encoder`` is a sentence that says which encoder was used and why. ``mountain`` is the embedding of all images to
    sort. ``background`` counts the pictures that tags were distinguished from, and is 0 where there were too few.
    ``train`` is ``None`` where the models of an earlier run were learned from the same; ``folder`` and ``archive`` are
    stages 3 and 4, ``None`` where the mountain has no such images. ``answers`` and ``with_tag`` are those of the whole
    mountain, where a picture that lies in an archive and outside counts once. ``verdict_tags`` are the tags that there
    are verdicts on.
    """

    encoder: str
    process: ProcessSummary
    mountain: EmbeddingSummary
    background: int
    train: Optional[TrainSummary]
    folder: Optional[ClassifySummary]
    archive: Optional[ClassifySummary]
    answers: tuple[TagAnswer, ...]
    with_tag: int
    output: str
    page: str
    seconds: float
    verdict_tags: tuple[str, ...] = ()
