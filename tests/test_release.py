"""What is released: the version, the files of a wheel, and that the wheel works where nothing else is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import image_tagging

ROOT = Path(__file__).resolve().parents[1]
RELEASE = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")

#: The oldest and the newest Python, in which a wheel is tried.
PYTHONS = ("3.9", "3.13")


def run(*command, **options):
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    options.setdefault(
        "env", {**variables, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "GIT_CEILING_DIRECTORIES": str(ROOT.parent)}
    )
    words = [str(word) for word in command]
    return subprocess.run(words, check=False, capture_output=True, encoding="utf-8", timeout=900, **options)


def source(folder):
    """A copy of what a wheel is made of, without the repository."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


def built_version(folder):
    """The version that setuptools-scm gives a folder."""
    if importlib.util.find_spec("setuptools_scm") is None:
        pytest.skip("setuptools-scm is not installed, which takes the version from the tags")
    variables = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = run(sys.executable, "-m", "setuptools_scm", cwd=folder, env=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def repository(folder):
    folder.mkdir()
    shutil.copy(ROOT / "pyproject.toml", folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=Begin")
    return folder


def git(folder, *arguments):
    if shutil.which("git") is None:
        pytest.skip("git is not here")
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    done = run("git", *identity, *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    if importlib.util.find_spec("setuptools_scm") is None:
        pytest.skip("setuptools-scm is not installed, by which the wheel is built")
    folder = tmp_path_factory.mktemp("built")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder]
    done = run(sys.executable, "-m", "pip", "wheel", *options, source(tmp_path_factory.mktemp("source")))
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_version_is_that_of_what_is_installed():
    assert re.fullmatch(r"\d+(\.\d+)*(\.dev\d+)?(\+.*)?", image_tagging.__version__)


def test_a_tag_is_the_version(tmp_path):
    folder = repository(tmp_path / "tagged")
    git(folder, "tag", "v0.3.0")
    assert built_version(folder) == "0.3.0"


def test_a_commit_after_a_tag_comes_before_the_next_version(tmp_path):
    folder = repository(tmp_path / "later")
    git(folder, "tag", "v0.3.0")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=More")
    assert built_version(folder) == "0.3.1.dev1"


def test_a_checkout_without_tags_has_a_version(tmp_path):
    assert re.fullmatch(r"0\.1(\.0)?\.dev\d+", built_version(repository(tmp_path / "untagged")))


def test_a_shallow_clone_has_a_version(tmp_path):
    folder = repository(tmp_path / "deep")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=More")
    git(tmp_path, "clone", "--quiet", "--depth=1", folder.as_uri(), "shallow")
    assert re.fullmatch(r"0\.1(\.0)?\.dev\d+", built_version(tmp_path / "shallow"))


def test_a_folder_without_a_repository_has_a_version(tmp_path):
    (tmp_path / "plain").mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "plain")
    assert built_version(tmp_path / "plain") == "0.1.0.dev0"


@pytest.mark.slow
def test_the_wheel_holds_the_package_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = message_from_bytes(archive.read(next(name for name in names if name.endswith("/METADATA"))))
    assert {name.split("/")[0].split("-")[0] for name in names} == {"image_tagging", "image_tagging_tools"}
    assert [name for name in names if "__pycache__" in name] == []
    assert (metadata["Name"], metadata["License-Expression"]) == ("image-tagging-tools", "MIT")
    assert metadata["Requires-Python"] == ">=3.9"
    core = [each for each in metadata.get_all("Requires-Dist") if "extra" not in each]
    assert [each for each in core if re.match("torch|open_clip|openvino", each)] == []
    for needed in ("py.typed", "encoders/builtin/builtin.onnx", "web/static/picture.js", "reports/page"):
        assert any(f"image_tagging/{needed}" in name for name in names), needed


def python_of(version):
    """The path of a Python of this version that can make environments; skips, and says so, where there is none."""
    candidates = [shutil.which(f"python{version}"), sys.executable]
    candidates += sorted(map(str, Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python")))
    for candidate in filter(None, candidates):
        said = run(candidate, "-c", "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])")
        if said.stdout.strip() == version:
            return candidate
    pytest.skip(f"THE WHEEL WAS NOT TRIED ON PYTHON {version}: there is no python{version} with ensurepip here")
    return None


@pytest.mark.slow
@pytest.mark.parametrize("version", PYTHONS)
def test_the_wheel_runs_the_demo_in_a_fresh_environment(wheel, tmp_path, version):
    python = python_of(version)
    assert run(python, "-m", "venv", tmp_path / "env").returncode == 0
    programs = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    done = run(programs / "python", "-m", "pip", "install", "--quiet", wheel)
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip(
            f"THE WHEEL WAS NOT TRIED ON PYTHON {version}: its dependencies cannot be fetched: {done.stderr[-300:]}"
        )
    assert done.returncode == 0, done.stderr
    demo = run(programs / "image-tagging", "demo", "--output", tmp_path / "demo", cwd=tmp_path)
    assert (demo.returncode, demo.stderr) == (0, "")
    assert list((tmp_path / "demo").rglob("reports/index.html"))
    doctor = run(programs / "image-tagging", "doctor", tmp_path / "demo", "--json", cwd=tmp_path)
    record = json.loads(doctor.stdout)
    assert (record["problems"], record["program"]) == (0, wheel.name.split("-")[1]), doctor.stdout


def test_a_release_is_published_by_trust_and_no_secret():
    assert "id-token: write" in RELEASE
    assert "secrets." not in RELEASE
    assert "password" not in RELEASE
    assert "make dist" in RELEASE


def test_the_citation_names_the_program_and_its_licence():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert "cff-version: 1.2.0" in text
    assert "license: MIT" in text
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^title: "?image-tagging-tools', text, re.M)
    assert re.search(r"^repository-code: \"(.*)\"$", text, re.M).group(1) in project
