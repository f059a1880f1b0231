"""The one place where an exception that one image causes becomes a :class:`Failure` value."""

from __future__ import annotations

from typing import Callable, TypeVar, Union

from .errors import ImageTaggingError, PictureError
from .records import Failure, ImageRef

Result = TypeVar("Result")


def attempt(ref: ImageRef, step: str, work: Callable[[], Result]) -> Union[Result, Failure]:
    """Run one step of one image; return its result, or a ``Failure`` where the image cannot be used.

    Errors that are not the image's (the encoder is missing, the output cannot be written) are raised.
    """
    try:
        return work()
    except PictureError as error:
        return Failure(ref, step, error.code, str(error))
    except ImageTaggingError:
        raise
    except OSError as error:
        return Failure(ref, step, "unreadable", error.strerror or str(error))
    except Exception as error:  # noqa: BLE001  decoders of damaged pictures raise anything; the run goes on
        return Failure(ref, step, "unexpected", f"{type(error).__name__}: {error}")
