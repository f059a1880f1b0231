"""How many processors the program uses: real affinity, real and drawn control groups."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging.processors import allowed_processors, cpu_quota, limit_libraries, processor_count, within_quota

linux = pytest.mark.skipif(sys.platform != "linux", reason="affinity and control groups are Linux's")

#: What the parts of the program that start threads or processes say they would start, as few lines as they are many.
COUNTS = """
import os, sys
sys.path.insert(0, {source!r})
os.sched_setaffinity(0, {processors})
from image_tagging.processors import processor_count
from image_tagging.encoders.clip.onnx.sessions import count_cores
from image_tagging.images import Decoders
from image_tagging.datasets import near_duplicates
from image_tagging.pipeline.repeats import sharpest
from image_tagging.pipeline.review import pictures
from image_tagging.reports import thumbnails
from image_tagging.search import ranking
from image_tagging.training.active import pool
print(processor_count(), count_cores(), Decoders()._most, near_duplicates._THREADS, sharpest._THREADS,
      pictures._THREADS, thumbnails._threads(), ranking._THREADS, pool._THREADS)
"""


def python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@linux
def test_one_processor_that_the_process_may_run_on_is_one_thread_everywhere():
    source = str(Path(__file__).resolve().parents[1] / "src")
    one = {max(os.sched_getaffinity(0))}
    assert set(python(COUNTS.format(source=source, processors=one)).split()) == {"1"}


def test_nobody_asks_for_the_whole_machine():
    """But the doctor, who says how large it is."""
    source = Path(__file__).resolve().parents[1] / "src" / "image_tagging"
    asking = [str(path.relative_to(source)) for path in source.rglob("*.py") if "os.cpu_count()" in path.read_text()]
    assert sorted(asking) == [os.path.join("pipeline", "doctor", "checks.py"), "processors.py"]


@pytest.mark.skipif(sys.version_info < (3, 13), reason="Python 3.13 has this variable")
def test_the_variable_of_python_makes_it_less():
    code = "from image_tagging.processors import processor_count; print(processor_count())"
    assert python(code, PYTHON_CPU_COUNT="1") == "1\n"


def draw(root, groups, mounts, **files):
    """Draw the files by which Linux shows control groups: ``files`` by their paths below ``/sys/fs/cgroup``."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text("".join(f"{line}\n" for line in groups))
    (root / "proc" / "self" / "mountinfo").write_text(
        "23 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n" + "".join(f"{line}\n" for line in mounts)
    )
    for path, text in files.items():
        file = root / "sys" / "fs" / "cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    return str(root)


V2 = ["30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"]
V1 = [
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs ro,mode=755",
    "32 31 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset",
    "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
]
JOB = ["5:cpuset:/", "4:cpu,cpuacct:/batch/job 7"]
PERIOD = {"cpu,cpuacct/batch/job 7/cpu.cfs_period_us": "100000"}


