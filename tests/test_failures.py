"""What goes wrong with one image becomes a value; what goes wrong with the run does not."""

from __future__ import annotations

import errno

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError, EncoderError, OutputError, ReadError
from image_tagging.failures import attempt
from image_tagging.records import Failure

REF = ImageRef("cat.png")


def failing(error):
    def work():
        raise error

    return work


def test_what_works_is_given_back():
    assert attempt(REF, "read", lambda: 7) == 7


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (ReadError("missing", "it is gone"), "missing", "it is gone"),
        (DecodeError("truncated", "cut short"), "truncated", "cut short"),
        (PermissionError(errno.EACCES, "Permission denied", "cat.png"), "unreadable", "Permission denied"),
        (OSError("no number"), "unreadable", "no number"),
        (ZeroDivisionError("division by zero"), "unexpected", "ZeroDivisionError: division by zero"),
        (MemoryError(), "unexpected", "MemoryError: "),
    ],
)
def test_an_error_of_the_image_becomes_a_failure_with_a_code(error, code, reason):
    assert attempt(REF, "decode", failing(error)) == Failure(REF, "decode", code, reason)


@pytest.mark.parametrize("error", [EncoderError("no weights"), OutputError("no space"), KeyboardInterrupt()])
def test_an_error_that_is_not_the_images_ends_the_run(error):
    with pytest.raises(type(error)):
        attempt(REF, "embed", failing(error))
