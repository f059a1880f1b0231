"""The weights of a pretrained tag: from open_clip's cache or its server, or a line within seconds that says why not."""

from __future__ import annotations

import io
import os
import ssl
import sys
import urllib.error
import urllib.request
from contextlib import redirect_stderr
from http.client import HTTPException
from types import ModuleType
from typing import Any

from ...errors import EncoderUnavailableError
from .weights import INSTEAD, Weights, one_line

# Long enough for a slow connection, since only the first byte of an answer is awaited.
_PROBE_SECONDS = 5.0

#: Bytes of a file that may be weights: what the hub keeps next to them is smaller.
_LEAST_WEIGHTS = 1 << 20


def fetch(library: ModuleType, weights: Weights) -> str:
    """Return the path of the weights of a tag; they are downloaded where they are not in the cache yet.

    Raises
    ------
    EncoderUnavailableError
        They are not in the cache and their server does not answer. It is raised within seconds; the hub's client alone
        would try twelve times.
    """
    from huggingface_hub import constants  # what open_clip downloads with

    config = library.get_pretrained_cfg(weights.name, weights.tag)
    cached, address = _places(config, constants.HF_HUB_CACHE, constants.ENDPOINT)
    try:
        if not os.path.exists(cached) and not constants.HF_HUB_OFFLINE:
            _require_answer(address)
        with redirect_stderr(sys.stderr or io.StringIO()):  # a windowed program has none for the bar to be drawn on
            path: str = library.download_pretrained(config)
    except (OSError, RuntimeError, ValueError, TypeError, HTTPException) as error:
        raise EncoderUnavailableError(
            f"the weights {weights.tag!r} of {weights.name} are neither in {cached} nor available from {address} "
            f"({one_line(error, 120)}): give a local file with --pretrained=/path/to/file",
            INSTEAD,
        ) from error
    return path


def why_not_here(name: str, tag: str, place: dict[str, Any]) -> str:
    """Return why the weights of a tag are not available, within seconds; empty where they are or can be fetched.

    ``place`` is what open_clip knows of them: their ``hf_hub`` and their ``url``.
    """
    from huggingface_hub import constants

    cached, address = _places(place, constants.HF_HUB_CACHE, constants.ENDPOINT)
    if _holds_weights(cached):
        return ""
    missing = f"the weights {tag!r} of {name} are not in {cached}"
    if constants.HF_HUB_OFFLINE:
        return f"{missing}, and HF_HUB_OFFLINE forbids to fetch them"
    try:
        _ask(address)
    except (OSError, HTTPException, ValueError) as error:
        return f"{missing}, and {address} does not give them ({one_line(error, 120)})"
    return ""


def is_cached(place: dict[str, Any]) -> bool:
    """Return whether the weights of a tag are in the cache."""
    from huggingface_hub import constants

    return _holds_weights(_places(place, constants.HF_HUB_CACHE, constants.ENDPOINT)[0])


def _holds_weights(cached: str) -> bool:
    """Return whether a place in the cache holds weights: a file, or a folder of the hub with a large file in it."""
    if os.path.isfile(cached):
        return True
    paths = (os.path.join(where, name) for where, _, names in os.walk(cached) for name in names)
    return any(os.path.isfile(path) and os.path.getsize(path) >= _LEAST_WEIGHTS for path in paths)


def _ask(address: str) -> None:
    """Ask the server of an address, which is of open_clip's own list; raise what urllib does where it refuses."""
    request = urllib.request.Request(address, method="HEAD")  # noqa: S310  of https alone, from that list
    urllib.request.urlopen(request, timeout=_PROBE_SECONDS).close()  # noqa: S310  the same


def _places(config: dict[str, Any], hub_cache: str, hub: str) -> tuple[str, str]:
    """Return where the weights of a tag would be in the cache, and the address that open_clip fetches them from."""
    repository = "/".join(str(config.get("hf_hub") or "").split("/")[:2])
    if repository:
        return os.path.join(hub_cache, "models--" + repository.replace("/", "--")), f"{hub}/{repository}"
    url = str(config.get("url") or "")
    return os.path.join(os.path.expanduser("~/.cache/clip"), os.path.basename(url)), url


def _require_answer(address: str) -> None:
    """Raise OSError where no server answers at the address. What an answer means is left to the download."""
    if urllib.request.getproxies():
        return  # the hub's client knows kinds of proxies that urllib does not, and may get through
    try:
        _ask(address)
    except urllib.error.HTTPError:
        return
    except urllib.error.URLError as error:
        # A certificate that is unknown here may be known to the hub's client, and it is an answer.
        if not isinstance(error.reason, ssl.SSLError):
            raise
