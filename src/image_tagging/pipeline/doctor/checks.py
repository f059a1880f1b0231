"""All checks of this machine."""

from __future__ import annotations

import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ...files import StrPath, user_path
from ...processors import allowed_processors, cpu_quota, processor_count
from ...text import counted
from . import places
from .child import run_probe
from .finding import NOTE, OK, PROBLEM, Finding, without_home
from .versions import installed_extras, installed_versions, program_version

#: The versions of Python that the program is tested on.
_OLDEST, _NEWEST = (3, 9), (3, 13)

#: Libraries of extras that are tried where they are installed.
_OPTIONAL = ("openvino", "torch")

#: Probes at a time: they compute little and wait for the disk.
_AT_A_TIME = 2


@dataclass(frozen=True)
class Diagnosis:
    """What works on this machine: versions by their names, the extras that are installed, and the findings."""

    program: str
    python: str
    system: str
    versions: dict[str, str]
    extras: dict[str, bool]
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> int:
        """The number of checks after which a run will fail."""
        return sum(finding.state == PROBLEM for finding in self.findings)


def diagnose(output: StrPath = "./output") -> Diagnosis:
    """Return what works on this machine, and whether results can be written to an output folder.

    It takes some seconds, changes nothing and fetches nothing; at a URL an object is written, read and removed. Whether
    CLIP's weights can be fetched is asked of their server, unless ``HF_HUB_OFFLINE`` is set. The home folder is written
    ``~``.
    """
    extras = installed_extras()
    names = ["decoding", "builtin", "CLIP", "onnxruntime", *(name for name in _OPTIONAL if extras[name])]
    with ThreadPoolExecutor(min(_AT_A_TIME, processor_count())) as pool:
        probed = list(pool.map(run_probe, names))
    folders = [places.check_output(user_path(output, "output")), places.check_temporary(), places.check_cache()]
    found = [_check_python(), _check_processors(), *probed, _check_extras(extras), *folders]
    return Diagnosis(
        program=program_version(),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        versions=installed_versions(),
        extras=extras,
        findings=tuple(each._replace(says=without_home(each.says)) for each in found),
    )


def _check_python() -> Finding:
    here = sys.version_info[:2]
    says = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} {platform.machine()}"
    if _OLDEST <= here <= _NEWEST:
        return Finding("Python", OK, says)
    tried = f"{'.'.join(map(str, _OLDEST))} to {'.'.join(map(str, _NEWEST))}"
    return Finding("Python", NOTE, f"{says}: the program is tried on {tried}; take one of these if something fails")


def _check_processors() -> Finding:
    machine, allowed, quota = os.cpu_count() or 1, len(allowed_processors()), cpu_quota()
    says = [counted(machine, "processor")]
    if processor_count() != machine:
        says = [f"{processor_count()} of {says[0]}"]
        says += [f"this process may run on {allowed}"] * (allowed < machine)
        says += [f"it has the time of {quota:.3g}"] * (quota is not None and quota < allowed)
    return Finding("processors", OK, "; ".join(says))


def _check_extras(extras: dict[str, bool]) -> Finding:
    here = [name for name, is_here in extras.items() if is_here]
    others = [name for name, is_here in extras.items() if not is_here]
    says = f"installed: {', '.join(here) or 'none'}"
    more = f"; not installed: {', '.join(others)} (pip install 'image-tagging-tools[NAME]')" if others else ""
    return Finding("extras", OK, says + more)
