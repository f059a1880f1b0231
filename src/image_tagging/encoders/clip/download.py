"""The weights of a pretrained tag: in open_clip's cache, downloaded, or one line within seconds that says why not."""

from __future__ import annotations

import os
import ssl
import urllib.error
import urllib.request
from http.client import HTTPException
from types import ModuleType
from typing import Any

from ...errors import EncoderUnavailableError
from .weights import INSTEAD, Weights, one_line

# Long enough for a slow connection: only the first byte of an answer is waited for.
_PROBE_SECONDS = 5.0


def fetch(library: ModuleType, weights: Weights) -> str:
    """The path of the weights of a tag, downloaded where they are not in the cache yet.

    Raises EncoderUnavailableError within seconds where they are not there and their server does not answer:
    left to itself, the hub's client tries twelve times.
    """
    from huggingface_hub import constants  # what open_clip downloads with

    config = library.get_pretrained_cfg(weights.name, weights.tag)
    cached, address = _places(config, constants.HF_HUB_CACHE, constants.ENDPOINT)
    try:
        if not os.path.exists(cached) and not constants.HF_HUB_OFFLINE:
            _knock(address)
        path: str = library.download_pretrained(config)
    except (OSError, RuntimeError, ValueError, TypeError, HTTPException) as error:
        raise EncoderUnavailableError(
            f"the weights {weights.tag!r} of {weights.name} are neither in {cached} nor to be had from {address} "
            f"({one_line(error, 120)}): give a local file with --pretrained=/path/to/file",
            INSTEAD,
        ) from error
    return path


def _places(config: dict[str, Any], hub_cache: str, hub: str) -> tuple[str, str]:
    """Where the weights of a tag would lie in the cache, and the address that open_clip fetches them from."""
    repository = "/".join(str(config.get("hf_hub") or "").split("/")[:2])
    if repository:
        return os.path.join(hub_cache, "models--" + repository.replace("/", "--")), f"{hub}/{repository}"
    url = str(config.get("url") or "")
    return os.path.join(os.path.expanduser("~/.cache/clip"), os.path.basename(url)), url


def _knock(address: str) -> None:
    """OSError where nobody answers at the address; whatever an answer says is the download's to judge."""
    if urllib.request.getproxies():
        return  # the hub's client knows kinds of proxies that urllib does not, and may get through
    request = urllib.request.Request(address, method="HEAD")  # noqa: S310  (from open_clip's own list)
    try:
        urllib.request.urlopen(request, timeout=_PROBE_SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError:
        return
    except urllib.error.URLError as error:
        # A certificate unknown here may be known to the hub's client, and is an answer all the same.
        if not isinstance(error.reason, ssl.SSLError):
            raise
