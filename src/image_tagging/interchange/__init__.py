"""Results in the forms that other programs read: caption files, XMP sidecars, tables and data sets.

:mod:`.base` has what flows and the protocols of formats; a format is a module, with one line in the registry here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

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
from .coco import CocoFormat
from .fifty_one import FiftyOneFormat
from .image_folder import ImageFolderFormat
from .label_studio import LabelStudioFormat
from .tables import CsvFormat, JsonLinesFormat, ParquetFormat
from .web_dataset import WebDatasetFormat
from .xmp import XmpFormat

_SIDECARS: dict[str, Callable[[ExportOptions], SidecarFormat]] = {"txt": CaptionFormat, "xmp": XmpFormat}
_FOLDERS: dict[str, Callable[[ExportOptions], FolderFormat]] = {
    "csv": CsvFormat,
    "jsonl": JsonLinesFormat,
    "parquet": ParquetFormat,
    "imagefolder": ImageFolderFormat,
    "webdataset": WebDatasetFormat,
    "coco": CocoFormat,
    "label-studio": LabelStudioFormat,
    "fiftyone": FiftyOneFormat,
}


def sidecar_format(name: str, options: ExportOptions) -> Optional[SidecarFormat]:
    """Return the format of one file for each image that is called so, ``None`` where it is one of a folder."""
    return _SIDECARS[name](options) if name in _SIDECARS else None


def folder_format(name: str, options: ExportOptions) -> FolderFormat:
    """Return the format of a folder that is called so; LibraryMissingError where it needs a library."""
    return _FOLDERS[name](options)


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
    "folder_format",
    "sidecar_format",
]
