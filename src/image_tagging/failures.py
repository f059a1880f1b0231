"""Where an exception that one image causes becomes a :class:`Failure` value, and where failures are counted."""

from __future__ import annotations

from collections import Counter
from typing import Callable, TypeVar, Union

from .addresses import ImageRef
from .errors import ImageTaggingError, PictureError
from .records import Failure
from .text import shortened

Result = TypeVar("Result")

#: Failures of one run, and of one file with all archives in it, that are held and logged; further ones are counted.
MOST_FAILURES = 100_000
MOST_OF_ONE_FILE = 10_000

#: The code of an image whose decoder the system ended, not the image: the next run tries it again.
KILLED = "killed"

#: Characters of a reason: what a decoder or a system says may quote a whole file.
_LONGEST_REASON = 500


def attempt(ref: ImageRef, step: str, work: Callable[[], Result]) -> Union[Result, Failure]:
    """Run one step of one image; return its result, or a ``Failure`` where the image cannot be used.

    Errors that are not the image's (the encoder is missing, the output cannot be written) are raised.
    """
    try:
        return work()
    except PictureError as error:
        return Failure(ref, step, error.code, shortened(str(error), _LONGEST_REASON))
    except ImageTaggingError:
        raise
    except OSError as error:
        return Failure(ref, step, "unreadable", shortened(error.strerror or str(error), _LONGEST_REASON))
    except Exception as error:  # noqa: BLE001  decoders of damaged pictures raise anything; the run goes on
        return Failure(ref, step, "unexpected", shortened(f"{type(error).__name__}: {error}", _LONGEST_REASON))


class FailureList:
    """The first failures of one run, and how many there are of each code.

    An archive of a stranger can name a million members that fail: ``held`` takes the first of each file, and of all.
    Failures of one file are to be added in a row.
    """

    def __init__(self) -> None:
        self.held: list[Failure] = []
        self.codes: Counter[str] = Counter()
        self._file = ""
        self._of_file = 0

    def add(self, failure: Failure) -> bool:
        """Count a failure; return whether it is held."""
        self.codes[failure.code] += 1
        if failure.ref.file != self._file:
            self._file, self._of_file = failure.ref.file, 0
        self._of_file += 1
        is_held = self._of_file <= MOST_OF_ONE_FILE and len(self.held) < MOST_FAILURES
        if is_held:
            self.held.append(failure)
        return is_held

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.codes.values())

    @property
    def more(self) -> int:
        """How many of them are not held."""
        return self.count - len(self.held)
