"""How much room the disk of an output folder has."""

from __future__ import annotations

import shutil

from ..errors import OutputError


def free_bytes(folder: str) -> int:
    """Return how many bytes of the disk of a folder are free; raise OutputError where the folder is gone."""
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(f"cannot write into {folder}: {why}. Choose another output folder.") from error
