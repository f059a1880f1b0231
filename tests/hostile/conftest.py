"""What the hostile tests share: commands that must be refused in one line, and results that must stay whole."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging.cli import app as cli

#: The date of a card; the date and the time of day of a report.
DATED = re.compile(rb'"created": ?"[^"]*"|\d{4}-\d\d-\d\d|\d\d(:\d\d)+')


@pytest.fixture
def refused(capsys):
    """``refused(*arguments)`` runs a command that must fail, and gives the one line that it says."""

    def run(*arguments):
        capsys.readouterr()  # what was said before this
        code = cli.main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        said = [line for line in shown.out.splitlines() if not line.startswith("Placing ")]  # what it was about to do
        assert (code, said) == (1, []), shown
        assert shown.err.startswith("image-tagging: ")
        assert shown.err.count("\n") == 1
        assert shown.err.endswith("\n")
        assert "Traceback" not in shown.err
        message = shown.err[len("image-tagging: ") : -1]
        assert len(message) > 30
        return message

    return run


@pytest.fixture(scope="session")
def all_stages(trained, tmp_path_factory):
    """A folder of an archive and the ``output`` of all stages. Not to be written to."""
    folder = tmp_path_factory.mktemp("all-stages")
    output = shutil.copytree(trained.output, folder / "output")
    options = (f"--model={trained.models}", f"--output={output}")
    assert cli.main(["classify", f"--directory={trained.images / 'tiles'}", *options]) == 0
    archive = shutil.make_archive(str(folder / "tiles"), "zip", trained.images / "tiles")
    assert cli.main(["classify-zip", f"--directory={archive}", *options]) == 0
    return folder


@pytest.fixture
def done(all_stages, tmp_path):
    """An output folder with results of all stages; whatever is refused later, they stay whole."""
    shutil.copytree(all_stages, tmp_path, dirs_exist_ok=True)
    output = tmp_path / "output"
    before = results_in(output)
    yield output
    assert results_in(output) == before


def results_in(output: Path) -> dict[str, bytes]:
    """Every file of results, without the working store and the log."""
    files = (path for path in output.rglob("*") if path.is_file() and "image-tagging." not in path.name)
    return {str(path.relative_to(output)): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def results():
    """``results(folder)``: every file of results below it with its bytes, without the working store and the log."""
    return results_in


@pytest.fixture(scope="session")
def undated():
    """``undated(folder)``: the same without the dates of cards and reports, which alone differ from run to run."""

    def without_dates(output):
        return {name: DATED.sub(b"", data) if "models" in name or "reports" in name else data
                for name, data in results_in(output).items()}  # fmt: skip

    return without_dates


@pytest.fixture(scope="session")
def stages(trained, tmp_path_factory):
    """``stages[name](output)``: the arguments of each command over the same small images."""
    archive = shutil.make_archive(str(tmp_path_factory.mktemp("zip") / "images"), "zip", trained.images)
    return {
        "process": lambda output: (
            *("process", f"--input_folder={trained.images}", f"--output_folder={output}"),
            *("--clip_model=builtin", "--batch_size=4"),
        ),
        "train": lambda output: (
            *("train", f"--metadata_json={trained.metadata}", f"--tag_to_hash_json={trained.tag_lists}"),
            f"--output={output}",
        ),
        "classify": lambda output: (
            *("classify", f"--directory={trained.images}", f"--model={trained.models}", f"--output={output}"),
            "--batch_size=4",
        ),
        "classify-zip": lambda output: (
            *("classify-zip", f"--directory={archive}", f"--model={trained.models}", f"--output={output}"),
            "--batch_size=4",
        ),
    }


def _give_up_the_rights_of_root() -> None:
    """Root may write whatever it likes, but not where it starts a program without these two capabilities."""
    drop_from_bounding_set, overrides, reads = 24, 1, 2
    for capability in (overrides, reads):
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


@pytest.fixture(scope="session")
def without_rights(tmp_path_factory):
    """``without_rights(*arguments)`` runs a command that permissions hold for, where the tests are run by root too."""
    if sys.platform != "linux":
        pytest.skip("only Linux lets root run a program without the rights of root")
    options = {"preexec_fn": None if os.geteuid() else _give_up_the_rights_of_root}
    locked = tmp_path_factory.mktemp("locked")
    locked.chmod(0o555)
    probe = [sys.executable, "-c", "import os, sys; os.mkdir(sys.argv[1])", str(locked / "made")]
    if not subprocess.run(probe, check=False, capture_output=True, **options).returncode:
        pytest.skip("the rights of root cannot be given up here")

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "image_tagging", *map(str, arguments)],
            check=False,
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            **options,
        )

    return run


def every_file(folder: Path) -> set[str]:
    return {os.path.join(where, name) for where, _, names in os.walk(folder) for name in names}


@pytest.fixture
def stage4(trained, tmp_path):
    """``stage4(archive)`` classifies it deep inside the test's folder; exit code, the placed files, and the log."""

    def run(archive: str):
        output = tmp_path / "deep" / "er" / "output"
        before = every_file(tmp_path)
        code = cli.main(["classify-zip", f"--directory={archive}", f"--model={trained.models}", f"--output={output}"])
        new = every_file(tmp_path) - before
        assert all(Path(path).is_relative_to(output) for path in new)
        placed = {Path(path) for path in new if Path(path).relative_to(output).parts[0].startswith("ovr-")}
        assert all(len(path.relative_to(output).parts) == 4 for path in placed)  # <kind>/<tag>/<bin>/<file>
        log = output / "image-tagging.log"
        return code, placed, log.read_text(encoding="utf-8") if log.exists() else ""

    return run
