"""The demo draws a mountain, sorts it, and is right about it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from image_tagging.demo import draw_dataset, draw_mountain, run_demo
from image_tagging.demo.mountain import OF_TAG, TAGS
from image_tagging.errors import OutputError
from image_tagging.pipeline import LEAST_BACKGROUND


def test_drawing_does_not_import_the_pipeline() -> None:
    code = "import sys, image_tagging.demo as it; it.draw('maps', 0); print('image_tagging.pipeline' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8")
    assert done.stdout == "False\n"


@pytest.mark.slow
def test_the_demo_finds_nearly_all_pictures_of_its_tags(tmp_path: Path) -> None:
    summary = run_demo(str(tmp_path))
    assert summary.with_tag == len(TAGS) * OF_TAG
    assert summary.found >= 0.9 * summary.with_tag
    assert summary.sort.background >= LEAST_BACKGROUND
    assert summary.sort.train is not None
    again = run_demo(str(tmp_path))
    assert again.sort.train is None
    assert (again.found, again.tagged, again.right) == (summary.found, summary.tagged, summary.right)


def test_most_pictures_of_the_mountain_have_no_tag(tmp_path: Path) -> None:
    drawn = draw_mountain(str(tmp_path))
    assert len(drawn.truth) >= 600
    assert 0.03 < sum(map(bool, drawn.truth.values())) / len(drawn.truth) < 0.1
    loose = {path.name for path in Path(drawn.mountain).rglob("img-*")}
    with zipfile.ZipFile(Path(drawn.mountain) / "old.zip") as outer:
        packed = {Path(name).name for name in outer.namelist()} - {"inner.zip"}
        with outer.open("more/inner.zip") as member, zipfile.ZipFile(member) as inner:
            nested = set(inner.namelist())
    assert min(len(loose), len(packed), len(nested)) > 10
    assert sorted([*loose, *packed, *nested]) == sorted(drawn.truth)
    assert {path.name for path in Path(drawn.examples).iterdir()} == set(TAGS)


def test_a_mountain_is_drawn_the_same_again(tmp_path: Path) -> None:
    for name in ("first", "second"):
        draw_mountain(str(tmp_path / name), share=0.02)
    first, second = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("first", "second")
    )
    assert first == second


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
