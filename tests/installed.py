"""The program as ``pip install`` makes it, in an environment of its own, and the ways to start it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from image_tagging import __version__

CHECKOUT = Path(__file__).resolve().parents[1]

#: How a user may start a stage: each gives the same command.
WAYS = ["installed", "module", "script", "first process"]

#: The copy that is installed has no tags to take its version from.
VERSION = {"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_IMAGE_TAGGING_TOOLS": __version__}

_SCRIPTS = {
    "process": "stage1/ImageDatasetProcessor.py",
    "train": "stage2/train.py",
    "classify": "stage3/classify.py",
    "classify-zip": "stage4/classify_zip.py",
}


def install(folder: Path) -> Path:
    """Install this checkout with pip into a new environment, which has the libraries of this one; its programs."""
    for name in ("pip", "setuptools", "setuptools_scm"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not here, by which users install the program: pip install {name}")
    source = folder / "source"
    shutil.copytree(CHECKOUT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    venv.create(folder / "env", symlinks=os.name != "nt")
    programs = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = programs / f"python{'.exe' if os.name == 'nt' else ''}"
    (_site_packages(python) / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    options = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "--python", python, "install", *options, source]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", cwd=folder, env=plain(**VERSION))
    assert done.returncode == 0, done.stderr
    return programs


def _site_packages(python: Path) -> Path:
    said = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env=plain(),
    )
    return Path(said.stdout.strip())


def plain(**more: str) -> dict[str, str]:
    """The environment of these tests without what tells Python where to look for modules."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | more


def command(way: str, programs: Path, *arguments: object) -> list[str]:
    """How ``way`` starts a stage, given as the first of the arguments."""
    words = [str(argument) for argument in arguments]
    python = str(programs / "python")
    if way == "installed":
        return [str(programs / "image-tagging"), *words]
    if way == "module":
        return [python, "-m", "image_tagging", *words]
    if way == "script":
        return [python, str(CHECKOUT / _SCRIPTS[words[0]]), *words[1:]]
    if not can_be_first():
        pytest.skip("no process can be the first of its own list of processes here (unshare --pid)")
    # As the entry point of a container, for which the system keeps no default answer to signals.
    return ["unshare", "--pid", "--fork", "--kill-child", str(programs / "image-tagging"), *words]


def can_be_first() -> bool:
    """Whether this user may start a process as the first of a new list of processes, as containers do."""
    if shutil.which("unshare") is None:
        return False
    return not subprocess.run(["unshare", "--pid", "--fork", "true"], check=False, capture_output=True).returncode
