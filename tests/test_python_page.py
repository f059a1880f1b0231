"""docs/python.md: its examples run as they stand, one after the other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import image_tagging

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
def test_every_example_runs_as_it_stands(tmp_path, drawing):
    pytest.importorskip("pandas", reason="the page shows a DataFrame: pandas is not installed (dev extra)")
    for kind in ("sprites", "tiles", "charts"):
        for number in range(6):
            drawing(tmp_path / "examples" / kind / f"{number}.png", kind, number)
        for number in range(100, 103):
            drawing(tmp_path / "photos" / f"{kind}-{number}.png", kind, number)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(EXAMPLES)],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "[ True  True  True False]" in done.stdout
    assert "the file is no longer there" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["examples", "photos", "sorted"]


def test_every_name_that_is_imported_is_public():
    names = {
        name.strip()
        for listed in re.findall(r"^from image_tagging import (.*)$", "\n".join(EXAMPLES), re.MULTILINE)
        for name in listed.split(",")
    }
    assert len(names) >= 8
    assert names <= set(image_tagging.__all__)
