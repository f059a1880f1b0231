"""The names of the models of open_clip, without importing it, which takes seconds."""

from __future__ import annotations

import importlib.util
import os
import sys

from .architectures import ARCHITECTURES


def model_names() -> list[str]:
    """Return the models that the installed open_clip comes with, or has by now where it is imported.

    Where it is not installed they are those that run without it.
    """
    library = sys.modules.get("open_clip")
    if library is not None and hasattr(library, "list_models"):
        return list(map(str, library.list_models()))
    spec = importlib.util.find_spec("open_clip")
    if spec is None or not spec.submodule_search_locations:
        return sorted(ARCHITECTURES)
    folder = os.path.join(spec.submodule_search_locations[0], "model_configs")
    try:
        return sorted(os.path.splitext(name)[0] for name in os.listdir(folder) if name.endswith(".json"))
    except OSError:
        return sorted(ARCHITECTURES)


def is_installed(library: str) -> bool:
    """Return whether a library is installed, without importing it, which takes seconds."""
    if library in sys.modules:
        return sys.modules[library] is not None
    return importlib.util.find_spec(library) is not None


def knows_all_names() -> bool:
    """Return whether open_clip is installed, so that all names of its models are known."""
    return is_installed("open_clip")
