"""The filters and the Python of the page on searching are as it says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging.search import parse_arguments

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "search.md").read_text(encoding="utf-8")


def test_every_filter_of_the_page_is_one():
    for filters in re.findall(r"^\| (`.*?`) \|", PAGE, re.M):
        for each in re.findall(r"`(.*?)`", filters):
            assert parse_arguments(shlex.split(each)).filters


@pytest.mark.slow
def test_the_python_of_the_page_runs(output):
    code = (
        re.search(r"```python\n(.*?)```", PAGE, re.S)[1].replace("./sorted", str(output)).replace("tag:", "not path:")
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert ".png" in done.stdout
