"""What the README and the pages say is so: its Python runs, and every command, flag and room is named."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer.main

from image_tagging.cli import app as cli
from image_tagging.records import LEFT_OUT
from image_tagging.sources import reserved, results

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")

#: Flags that the original's README documents for a command; the others are told in docs/commands.md.
COMMAND_LINE = typer.main.get_command(cli.app)


def flags(command: str) -> set[str]:
    return {parameter.name for parameter in COMMAND_LINE.commands[command].params} - {"help"}


@pytest.mark.slow
def test_the_python_of_the_readme_runs_as_it_stands(tmp_path, drawing):
    for kind in ("sprites", "tiles", "charts"):
        for number in range(6):
            drawing(tmp_path / "my-dataset" / kind / f"{number}.png", kind, number)
        drawing(tmp_path / "mountain" / f"{kind}.png", kind, 100)
    example = drawing(tmp_path / "images" / "example1.png", "sprites", 101)
    (tmp_path / "dataset").mkdir()
    with zipfile.ZipFile(tmp_path / "dataset" / "testdata1.zip", "w") as archive:
        archive.write(example, "testdata1/10_1.png")
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.S))
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}\nprint(image['file_type'])"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "model-type = ovr-svm, tag= sprites" in done.stdout
    assert done.stdout.endswith(".png\n")
    assert (tmp_path / "classification_single_image_custom_model" / "output.json").exists()


@pytest.mark.parametrize("command", sorted(COMMAND_LINE.commands))
def test_every_command_and_flag_is_documented(command):
    assert f"`image-tagging {command}`" in COMMANDS
    told = set(re.findall(r"`(?:--)?([a-z_]+)`", README + COMMANDS))
    assert not {flag for flag in flags(command) if flag not in told and f"--{flag} " not in README}


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", ["security.md", "reliability.md"])
def test_tests_that_a_page_names_exist(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`([\w/]+\.py)(?:::\w*…?)?`", text) if "test_" in name}
    assert len(named) > 20
    assert not [name for name in named if not (ROOT / "tests" / name).exists()]
    functions = re.findall(r"`([\w/]+\.py)::(\w+)(…?)`", text)
    assert functions or page == "security.md"
    assert not [
        f"{file}::{name}"
        for file, name, is_cut in functions
        if not re.search(rf"^def {name}{'' if is_cut else '[(]'}", (ROOT / "tests" / file).read_text("utf-8"), re.M)
    ]


def test_every_room_is_on_the_map():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.stem for path in (ROOT / "src" / "image_tagging").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not {room for room in rooms - {"__pycache__"} if not re.search(rf"^  {room}(\.py|/) ", page, re.M)}


def test_every_benchmark_is_listed():
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert not [path.name for path in (ROOT / "benchmarks").glob("*.py") if path.name not in page]


def test_make_offers_what_it_lists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M).group(1).split()
    assert phony == re.findall(r"^([a-z]+):.* ## \w", makefile, re.M)
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`make ([a-z]+)`", contributing)) <= set(phony)


def test_ci_runs_every_python_that_is_promised():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    promised = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    assert re.search(r"python: \[(.*)\]", workflow).group(1) == ", ".join(f'"{python}"' for python in promised)


def test_every_name_that_is_left_out_is_documented():
    text = (ROOT / "docs" / "data-sets.md").read_text(encoding="utf-8")
    names = [*itertools.chain(*reserved.RESERVED_FOLDERS.values(), *reserved.RESERVED_FILES.values())]
    names += [*reserved.RESERVED_IN_CAPITALS, *LEFT_OUT, *results.RESULT_FILES, reserved.NO_MEDIA]
    names += [f"*{suffix}" for suffix in reserved.LIBRARIES]
    assert [name for name in names if f"`{name}`" not in text] == []
    assert [name for name in reserved.PHOTOS_OF_LIBRARIES if f"`{name}`" not in text.lower()] == []
