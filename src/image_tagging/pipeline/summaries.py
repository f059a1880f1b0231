"""What the use-cases tell, for programs and for the command line: how far they are, and frozen values at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..datasets import Advice
from ..records import EncoderSpec, Failure, FoundArchive, ImageRef
from ..training import ValidationReport


@dataclass(frozen=True)
class EmbeddingSummary:
    """How the images of one run came to their embeddings.

    ``images`` are the files that could be used, ``pictures`` the different ones among them. ``computed`` counts
    the embeddings that were not known before and ``computed_on`` says where and in what precision, ``None``
    where none was. ``archives`` are those that were looked into, ``failures`` the files that could not be used,
    and ``passed_over`` counts, by their suffixes, the files that are no images by their names.
    ``shared_hashes`` are pairs (image, earlier image) of different pictures with one hash of their pixels.
    ``digest`` stands for all images found, and ``unchanged`` says that an earlier run met the same.
    """

    images: int
    pictures: int
    computed: int
    encoder: EncoderSpec
    computed_on: Optional[str]
    archives: tuple[FoundArchive, ...]
    failures: tuple[Failure, ...]
    passed_over: dict[str, int]
    shared_hashes: tuple[tuple[ImageRef, ImageRef], ...]
    unchanged: bool
    digest: str


@dataclass(frozen=True)
class ProcessSummary:
    """What stage 1 did. ``tags`` counts the pictures of each tag, and is empty for untagged folders.

    ``empty_tags`` are those of sub-folders without an image: the tag lists have them, with none. ``files`` are the
    paths of what was written.
    """

    embedding: EmbeddingSummary
    tags: dict[str, int]
    empty_tags: tuple[str, ...]
    files: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class TrainSummary:
    """What stage 2 did: a report per model, tag by tag, the tags that could not be learned with the reason.

    ``unknown`` counts the listed hashes that the metadata does not hold. ``warnings`` are sentences.
    ``advice`` is what was odd about the data set before it was learned, the most important first; its rows are those of
    the metadata, from 0.
    ``page`` is the path of the HTML page that shows all of it.
    """

    images: int
    encoder: EncoderSpec
    reports: tuple[ValidationReport, ...]
    skipped: tuple[tuple[str, str], ...]
    unknown: int
    warnings: tuple[str, ...]
    advice: tuple[Advice, ...]
    models: str
    reports_folder: str
    page: str
    seconds: float


@dataclass(frozen=True)
class ClassifySummary:
    """What stage 3 or 4 did: the models used and what was written.

    ``tagged`` counts the files whose image has at least one tag: a model gives it its threshold or more.
    ``left_out`` counts what the other of the two stages is for: archives in stage 3, loose images in stage 4
    (``of_archives``). ``place`` is how
    images were placed, and ``mixed_bins`` says that the folder also holds images placed by other models or bins.
    """

    of_archives: bool
    embedding: EmbeddingSummary
    models: tuple[tuple[str, str], ...]
    tagged: int
    place_failures: tuple[Failure, ...]
    place: str
    mixed_bins: bool
    left_out: int
    files: tuple[str, ...]
    folder: str
    seconds: float
