"""The notebook of examples: it runs top to bottom, offline, and keeps to its folder; so do its shell commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from image_tagging.cli.app import main
from image_tagging.demo import KINDS

pytest.importorskip("nbclient", reason="the notebook is not run: nbclient is not installed (dev extra)")
pytest.importorskip("ipykernel", reason="the notebook is not run: ipykernel is not installed (dev extra)")
nbformat = pytest.importorskip("nbformat", reason="the notebook is not run: nbformat is not installed (dev extra)")

NOTEBOOK = Path(__file__).resolve().parents[1] / "image-tagging-tools-examples.ipynb"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("notebook")]

#: Runs the notebook in a process of its own, so that what Jupyter warns of stays out of the tests. Without folders
#: of kernels there is one kernel left: that of the ipykernel which is installed beside this interpreter.
RUNNER = """
import sys
import nbclient, nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager

path, folder = sys.argv[1:]
notebook = nbformat.read(path, as_version=4)
kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
client = nbclient.NotebookClient(notebook, km=kernel, timeout=600, resources={"metadata": {"path": folder}})
client.execute()
nbformat.write(notebook, path)
"""

#: Run in the kernel before the notebook: notes what leaves the machine, and what is written elsewhere.
GUARD = """
import os as _os, sys as _sys, tempfile as _tempfile

_connections, _strays, _home = [], [], _os.path.realpath(".")
_nameless = _os.path.realpath(_tempfile.gettempdir())  # opened as a file: one that never has a name


def _guard(event, arguments):
    if event == "socket.getaddrinfo" and arguments[0] not in ("localhost", "127.0.0.1", "::1", None):
        _connections.append(repr(arguments))
    elif event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in ("127.0.0.1", "::1"):
        _connections.append(repr(arguments[1]))
    elif event == "open" and isinstance(arguments[0], str) and arguments[2] & (_os.O_WRONLY | _os.O_RDWR):
        path = _os.path.realpath(arguments[0])
        if path != _nameless and not path.startswith((_home, _os.path.realpath(_os.devnull))):
            _strays.append(path)


_sys.addaudithook(_guard)
"""

#: Run in the kernel after the notebook: what the tests want to know of its variables, as JSON.
PROBE = """
from pathlib import Path as _Path

