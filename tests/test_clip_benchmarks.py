"""The benchmarks of CLIP run, in a small size; no time is asserted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"

pytestmark = pytest.mark.slow


def lines(script, *flags):
    """The lines that a benchmark prints."""
    command = [sys.executable, str(BENCHMARKS / script), *flags]
    done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_way_of_stage_1_is_measured_and_one_that_is_not_here_is_named(tmp_path):
    pytest.importorskip("resource", reason="it is not on Windows")
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(8):
        Image.fromarray(random.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(tmp_path / f"photos/{number}.png")
    printed = lines("stage1_clip.py", str(tmp_path), "--ways", "onnx", "openvino", "--rounds", "1")
    assert printed[0].startswith("8 images, ViT-B-32")
    (table,) = (line.split(" | ") for line in printed if line.startswith("| onnx |"))
    assert table[2] == "1.00"
    assert all(float(cell) > 0 for cell in table[1:9])
    assert any(line.startswith(("openvino is left out: ", "| openvino |")) for line in printed)


def test_every_tower_that_is_installed_is_compared_with_the_first():
    printed = lines("clip_towers.py", "--batch", "2", "--rounds", "1")
    towers = {line.split(" | ")[0]: line.split(" | ") for line in printed if line.startswith("| ")}
    assert {"| onnxruntime fp32", "| onnxruntime int8"} <= set(towers)
    assert float(towers["| onnxruntime fp32"][5]) >= 0.9999
