"""The arithmetic of what many pictures cost: hours, money, and what breaks first."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "cost.py"


@pytest.fixture(scope="module")
def cost():
    spec = importlib.util.spec_from_file_location("cost_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def plan(cost):
    """Round figures: a machine does 100 pictures a second, and nothing else costs."""
    return cost.Plan(
        machines=2,
        cores=10,
        core_rate=10,
        machine_price=1,
        driver_price=0,
        lost=0,
        get_price=0,
        put_price=0,
        keep_price=0,
        list_rate=1000,
        read_rate=1000,
        merge_rate=1000,
    )


def test_hours_are_pictures_by_the_rate_of_all_machines(cost, plan):
    done = cost.cost_of(720_000, plan)
    assert (done.machine_hours, done.compute_hours, done.money) == (2.0, 1.0, 2.0)
    assert done.list_hours == pytest.approx(0.2)
    assert done.merge_hours == pytest.approx(0.4)
    assert done.hours == pytest.approx(1.6)


def test_more_machines_take_less_time_and_the_same_money(cost, plan):
    few, many = cost.cost_of(1e6, plan), cost.cost_of(1e6, replace(plan, machines=20))
    assert many.compute_hours == pytest.approx(few.compute_hours / 10)
    assert many.money == pytest.approx(few.money)


def test_spot_machines_cost_less_and_lost_work_is_paid(cost, plan):
    assert cost.cost_of(720_000, replace(plan, spot=0.5)).money == pytest.approx(1.0)
    assert cost.cost_of(720_000, replace(plan, lost=0.5)).money == pytest.approx(3.0)


def test_a_gpu_is_as_fast_as_its_cores_decode(cost, plan):
    assert cost.machine_rate(replace(plan, gpus=1, gpu_rate=2500, decode_rate=500)) == 2500
    assert cost.machine_rate(replace(plan, gpus=8, gpu_rate=2500, decode_rate=500)) == 5000


def test_shards_requests_and_transfer_are_paid(cost, plan):
    slow = replace(plan, shard_images=1000, shard_seconds=5, machine_price=0)
    assert cost.cost_of(720_000, slow).machine_hours == pytest.approx(2.0 + 720 * 5 / 10 / 3600)
    asked = replace(plan, machine_price=0, get_price=1, put_price=2, shard_images=1000)
    assert cost.cost_of(5_000, asked).money == pytest.approx(5 + 5 * 2 / 1000)
    moved = replace(plan, machine_price=0, picture_bytes=1e6, transfer_price=0.1)
    assert cost.cost_of(1e6, moved).money == pytest.approx(100)


def test_the_driver_is_paid_from_begin_to_end(cost, plan):
    done = cost.cost_of(720_000, replace(plan, machine_price=0, driver_price=2))
    assert done.money == pytest.approx(2 * done.hours)


def test_what_is_kept_is_paid_by_the_month(cost, plan):
    done = cost.cost_of(1e6, replace(plan, manifest_bytes=10, store_bytes=1000, dim=100, keep_price=0.02))
    assert done.kept_bytes == 1e6 * 1810
    assert done.kept_money == pytest.approx(1.81 * 0.02)


def test_parts_come_in_the_order_in_which_they_break(cost, plan):
    parts = cost.parts_of(
        replace(plan, most_hours=10, shard_images=100, most_files=1000, json_bytes=1000, most_json=1e6)
    )
    at = {part.name: part.breaks_at for part in parts}
    assert list(at.values()) == sorted(at.values())
    assert at["metadata as JSON"] == 1000
    assert at["shards"] == 100_000
    assert at["listing"] == at["manifest"] == 36e6
    assert at["merge"] == pytest.approx(18e6)
    assert all(part.why and part.then for part in parts)


def test_the_store_has_no_more_positions_than_its_numbers(cost, plan):
    parts = {part.name: part for part in cost.parts_of(replace(plan, driver_disk=1e30))}
    assert parts["working store (SQLite)"].breaks_at == 2**36


def run(*flags):
    command = [sys.executable, str(SCRIPT), *flags]
    return subprocess.run(command, check=False, capture_output=True, encoding="utf-8")


def test_the_script_prints_a_row_for_each_number_of_pictures():
    done = run()
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[3:8]] == [
        "1,000,000",
        "10,000,000",
        "100,000,000",
        "1,000,000,000",
        "10,000,000,000",
    ]
    assert "breaks at" in done.stdout
    assert "--metadata_format parquet" in done.stdout


@pytest.mark.parametrize("flags", [["--machines", "0"], ["--core_rate=-1"], ["--pictures", "0"], ["--dim=nan"]])
def test_figures_that_mean_nothing_are_wrong_usage(flags):
    done = run(*flags)
    assert done.returncode == 2
    assert "must be above 0" in done.stderr
