"""What does the documented installation take, on the disk and in time, without and with PyTorch?

    python benchmarks/install_size.py [--extra torch]

It installs into a new environment from the package index that pip uses, which takes the network: `requirements.txt`,
and, where an extra is named, the same with that extra into another. Seconds depend on the network and on pip's cache,
which is left out (``--no-cache-dir``). The size is that of all files of the environment, less those of an empty one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", action="append", default=[], help="measure an extra too; some take minutes")
    arguments = parser.parse_args()
    print("| what is installed | MB | seconds | packages |\n|---|---|---|---|")
    measured("requirements.txt", ["-r", "requirements.txt"])
    for extra in arguments.extra:
        measured(f"the extra {extra}", ["-e", f".[{extra}]"])


def measured(name: str, what: list[str]) -> None:
    """Install into a new environment and print the line of the table."""
    with tempfile.TemporaryDirectory() as temporary:
        environment = Path(temporary) / "environment"
        venv.create(environment, with_pip=True)
        python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        empty, started = size_of(environment), time.perf_counter()
        pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "install", "--quiet", "--no-cache-dir", *what], cwd=ROOT, check=False, capture_output=True, text=True
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            sys.exit(f"install_size.py: {name} is not installed:\n{done.stderr[-2000:]}")
        listed = subprocess.run([*pip, "list", "--format=freeze"], check=True, capture_output=True, text=True).stdout
        size = (size_of(environment) - empty) / 1e6
        print(f"| {name} | {size:.0f} | {seconds:.0f} | {len(listed.splitlines())} |", flush=True)


def size_of(folder: Path) -> int:
    """Return the bytes that all files of a folder take on the disk."""
    files = [path.lstat() for path in folder.rglob("*") if not path.is_symlink() and path.is_file()]
    return sum(getattr(status, "st_blocks", -(-status.st_size // 512)) * 512 for status in files)


if __name__ == "__main__":
    main()
