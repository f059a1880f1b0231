"""How many processors this program may use: those it may run on, and no more than its container or job is given.

``os.cpu_count()`` is the whole machine, also where ``taskset``, a cpuset or a scheduler such as Slurm leaves a few of
them to this process, and where ``docker run --cpus 2`` gives it the time of two: 64 threads then wait for each other.
"""

from __future__ import annotations

import math
import os
import sys
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Optional

#: Bytes of a file of the system that are read: of ``mountinfo``, thousands of mounts.
_MOST_BYTES = 1 << 20


class _Group(NamedTuple):
    """A control group of this process: ``folder`` is as it is seen here, the groups above it end at ``top``."""

    folder: PurePosixPath
    top: PurePosixPath
    is_second: bool  # the layout of files of cgroup v2


@cache
def processor_count() -> int:
    """Return how many processors this process may use, at least 1: as many threads of work run at a time.

    It is found out once, when it is first needed. On Python 3.13 and later ``PYTHON_CPU_COUNT`` can make it less.
    """
    allowed = len(allowed_processors())
    if sys.version_info >= (3, 13):
        allowed = min(allowed, os.process_cpu_count() or allowed)
    return within_quota(allowed)


def within_quota(count: int) -> int:
    """Return a number of processors, or as many as the quota pays for, rounded up, where these are fewer."""
    quota = cpu_quota()
    return count if quota is None else min(count, max(1, math.ceil(quota)))


def limit_libraries() -> None:
    """Let libraries of mathematics that are loaded later take no more threads than the quota pays for.

    By themselves they ask which processors they may run on, and not for how long. What the user has set stays.
    """
    allowed = len(allowed_processors())
    count = within_quota(allowed)
    if count < allowed:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, str(count))


def allowed_processors() -> list[int]:
    """Return the numbers of the processors that this process may run on, ascending, at least one."""
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))  # macOS has no such question, and Python none for Windows


def cpu_quota(root: str = "/") -> Optional[float]:
    """Return the processors whose time this process gets, such as 1.5; ``None`` where nothing limits it.

    It is the least quota of its control group and the groups above it, as far as they are seen here, in cgroup v1 and
    v2. ``root`` is the folder that holds ``proc`` and what is mounted.
    """
    if sys.platform != "linux":
        return None
    try:
        quotas = [_quota(root, folder, group.is_second) for group in _groups(root) for folder in _upwards(group)]
    except (OSError, ValueError):  # no such files here, or of another form: the affinity alone counts
        return None
    return min((quota for quota in quotas if quota is not None), default=None)


def _groups(root: str) -> list[_Group]:
    """Return the groups of this process that may have a quota of processor time."""
    found = []
    mounts = _mounts(root)
    for line in _read(root, PurePosixPath("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        kind = "cpu" if "cpu" in controllers.split(",") else "" if not controllers else None
        if kind is None or kind not in mounts:
            continue
        top, mounted = mounts[kind]
        inner = PurePosixPath(path)
        # Where the group is not below what is mounted, a container shows its own group as the top.
        below = inner.relative_to(mounted) if mounted in [inner, *inner.parents] else PurePosixPath()
        found.append(_Group(top / below, top, is_second=kind == ""))
    return found


def _mounts(root: str) -> dict[str, tuple[PurePosixPath, PurePosixPath]]:
    """Return where groups are mounted and which is the top there: of v1 by ``cpu``, of v2 by an empty name."""
    found: dict[str, tuple[PurePosixPath, PurePosixPath]] = {}
    for line in _read(root, PurePosixPath("/proc/self/mountinfo")).splitlines():
        words = line.split(" ")
        kind, _, options = words[words.index("-") + 1 :][:3]
        if kind == "cgroup2" or (kind == "cgroup" and "cpu" in options.split(",")):
            found.setdefault("" if kind == "cgroup2" else "cpu", (PurePosixPath(words[4]), PurePosixPath(words[3])))
    return found


def _upwards(group: _Group) -> list[PurePosixPath]:
    return [folder for folder in (group.folder, *group.folder.parents) if group.top in [folder, *folder.parents]]


def _quota(root: str, folder: PurePosixPath, is_second: bool) -> Optional[float]:
    """Return the quota of one group; ``None`` where it has none, or is not seen here."""
    try:
        if is_second:
            quota, period = _read(root, folder / "cpu.max").split()
        else:
            quota, period = (_read(root, folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
        return int(quota) / int(period) if quota.isdigit() and int(period) > 0 and int(quota) > 0 else None
    except (OSError, ValueError):
        return None


def _read(root: str, path: PurePosixPath) -> str:
    with (Path(root) / path.relative_to("/")).open("rb") as file:
        return file.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
