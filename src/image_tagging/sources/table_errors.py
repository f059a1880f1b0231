"""The errors of Parquet files that are read as sources, in the words of a person who named one."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError
from ..parquet import has_pyarrow
from ..text import escaped

#: What to install to read Parquet, in words that follow why.
NEEDS_PYARROW = "an extra: pip install 'image-tagging-tools[parquet]'"


@dataclass(frozen=True)
class TableErrors:
    """The errors of one file: what it should be, and what to do."""

    path: str
    what: str
    remedy: str

    def malformed(self, why: str) -> InputError:
        """Return the error for a file that is damaged, or no Parquet."""
        lines = why.strip().splitlines() or ["is malformed"]
        return InputError(f"{self.path} {escaped(lines[0][:200]).rstrip('. ')}. {self.remedy}")

    def foreign(self, why: str) -> InputError:
        """Return the error for a file that is well formed and holds something else."""
        return InputError(f"{self.path} is not {self.what}: {why}. {self.remedy}")


def require_pyarrow(path: str) -> None:
    """Raise InputError where pyarrow is not installed."""
    if not has_pyarrow():
        raise InputError(f"{path}: Parquet files need {NEEDS_PYARROW}.")
