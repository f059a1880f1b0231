"""How a decoding process is started: by which Python, with which folders to import from, in which environment."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

import PIL

from ..errors import DecoderError

_PYTHON = re.compile(r"python|pypy|graalpy", re.IGNORECASE)

#: Not ``multiprocessing``, which would run the user's script again in every process. The one argument is read by
#: ``json``, so that the current folder, which ``-c`` puts first, is left out before: it may hold a ``json.py``.
#: ``home`` is for this package alone, which a process of ``python -m`` may have found in the current folder.
PROGRAM = """import sys
sys.path[:] = [folder for folder in sys.path if folder]
import json
given = json.loads(sys.argv[1])
sys.path[:] = [given["home"], *given["folders"]]
import image_tagging
sys.path[:] = given["folders"]
from image_tagging.images.decoding_child import main
main(given["limits"], given["own"])"""


class Folders(NamedTuple):
    """Where a decoding process imports modules from.

    ``own`` are for the function that prepares pictures alone, which may be a user's: the current folder is searched
    for its modules, after all others, and for no module that decodes.
    """

    home: str
    folders: list[str]
    own: list[str]


def interpreter() -> str:
    """Return the path of the Python that this program runs on.

    In a program that embeds Python (uWSGI, a frozen one) ``sys.executable`` is that program, or nothing.

    Raises
    ------
    DecoderError
        There is none.
    """
    for path in _candidates():
        is_python = os.path.isabs(path) and _PYTHON.match(os.path.basename(path))
        if is_python and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise DecoderError(
        f"cannot start a process to decode images: sys.executable is {str(sys.executable)!r}, which is no Python that "
        f"can be started, and there is none in {sys.prefix}. {how_to_name_it()}"
    )


def how_to_name_it() -> str:
    """Return the sentence that says what to set where the interpreter is not the right one."""
    return f"Set sys.executable to the path of the Python {sys.version_info[0]}.{sys.version_info[1]} that runs this."


def _candidates() -> Iterator[str]:
    """Yield paths at which the interpreter may be, the likeliest first."""
    if sys.executable and not getattr(sys, "frozen", False):
        yield os.fspath(sys.executable)
    if sys.platform == "win32":
        names = ["python.exe", os.path.join("Scripts", "python.exe")]
    else:
        names = [os.path.join("bin", name) for name in (f"python3.{sys.version_info[1]}", "python3", "python")]
    for prefix in dict.fromkeys((sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)):
        yield from (os.path.join(prefix, name) for name in names)
    if base := getattr(sys, "_base_executable", None):
        yield base


def import_folders() -> Folders:
    """Return the folders of this program's ``sys.path``, of which Python itself uses those that are text."""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    entries = [entry for entry in sys.path if isinstance(entry, str)]
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        return Folders(home, [entry for entry in entries if os.path.normpath(entry) != os.curdir], [])
    ours = {home, os.path.dirname(os.path.dirname(os.path.abspath(PIL.__file__)))}
    own = {entry for entry in entries if os.path.normpath(entry) == os.curdir}
    if entries and os.path.abspath(entries[0]) == here and here not in ours:
        own.add(entries[0])  # the folder of the user's script, or of a module run by ``-m``
    return Folders(home, [entry for entry in entries if entry not in own], [here] if own else [])


def environment() -> dict[str, str]:
    """Return this program's environment without what makes Python search the current folder.

    ``PYTHONPATH`` is in ``sys.path``, which the process is given. In it Python would look for a ``sitecustomize.py``.
    """
    others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**others, "PYTHONSAFEPATH": "1"}  # known to Python 3.11 and later
