"""Run a probe in a process of its own, and say how that ended where it does not answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from ...text import escaped, shortened
from .finding import PROBLEM, Finding

#: Seconds that a probe may take: importing PyTorch from a slow disk takes half a minute.
_SECONDS = 120

#: What to do where a probe ends otherwise than by an answer.
_REMEDIES = {
    "decoding": "install Pillow and numpy again (pip install --force-reinstall Pillow numpy)",
    "builtin": "install onnxruntime again (pip install --force-reinstall onnxruntime)",
    "onnxruntime": "install it again (pip install --force-reinstall onnxruntime)",
    "openvino": "install it again, or remove it (pip uninstall openvino): CLIP does without",
    "torch": "install torch and torchvision of one version again, or remove them: CLIP does without",
    "CLIP": "take --clip_model=builtin",
}

#: On Windows: no console window next to a windowed program.
_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def run_probe(name: str) -> Finding:
    """Return what the probe of this name finds; that its process ended, and how, where it did."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _program(name)],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            env=_environment(),
            timeout=_SECONDS,
            creationflags=_NO_WINDOW,
        )
    except subprocess.TimeoutExpired:
        return _failed(name, f"no answer in {_SECONDS} s")
    except OSError as error:
        return Finding(name, PROBLEM, f"cannot start {sys.executable!r} ({error.strerror}): start another Python")
    if done.returncode:
        return _failed(name, _exit_reason(done.returncode, done.stderr))
    try:
        state, says = json.loads(done.stdout.rstrip().rpartition("\n")[2])
    except ValueError:
        return _failed(name, "its answer cannot be read")
    return Finding(name, str(state), str(says))


def _program(name: str) -> str:
    """Return the program of the process: ``-c`` puts the current folder first, which may be a stranger's."""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    folders = [entry for entry in sys.path if isinstance(entry, str) and os.path.normpath(entry) != os.curdir]
    paths = ascii(folders if home in folders else [*folders, home])
    return f"import sys\nsys.path[:] = {paths}\nfrom image_tagging.pipeline.doctor.probes import main\nmain({name!r})"


def _environment() -> dict[str, str]:
    # PYTHONPATH is in sys.path; in it Python would look for a sitecustomize.py, also in the current folder.
    others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**others, "PYTHONIOENCODING": "utf-8"}


def _failed(name: str, why: str) -> Finding:
    return Finding(name, PROBLEM, f"does not work here ({why}): {_REMEDIES[name]}")


def _exit_reason(code: int, output: str) -> str:
    """Return the last line of what the process said, or the signal or the exit code that ended it."""
    if code < 0:
        try:
            return f"the process ended by {signal.Signals(-code).name}"
        except ValueError:  # those for real time have none
            return f"the process ended by signal {-code}"
    last = output.strip().rpartition("\n")[2].strip()
    return shortened(escaped(last), 200) if last else f"the process ended with exit code {code}"
