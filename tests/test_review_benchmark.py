"""The benchmark of the review's page order works from beginning to end, on embeddings drawn at random."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
RIVALS = ("LightlyStudio", "FiftyOne Labs")

pytestmark = pytest.mark.slow


def benchmark(results, *flags):
    """What the benchmark prints."""
    command = [sys.executable, str(BENCHMARKS / "review_order.py"), "--drawn", "--quick", "--tags", "1"]
    command += ["--results", str(results), *flags]
    done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(results):
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines() if line]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A file of results, what was printed, and the curves."""
    folder = tmp_path_factory.mktemp("benchmark")
    curves = folder / "curves.svg"
    printed = benchmark(folder / "results.jsonl", "--curves", str(curves))
    return folder / "results.jsonl", printed, curves.read_text(encoding="utf-8")


def test_every_order_is_played_on_the_same_tags_and_starts(played):
    reviews = [record for record in lines(played[0]) if "order" in record]
    by_order = {}
    for record in reviews:
        by_order.setdefault(record["order"], set()).add((record["tag"], record["start"], record["seed"]))
    assert len(by_order) == 10
    assert len({frozenset(each) for each in by_order.values()}) == 1
    assert all(record["labels"] == sorted(set(record["labels"])) for record in reviews)


def test_rivals_are_measured_by_their_own_learner_and_by_ours(played):
    reviews = [record for record in lines(played[0]) if "order" in record]
    for record in reviews:
        assert (record["full"] == record["our_full"]) or record["order"] in RIVALS
    theirs = [record for record in reviews if record["order"] in RIVALS]
    assert any(record["full"] != record["our_full"] for record in theirs)
    for order in RIVALS:
        assert f"| {order}, to what this project's learner has in full |" in played[1]
        assert f">{order}, our learner</text>" in played[2]


def test_a_run_that_was_stopped_goes_on_where_it_was(played, tmp_path):
    text = played[0].read_text(encoding="utf-8")
    whole = [line for line in text.splitlines() if line]
    results = tmp_path / "results.jsonl"
    results.write_text("\n".join(whole[:-1]) + "\n" + whole[-1][:30], encoding="utf-8")
    assert "reviews, 1 to play" in benchmark(results)
    assert np.isin([json.loads(line)["key"] for line in whole], [record["key"] for record in readable(results)]).all()


def readable(results):
    found = []
    for line in results.read_text(encoding="utf-8").splitlines():
        if line.endswith("}"):
            found.append(json.loads(line))
    return found
