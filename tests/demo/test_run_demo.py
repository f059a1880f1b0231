"""The demo draws a data set, runs the four stages on it, and is right about it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging.demo import KINDS, draw_dataset, run_demo
from image_tagging.errors import OutputError


def test_drawing_does_not_import_the_pipeline() -> None:
    code = "import sys, image_tagging.demo as it; it.draw('maps', 0); print('image_tagging.pipeline' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8")
    assert done.stdout == "False\n"


@pytest.mark.slow
def test_the_demo_names_nearly_all_images_rightly(tmp_path: Path) -> None:
    summary = run_demo(str(tmp_path))
    assert summary.asked == 11 * len(KINDS)
    assert summary.right >= 0.95 * summary.asked


def test_a_folder_with_other_files_is_not_drawn_over(tmp_path: Path) -> None:
    drawn = draw_dataset(str(tmp_path / "drawn"), images_per_kind=1)
    mine = tmp_path / "drawn" / "tagged" / "maps" / "maps-000.png"
    mine.write_bytes(b"mine")
    draw_dataset(str(tmp_path / "drawn"), images_per_kind=1)
    assert mine.read_bytes() != b"mine"  # in a folder that was drawn
    mine.write_bytes(b"mine")
    (tmp_path / "drawn" / "drawn-by-image-tagging.txt").unlink()
    with pytest.raises(OutputError, match=r"maps-000\.png is another file"):
        draw_dataset(str(tmp_path / "drawn"), images_per_kind=1)
    assert mine.read_bytes() == b"mine"
    assert drawn.truth
