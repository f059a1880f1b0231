"""The settings that ``sort`` had last in an output folder, so that the review can run it again as it was."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Optional

from ..errors import InputError
from ..files import absolute
from ..store import STORE_NAME, WorkingStore
from .sort_config import SortConfig

#: The name of what is kept, among what is finished.
_SETTINGS = "settings of sort"

#: What is given as a path, or may be one; and what is for one run alone.
_PATHS, _PERHAPS_PATHS = ("examples", "mountain", "output", "verdicts"), ("pretrained",)
_ONCE = {"fresh": False, "retry_failures": False, "no_verdicts": False}


def remember_sort(store: WorkingStore, config: SortConfig) -> None:
    """Keep the settings of a run; nothing is written where they are the same."""
    said: dict[str, Any] = {}
    for each in fields(config):
        value = getattr(config, each.name)
        is_path = each.name in _PATHS or (each.name in _PERHAPS_PATHS and os.path.exists(str(value)))
        said[each.name] = absolute(value) if is_path and value is not None else value
    text = json.dumps(said, default=_as_json, sort_keys=True)
    if not store.finished.is_finished(_SETTINGS, text):
        store.finished.finish(_SETTINGS, text)


def remembered_sort(folder: str) -> Optional[SortConfig]:
    """Return the settings of the last ``sort`` in an output folder, ``None`` where none was kept, or none that holds.

    Raises
    ------
    OutputError
        The working store cannot be used, or another run holds it.
    """
    if not os.path.isfile(os.path.join(folder, STORE_NAME)):
        return None
    with WorkingStore(folder) as store:
        text = store.finished.made_from(_SETTINGS)
    try:
        said = json.loads(text or "null")
        known = {each.name for each in fields(SortConfig)}
        given = {name: value for name, value in said.items() if name in known}
        return SortConfig(**{**given, **{name: _ONCE[name] for name in _ONCE if name in known}, "output": folder})
    except (ValueError, TypeError, AttributeError, InputError):  # of another version of this program
        return None


def _as_json(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else str(value)
