"""What the encoders of this machine can do, for a report: a library that is broken shows itself here first.

Each function imports the library that it is about, and describes what it finds in a sentence. A library that does not
load raises an error of its own kind, or ends the process: call them in a process that may end.
"""

from __future__ import annotations

import os
import time

from ..errors import EncoderUnavailableError
from ..text import counted

#: Every so many-th value of the embedding of each of ``drawn_pictures`` by the embedded encoder, times 1000.
_STEP = 64
_EXPECTED = (
    (14, 25, -12, -26, -29, 21, 1, 0, -51, -5, 21, -36, 79, -52, 29, -3),
    (65, 21, -76, 34, -87, -67, -6, 6, -72, -8, -23, -18, 106, 9, -11, 43),
    (16, -51, 73, 77, -20, 13, 2, -36, 56, 41, 0, -60, 17, -26, 22, 52),
)

#: The cosine to these values from which on the embeddings are those that they should be: other versions of Pillow and
#: OpenCV round otherwise.
_PARITY = 0.99


def inspect_builtin() -> str:
    """Return how the embedded encoder works here.

    Raises
    ------
    EncoderUnavailableError
        It does not load, or its embeddings are not those that they should be.
    """
    import numpy as np

    from .builtin.encoder import BuiltinEncoder
    from .clip.precision import cosines, drawn_pictures

    encoder, pictures = BuiltinEncoder(), drawn_pictures()
    encoder.preprocess(pictures[0])  # the first one takes longer
    started = time.perf_counter()
    rows = encoder.embed([encoder.preprocess(picture) for picture in pictures])
    each = (time.perf_counter() - started) / len(pictures)
    worst = float(cosines(rows[:, ::_STEP], np.array(_EXPECTED, np.float32)).min())
    if not worst >= _PARITY:  # also where it is no number
        raise EncoderUnavailableError(
            f"the embedded encoder gives wrong embeddings here (cosine {worst:.3f}, {_PARITY} is needed): install "
            "onnxruntime, opencv-python-headless and numpy again, and report it if that does not help"
        )
    return f"{encoder.spec.label} gives the embeddings that it should, {each * 1000:.0f} ms a picture"


def inspect_onnxruntime() -> str:
    """Return the devices and precisions of onnxruntime; raise EncoderUnavailableError where it does not load."""
    from .clip.onnx.devices import kinds_of
    from .clip.onnx.sessions import adds_exactly, count_cores, import_onnxruntime

    library = import_onnxruntime()
    devices = kinds_of(library.get_available_providers())
    sums = "int8 at full speed" if adds_exactly(library) else "int8 at half speed, as this CPU has no VNNI"
    return f"devices {', '.join(devices)} ({counted(count_cores(), 'core')}); fp32, {sums}"


def inspect_openvino() -> str:
    """Return the precisions of OpenVINO; raise DeviceUnavailableError where it does not load."""
    from .clip.onnx.openvino import precisions_here

    return f"device openvino; {', '.join(precisions_here())}"


def inspect_torch() -> str:
    """Return the devices and precisions of PyTorch; raise EncoderUnavailableError where it does not load."""
    from .clip.loading import import_torch
    from .clip.precision import native, pays
    from .clip.tower import find_device

    torch = import_torch()
    device = str(find_device(torch, None))
    devices = list(dict.fromkeys((device, "cpu")))
    best = native(torch, device)[0]
    if device == "cpu" and best != "fp32":
        best += ", faster than fp32" if pays(torch, best) else ", no faster than fp32 on this CPU"
    return f"devices {', '.join(devices)}; best precision {best}"


def inspect_clip() -> tuple[bool, str]:
    """Return whether the weights of CLIP's default model are available, and how, or why not; it takes seconds."""
    from .clip import default_weights
    from .registry import DEFAULT_MODEL, DEFAULT_PRETRAINED

    return default_weights(DEFAULT_MODEL, DEFAULT_PRETRAINED)


def unused_gpu() -> str:
    """Return a sentence about a GPU that is here, and that nothing installed can use; empty where there is none."""
    from .clip.backend import unused_gpu as of_clip

    return of_clip()


def weights_cache() -> str:
    """Return the folder in which fetched weights are kept."""
    from huggingface_hub import constants

    return os.path.abspath(constants.HF_HUB_CACHE)
