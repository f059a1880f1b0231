"""Folders that results go to: the one that the user named, and those inside it."""

from __future__ import annotations

import os

from ..errors import OutputError
from ..files import is_url
from .base import MOVE_AWAY, why


def make_folder(path: str) -> str:
    """Make a folder that the user named, and those above it; return its path.

    Raises
    ------
    OutputError
        It cannot be made, or a file has its name.
    """
    if is_url(path):
        raise OutputError(
            f"{path} is no folder of this machine, and this command writes to no other. Name a folder, and copy its "
            "files to the bucket; process, train, classify, classify-zip and sort write there themselves."
        )
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {why(error)}. Choose another output folder.") from error
    return path


def folder_below(root: str, *names: str) -> str:
    """Make a folder inside the folder ``root``, each of ``names`` in the one before; return its path.

    Raises
    ------
    OutputError
        It cannot be made, a file has its name, or a link on the way leads out of ``root``.
    """
    path = make_folder(root)
    for name in names:
        path = os.path.join(path, name)
        try:
            os.mkdir(path)
        except FileExistsError:
            if not _is_below(path, root):
                raise OutputError(f"{path} is a link that leads out of {root}. {MOVE_AWAY}") from None
            make_folder(path)  # says so where it is a file
        except OSError as error:
            raise OutputError(f"cannot make the folder {path}: {why(error)}. Choose another output folder.") from error
    return path


def _is_below(path: str, root: str) -> bool:
    """Return whether a folder that exists lies in ``root`` once links are followed."""
    real_path, real_root = os.path.realpath(path), os.path.realpath(root)
    return os.path.join(real_path, "").startswith(os.path.join(real_root, ""))
