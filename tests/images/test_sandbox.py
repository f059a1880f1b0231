"""A decoding process starts no program, has no network and writes nothing; encoders still load there."""

from __future__ import annotations

import ctypes
import errno
import importlib
import os
import socket
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.encoders.builtin.encoder import BuiltinEncoder
from image_tagging.encoders.clip.preprocess import ClipPreprocess
from image_tagging.images.decode import decode
from image_tagging.images.decoders import Decoders
from image_tagging.records import Failure
from samples import png

REF = ImageRef("a.png")
DATA = png(1)


def in_sandbox(*lines: str) -> str:
    """Run lines in a process of Python that is in the sandbox; what they print."""
    program = "\n".join(["import os", "from image_tagging.images import sandbox", "box = sandbox.Sandbox()", *lines])
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def filtered():
    """The kernel here takes a filter of system calls."""
    if in_sandbox("print(box.is_filtered)") != "True":
        pytest.skip("the system takes no filter of system calls")


def prepared(preprocess):
    """The array that a function makes of a picture in a decoding process, or why it failed."""
    with Decoders(processes=1) as decoders, decoders.decoded(REF, DATA) as image:
        return image.prepared(preprocess)


# Functions for the process: each tries to do what it may not.


def run_program(made, picture):
    subprocess.run(["touch", made], check=True)
    return np.zeros(1, dtype=np.float32)


def run_shell(made, picture):
    return np.array([os.system(f"touch {made}")], dtype=np.float32)


def become_program(made, picture):
    os.execv("/usr/bin/touch", ["touch", made])


def spawn_program(made, picture):
    return np.array([os.posix_spawn("/usr/bin/touch", ["touch", made], {})], dtype=np.float32)


def fork(made, picture):
    if not os.fork():
        os.close(os.open(made, os.O_CREAT | os.O_WRONLY))
        os._exit(0)
    return np.zeros(1, dtype=np.float32)


def connect(made, picture):
    socket.create_connection(("127.0.0.1", 9))


def call_execve(made, picture):
    """From C, where no hook of Python looks: errno."""
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_char_p * 3)(b"touch", made.encode(), None)
    libc.execve(b"/usr/bin/touch", arguments, None)
    return np.array([ctypes.get_errno()], dtype=np.float32)


def call_socket(made, picture):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.socket(2, 1, 0)
    return np.array([ctypes.get_errno()], dtype=np.float32)


def call_system(made, picture):
    """0 where the shell ran."""
    return np.array([ctypes.CDLL(None).system(f"touch {made}".encode()) == 0], dtype=np.float32)


def import_library(name, picture):
    importlib.import_module(name)
    return np.ones(1, dtype=np.float32)


# ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="these are ways of POSIX")
@pytest.mark.parametrize("attempt", [run_program, run_shell, become_program, spawn_program, fork])
def test_no_program_starts_from_python_in_a_decoding_process(tmp_path, attempt):
    failure = prepared(partial(attempt, str(tmp_path / "made")))
    assert isinstance(failure, Failure)
    assert (failure.step, "not supported while images are decoded" in failure.reason) == ("embed", True), failure
    assert not list(tmp_path.iterdir())


def test_no_connection_is_made_from_a_decoding_process(tmp_path):
    failure = prepared(partial(connect, ""))
    assert "not supported while images are decoded: socket" in failure.reason


@pytest.mark.usefixtures("filtered")
@pytest.mark.parametrize("attempt", [call_execve, call_socket])
def test_compiled_code_is_refused_programs_and_sockets_too(tmp_path, attempt):
    assert prepared(partial(attempt, str(tmp_path / "made"))).tolist() == [errno.EPERM]
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("filtered")
def test_the_shell_of_compiled_code_runs_nothing(tmp_path):
    assert prepared(partial(call_system, str(tmp_path / "made"))).tolist() == [0]
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("filtered")
def test_ways_round_the_filter_are_refused():
    """Calls that open sockets without one, that use another process, and the numbers of x32 and of 32 bits."""
    numbers = {"x86_64": (425, 101, 311, 438, 322, 0x40000000 | 39), "aarch64": (425, 117, 271, 438, 281)}
    told = in_sandbox(
        "import ctypes",
        "libc = ctypes.CDLL(None, use_errno=True)",
        f"for number in {numbers[os.uname().machine]}:",
        "    print(libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0), ctypes.get_errno())",
    )
    assert set(told.splitlines()) == {f"-1 {errno.EPERM}"}


def test_files_are_written_by_the_function_of_the_program_alone(tmp_path):
    told = in_sandbox(
        f"name = {str(tmp_path / 'made')!r}",
        "def attempt(write):",
        "    try:",
        "        write()",
        "        print('written')",
        "    except PermissionError as error:",
        "        print('refused')",
        "attempt(lambda: open(name, 'w'))",
        "attempt(lambda: os.open(name, os.O_CREAT | os.O_WRONLY))",
        "attempt(lambda: open(os.devnull, 'w'))",
        "attempt(lambda: open(sandbox.__file__))",
        "with box.own_code(): attempt(lambda: open(name, 'w'))",
        "attempt(lambda: open(name, 'a'))",
    )
    assert told.split() == ["refused", "refused", "written", "written", "written", "refused"]


def test_where_the_kernel_takes_no_filter_the_hook_remains():
    """As on an architecture whose numbers of calls are not known."""
    told = in_sandbox(
        "sandbox._CALLS.clear()",
        "other = sandbox.Sandbox()",
        "print(other.is_filtered)",
        "try: os.system('true')",
        "except PermissionError: print('refused')",
    )
    assert told.split() == ["False", "refused"]


@pytest.mark.parametrize("preprocess", [BuiltinEncoder().preprocess, ClipPreprocess()])
def test_encoders_prepare_pictures_there_as_here(preprocess):
    np.testing.assert_array_equal(prepared(preprocess), preprocess(decode(REF, DATA).picture))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cv2", "onnxruntime", "sklearn.svm", "torch", "torchvision", "open_clip"])
def test_libraries_of_encoders_are_imported_there(name):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    assert prepared(partial(import_library, name)).tolist() == [1]
