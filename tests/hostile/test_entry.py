"""The program as pip installs it, as a module, as a stage script, and as the first process of a container.

All end alike, and none runs a file of the folder that one stands in.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import installed as ways
from image_tagging import __version__

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("entry")]

SAID = "image-tagging: interrupted. What was done so far is kept; run the same command again to go on.\n"

needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one process")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return ways.install(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def many(trained, tmp_path_factory):
    """Enough images that a run over them does not end by itself before it is told to."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(60):
        for path in trained.images.rglob("*.png"):
            target = folder / path.parent.name / f"{number}-{path.name}"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder


def _answering_signals():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell that starts the tests in the background switches it off
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and nohup this one


def started(way, programs, *arguments, **options):
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "encoding": "utf-8", "env": ways.plain()}
    if os.name != "nt":
        pipes["preexec_fn"] = _answering_signals
    return subprocess.Popen(ways.command(way, programs, *arguments), **{**pipes, **options})


def children(pid):
    """The processes that a process has started, those of them first of all."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(each) for each in file.read().split()]
    except OSError:
        return []


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition):
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


# How it ends ---------------------------------------------------------------------------------------------------


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("way", ways.WAYS)
def test_a_signal_ends_every_way_to_start_alike(programs, many, tmp_path, *, way, number):
    out = tmp_path / "out"
    arguments = ("process", f"--input_folder={many}", f"--output_folder={out}", "--clip_model=builtin")
    with started(way, programs, *arguments) as running:
        assert wait_for((out / "image-tagging.store").exists)
        (pid,) = children(running.pid) if way == "first process" else [running.pid]
        decoders = children(pid)
        os.kill(pid, number)
        os.kill(pid, number)  # impatient fingers, or a parent that passes it on too
        _, told = running.communicate(timeout=100)
    assert (running.returncode, told) == (130, SAID)
    assert wait_for(lambda: not any(map(is_running, decoders)))
    assert not list(out.rglob("*.part"))


@needs_signals
@pytest.mark.parametrize("way", ways.WAYS)
def test_a_closed_terminal_does_not_end_what_nohup_starts(programs, stages, tmp_path, way):
    def nohup():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with started(way, programs, *stages["process"](tmp_path / "out"), preexec_fn=nohup) as running:
        assert wait_for((tmp_path / "out").exists)
        (pid,) = children(running.pid) if way == "first process" else [running.pid]
        os.kill(pid, signal.SIGHUP)
        assert running.communicate(timeout=100)[1] == ""
    assert running.returncode == 0


@pytest.mark.parametrize("way", ways.WAYS)
def test_exit_codes_are_the_same_for_every_way_to_start(programs, tmp_path, way):
    (tmp_path / "empty").mkdir()
    codes = [
        subprocess.run(
            ways.command(way, programs, "process", *arguments), check=False, capture_output=True, env=ways.plain()
        ).returncode
        for arguments in (["--help"], ["-h"], ["--version"], ["--input_folder", tmp_path / "empty"], ["--nonsense"])
    ]
    assert codes == [0, 0, 0, 1, 2]


def test_what_pip_installs_is_this_checkout(programs):
    done = subprocess.run(
        [programs / "image-tagging", "--version"], check=True, capture_output=True, encoding="utf-8", env=ways.plain()
    )
    assert done.stdout.startswith(f"image-tagging {__version__}\n")


def in_session(program, folder, **options):
    """Start Python on a program text, with the modules of a folder."""
    path = f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    return subprocess.Popen(
        [sys.executable, "-c", program], **{**pipes, "env": {**os.environ, "PYTHONPATH": path}, **options}
    )


@needs_signals
def test_a_signal_during_an_import_is_not_lost_where_the_alarm_is_switched_off(tmp_path):
    """The alarm repeats such a signal; whoever starts the program may have switched it off."""

    def switched_off():
        signal.signal(signal.SIGALRM, signal.SIG_IGN)

    (tmp_path / "slow_module.py").write_text("print('ready', flush=True)\nimport time\ntime.sleep(1)\n")
    program = (
        "import sys\n"
        "import image_tagging.__main__ as command\n"
        "from image_tagging import cli\n"
        "def run(arguments):\n"
        "    import slow_module, time\n"
        "    for _ in range(300): time.sleep(0.1)\n"
        "    return 0\n"
        "cli.main = run\n"
        "sys.exit(command.main([]))\n"
    )
    with in_session(program, tmp_path, preexec_fn=switched_off) as running:
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate(timeout=100)
    assert (running.returncode, told) == (130, SAID)


@needs_signals
def test_a_signal_during_the_last_import_of_a_command_is_answered(tmp_path):
    (tmp_path / "slow_module.py").write_text("print('ready', flush=True)\nimport sys\nsys.stdin.readline()\n")
    program = (
        "import sys\n"
        "import image_tagging.__main__ as command\n"
        "from image_tagging import cli\n"
        "cli.main = lambda arguments: __import__('slow_module') and 0\n"
        "command._RETRY_SECONDS = 100.0\n"
        "sys.exit(command.main([]))\n"
    )
    with in_session(program, tmp_path, stdin=subprocess.PIPE) as running:
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate("\n", timeout=100)
    assert (running.returncode, told) == (130, SAID)


# The folder one stands in --------------------------------------------------------------------------------------

#: Imports that are tried and may fail, from the extras and from Python itself.
_OPTIONAL = "pillow_heif torch torchvision open_clip huggingface_hub safetensors pyarrow ipywidgets defusedxml olefile"

#: What Python imports before the first line of any program; with ``-m``, from the current folder.
_STARTED = "import runpy, site, re, sys; print(*{name.partition('.')[0] for name in sys.modules})"


def plant(folder: Path, programs: Path, *, own_path: bool) -> Path:
    """A folder of images with a module of every name that the program may import; each of them says that it ran.

    With ``own_path`` those are left out that Python itself imports from there, before the program's first line.
    """
    libraries = {path.stem.partition(".")[0] for path in Path(np.__file__).parents[1].iterdir()}
    names = {*sys.stdlib_module_names, *libraries, *_OPTIONAL.split(), "sitecustomize", "usercustomize"}
    if own_path:
        said = subprocess.run(
            [programs / "python", "-c", _STARTED], check=True, capture_output=True, encoding="utf-8", env=ways.plain()
        )
        names -= {*said.stdout.split(), "sitecustomize", "usercustomize"}
    for name in filter(str.isidentifier, names - {"image_tagging"}):
        (folder / f"{name}.py").write_text(f"open({str(folder / 'ran')!r}, 'a').write({name!r} + ' ')\n")
    return folder


needs_names = pytest.mark.skipif(sys.version_info < (3, 10), reason="Python 3.9 does not name its modules")

#: A stage, how it is started, and ``PYTHONPATH``.
PLACES = [
    ("process", "installed", None),
    ("process", "script", None),
    ("process", "module", None),
    ("process", "installed", os.pathsep),
    ("process", "installed", f".{os.pathsep}/nowhere"),
    ("process", "script", f"/nowhere{os.pathsep}"),
    ("process", "module", os.pathsep),
    ("train", "script", None),
    ("train", "module", None),
    ("classify", "script", None),
    ("classify", "installed", None),
    ("classify-zip", "script", None),
    ("classify-zip", "installed", None),
]


@needs_names
@pytest.mark.parametrize(("stage", "way", "path"), PLACES, ids=str)
def test_no_module_of_the_current_folder_is_imported(programs, stages, tmp_path, *, way, path, stage):
    here = plant(tmp_path, programs, own_path=way == "module" or path is not None)
    environment = ways.plain(**({} if path is None else {"PYTHONPATH": path}))
    done = subprocess.run(
        ways.command(way, programs, *stages[stage](tmp_path / "out")),
        check=False,
        capture_output=True,
        encoding="utf-8",
        cwd=here,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (here / "ran").exists(), (here / "ran").read_text()


_FROM_PYTHON = """
import sys
sys.path.remove("")
from image_tagging import ProcessConfig, process_dataset
images, out = sys.argv[1:]
process_dataset(ProcessConfig(input_folder=images, output_folder=out + "-before", clip_model="builtin"))
sys.path.insert(0, "")  # nothing is left that this process itself would import from there
process_dataset(ProcessConfig(input_folder=images, output_folder=out, clip_model="builtin"))
"""

_ITS_OWN = """
import numpy
def colours(picture):
    return numpy.asarray(picture.resize((1, 1)), dtype=numpy.float32).ravel()
