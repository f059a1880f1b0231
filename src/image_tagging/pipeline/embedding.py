"""Embed the images of one run into the store, name their pictures, and summarise the result."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Optional, Union

from ..addresses import ImageRef
from ..encoders import EncoderChoice
from ..errors import NoImagesError
from ..failures import FailureList
from ..progress import Progress
from ..records import EncoderSpec, Failure, Found
from ..runners import Runner
from ..sources import DataSetRules, Manifest, find_images
from ..store import FoundSummary, WorkingStore
from ..tag_models import kind_names
from ..text import counted, short_path
from .configs import EmbeddingConfig
from .embedder import LOCAL, NO_ENCODER
from .manifest_config import ManifestConfig
from .shard_success import write_success
from .sharded import AnyEmbedder, Sharding, embedder_on
from .summaries import EmbeddingSummary, InputImages

log = logging.getLogger(__name__)

#: The step that is finished when no listed image is pending and all pictures have names.
_NAMES = "names"

#: What begins the work of naming pictures by an encoder, which lasts when images change.
_NAMED_BY = "encoder of "


def find_by(
    config: EmbeddingConfig, root: str, *, open_archives: bool = True, tag_level: str = "parent"
) -> Iterator[Found]:
    """Return everything at ``root`` by the settings of a run, or what its manifest lists, as :func:`.find_images`."""
    if isinstance(config, ManifestConfig) and config.manifest:
        return Manifest(config.manifest).items(open_archives=open_archives)
    return find_images(
        root,
        DataSetRules(config.exclude, kind_names()),
        open_archives=open_archives,
        follow_links=config.follow_links,
        tag_level=tag_level,
        archive_encoding=config.archive_encoding,
    )


def embed_found(  # noqa: PLR0913 - the parts of a run
    store: WorkingStore,
    found: Iterable[Found],
    choice: EncoderChoice,
    config: EmbeddingConfig,
    watch: Progress,
    runner: Union[Runner, Sharding] = LOCAL,
    *,
    is_part: bool = False,
) -> EmbeddingSummary:
    """Add the embedding of every found image to the store, and name every picture of the role that is chosen there.

    What was found takes the place of what the chosen input had, with ``fresh`` of all that the role had. Images of
    other inputs that have no embedding by this encoder are embedded too, where they are there.

    Raises
    ------
    NoImagesError
        No image was found, or none can be used; as ``is_part`` of a run, nor is there one of another input.
    EncoderError
        The encoder is not the one in the store, or it is not available and no image can be used without it, or the user
        asked for it.
    OutputError
        The store cannot be written.
    """
    if config.retry_failures:
        store.failures.forget()
    listing = store.listing.replace(_watched(found, watch), fresh=config.fresh, may_be_empty=is_part)
    if not listing.images and not is_part:
        _log_failures(listing.failures, listing.failure_codes)
        raise NoImagesError(_nothing_found(listing))
    embedder = embedder_on(runner, store, choice, config)
    digest = "/".join((listing.digest, choice.name, choice.pretrained, store.decoder, store.imported.source))
    digest += store.names.reserved
    unchanged = store.finished.is_finished(store.inputs.work(_NAMES), digest)
    if not unchanged:
        embedder.run(watch)
        _name_pictures(store, choice, digest)
    if not (store.pictures.count()[0] if is_part else store.pictures.count_own()):
        raise embedder.unavailable or NoImagesError(_nothing_usable(store, listing))
    summary = _summary(store, choice, listing, embedder, unchanged)
    if isinstance(runner, Sharding):
        write_success(runner.storage, chain(listing.failures, store.failures.of_listed()), summary)
    return summary


@contextmanager
def explain_no_images(root: str, where_the_rest_belongs: Callable[[], str] = str) -> Iterator[None]:
    """Add the source and what to do to a NoImagesError that the block raises.

    ``where_the_rest_belongs`` returns a sentence about images that another command is for, or an empty string.
    """
    try:
        yield
    except NoImagesError as error:
        advice = where_the_rest_belongs() or "Name a folder, an image or an archive that can be used"
        raise NoImagesError(f"{root}: {error}. {advice}.") from error


def _name_pictures(store: WorkingStore, choice: EncoderChoice, digest: str) -> None:
    encoder = store.encoders.find(choice.name, choice.pretrained)
    if encoder is None:
        return
    store.names.assign(encoder)
    _keep_encoder(store, encoder)
    missing = store.pictures.count_missing()
    is_whole = not any(each.number in missing for each in store.inputs.absent())
    if is_whole and not store.listing.count_pending(encoder):  # what could not be read stays pending, for the next run
        store.finished.finish(store.inputs.work(_NAMES), digest)


def _keep_encoder(store: WorkingStore, encoder: EncoderSpec) -> None:
    """Note by which encoder the pictures have their names, where that is new."""
    work, names = f"{_NAMED_BY}{store.inputs.work()}", json.dumps((encoder.name, encoder.pretrained))
    if not store.finished.is_finished(work, names):
        store.finished.finish(work, names)


def named_by(store: WorkingStore) -> Optional[EncoderSpec]:
    """Return the encoder by which pictures of the chosen role have their names, ``None`` where they never had any."""
    try:
        name, pretrained = json.loads(store.finished.made_from(f"{_NAMED_BY}{store.inputs.work()}") or "")
    except ValueError:
        return None
    return store.encoders.find(name, pretrained)


def _summary(
    store: WorkingStore,
    choice: EncoderChoice,
    listing: FoundSummary,
    embedder: AnyEmbedder,
    unchanged: bool,
) -> EmbeddingSummary:
    failures = _failures(store, listing)
    if listing.passed_over:
        kinds = ", ".join(
            f"{count:,} {suffix or 'without one'}" for suffix, count in sorted(listing.passed_over.items())
        )
        log.info("files that are not images, by suffix: %s", kinds)
    for count in listing.left_out:
        log.info("left out %s; the first: %s", count.words, short_path(count.first.path))
    shared = store.names.shared()
    shared_count = store.names.count_shared()
    _log_shared(shared, shared_count)
    images, pictures = store.pictures.count()
    encoder = store.encoders.find(choice.name, choice.pretrained)
    assert encoder is not None  # some picture has a name
    return EmbeddingSummary(
        images=images,
        pictures=pictures,
        computed=embedder.computed,
        encoder=encoder,
        computed_on=embedder.computed_on,
        archives=listing.archives,
        failures=tuple(failures.held),
        failure_codes=dict(failures.codes),
        no_encoder=embedder.unavailable.reason if embedder.unavailable and failures.codes[NO_ENCODER] else "",
        passed_over=listing.passed_over,
        left_out=listing.left_out,
        bare_folders=listing.bare_folders,
        merged_tags=listing.merged_tags,
        shared_hashes=tuple(shared),
        shared_count=shared_count,
        unchanged=unchanged,
        digest=listing.digest,
        inputs=_inputs(store),
        new=listing.new,
        gone=listing.gone,
    )


def _failures(store: WorkingStore, listing: FoundSummary) -> FailureList:
    """Return what failed of the input, and log it."""
    failures = FailureList()
    for failure in chain(listing.failures, store.failures.of_listed()):
        failures.add(failure)
    failures.codes += Counter(listing.failure_codes) - Counter(failure.code for failure in listing.failures)
    _log_failures(failures.held, failures.codes)
    return failures


def _nothing_usable(store: WorkingStore, listing: FoundSummary) -> str:
    first = _failures(store, listing).held[0]
    return f"none of the {listing.images:,} images can be used; the first: {_in_words(first)}"


def _inputs(store: WorkingStore) -> tuple[InputImages, ...]:
    missing = store.pictures.count_missing()
    return tuple(
        InputImages(each.source, each.images, missing.get(each.number, 0), each.is_there)
        for each in store.inputs.listed()
    )


def _watched(found: Iterable[Found], watch: Progress) -> Iterator[Found]:
    for number, item in enumerate(found):
        if number % 1000 == 0:
            watch("looking for images", number, None)
        yield item


def _nothing_found(listing: FoundSummary) -> str:
    """Return why no image was found: the first file that failed, else the number of files that are not images."""
    first = next((failure for failure in listing.failures if failure.code != "not-an-image"), None)
    if first:
        return f"no image was found; the first that could not be opened: {_in_words(first)}"
    others = sum(listing.failure_codes.values()) + sum(listing.passed_over.values())
    among = f" among {counted(others, 'file')}" if others else ""
    if not listing.left_out:
        return f"no image was found{among}"
    left_out = ", ".join(count.words for count in listing.left_out)
    return f"no image was found{among}; left out (name it to have it read): {left_out}"


def _log_failures(failures: Sequence[Failure], codes: Mapping[str, int]) -> None:
    """Log the failures that are held, and in one line how many more there are than these."""
    for failure in failures:
        log.warning("skipped %s (%s, %s)", _in_words(failure), failure.step, failure.code)
    if more := sum(codes.values()) - len(failures):
        counts = ", ".join(f"{count:,} {code}" for code, count in codes.items())
        log.warning("skipped %s more, which are not named; all of them by code: %s", f"{more:,}", counts)


def _log_shared(shared: Sequence[tuple[ImageRef, ImageRef]], count: int) -> None:
    """Log the pairs of pictures with one hash that are held, and in one line how many more there are than these."""
    for later, earlier in shared:
        paths = short_path(later.path), short_path(earlier.path)
        log.info("%s has the pixel values of %s in other colours or another shape", *paths)
    if more := count - len(shared):
        log.info("%s more have the pixel values of another, which are not named", f"{more:,}")


def _in_words(failure: Failure) -> str:
    return f"{short_path(failure.ref.path)}: {failure.reason}"
