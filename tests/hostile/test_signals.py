"""Told to end (Ctrl-C, SIGTERM, a closed terminal) or killed, at any moment: exit code 130, one line, nothing broken.

``MOMENTS=100 pytest tests/hostile/test_signals.py -k any_moment`` tries more moments than CI does.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

if os.name == "nt":
    pytest.skip("Windows has no signals for one process", allow_module_level=True)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("signals")]

STAGES = ["process", "train", "classify", "classify-zip"]
SAID = "image-tagging: interrupted. What was done so far is kept; run the same command again to go on.\n"

#: Random moments a stage is ended at, by one of the signals each.
MOMENTS = int(os.environ.get("MOMENTS", "4"))

#: Says that it has come to a place (``module``, ``owner`` in it or nothing, ``name``, how often), and waits there.
_WAITING_AT = """
import importlib, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)  # whoever started this may have switched them off
signal.signal(signal.SIGINT, signal.default_int_handler)
module, owner, name, times = sys.argv.pop(1).split(":")
left = int(times)

def wait():
    global left
    left -= 1
    if left == 0:
        print("ready", flush=True)
        for _ in range(1000 if name else 10):  # an import is not left, but ended first
            time.sleep(0.1)  # not long: a signal that comes just before a sleep does not end it

class Finder:
    def find_spec(self, wanted, path=None, target=None):
        if wanted == module and not name:
            wait()
        return None

from image_tagging.__main__ import main
if name:
    home = importlib.import_module(module)
    home = getattr(home, owner) if owner else home
    real = getattr(home, name)

    def instead(*arguments, **options):
        wait()
        return real(*arguments, **options)

    setattr(home, name, instead)
else:
    sys.meta_path.insert(0, Finder())
sys.exit(main(sys.argv[1:]))
"""

PLACES = {
    "process": {
        "start": "image_tagging.pipeline.process:::1",
        "a batch": "image_tagging.pipeline.embedder:Embedder:_embed:2",
        "the store": "image_tagging.store.embeddings:Embeddings:add:2",
        "a record": "image_tagging.datasets.metadata:RecordWriter:add:7",
        "moving into place": "os::replace:2",
        "the summary": "image_tagging.cli.summaries::show_process:1",
    },
    "train": {
        "start": "sklearn.svm:::1",
        "a model": "image_tagging.pipeline.train::save_tag_model:3",
        "moving into place": "os::replace:4",
        "a report": "image_tagging.pipeline.train::write_report:2",
        "the summary": "image_tagging.cli.summaries::show_train:1",
    },
    "classify": {
        "start": "cv2:::1",
        "the models": "image_tagging.tag_models.files::load_tag_model:2",
        "scores": "image_tagging.exporters.results:ResultWriter:add:9",
        "a bin": "image_tagging.exporters.placing::copy_image:11",
        "moving into place": "os::replace:5",
        "the table": "image_tagging.exporters.score_tables:ScoreTableWriter:add:9",
        "the summary": "image_tagging.cli.summaries::show_classify:1",
    },
    "classify-zip": {
        "a batch": "image_tagging.pipeline.embedder:Embedder:_embed:2",
        "a bin": "image_tagging.exporters.placing::copy_image:11",
        "the summary": "image_tagging.cli.summaries::show_classify:1",
    },
}
WHERE = [(stage, place) for stage, places in PLACES.items() for place in places]


@pytest.fixture(scope="module")
def uninterrupted(stages, command, undated, tmp_path_factory):
    """The results of each stage, ended by nobody, and the seconds that it took."""
    made = {}
    for stage in STAGES:
        output = tmp_path_factory.mktemp(stage)
        started = time.monotonic()
        assert command(*stages[stage](output)).returncode == 0
        made[stage] = undated(output), time.monotonic() - started
    return made


def half_written(output):
    return [str(path) for path in output.rglob("*.part")]


#: All signals take one way: SIGTERM is tried everywhere, the others at two places of each stage.
TOLD = [
    pytest.param(stage, place, number, id=f"{stage}-{place}-{number.name}")
    for stage, place in WHERE
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    if number is signal.SIGTERM or place in {"start", "moving into place"}
]


@pytest.mark.parametrize(("stage", "place", "number"), TOLD)
def test_told_to_end_in_the_midst(stages, command, uninterrupted, undated, *, tmp_path, stage, place, number):
    program = [sys.executable, "-c", _WAITING_AT, PLACES[stage][place], *stages[stage](tmp_path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as running:
        assert "ready\n" in iter(running.stdout.readline, "")  # it may say before what it is about to place
        running.send_signal(number)
        running.send_signal(number)  # impatient fingers, or a parent that passes it on too
        _, told = running.communicate(timeout=100)
    assert (running.returncode, told) == (130, SAID)
    assert not half_written(tmp_path)
    whole = uninterrupted[stage][0]
    kept = undated(tmp_path)
    assert kept == {name: whole[name] for name in kept}
    assert command(*stages[stage](tmp_path)).returncode == 0
    assert undated(tmp_path) == whole


def started(arguments, **options):
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "encoding": "utf-8", **options}
    return subprocess.Popen([sys.executable, "-m", "image_tagging", *arguments], **pipes)


#: Says when it listens to signals: sooner it is Python alone, which dies of them in its own way.
_LISTENING = """
import sys
import image_tagging.__main__ as command
on_signals = command._on_signals
def set_and_say(handler):
    command._on_signals = on_signals
    on_signals(handler)
    print("listening", flush=True)
