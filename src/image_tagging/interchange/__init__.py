"""Results in the forms that other programs read: caption files, XMP sidecars, tables and data sets.

:mod:`.base` has what flows and the protocols of formats; a format is a module, with one line in the registry here.
"""

from __future__ import annotations

from collections.abc import Callable

from .base import (
    COPY,
    EXAMPLE,
    HARDLINK,
    MODEL,
    SYMLINK,
    VERDICT,
    ExportedPicture,
    ExportedPictures,
    ExportedTag,
    ExportFolder,
    ExportOptions,
    FolderFormat,
    SidecarFormat,
)
from .captions import CaptionFormat
from .xmp import XmpFormat

_SIDECARS: dict[str, Callable[[ExportOptions], SidecarFormat]] = {"txt": CaptionFormat, "xmp": XmpFormat}


def sidecar_format(name: str, options: ExportOptions) -> SidecarFormat:
    """Return the format of one file for each image that is called so."""
    return _SIDECARS[name](options)


__all__ = [
    "COPY",
    "EXAMPLE",
    "HARDLINK",
    "MODEL",
    "SYMLINK",
    "VERDICT",
    "ExportFolder",
    "ExportOptions",
    "ExportedPicture",
    "ExportedPictures",
    "ExportedTag",
    "FolderFormat",
    "SidecarFormat",
    "sidecar_format",
]
