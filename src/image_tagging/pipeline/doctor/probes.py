"""What is tried in a process of its own: each probe imports the library that it is about, and says what it found."""

from __future__ import annotations

import io
import json
import sys
from typing import Callable

from ...errors import ImageTaggingError
from .finding import NOTE, OK, PROBLEM

#: Formats that keep every pixel, by their names in Pillow and the options that make them do so; JPEG comes by itself.
_LOSSLESS: dict[str, dict[str, bool]] = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}


def _decoding() -> tuple[str, str]:
    """Decode a drawn picture from several formats, in the process in which runs decode."""
    import numpy as np
    from PIL import Image, features

    from ...addresses import ImageRef
    from ...images import Decoders
    from ...records import Failure

    pixels = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    images = []
    for name, options in {**_LOSSLESS, "JPEG": {}}.items():
        file = io.BytesIO()
        picture.save(file, name, **options)
        images.append((ImageRef(f"drawn.{name.lower()}"), file.getvalue()))
    with Decoders(processes=1) as decoders:
        hashes = decoders.content_hashes(images)
    for (ref, _), found in zip(images, hashes):
        if isinstance(found, Failure):
            return PROBLEM, f"{ref.path} is not decoded ({found.reason}): install Pillow again"
    if len(set(hashes[: len(_LOSSLESS)])) > 1:
        return PROBLEM, f"one picture decodes to others from {', '.join(_LOSSLESS)}: install Pillow again"
    more = ["AVIF"] * bool("avif" in features.modules and features.check("avif")) + ["HEIC"] * _has_heif()
    return OK, f"{', '.join([*_LOSSLESS, 'JPEG'])} decode as drawn, in a process of their own; also {_joined(more)}"


def _has_heif() -> bool:
    from importlib.util import find_spec

    return find_spec("pillow_heif") is not None


def _joined(names: list[str]) -> str:
    return " and ".join(names) if names else "neither AVIF nor HEIC (pip install 'image-tagging-tools[heif]')"


def _clip() -> tuple[str, str]:
    from ...encoders import DEFAULT_MODEL, inspect_clip

    is_available, why = inspect_clip()
    if is_available:
        return OK, f"{DEFAULT_MODEL}: {why}"
    return NOTE, f"{why}: sort takes the embedded encoder, or give a weights file by --pretrained=/path/to/file"


def _builtin() -> tuple[str, str]:
    from ...encoders import inspect_builtin

    return OK, inspect_builtin()


def _onnxruntime() -> tuple[str, str]:
    from ...encoders import inspect_onnxruntime, unused_gpu

    said, gpu = inspect_onnxruntime(), unused_gpu()
    return (NOTE, f"{said}. {gpu}") if gpu else (OK, said)


def _openvino() -> tuple[str, str]:
    from ...encoders import inspect_openvino

    return OK, inspect_openvino()


def _torch() -> tuple[str, str]:
    from ...encoders import inspect_torch

    return OK, inspect_torch()


#: The probes by the names of their checks.
PROBES: dict[str, Callable[[], tuple[str, str]]] = {
    "decoding": _decoding,
    "builtin": _builtin,
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
    "torch": _torch,
    "CLIP": _clip,
}


def main(name: str) -> None:
    """Run a probe and print its state and sentence as the last line; an error of another kind ends the process."""
    try:
        state, says = PROBES[name]()
    except ImageTaggingError as error:
        state, says = PROBLEM, str(error)
    sys.stdout.write(f"\n{json.dumps([state, says])}\n")
