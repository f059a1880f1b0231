"""Tests of one group, which use the same port, disks or cluster, run one after the other in one process."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("groups")
def test_a_test_of_a_group_is_sent_to_the_process_of_its_group(request):
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("all tests run in one process, or in groups of another kind")
    assert request.node.nodeid.endswith("@groups"), "this pytest and pytest-xdist do not go together"
