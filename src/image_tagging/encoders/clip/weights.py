"""Which weights a CLIP encoder has: their identity, and the activation they were trained with.

Decisions only: open_clip, or :mod:`.published` in its place, is an argument (``library``), and nothing heavy is
imported here, so that an identity costs no more than the hash of a file.

Two facts of open_clip are behind this module. Some weights were trained with QuickGELU, ``x * sigmoid(1.702 x)``
(Hendrycks and Gimpel, 2016), others with plain GELU; built with the wrong one a model still computes,
and its embeddings are wrong. And the same file may be anywhere under any name, so that a file is recognised by its
SHA-256, which is part of the addresses that open_clip downloads from.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import importlib.util
import json
import logging
import os
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.error import URLError

from ...errors import EncoderUnavailableError
from ..base import is_path
from . import published

_LOG = logging.getLogger(__name__)

INSTEAD = "take --clip_model=builtin, which needs no weights"


@dataclass(frozen=True)
class Weights:
    """The weights asked for. ``name`` and ``pretrained`` are their identity, as in ``EncoderSpec``.

    ``tag`` is the pretrained tag in open_clip, empty for a file that open_clip does not know; ``path`` is the
    local file, empty where open_clip fetches the weights of the tag.
    """

    name: str
    pretrained: str
    tag: str
    path: str


def identify(name: str, pretrained: str, import_library: Callable[[], ModuleType]) -> Weights:
    """Return which weights ``name`` and ``pretrained`` mean: a file where that is the path of one, else a tag.

    ``import_library`` returns open_clip, and is called only for a file that it may know and :mod:`.published` does not.
    Raises EncoderUnavailableError where the file cannot be read or belongs to another model.
    """
    if ":" in name:  # open_clip would fetch what a file of a stranger names
        raise EncoderUnavailableError(f"{name} is no name of a model here: take one of open_clip's own", INSTEAD)
    name = name.replace("/", "-")  # "ViT-B/32", as OpenAI writes it; open_clip takes both
    if not (is_path(pretrained) and os.path.isfile(pretrained)):
        tag = pretrained.lower().replace("-", "_")  # as open_clip looks tags up
        return Weights(
            name, pretrained if is_path(pretrained) else tag, tag, ""
        )  # a path as it was given, for the error
    digest = file_digest(pretrained)
    pairs = published_pairs(published, digest)  # the same whether open_clip is installed or not
    if not pairs and may_be_published(digest):
        pairs = published_pairs(import_library(), digest)
    if not pairs:
        return Weights(name, f"{os.path.basename(pretrained)}@{digest[:12]}", "", pretrained)
    tags = dict(pairs)
    if name not in tags:
        raise EncoderUnavailableError(
            f"{pretrained} holds the weights {pairs[0][1]!r} of {' or '.join(tags)}, not of {name}: "
            f"name the model --clip_model={pairs[0][0]}, or give another file"
        )
    return Weights(name, tags[name], tags[name], pretrained)


def file_digest(path: str) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits; raise EncoderUnavailableError where it cannot be read."""
    try:
        status = os.stat(path)
        return _digest(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise EncoderUnavailableError(
            f"the weights file {path} cannot be read ({error.strerror}): check its permissions"
        ) from error


@functools.lru_cache(maxsize=8)  # a run needs it at its start and at the load, and a file can have gigabytes
def _digest(path: str, _size: int, _modified: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def published_pairs(library: ModuleType, digest: str) -> list[tuple[str, str]]:
    """Return the (model, tag) pairs of open_clip whose download address has this SHA-256.

    OpenAI's addresses have all of it as a folder, open_clip's own its first 8 digits at the end of the file
    name; open_clip checks its downloads by the same two.
    """
    marks = re.compile(rf"/{digest}/|-{digest[:8]}\.")
    return [
        (model, tag)
        for model, tag in library.list_pretrained()
        if marks.search(library.get_pretrained_cfg(model, tag).get("url") or "")
    ]


def may_be_published(digest: str) -> bool:
    """Return whether the source of the installed open_clip has this digest; importing it would take seconds."""
    spec = importlib.util.find_spec("open_clip")
    if spec is None or not spec.submodule_search_locations:
        return False
    try:
        with open(os.path.join(spec.submodule_search_locations[0], "pretrained.py"), encoding="utf-8") as stream:
            return digest[:8] in stream.read()
    except OSError:
        return True  # another layout: the import decides


def activation_for(library: ModuleType, name: str, tag: str = "") -> bool:
    """Return whether the weights need QuickGELU: their model's config says so, or that of their tag.

    Either is enough: ``ViT-B-32`` is plain until the tag ``openai`` says otherwise, ``ViT-B-32-quickgelu`` never
    is, and ``roberta-ViT-B-32`` has it in its config while its tag forgets to repeat it.
    """
    config = library.get_model_config(name) or {}
    return bool(config.get("quick_gelu") or (tag and library.get_pretrained_cfg(name, tag).get("quick_gelu")))


def preprocess_settings(library: ModuleType, name: str, tag: str = "") -> dict[str, Any]:
    """Return how pictures are prepared: as the tag says, without a tag as all tags of that model agree.

    The second is for local files: SigLIP squashes pictures and has another mean, in every file.
    """
    tags = [tag] if tag else library.list_pretrained_tags_by_model(name)
    configs = [library.get_pretrained_cfg(name, one) for one in tags]
    settings = {}
    for key in ("mean", "std", "interpolation", "resize_mode"):
        values = [config.get(key) for config in configs]
        if values and values[0] is not None and all(value == values[0] for value in values):
            settings[key] = values[0]
    return settings


def check_known(library: ModuleType, weights: Weights) -> None:
    """Raise EncoderUnavailableError where open_clip has no such model, or no such tag of it and there is no file."""
    models = library.list_models()
    if weights.name not in models:
        close = difflib.get_close_matches(weights.name, models, n=4, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else "open_clip.list_models() names all it has"
        raise EncoderUnavailableError(f"open_clip has no model {weights.name!r}: {hint}", INSTEAD)
    tags = library.list_pretrained_tags_by_model(weights.name)
    if not weights.path and weights.tag not in tags:
        asked = weights.pretrained
        if os.path.isdir(asked):
            raise EncoderUnavailableError(f"{asked!r} is a folder: name the weights file in it (--pretrained)", INSTEAD)
        if "/" in asked or os.sep in asked:  # a path, to whom a list of tags says nothing
            raise EncoderUnavailableError(f"there is no weights file {asked!r}: check --pretrained", INSTEAD)
        raise EncoderUnavailableError(
            f"{weights.pretrained!r} is neither pretrained weights of {weights.name} nor a file: "
            f"take --pretrained={'|'.join(tags) or '(it has none)'} or the path of a local weights file "
            "(./NAME for one in this folder)",
            INSTEAD,
        )


def check_unknown_file(library: ModuleType, weights: Weights, quick_gelu: bool) -> None:
    """Raise EncoderUnavailableError where a local file needs another activation than the model's name gives.

    The ``open_clip_config.json`` that open_clip publishes next to its weights says what it needs. Without it nothing
    does, so that the log says what was assumed.
    """
    config = os.path.join(os.path.dirname(weights.path), "open_clip_config.json")
    try:
        with open(config, encoding="utf-8") as stream:
            wanted = bool(json.load(stream)["model_cfg"].get("quick_gelu", False))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none there, or of another kind
        if not quick_gelu and f"{weights.name}-quickgelu" in library.list_models():
            _LOG.warning(
                "%s is no file that open_clip knows, so that %s computes plain GELU, as its name says; for weights "
                "trained with QuickGELU (by OpenAI, for DFN or MetaCLIP) take --clip_model=%s-quickgelu",
                *(weights.path, weights.name, weights.name),
            )
        return
    if wanted != quick_gelu:
        twin = weights.name[: -len("-quickgelu")] if quick_gelu else f"{weights.name}-quickgelu"
        raise EncoderUnavailableError(
            f"{weights.path} was trained with {'QuickGELU' if wanted else 'plain GELU'}, as {config} says, "
            f"and {weights.name} computes the other: take --clip_model={twin}"
        )


def check_activation(modules: Iterable[object], weights: Weights, quick_gelu: bool) -> None:
    """Raise EncoderUnavailableError where a tower does not compute the activation its weights need.

    ``modules`` are all those of the tower; a ResNet has neither activation, and passes.
    """
    kinds = {type(module).__name__ for module in modules} & {"GELU", "QuickGELU"}
    wanted = "QuickGELU" if quick_gelu else "GELU"
    if kinds - {wanted}:
        raise EncoderUnavailableError(
            f"open_clip built {weights.name} with {' and '.join(sorted(kinds))} where the weights "
            f"{weights.pretrained!r} need {wanted}: its embeddings would be wrong; install another open_clip_torch"
        )


def is_torchscript(path: str) -> bool:
    """Return whether the file is a TorchScript archive, as OpenAI published: a program, and not numbers alone."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def one_line(error: BaseException, length: int = 200) -> str:
    """Return the message of an error on one line of at most ``length`` characters."""
    if isinstance(error, URLError) and isinstance(error.reason, OSError):
        return one_line(error.reason, length)  # without the brackets that urllib puts around it
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= length else text[: length - 1] + "…"