@linux
@pytest.mark.parametrize(
    ("groups", "mounts", "files", "quota"),
    [
        pytest.param(["0::/"], V2, {"cpu.max": "150000 100000"}, 1.5, id="container of v2"),
        pytest.param(["0::/"], V2, {"cpu.max": "max 100000"}, None, id="without a limit"),
        pytest.param(["0::/"], V2, {}, None, id="top of the machine"),
        pytest.param(
            ["0::/a/b"], V2, {"a/cpu.max": "200000 100000", "a/b/cpu.max": "max 100000"}, 2.0, id="group above"
        ),
        pytest.param(
            ["0::/a/b"], V2, {"a/cpu.max": "200000 100000", "a/b/cpu.max": "50000 100000"}, 0.5, id="the least of two"
        ),
        pytest.param(
            ["0::/../elsewhere"], V2, {"cpu.max": "100000 100000"}, 1.0, id="process outside of its namespace"
        ),
        pytest.param(JOB, V1, {**PERIOD, "cpu,cpuacct/batch/job 7/cpu.cfs_quota_us": "300000"}, 3.0, id="v1"),
        pytest.param(JOB, V1, {**PERIOD, "cpu,cpuacct/batch/job 7/cpu.cfs_quota_us": "-1"}, None, id="v1, no limit"),
        pytest.param(
            ["4:cpu,cpuacct:/docker/0123"],
            [V1[2].replace(" / /sys", " /docker/0123 /sys")],
            {"cpu,cpuacct/cpu.cfs_quota_us": "250000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            2.5,
            id="container of v1, by its mount",
        ),
        pytest.param(
            ["4:cpu,cpuacct:/docker/0123"],
            V1,
            {"cpu,cpuacct/cpu.cfs_quota_us": "250000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            2.5,
            id="container of v1 that sees the path of the machine",
        ),
        pytest.param(
            ["4:cpu:/", "0::/"], [*V1, *V2], {"cpu.max": "100000 100000"}, 1.0, id="both mounted, the limit in v2"
        ),
        pytest.param(["0::/"], V2, {"cpu.max": "many 0"}, None, id="another form"),
        pytest.param(["0::/"], V2, {"cpu.max": "100000 0"}, None, id="no period"),
        pytest.param(["nonsense"], V2, {"cpu.max": "100000 100000"}, None, id="groups of another form"),
        pytest.param(["0::/"], ["nonsense"], {"cpu.max": "100000 100000"}, None, id="mounts of another form"),
    ],
)
def test_the_quota_of_control_groups(tmp_path, groups, mounts, files, quota):
    assert cpu_quota(draw(tmp_path, groups, mounts, **files)) == quota


def test_a_system_without_control_groups_has_no_quota(tmp_path):
    assert cpu_quota(str(tmp_path)) is None


@pytest.mark.parametrize(("quota", "count"), [(0.2, 1), (1.0, 1), (1.5, 2), (7.0, 7), (64.0, 8), (None, 8)])
def test_a_quota_counts_as_whole_processors(monkeypatch, quota, count):
    monkeypatch.setattr("image_tagging.processors.cpu_quota", lambda: quota)
    assert within_quota(8) == count


def test_libraries_are_limited_by_a_quota_alone_and_never_against_the_user(monkeypatch):
    monkeypatch.setattr(os, "environ", {"MKL_NUM_THREADS": "3"})
    monkeypatch.setattr("image_tagging.processors.allowed_processors", lambda: [0, 1, 2, 3])
    monkeypatch.setattr("image_tagging.processors.cpu_quota", lambda: None)
    limit_libraries()
    assert os.environ == {"MKL_NUM_THREADS": "3"}
    monkeypatch.setattr("image_tagging.processors.cpu_quota", lambda: 1.5)
    limit_libraries()
    assert os.environ == {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "3"}


#: Groups of this machine, and the file that limits one to half a processor.
REAL = {"/sys/fs/cgroup/cpu": ("cpu.cfs_quota_us", "50000"), "/sys/fs/cgroup": ("cpu.max", "50000 100000")}


@pytest.fixture
def half_a_processor():
    """The file to which a process writes its number, to be given half a processor from then on."""
    for top, (name, limit) in REAL.items():
        group = Path(top) / f"image-tagging-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if (group / name).exists():
                (group / name).write_text(limit)
                yield group / "cgroup.procs"
                return
        finally:
            group.rmdir()
    pytest.skip("no control group with a quota can be made here: it takes root of Linux, outside of a container")


def test_a_real_quota_is_seen_by_the_program_and_by_its_libraries(half_a_processor):
    code = f"""
import os
open({str(half_a_processor)!r}, "w").write(str(os.getpid()))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.pop(name, None)
from image_tagging.processors import cpu_quota, limit_libraries, processor_count
limit_libraries()
import numpy
from threadpoolctl import threadpool_info
print(cpu_quota(), processor_count(), max(each["num_threads"] for each in threadpool_info()))
"""
    assert python(code) == "0.5 1 1\n"


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="this machine has one processor")
def test_the_doctor_says_how_many_of_the_machine_are_used(half_a_processor):
    code = f"""
import os, sys
open({str(half_a_processor)!r}, "w").write(str(os.getpid()))
from image_tagging.pipeline.doctor.checks import _check_processors
print(_check_processors().says)
"""
    assert python(code) == f"1 of {os.cpu_count()} processors; it has the time of 0.5\n"


def test_there_is_always_one():
    assert 1 <= processor_count() <= len(allowed_processors())
