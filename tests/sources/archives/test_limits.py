"""What one file may bring is stated and counted."""

from __future__ import annotations

import pytest

from image_tagging.errors import ReadError
from image_tagging.sources.archives import Allowance, ArchiveLimits


def test_the_stated_limits():
    limits = ArchiveLimits()
    assert (limits.depth, limits.members) == (8, 2_000_000)
    assert (limits.image_bytes, limits.archive_bytes, limits.held_bytes) == (2**29, 2**31, 2**31)
    assert (limits.total_bytes, limits.ratio) == (2**30, 1032)


def test_what_a_file_unpacks_to_may_grow_with_its_size():
    limits = ArchiveLimits(total_bytes=1000, ratio=10)
    Allowance(limits, 1).take_bytes(1000)
    Allowance(limits, 500).take_bytes(5000)
    allowance = Allowance(limits, 500)
    with pytest.raises(ReadError, match="more than 5,000 bytes") as raised:
        allowance.take_bytes(5001)
    assert raised.value.code == "too-much"
    assert allowance.is_spent


def test_members_add_up():
    allowance = Allowance(ArchiveLimits(members=10), 1)
    allowance.take_members(10)
    assert not allowance.is_spent
    with pytest.raises(ReadError, match="more than 10 members") as raised:
        allowance.take_members(1)
    assert raised.value.code == "too-many-members"
    assert allowance.is_spent


def test_what_is_held_leaves_less_for_the_next():
    allowance = Allowance(ArchiveLimits(archive_bytes=100, held_bytes=150), 1)
    assert allowance.inner_bytes == 100
    allowance.hold(100)
    assert allowance.inner_bytes == 50
    allowance.hold(-100)
    assert allowance.inner_bytes == 100
