"""The hub from which published weights and their tokenizers are fetched, by its client and without open_clip.

What is fetched is kept in the client's own cache, in the place where open_clip has it too, and nothing is asked of the
hub for what is there.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Optional

from . import published
from .download import why_not_here
from .weights import file_digest, one_line

_LOG = logging.getLogger(__name__)

#: The names of a file of weights, in the order in which open_clip takes them.
_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")

_TOKENIZER = "tokenizer.json"

#: Seconds until the first byte of an answer.
_TIMEOUT = 10.0

#: Seconds to wait after each break of a connection. The client goes on by itself only in some of its versions.
_WAITS = (1.0, 2.0, 4.0)


def download(place: dict[str, Any]) -> str:
    """Return the path of the weights of a tag, from the cache, or fetched into it with a bar on standard error.

    ``place`` is what :func:`.published.get_pretrained_cfg` says. A connection that breaks is taken up again where it
    broke. The digest of a new file is checked against the hub's, and logged.

    Raises
    ------
    OSError
        The hub has none, does not answer, or sent a file with another digest, in one line.
    """
    repository = _repository(place)
    cached = next(filter(None, (_cached(repository, name) for name in _WEIGHTS)), None)
    return cached or _fetched(repository, *_WEIGHTS)


def tokenizer_file(model: str, tag: str) -> Optional[str]:
    """Return the path of the tokenizer (``tokenizer.json``) of a model, or ``None`` where the hub does not give it.

    The cache of the hub is searched, for these weights and for others of the published ones, which all have one
    vocabulary; then it is fetched.

    Parameters
    ----------
    model, tag
        As in ``Weights``; the tag is empty for a file that is not known.
    """
    places = [published.get_pretrained_cfg(model, tag)] if tag else []
    places += [published.get_pretrained_cfg(*pair) for pair in published.list_pretrained()]
    repositories = list(dict.fromkeys(_repository(place) for place in places if place))
    if cached := next(filter(None, (_cached(one, _TOKENIZER) for one in repositories)), None):
        return cached
    try:
        return _fetched(repositories[0], _TOKENIZER)
    except OSError as error:
        _LOG.warning("no tokenizer: %s", one_line(error))
        return None


def local_tokenizer(path: str) -> Optional[str]:
    """Return the path of the tokenizer in the folder of a weights file, or ``None`` where there is none."""
    tokenizer = os.path.join(os.path.dirname(os.path.abspath(path)), _TOKENIZER)
    return tokenizer if path and os.path.isfile(tokenizer) else None


def why_unavailable(model: str, tag: str) -> str:
    """Return why published weights are not available without open_clip, within seconds; empty where they are.

    The sentence is that of :func:`.download.why_not_here`.
    """
    place = published.get_pretrained_cfg(model, tag)
    return why_not_here(model, tag, place) if place else f"no weights {tag!r} of {model} are known without open_clip"


def _repository(place: dict[str, Any]) -> str:
    return str(place["hf_hub"]).rstrip("/")


def _cached(repository: str, name: str) -> Optional[str]:
    """Return the path of a file in the hub's cache, or ``None``."""
    from huggingface_hub import constants, try_to_load_from_cache

    found = try_to_load_from_cache(repository, name, cache_dir=constants.HF_HUB_CACHE)
    return found if isinstance(found, str) else None


def _fetched(repository: str, *names: str) -> str:
    """Fetch the first of these files that the repository has; raise OSError where that does not succeed."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError

    if constants.HF_HUB_OFFLINE:
        raise OSError("HF_HUB_OFFLINE forbids to fetch them")
    with _as_os_errors():
        for name in names:
            try:
                about = get_hf_file_metadata(hf_hub_url(repository, name), timeout=_TIMEOUT)
            except EntryNotFoundError:
                continue
            path = _downloaded(repository, name)
            _check(path, str(about.etag or ""), f"{repository}/{name}")
            return path
    raise OSError(f"{repository} has no {' and no '.join(names)}")


def _downloaded(repository: str, name: str) -> str:
    """Return the path in the cache of a file that the hub has; go on some times where the connection breaks."""
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    waits = iter(_WAITS)
    while True:
        try:
            path: str = hf_hub_download(repository, name, cache_dir=constants.HF_HUB_CACHE, etag_timeout=_TIMEOUT)
            return path
        except HfHubHTTPError:
            raise  # an answer, and the next would be the same
        except _of_http_library() as error:
            wait = next(waits, None)
            if wait is None:
                raise
            _LOG.warning("the download of %s/%s broke (%s) and goes on", repository, name, one_line(error))
            time.sleep(wait)


def _check(path: str, expected: str, name: str) -> None:
    """Raise OSError where a file has not the digest that the hub gives for it; it is then removed from the cache."""
    if not re.fullmatch(r"[0-9a-f]{64}", expected):  # of a small file: the hub has its number in git
        return
    digest = file_digest(path)
    if digest != expected:
        for one in {os.path.realpath(path), path}:
            os.remove(one)
        raise OSError(f"{name} came with another SHA-256 than the hub says, and was removed: try again")
    _LOG.info("%s has the SHA-256 %s, as the hub says", name, digest)


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """Raise the errors of the hub's client as OSError of one line."""
    try:
        yield
    except (OSError, ValueError, _of_http_library()) as error:
        raise OSError(one_line(error)) from error


def _of_http_library() -> type[Exception]:
    """Return the base of the errors of the HTTP library below the client, which was requests, httpx and httpx2."""
    from huggingface_hub.errors import HfHubHTTPError

    return [kind for kind in HfHubHTTPError.__mro__ if kind.__name__ in {"HTTPError", "RequestException"}][-1]
