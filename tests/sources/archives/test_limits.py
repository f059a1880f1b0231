"""What one file may bring is stated and counted."""

from __future__ import annotations

import pytest

from image_tagging.errors import ReadError
from image_tagging.sources.archives import ArchiveLimits, Budget


def test_the_stated_limits():
    limits = ArchiveLimits()
    assert (limits.depth, limits.members) == (8, 2_000_000)
    assert (limits.image_bytes, limits.archive_bytes, limits.held_bytes) == (2**29, 2**31, 2**31)
    assert (limits.total_bytes, limits.ratio) == (2**30, 1032)


def test_what_a_file_unpacks_to_may_grow_with_its_size():
    limits = ArchiveLimits(total_bytes=1000, ratio=10)
    Budget(limits, 1).take_bytes(1000)
    Budget(limits, 500).take_bytes(5000)
    budget = Budget(limits, 500)
    with pytest.raises(ReadError, match="more than 5,000 bytes") as raised:
        budget.take_bytes(5001)
    assert raised.value.code == "too-much"
    assert budget.is_spent


@pytest.mark.parametrize(
    ("size", "members"), [(1, 1000), (33_000, 8250), (1 << 20, 100_000), (16 << 20, 1 << 20), (1 << 30, 2_000_000)]
)
def test_members_grow_with_the_size_of_the_file(size, members):
    budget = Budget(ArchiveLimits(), size)
    budget.take_members(members)
    with pytest.raises(ReadError, match=f"more than {members:,} members"):
        budget.take_members(1)


@pytest.mark.parametrize(
    ("size", "names"), [(1, 1 << 18), (33_000, 32 * 33_000), (1 << 20, 32 << 20), (100 << 20, 200 << 20)]
)
def test_names_grow_with_the_size_of_the_file(size, names):
    budget = Budget(ArchiveLimits(), size)
    budget.take_names(names)
    with pytest.raises(ReadError, match=f"names in it take more than {names:,} bytes") as raised:
        budget.take_names(1)
    assert raised.value.code == "too-much"
    assert budget.is_spent


def test_members_add_up():
    budget = Budget(ArchiveLimits(members=10), 1)
    budget.take_members(10)
    assert not budget.is_spent
    with pytest.raises(ReadError, match="more than 10 members") as raised:
        budget.take_members(1)
    assert raised.value.code == "too-many-members"
    assert budget.is_spent


def test_what_is_held_leaves_less_for_the_next():
    budget = Budget(ArchiveLimits(archive_bytes=100, held_bytes=150), 1)
    assert budget.inner_bytes == 100
    budget.hold(100)
    assert budget.inner_bytes == 50
    budget.hold(-100)
    assert budget.inner_bytes == 100
