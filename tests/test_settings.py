"""Settings are frozen, and compare by their values."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from image_tagging.settings import settings


@settings
class Effort:
    """A few settings."""

    folder: str
    threads: int = 4


def test_settings_are_given_by_keyword_and_do_not_change():
    effort = Effort(folder="out")
    assert effort == Effort(threads=4, folder="out")
    with pytest.raises(dataclasses.FrozenInstanceError):
        effort.threads = 5


@pytest.mark.skipif(sys.version_info < (3, 10), reason="dataclasses know no keyword-only fields before Python 3.10")
def test_settings_are_refused_by_place():
    with pytest.raises(TypeError):
        Effort("out", 4)
