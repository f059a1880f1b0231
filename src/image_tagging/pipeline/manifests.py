"""Manifests: list everything at a source once, and have runs take it from there."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Optional, TypeVar, Union

from ..errors import InputError
from ..failures import FailureList
from ..files import absolute
from ..progress import Progress, no_progress
from ..records import Failure, Found, FoundArchive, FoundImage
from ..runners import cut
from ..sources import DataSetRules, ListedBy, Manifest, find_images, write_manifest
from ..tag_models import kind_names
from .configs import ClassifyConfig, ProcessConfig
from .list_config import ListConfig

Config = TypeVar("Config", ProcessConfig, ClassifyConfig)


@dataclass(frozen=True)
class ListSummary:
    """What is in a manifest: its ``path``, the ``source``, and how many rows, images, archives and shards.

    ``size`` is in bytes, of all images whose size finding knows. ``failures`` are the first that could not be opened,
    ``failure_codes`` counts all of them by code.
    """

    path: str
    source: str
    rows: int
    images: int
    archives: int
    shards: int
    size: int
    failures: tuple[Failure, ...]
    failure_codes: dict[str, int]
    seconds: float


def list_images(config: ListConfig, watch: Progress = no_progress) -> ListSummary:
    """List everything at a source in a manifest, which a run takes in place of looking for images.

    Raises
    ------
    InputError
        The source is missing, or pyarrow is not installed.
    OutputError
        The manifest cannot be written, or what is there is none.
    """
    started = time.monotonic()
    source, output = absolute(config.source), absolute(config.output)
    exclude = tuple(config.exclude)
    listed_by = ListedBy(source, config.tag_level, exclude, config.follow_links, config.archive_encoding)
    found = find_images(
        source,
        DataSetRules(exclude, kind_names()),
        follow_links=config.follow_links,
        tag_level=config.tag_level,
        archive_encoding=config.archive_encoding,
    )
    counts = _Counts()
    write_manifest(output, listed_by, counts.of(_in_shards(found, config.shard_images), watch))
    return ListSummary(
        path=output,
        source=source,
        rows=counts.rows,
        images=counts.images,
        archives=counts.archives,
        shards=counts.shards,
        size=counts.size,
        failures=tuple(counts.failures.held),
        failure_codes=dict(counts.failures.codes),
        seconds=time.monotonic() - started,
    )


class _Counts:
    """Counts what goes by."""

    def __init__(self) -> None:
        self.rows = self.images = self.archives = self.shards = self.size = 0
        self.failures = FailureList()

    def of(
        self, found: Iterable[tuple[Found, Optional[int]]], watch: Progress
    ) -> Iterator[tuple[Found, Optional[int]]]:
        for item, shard in found:
            if self.rows % 1000 == 0:
                watch("listing", self.rows, None)
            self.rows += 1
            if isinstance(item, FoundImage) and shard is not None:
                self.images, self.size, self.shards = self.images + 1, self.size + item.size, shard + 1
            elif isinstance(item, FoundArchive):
                self.archives += 1
            elif isinstance(item, Failure):
                self.failures.add(item)
            yield item, shard


def _in_shards(found: Iterable[Found], mean: int) -> Iterator[tuple[Found, Optional[int]]]:
    """Yield each item with the number of the shard of an image."""
    keys: list[str] = []
    numbers = cut(iter(keys.pop, ""), mean)  # it takes the one key that is there for each number
    for item in found:
        if isinstance(item, FoundImage):
            keys.append(item.ref.key)
            yield item, next(numbers)
        else:
            yield item, None


def with_manifest(config: Config) -> Config:
    """Return the settings of a run with the source, and the settings of finding, of its manifest where it has one.

    Raises
    ------
    InputError
        Neither a source nor a manifest is given, the manifest cannot be used, or it was listed otherwise than the
        settings say.
    """
    name = "directory" if isinstance(config, ClassifyConfig) else "input_folder"
    given = getattr(config, name)
    if config.manifest is None:
        if given is None:
            raise InputError(f"there is nothing to read: give {name}, or a manifest.")
        return config
    listed_by = Manifest(config.manifest).listed_by
    wanted: dict[str, Any] = {name: listed_by.source}
    wanted.update(exclude=listed_by.exclude, follow_links=listed_by.follow_links)
    wanted.update(archive_encoding=listed_by.archive_encoding)
    if isinstance(config, ProcessConfig):
        wanted.update(tag_level=listed_by.tag_level)
    for setting, value in wanted.items():
        asked = getattr(config, setting)
        default = getattr(type(config), setting, None)
        if setting == name and asked is not None:
            asked = absolute(asked)
        if asked not in (default, value):
            raise InputError(
                f"{config.manifest} was listed with {setting} {_in_words(value)}, and not {_in_words(asked)}: leave "
                f"{setting} out, or list the source again (image-tagging list)."
            )
    return replace(config, **wanted)


def source_of(config: Union[ProcessConfig, ClassifyConfig]) -> str:
    """Return the absolute path of the source of a run; raise InputError where none is given."""
    source = config.directory if isinstance(config, ClassifyConfig) else config.input_folder
    if source is None:
        raise InputError("there is nothing to read: give a source, or a manifest.")
    return absolute(source)


def _in_words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return "none" if value is None else str(value)
