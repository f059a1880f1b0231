"""Files and results at URLs, brought to this machine for a run, and put up at its end."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any, Callable, Optional, TypeVar

from ..errors import OutputError, StorageError
from ..files import absolute, below, is_url
from ..progress import Say, say_nothing
from ..storage import WorkingCopy, copy_of_file, copy_of_folder, storage_at
from ..store import one_run_at_a_time
from ..text import counted
from ..writing import make_folder

log = logging.getLogger(__name__)

Config = TypeVar("Config")

#: Settings that name a file or files, and that which names a folder of models or one of them.
_FILES, _MODEL = ("manifest", "metadata_json", "tag_to_hash_json", "background", "verdicts"), "model"


@contextmanager
def at_hand(config: Config, say: Say = say_nothing) -> Iterator[Config]:
    """Give the settings of a run with paths of this machine in place of URLs; what a run reads from is left as it is.

    Results at a URL are fetched to a working copy, which the next run on this machine uses too, and put up when the
    block ends well; ``say`` is called with what was put up. After an error the copy keeps what was done.

    Raises
    ------
    OutputError
        Results cannot be fetched or put up, or another run works on them.
    InputError
        A URL cannot be used.
    StorageError
        A file at a URL cannot be read.
    """
    output: Optional[str] = getattr(config, "output", None)
    if output is None or not is_url(output):
        yield _with_files(config, lambda _: None)
        return
    try:
        storage_at(output)
    except StorageError as error:
        raise OutputError(str(error)) from error
    url = absolute(output)
    with WorkingCopy(url) as copy, one_run_at_a_time(copy.home):
        make_folder(copy.folder)
        _of_output(copy.fetch)
        yield _with_files(replace(config, output=copy.folder), lambda path: _in_copy(copy, path))  # type: ignore[type-var]
        count = _of_output(copy.put)
    say(f"{counted(count, 'file')} put up at {url}; the copy in {copy.folder} serves the next run.")


def _of_output(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except StorageError as error:
        raise OutputError(str(error)) from error


def _in_copy(copy: WorkingCopy, url: str) -> Optional[str]:
    """Return the path in the working copy of what is below its URL, ``None`` where it is not in there."""
    if not url.startswith(below(copy.url)):
        return None
    path = os.path.join(copy.folder, *url[len(below(copy.url)) :].split("/"))
    return path if os.path.exists(path) else None


def _with_files(config: Config, in_copy: Callable[[str], Optional[str]]) -> Config:
    """Return the settings with copies in place of the files at URLs."""
    changed: dict[str, Any] = {}
    for name in {each.name for each in fields(config)}.intersection((*_FILES, _MODEL)):  # type: ignore[arg-type]
        value = getattr(config, name)
        make = _models if name == _MODEL else copy_of_file
        if isinstance(value, str) and is_url(value):
            changed[name] = in_copy(absolute(value)) or make(absolute(value))
        elif isinstance(value, tuple) and any(map(is_url, value)):
            changed[name] = tuple(
                (in_copy(absolute(one)) or make(absolute(one))) if is_url(one) else one for one in value
            )
    return replace(config, **changed) if changed else config  # type: ignore[type-var]


def _models(url: str) -> str:
    """Return the path of a copy of a folder of models with their cards, or of one of them."""
    if not url.endswith(".pkl"):
        return copy_of_folder(url, (".pkl", ".json"))
    folder, _, name = url.rpartition("/")
    return os.path.join(copy_of_folder(folder, (".pkl", ".json")), name)