"""

_WITH_ITS_OWN = """
import sys
from image_tagging.addresses import ImageRef
from image_tagging.images import Decoders
import its_own
with Decoders() as decoders, decoders.decoded(ImageRef("a"), open(sys.argv[1], "rb").read()) as image:
    print(image.prepared(its_own.colours).shape)
"""


def in_python(programs, program, *arguments, cwd):
    command = [programs / "python", "-c", program, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, encoding="utf-8", cwd=cwd, env=ways.plain())


@needs_names
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_decoding_processes_of_a_python_session_import_nothing_from_there(programs, trained, tmp_path, packed):
    (tmp_path / "here").mkdir()
    here = plant(tmp_path / "here", programs, own_path=True)
    images = shutil.make_archive(str(tmp_path / "images"), "zip", trained.images) if packed else trained.images
    done = in_python(programs, _FROM_PYTHON, images, tmp_path / "out", cwd=here)
    ran = (here / "ran").read_text() if (here / "ran").exists() else ""
    assert (done.returncode, done.stderr, ran) == (0, "", "")


def test_a_function_of_a_module_in_the_current_folder_prepares_pictures(programs, trained, tmp_path):
    """As in a notebook, next to which a user keeps the module of an encoder: after all other folders it is found."""
    (tmp_path / "its_own.py").write_text(_ITS_OWN)
    (tmp_path / "PIL.py").write_text("raise ImportError\n")
    program = "import sys\nsys.path.remove('')\nimport PIL.Image\nsys.path.insert(0, '')" + _WITH_ITS_OWN
    done = in_python(programs, program, next(trained.images.rglob("*.png")), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(3,)\n", "")
