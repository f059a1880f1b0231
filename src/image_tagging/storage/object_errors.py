"""What a request for an object failed by, in words, and whether it may pass when it is sent again."""

from __future__ import annotations

import asyncio
import errno
from typing import Any, Optional

from ..errors import StorageError
from ..text import shortened
from .backends import ObjectChangedError, ShortReadError
from .urls import WEB, Place

#: Classes of errors of the libraries, by their names: importing them takes a second.
_WITHOUT_CREDENTIALS = frozenset(
    "NoCredentialsError PartialCredentialsError CredentialRetrievalError DefaultCredentialsError TokenRetrievalError "
    "UnauthorizedSSOTokenError SSOTokenLoadError SSOError ProfileNotFound RefreshError".split()
)
_LOST_CONNECTIONS = frozenset(
    "EndpointConnectionError ConnectTimeoutError ReadTimeoutError ConnectionClosedError HTTPClientError "
    "IncompleteReadError IncompleteRead ResponseStreamingError ResponseParserError ClientPayloadError "
    "ServerDisconnectedError ServerTimeoutError ClientConnectorError ClientConnectionError ClientOSError "
    "SocketTimeoutError ConnectionTimeoutError TransportError".split()
)

#: Codes of S3 for a request that came at a bad time.
_PASSING_CODES = frozenset(
    "SlowDown RequestTimeout Throttling ThrottlingException RequestLimitExceeded InternalError ServiceUnavailable "
    "RequestTimeTooSkewed BandwidthLimitExceeded".split()
)

_PASSING_NUMBERS = frozenset(
    {errno.EBUSY, errno.EAGAIN, errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT}
)

_CREDENTIALS = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in (aws configure, aws sso login); "
    "for a public bucket set FSSPEC_S3_ANON=true",
    "gs": "log in (gcloud auth application-default login), or set GOOGLE_APPLICATION_CREDENTIALS",
}


def may_pass(error: Exception) -> bool:
    """Return whether the same request may succeed a little later."""
    if isinstance(error, (ShortReadError, asyncio.TimeoutError, ConnectionError, TimeoutError)):
        return True
    status, code = _answer_of(error)
    if status is not None and (status >= 500 or status == 429):
        return status != 501
    if code in _PASSING_CODES or not _names(error).isdisjoint(_LOST_CONNECTIONS):
        return True
    return isinstance(error, OSError) and error.errno in _PASSING_NUMBERS


def as_storage_error(error: Exception, place: Place, what: str) -> StorageError:
    """Return the error for people of a request that failed; ``what`` is done with the object: read, listed, written."""
    code, reason = _reason(error, place)
    return StorageError(f"{shortened(place.url, 500)} cannot be {what}: {reason}.", code, reason)


def _reason(error: Exception, place: Place) -> tuple[str, str]:
    status, code = _answer_of(error)
    if isinstance(error, ObjectChangedError):
        return "changed", "it was changed after it was listed: run again"
    if not _names(error).isdisjoint(_WITHOUT_CREDENTIALS):
        return "no-credentials", f"no credentials were found that can be used: {_CREDENTIALS.get(place.scheme, '')}"
    if code == "NoSuchBucket":
        return "no-bucket", f"there is no bucket {place.bucket}: check its name, and the account"
    if isinstance(error, FileNotFoundError) or status == 404:
        return "missing", "it is not there (any more)"
    if may_pass(error):
        return "unreachable", f"the server did not answer as it should, after several tries ({_words(error)})"
    return _refused(error, place)


def _refused(error: Exception, place: Place) -> tuple[str, str]:
    """Return the code and the reason of an error that the server gave, and would give again."""
    status, code = _answer_of(error)
    if isinstance(error, PermissionError) or status in {401, 403} or "Forbidden" in str(error):
        whose = "the address" if place.scheme in WEB else f"the bucket {place.bucket}"
        why = f" ({code})" if code and not code.isdigit() else ""
        return "no-permission", f"access to {whose} is denied{why}: check the credentials and their rights"
    return "unreadable", _words(error)


def too_large(place: Place, most: int) -> StorageError:
    """Return the error for an object of more bytes than may be read."""
    reason = f"it holds more than {most:,} bytes"
    return StorageError(f"{shortened(place.url, 500)} cannot be read: {reason}.", "too-large", reason)


def _answer_of(error: Exception) -> tuple[Optional[int], str]:
    """Return the status and the code of the server's answer that an error is of."""
    for each in (error, error.__cause__):
        response: Any = getattr(each, "response", None)
        if isinstance(response, dict):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return status, str(response.get("Error", {}).get("Code", ""))
        for name in ("status", "code"):
            status = getattr(each, name, None)
            if isinstance(status, int) or (isinstance(status, str) and status.isdigit()):
                return int(status), ""
    return None, ""


def _names(error: Exception) -> set[str]:
    """Return the names of the classes of an error and of what it came from."""
    causes = [each for each in (error, error.__cause__, error.__context__) if each is not None]
    return {kind.__name__ for each in causes for kind in type(each).__mro__}


def _words(error: Exception) -> str:
    """Return what an error says, on one line."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shortened(" ".join(words.split()), 200) or type(error).__name__
