"""Encoders: pictures, and for CLIP texts, become embeddings.

An object with the attributes of :class:`Encoder` is an encoder. Two families come with the package: ``builtin``, which
needs no download, and every model of open_clip by its name there; :func:`register_encoder` adds others. A run holds an
:class:`EncoderChoice`, which loads the encoder when the first picture needs it. The names below are all that other
packages use; importing them imports no library.
"""

from .automatic import automatic_encoder
from .base import ComputeOptions, Encoder, EncoderFamily, TextEncoder
from .builtin import NAME as BUILTIN
from .choice import EncoderChoice
from .inspection import (
    inspect_builtin,
    inspect_clip,
    inspect_onnxruntime,
    inspect_openvino,
    inspect_torch,
    unused_gpu,
    weights_cache,
)
from .registry import (
    DEFAULT_MODEL,
    DEFAULT_PRETRAINED,
    encoder_names,
    load_encoder,
    near_duplicate_cosine,
    register_encoder,
    require_this_version,
)

__all__ = [
    "BUILTIN",
    "DEFAULT_MODEL",
    "DEFAULT_PRETRAINED",
    "ComputeOptions",
    "Encoder",
    "EncoderChoice",
    "EncoderFamily",
    "TextEncoder",
    "automatic_encoder",
    "encoder_names",
    "inspect_builtin",
    "inspect_clip",
    "inspect_onnxruntime",
    "inspect_openvino",
    "inspect_torch",
    "load_encoder",
    "near_duplicate_cosine",
    "register_encoder",
    "require_this_version",
    "unused_gpu",
    "weights_cache",
]
