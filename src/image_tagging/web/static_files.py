"""The style sheets and scripts of the app."""

from __future__ import annotations

import os

from starlette.responses import Response

from ..errors import InputError
from ..reports import component_style

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_FILES = {name: _TYPES[ending] for name in os.listdir(_FOLDER) if (ending := os.path.splitext(name)[1]) in _TYPES}
#: What the training report looks like too.
_SHARED = "components.css"


def static_file(name: str) -> Response:
    """Return a file of the app, or the style that it shares with the training report; InputError for other names."""
    if name == _SHARED:
        return Response(component_style(), 200, {"cache-control": "no-cache"}, _TYPES[".css"])
    if name not in _FILES:
        raise InputError("there is no such file.")
    with open(os.path.join(_FOLDER, name), "rb") as file:
        return Response(file.read(), 200, {"cache-control": "no-cache"}, _FILES[name])
