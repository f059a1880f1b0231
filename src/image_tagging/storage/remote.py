"""The file systems of fsspec, opened once in each process with the credentials that the user's own tools have.

fsspec runs requests in a thread of its own. A process that was forked has no such thread, so it opens its own file
systems; the threads of one process share them.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from ..errors import LibraryMissingError
from .backends import Backend
from .generic import GenericBackend
from .s3 import S3Backend
from .urls import WEB, Place
from .web import WebBackend

#: What each scheme needs in addition to fsspec, and the extra that has it.
_EXTRAS = {"s3": ("s3fs", "s3"), "gs": ("gcsfs", "gcs"), "http": ("aiohttp", "s3"), "https": ("aiohttp", "s3")}

#: Seconds until a server must have taken a connection, and until it must have sent something.
_CONNECT, _READ = 10, 60

_OPEN: dict[tuple[int, str], Backend] = {}
_LOCK = threading.Lock()


def _new_lock() -> None:
    """Give a forked process a lock of its own: a thread that is not there any more may have held the other."""
    global _LOCK  # noqa: PLW0603
    _LOCK = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def backend_of(place: Place) -> Backend:
    """Return what reaches the objects of this scheme in this process.

    Raises
    ------
    LibraryMissingError
        A library is not installed; the message names the extra.
    """
    key = (os.getpid(), place.scheme)
    with _LOCK:
        if key not in _OPEN:
            _OPEN[key] = _opened(place.scheme)
        return _OPEN[key]


def _opened(scheme: str) -> Backend:
    try:
        if scheme == "s3":
            return _s3()
        return _web(scheme) if scheme in WEB else _generic(scheme)
    except ImportError as error:
        library, extra = _EXTRAS.get(scheme, ("fsspec", "s3"))
        raise LibraryMissingError(
            f"{scheme}:// needs {library}, which cannot be imported ({error}). Install it: "
            f"pip install 'image-tagging-tools[{extra}]'"
        ) from error


def _s3() -> Backend:
    import aiohttp
    import fsspec
    import s3fs
    from botocore.exceptions import BotoCoreError, ClientError

    del s3fs  # fsspec would say less of what is missing
    config = {
        "retries": {"total_max_attempts": 1},  # retries are those of :mod:`.objects`, for all schemes alike
        "connect_timeout": _CONNECT,
        "read_timeout": _READ,
        **_user_options(fsspec, "s3").get("config_kwargs", {}),
    }
    fs = _file_system(fsspec, "s3", config_kwargs=config)
    fs.retries = 1
    return S3Backend(fs, (OSError, BotoCoreError, ClientError, aiohttp.ClientError, *_timeouts()))


def _web(scheme: str) -> Backend:
    import aiohttp
    import fsspec

    options = _user_options(fsspec, scheme)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_READ)
    client = {"timeout": timeout, "trust_env": True, **options.get("client_kwargs", {})}
    fs = _file_system(fsspec, scheme, client_kwargs=client)
    return WebBackend(fs, (OSError, ValueError, aiohttp.ClientError, *_timeouts()))


def _generic(scheme: str) -> Backend:
    import fsspec

    if scheme == "memory":
        return GenericBackend(_file_system(fsspec, scheme), (OSError,))
    import aiohttp
    import gcsfs
    from gcsfs.retry import HttpError
    from google.auth.exceptions import GoogleAuthError

    del gcsfs
    return GenericBackend(
        _file_system(fsspec, scheme),
        (OSError, ValueError, HttpError, GoogleAuthError, aiohttp.ClientError, *_timeouts()),
    )


def _file_system(fsspec: Any, scheme: str, **options: Any) -> Any:
    """Open a file system that remembers nothing of what it listed, and that no other code shares."""
    return fsspec.filesystem(scheme, skip_instance_cache=True, use_listings_cache=False, **options)


def _user_options(fsspec: Any, scheme: str) -> dict[str, Any]:
    """Return what the user's configuration of fsspec says of a scheme."""
    return dict(fsspec.config.conf.get(scheme, {}))


def _timeouts() -> tuple[type[Exception], ...]:
    import asyncio

    from fsspec.exceptions import FSTimeoutError

    return (asyncio.TimeoutError, FSTimeoutError)
