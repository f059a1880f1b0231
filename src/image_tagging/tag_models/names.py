"""Names of tag models: what a file is called for a kind and a tag, and back.

``model-<kind>-tag-<tag>.pkl``, with the tag as it is, spaces, apostrophes and emoji included. Only what some
file system cannot hold is percent-encoded (UTF-8, two upper-case hex digits a byte), and ``%`` itself, so that
every tag can be read back from its name.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import Optional
from urllib.parse import unquote_to_bytes

from ..errors import ModelError, NoModelsError
from ..files import StrPath, user_path
from ..text import as_tag

SUFFIX = ".pkl"

#: The folder of an output folder that holds its models.
MODELS_FOLDER = "models"

_NAME = re.compile(r"model-(.+?)-tag-(.+)", re.DOTALL)
# What else lies in a folder of results.
_TAKEN = re.compile(
    r"models|reports|clip-cache|by-tag|(image-tagging|stage\d|output|input)\b.*\..*", re.IGNORECASE | re.DOTALL
)
# What Linux, macOS or Windows refuse in a file name, the escape sign, and what no encoding can hold (lone surrogates).
# Windows takes the names of devices for these, with any suffix.
_UNFIT = re.compile(
    r"""[\x00-\x1f\x7f-\x9f/\\:*?"<>|%\u2028\u2029\ud800-\udfff]|^\.+|[. ]+$"""
    r"""|^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?= *(?:\.|$))""",
    re.IGNORECASE,
)


def quote_tag(tag: str) -> str:
    """The tag as part of a file name: ``a/b`` -> ``a%2Fb``, ``100%`` -> ``100%25``, ``cat's`` stays."""
    return _UNFIT.sub(_escape, tag)


def unquote_tag(name: str) -> str:
    """The tag that :func:`quote_tag` made ``name`` of.

    A name that :func:`quote_tag` never gives (a file called ``100%``, made by hand) is a tag as it stands.
    """
    try:
        tag = unquote_to_bytes(name.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return name
    return tag if quote_tag(tag) == name else name


def model_stem(kind: str, tag: str) -> str:
    """The name of a model's files without suffix: ``model-ovr-svm-tag-cat``."""
    return f"model-{kind}-tag-{quote_tag(tag)}"


def report_name(kind: str, tag: str) -> str:
    """Return the name of a model's text report: ``model-report-ovr-svm-tag-cat.txt``."""
    return model_stem(kind, tag).replace("model-", "model-report-", 1) + ".txt"


def parse_model_name(path: str) -> Optional[tuple[str, str]]:
    """The kind and the tag that the name of a model file says, ``None`` where it is no such name.

    A kind becomes a folder of results as it stands, so one that needs quoting (``..``, control characters), or that is
    called like another file or folder of results, is none.
    """
    stem, suffix = os.path.splitext(os.path.basename(path))
    match = _NAME.fullmatch(stem)
    if suffix != SUFFIX or match is None or quote_tag(match[1]) != match[1] or _TAKEN.fullmatch(match[1]):
        return None
    return match[1], as_tag(unquote_tag(match[2]))


def parse_report_name(name: str) -> Optional[tuple[str, str]]:
    """Return the kind and the tag that the name of a text report says, ``None`` where it is no such name."""
    begin, end = "model-report-", ".txt"
    if not (name.startswith(begin) and name.endswith(end)):
        return None
    return parse_model_name(f"model-{name[len(begin) : -len(end)]}{SUFFIX}")


def require_model_name(path: str) -> tuple[str, str]:
    """As :func:`parse_model_name`; ModelError where it is no such name."""
    name = parse_model_name(path)
    if name is None:
        match = _NAME.fullmatch(os.path.splitext(os.path.basename(path))[0])
        why = "has no name of a tag model"
        if match and _TAKEN.fullmatch(match[1]):
            why = f"names a kind, {match[1]}, that other results are called by"
        raise ModelError(f"{path} {why}. Call it model-<kind>-tag-<tag>{SUFFIX}, or move it away.")
    return name


def generate_model_path(folder: StrPath, model_type: str, tag_name: str) -> Optional[str]:
    """The path of the model of this kind and tag in a folder, ``None`` where there is no such file.

    A file named by hand, by the original or by macOS may spell the tag otherwise than this module does.
    """
    folder, model = user_path(folder, "folder"), (model_type, as_tag(tag_name))
    path = model_path(folder, *model)
    if os.path.isfile(path):
        return path
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    others = (os.path.join(folder, name) for name in names if parse_model_name(name) == model)
    return next(filter(os.path.isfile, others), None)


def model_path(folder: str, kind: str, tag: str) -> str:
    """Return the path of a model in a folder: where there is one, by either spelling of its tag, else where it goes.

    macOS, and versions that took names as they were, left letters and their marks apart (NFD).
    """
    spellings = (tag, unicodedata.normalize("NFD", tag))
    path, other = (os.path.join(folder, model_stem(kind, spelling) + SUFFIX) for spelling in spellings)
    return other if os.path.isfile(other) and not os.path.isfile(path) else path


def find_model_files(path: StrPath) -> list[str]:
    """The model files of a folder, in the order of their names, or the one file that ``path`` is.

    Raises
    ------
    NoModelsError
        ``path`` does not exist, or is a folder without a ``.pkl``.
    ModelError
        The folder cannot be read.
    """
    path = user_path(path)
    if os.path.isfile(path):
        return [path]
    if not os.path.isdir(path):
        raise NoModelsError(
            f"there is no tag model at {path}. "
            "Train some first (image-tagging train), or name the folder that holds them."
        )
    try:
        # A name with a leading dot is no model: macOS leaves such shadows (._model-...) in archives.
        names = sorted(name for name in os.listdir(path) if name.endswith(SUFFIX) and not name.startswith("."))
        files = [file for file in (os.path.join(path, name) for name in names) if not os.path.isdir(file)]
    except OSError as error:
        raise ModelError(f"cannot read the folder {path}: {error.strerror or error}.") from error
    if not files:
        raise NoModelsError(
            f"the folder {path} holds no tag model ({SUFFIX}). "
            "Train some first (image-tagging train), or name another folder."
        )
    return files


def model_names(path: StrPath) -> list[tuple[str, str]]:
    """Kind and tag of every model file in a folder (or of one file), sorted, read from the names alone.

    Files whose name says no kind and tag are left out.

    Raises
    ------
    NoModelsError
        There is no model file at ``path``.
    """
    return sorted(name for name in map(parse_model_name, find_model_files(path)) if name is not None)


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))