command._on_signals = set_and_say
sys.exit(command.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda n: n.name)
@pytest.mark.parametrize("stage", STAGES)
def test_ended_at_any_moment(stages, uninterrupted, undated, tmp_path, *, stage, number):
    """Every run but the last is ended; they share a folder, so that each goes on where the one before was ended."""
    draw = random.Random(f"{stage}{number}")
    whole, seconds = uninterrupted[stage]
    for moment in range(MOMENTS):
        if moment % 4 == 0:
            shutil.rmtree(tmp_path / "out", ignore_errors=True)
        program = [sys.executable, "-c", _LISTENING, *stages[stage](tmp_path / "out")]
        running = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        assert running.stdout.readline() == "listening\n"
        time.sleep(draw.uniform(0, seconds))
        running.send_signal(number)
        _, told = running.communicate(timeout=100)
        if number is signal.SIGKILL:
            assert running.returncode in {-signal.SIGKILL, 0}
        else:
            assert (running.returncode, told) in {(130, SAID), (0, "")}
            assert not half_written(tmp_path)
        kept = finished(undated(tmp_path / "out"))
        assert kept == {name: whole[name] for name in kept}
    last = started(stages[stage](tmp_path / "out"))
    assert last.communicate(timeout=100)[1] == ""
    assert undated(tmp_path / "out") == whole
    assert not half_written(tmp_path)


def finished(files):
    """What has a final name: a program that is killed cannot take away what it was writing aside."""
    return {name: data for name, data in files.items() if not name.endswith((".part", ".part-journal"))}


def test_an_import_is_not_left_half_way(tmp_path):
    """An interrupted import can keep the lock that all imports take: the threads of the run waited for ever."""
    (tmp_path / "slow_module.py").write_text("import time\nprint('ready', flush=True)\ntime.sleep(1)\nprint('whole')\n")
    program = """
import sys
import image_tagging.__main__ as command
from image_tagging import cli
def run(arguments):
    import slow_module
    import time
    for _ in range(1000):
        time.sleep(0.1)
cli.main = run
sys.exit(command.main([]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    ) as running:
        assert "ready\n" in iter(running.stdout.readline, "")  # it may say before what it is about to place
        running.send_signal(signal.SIGTERM)
        said, told = running.communicate(timeout=100)
    assert (running.returncode, said, told) == (130, "whole\n", SAID)


def test_a_signal_that_the_last_import_put_off_is_answered_before_the_end(tmp_path):
    """Else it came while Python itself ended: as an exception that nobody takes, or as a signal that nobody answers."""
    (tmp_path / "last_module.py").write_text("import signal\nsignal.raise_signal(signal.SIGTERM)\n")
    program = """
import atexit, sys, time
import image_tagging.__main__ as command
from image_tagging import cli
def run(arguments):
    import last_module
    return 0
command._RETRY_SECONDS = 0.2
cli.main = run
atexit.register(time.sleep, 0.5)
sys.exit(command.main([]))
"""
    at = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(tmp_path)}}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False, **at)
    assert done.returncode == 130
    assert done.stderr.startswith("image-tagging: interrupted.")
    assert done.stderr.count("\n") == 1


def test_a_late_repeat_ends_a_run_that_does_not_end(tmp_path):
    program = """
import sys, time
import image_tagging.__main__ as command
from image_tagging import cli
def run(arguments):
    def wait():
        for _ in range(1000):
            time.sleep(0.1)
    try:
        print("ready", flush=True)
        wait()
    finally:
        print("cleaning up", flush=True)
        wait()
command._REPEAT_SECONDS = 0.3
cli.main = run
sys.exit(command.main([]))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, encoding="utf-8") as running:
        assert "ready\n" in iter(running.stdout.readline, "")  # it may say before what it is about to place
        running.send_signal(signal.SIGTERM)
        assert running.stdout.readline() == "cleaning up\n"
        running.send_signal(signal.SIGTERM)
        assert running.poll() is None
        time.sleep(0.4)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=50)
    assert running.returncode == 130


def test_a_signal_that_whoever_started_the_program_switched_off_stays_off(stages, tmp_path):
    def switched_off():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    running = started(stages["process"](tmp_path), preexec_fn=switched_off)
    for _ in range(5):
        time.sleep(0.1)
        running.send_signal(signal.SIGHUP)
    assert running.communicate(timeout=100)[1] == ""
    assert running.returncode == 0


# Where nobody reads what is said -----------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [None, ["--help"], ["process", "--help"]], ids=["a run", "help", "more help"])
def test_a_reader_that_stops_early(stages, tmp_path, arguments):
    """``image-tagging … | head -0``: the results are written all the same."""
    end, pipe = os.pipe()
    os.close(end)
    running = started(arguments or stages["process"](tmp_path), stdout=pipe)
    os.close(pipe)
    assert running.communicate(timeout=100)[1] == ""
    if not arguments:
        assert running.returncode == 0
        assert (tmp_path / "input-metadata.json").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_file_for_the_summary_that_cannot_be_written(stages, tmp_path):
    with open("/dev/full", "w") as full:
        running = started(stages["process"](tmp_path), stdout=full)
    told = running.communicate(timeout=100)[1]
    assert (running.returncode, told.count("\n")) == (1, 1)
    assert "The work is done" in told
    assert (tmp_path / "input-metadata.json").exists()


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)], ids=str)
def test_streams_that_are_closed(stages, tmp_path, closed):
    def close():
        for number in closed:
            os.close(number)

    running = started(stages["classify"](tmp_path), preexec_fn=close)
    running.communicate(timeout=100)
    assert running.returncode == 0
    assert (tmp_path / "output.json").exists()
