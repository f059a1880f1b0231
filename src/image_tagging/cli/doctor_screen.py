"""What the screen says of this machine."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.text import Text

from ..pipeline import Diagnosis
from ..text import counted
from .screen import line, screen
from .tables import Column, show_table

_COLUMNS = (Column("", is_name=True), Column("check", is_name=True), Column("what was found", is_note=True))


def show_diagnosis(diagnosis: Diagnosis) -> None:
    """Print versions, a line per check, and whether a run can succeed."""
    console = screen()
    line(console, f"image-tagging {diagnosis.program}")
    line(console, ", ".join(f"{name} {version}" for name, version in diagnosis.versions.items()))
    show_table(console, _COLUMNS, [(each.state, each.check, each.says) for each in diagnosis.findings])
    if diagnosis.problems:
        line(console, f"{counted(diagnosis.problems, 'problem')}: do what the line says, and run doctor again.")
    else:
        line(console, "Nothing stands in the way of a run. --json gives the same for a bug report.")


def print_json(diagnosis: Diagnosis) -> None:
    """Print the diagnosis as JSON."""
    findings = [each._asdict() for each in diagnosis.findings]
    record = {**asdict(diagnosis), "findings": findings, "problems": diagnosis.problems}
    screen().print(Text(json.dumps(record, indent=2)), soft_wrap=True)