print(json.dumps({
    "connections": _connections,
    "strays": _strays,
    "processed": processed.tags,
    "precision": [[report.kind, report.tag, report.average_precision] for report in trained.reports],
    "classified": [classified.embedding.images, len(classified.models)],
    "unzipped": [unzipped.embedding.images, len(unzipped.embedding.archives)],
    "top": {tag: [drawn.truth[_Path(path).name] for path in paths] for tag, paths in top.items()},
    "scores": entry["classifiers_output"],
    "cached": [hash_id, cached],
    "cache_left": _Path(cache).exists(),
}))
"""


@pytest.fixture(scope="module")
def stored() -> Any:
    return nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the notebook runs."""
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def executed(stored: Any, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook with its outputs, run by a kernel of this very interpreter between the guard and the probe."""
    notebook = nbformat.from_dict(stored)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(GUARD, id="guard"))
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE, id="probe"))
    aside = tmp_path_factory.mktemp("jupyter")
    path = aside / NOTEBOOK.name
    nbformat.write(notebook, path)
    folders = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    run = subprocess.run(
        [sys.executable, "-c", RUNNER, str(path), str(folder)],
        env={
            **os.environ,
            **{name: str(aside / name.lower()) for name in folders},
            "HF_HUB_OFFLINE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def found(executed: Any) -> dict[str, Any]:
    """What the probe found in the kernel."""
    return json.loads(executed.cells[-1].outputs[0].text)


def _output(executed: Any, cell_id: str) -> str:
    """What a cell printed and displayed, as text."""
    cell = next(cell for cell in executed.cells if cell.id == cell_id)
    texts = (output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)
    return "".join(texts)


def _shell_commands(stored: Any) -> list[list[str]]:
    blocks = chain.from_iterable(
        re.findall(r"```sh\n(.*?)```", cell.source, re.DOTALL) for cell in stored.cells if cell.cell_type == "markdown"
    )
    return [shlex.split(block.replace("\\\n", " ")) for block in blocks]


def test_is_stored_clean(stored: Any) -> None:
    nbformat.validate(stored)
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    for cell in stored.cells:
        assert not cell.metadata
        assert cell.cell_type == "markdown" or (cell.outputs == [] and cell.execution_count is None)


def test_stays_offline_and_in_its_folder(found: dict[str, Any], executed: Any, folder: Path) -> None:
    assert found["connections"] == []
    assert found["strays"] == []
    assert [path.name for path in folder.iterdir()] == ["notebook-output"]


def test_says_what_it_did_and_nothing_of_warnings(executed: Any) -> None:
    """Every output but a contact sheet is text that a person wants to read."""
    said = "".join(_output(executed, cell.id) for cell in executed.cells if cell.cell_type == "code")
    assert "Warning" not in said
    streams = [output.name for cell in executed.cells for output in cell.get("outputs", []) if "name" in output]
    assert set(streams) == {"stdout"}


@pytest.mark.parametrize("cell_id", ["examples", "top", "example", "bins"])
def test_shows_a_contact_sheet(executed: Any, cell_id: str) -> None:
    (cell,) = (cell for cell in executed.cells if cell.id == cell_id)
    assert "image/png" in cell.outputs[0].data


def test_every_stage_does_its_work(found: dict[str, Any]) -> None:
    assert found["processed"] == dict.fromkeys(KINDS, 40)
    assert [tag for kind, tag, _ in found["precision"] if kind == "ovr-svm"] == sorted(KINDS)
    assert min(precision for *_, precision in found["precision"]) > 0.8
    assert found["classified"] == [8 * len(KINDS), 2 * len(KINDS)]
    assert found["unzipped"] == [3 * len(KINDS), 2]


def test_the_pictures_shown_are_those_of_the_tag(found: dict[str, Any]) -> None:
    assert set(found["top"]) == {"maps", "sprites"}
    for tag, truth in found["top"].items():
        assert len(truth) == 8
        assert truth.count(tag) >= 7


def test_the_examples_of_the_readme(executed: Any, found: dict[str, Any], folder: Path) -> None:
    assert "model-type = ovr-svm, tag= star-fields\n" in _output(executed, "list-models")
    assert len(found["scores"]) == 2 * len(KINDS)
    assert {score["tag_name"] for score in sorted(found["scores"], key=lambda s: s["tag_prob"])[-2:]} == {"sprites"}
    for example, models in (("single_model", 1), ("all_models", 2 * len(KINDS)), ("custom_model", 1)):
        output = folder / "notebook-output" / f"classification_single_image_{example}"
        assert len(list(output.glob("ovr-*/*/*/*"))) == models


def test_arrays_without_files(executed: Any) -> None:
    (cell,) = (cell for cell in executed.cells if cell.id == "tag-models")
    assert "<td>star-fields</td>" in cell.outputs[0].data["text/html"]
    lines = _output(executed, "array-scores").splitlines()
    assert "'sprites'" in lines[0]
    assert lines[2:] == ["no-such-file.png []", "the file is no longer there"]


def test_work_that_takes_time_shows_how_far_it_is(executed: Any) -> None:
    shown = "".join(_output(executed, cell.id) for cell in executed.cells if "progress=True" in cell.source)
    assert shown.count("█") > 60


def test_the_file_cache(found: dict[str, Any]) -> None:
    hash_id, cached = found["cached"]
    assert cached["hash_id"] == hash_id
    assert cached["container_archive"]
    assert not found["cache_left"]


def test_its_shell_commands_work_as_written(
    stored: Any, executed: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = _shell_commands(stored)
    assert [command[:2] for command in commands] == [
        ["image-tagging", stage] for stage in ("process", "train", "classify", "classify-zip")
    ]
    monkeypatch.chdir(folder)
    for command in commands:
        assert main(command[1:]) == 0, command
