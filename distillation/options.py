"""The command lines of the scripts."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser_of(usage: str | None, *paths: str) -> argparse.ArgumentParser:
    """Return a parser of some paths and ``--seed``; ``usage`` is the docstring of the script."""
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    for path in paths:
        parser.add_argument(path, type=Path)
    parser.add_argument("--seed", type=int, default=0)
    return parser
