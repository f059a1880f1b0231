"""The benchmark of the pages runs, in a small size, on a folder that it makes and on the program as it is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_it_prints_what_each_page_takes_and_which_goals_are_met(tmp_path):
    for name in ("uvicorn", "starlette", "jinja2"):
        pytest.importorskip(name, reason="the extra review is not installed")
    sizes = ["--pictures=400", "--tags=2", "--examples=12", "--pause=0.1", "--pages=3"]
    command = [sys.executable, str(ROOT / "benchmarks" / "review_speed.py"), *sizes, f"--folder={tmp_path}"]
    printed = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=600).stdout
    for name in (
        *("start, the first", "first page of a tag", "strip", "undo", "page turn, 8 marks changed", "check page"),
        *("24 thumbnails of photos, never drawn", "all by score, further pages", "memory at most"),
    ):
        assert any(line.startswith(name) for line in printed.splitlines())
    assert "met" in printed
