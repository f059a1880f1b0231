"""Build the site of the documentation in ``site/``: ``make docs``. A warning or a link that leads nowhere fails it.

The pages are those of ``docs/`` and the README. What they link to outside of ``docs/`` is on the web page of the
repository, so that the same links work there and here. The rest is made from the help of the program, its docstrings
and the titles of the decisions: nothing is copied by hand.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import check
import pages
import reference
import tomli

SITE = pages.ROOT / "site"


def main() -> int:
    """Prepare the pages, build the site strictly and check it; return the exit code."""
    zensical = Path(sys.executable).with_name("zensical")
    if not zensical.exists():
        sys.exit("Zensical, which builds the site, needs Python 3.11 or later: make clean; make docs PYTHON=python3.13")
    with (pages.ROOT / "pyproject.toml").open("rb") as file:
        repository = tomli.load(file)["project"]["urls"]["Homepage"]
    pages.write_pages(repository)
    pages.write_page("reference/command-line.md", reference.help_page())
    pages.write_page("reference/python.md", reference.names_page())
    pages.write_page("decisions/index.md", reference.decisions_page())
    built = subprocess.run([zensical, "build", "--strict", "--clean"], check=False, cwd=pages.ROOT)
    if built.returncode:
        return built.returncode
    found = list(check.faults(SITE))
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
