"""Real shells, at a terminal, in which the Tab key is pressed."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

#: How each shell is started without anybody's settings, and what it reads to complete the program.
_STARTS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'bind "set bell-style none"; eval "$({ask}bash image-tagging)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -D -u; eval "$({ask}zsh image-tagging)"'),
    "fish": (["fish", "--no-config", "-i"], "{ask}fish image-tagging | source"),
}
_ASK = "env _IMAGE_TAGGING_COMPLETE=source_"


def _where_installed(name: str) -> Any:
    is_missing = shutil.which(name) is None
    return pytest.param(name, marks=pytest.mark.skipif(is_missing, reason=f"no {name} is here: apt install {name}"))


SHELLS = [_where_installed(name) for name in _STARTS]

#: fish starts only where the terminal is its own.
_AT_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""

#: The program, as far as a shell asks it; run as a command it keeps its arguments.
_PROGRAM = """#!{python}
import json, os, sys
if "_IMAGE_TAGGING_COMPLETE" in os.environ:
    sys.argv[0] = "image-tagging"
    from image_tagging.__main__ import main
    sys.exit(main())
with open({kept!r}, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + chr(10))
"""


def arguments_typed(shell: str, lines: Sequence[str], folder: Path, *, seconds: float = 60) -> list[list[str]]:
    """Return the arguments by which the program is run for each line typed in a folder; ``\\t`` is the Tab key.

    No line takes longer than ``seconds``.
    """
    kept, programs = folder / "arguments.jsonl", folder / "programs"
    kept.write_text("")
    programs.mkdir(exist_ok=True)
    (programs / "image-tagging").write_text(_PROGRAM.format(python=sys.executable, kept=str(kept)))
    (programs / "image-tagging").chmod(0o755)
    environment = {
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TERM": "dumb",
    }
    start, script = _STARTS[shell]
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _AT_A_TERMINAL, *start],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        cwd=folder,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        shown = b""
        for number, line in enumerate([f"{script.format(ask=_ASK)}; image-tagging", *lines], start=1):
            os.write(master, f"{line}\n".encode())
            end = time.monotonic() + seconds
            while kept.read_text().count("\n") < number:
                shown += _read(master)
                assert time.monotonic() < end, f"{line!r}: {shown.decode(errors='replace')}"
        return [json.loads(line) for line in kept.read_text().splitlines()][1:]
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _read(master: int) -> bytes:
    return os.read(master, 65536) if select.select([master], [], [], 0.05)[0] else b""
