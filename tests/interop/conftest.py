"""Each test here has an export read by the library that it is for, in the environment that `make interop` makes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: Where the environments are, one a library; without it no test of this folder is collected.
_ENVIRONMENTS = os.environ.get("INTEROP", "")

collect_ignore_glob = [] if _ENVIRONMENTS else ["test_*.py"]

_READERS = Path(__file__).parent / "readers"


@pytest.fixture
def read_with() -> Callable[..., Any]:
    """Run a reader of a library on paths, and give back what it read; skips where the library is not installed."""

    def read(library: str, *paths: object, reader: str = "") -> Any:
        python = Path(_ENVIRONMENTS).absolute() / library / "bin" / "python"
        if not (Path(_ENVIRONMENTS) / library / "ready").exists():
            pytest.skip(f"{library} is not installed below {_ENVIRONMENTS}: run `make interop`")
        program = _READERS / f"{(reader or library).replace('-', '_')}_reader.py"
        environment = {**os.environ, "PYTHONPATH": "", "HF_HUB_OFFLINE": "1", "FIFTYONE_DO_NOT_TRACK": "1"}
        environment["HF_HOME"] = str(Path(paths[0]).parent / "cache")
        done = subprocess.run(
            [python, program, *map(str, paths)],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return read
