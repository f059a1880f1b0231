"""Copy what a search found into a folder, in the order found, without replacing anything."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing

from ...errors import OutputError, ReadError
from ...exporters import file_name
from ...files import StrPath, absolute, fitting_name, longest_name, user_path
from ...records import Failure
from ...sources import SourceReader
from ...writing import copy_image, make_folder
from .found import FoundPicture


def copy_found(pictures: Iterable[FoundPicture], folder: StrPath) -> tuple[list[str], list[Failure]]:
    """Copy pictures into a folder, as ``0001_cat.png``, ``0002_…``; return the paths, and what could not be read.

    Raises
    ------
    OutputError
        The folder is not empty, or cannot be written.
    """
    root = make_folder(absolute(user_path(folder, "copy_to")))
    if os.listdir(root):
        raise OutputError(f"{root} is not empty: name a new folder to copy what was found to.")
    copied, failures, longest = [], [], longest_name(root)
    with closing(SourceReader()) as reader:
        for number, picture in enumerate(pictures, start=1):
            ref = picture.files[0]
            target = os.path.join(root, fitting_name(f"{number:04}_{file_name(ref.name)}", longest))
            try:
                copy_image(reader.read(ref), target, root)
            except ReadError as error:
                failures.append(Failure(ref, "read", error.code, str(error)))
            except OSError as error:
                raise OutputError(f"cannot write {target}: {error.strerror or error}. Free some space.") from error
            else:
                copied.append(target)
    return copied, failures
