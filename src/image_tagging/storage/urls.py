"""URLs of objects, taken apart: in a bucket (``s3://``, ``gs://``), on the web, or in the memory of this process.

What follows the bucket is the key of the object, as it is: ``%2F``, ``..`` and ``//`` are characters of a key, and no
part of it is looked up on this machine.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import InputError
from ..text import shortened

#: The schemes that are read; those of the web cannot be listed, and nothing is written there.
BUCKETS, WEB = ("s3", "gs", "memory"), ("http", "https")

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)/?(.*)", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_KNOWN = ", ".join(f"{scheme}://" for scheme in ("s3", "gs", "https", "http"))


class Place(NamedTuple):
    """A URL, taken apart; ``bucket`` is the host of an address of the web, ``key`` what follows it."""

    url: str
    scheme: str
    bucket: str
    key: str


def parse_url(url: str) -> Place:
    """Return what a URL is made of.

    Raises
    ------
    InputError
        It is of a scheme that is not read (``file://``), leads through another (``zip::s3://``), or names no bucket.
    """
    found = _URL.fullmatch(url)
    shown = shortened(url, 200)
    if found is None:
        raise InputError(f"{shown} leads through several addresses: name the file itself, by one of {_KNOWN}.")
    scheme, bucket, key = found[1].lower(), found[2], found[3]
    if scheme == "file":
        raise InputError(f"{shown} is a file of this machine: give its path, without file://.")
    if scheme not in BUCKETS + WEB:
        raise InputError(f"{scheme}:// is not read ({shown}): use one of {_KNOWN}, or copy the files to a folder.")
    if "@" in bucket:
        raise InputError(f"a URL of {scheme}:// holds a password, which results would show: give one without it.")
    if not (_HOST if scheme in WEB else _BUCKET).fullmatch(bucket):
        what, example = ("host", "example.org") if scheme in WEB else ("bucket", "bucket")
        raise InputError(f"{shown} names no {what}: give {scheme}://{example}/name.")
    if "\0" in key or not _is_text(key):
        raise InputError(f"{shown} holds characters that no URL has.")
    return Place(url, scheme, bucket, key)


def _is_text(key: str) -> bool:
    """Return whether a key can be sent: it may hold half a character where a list was no valid text."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
