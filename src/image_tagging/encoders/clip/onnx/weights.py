"""Which tensors a tower has, of what shape, by their names in open_clip's state dict; and whether weights are those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import EncoderUnavailableError
from ....text import escaped, shortened
from ..architectures import Architecture

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shapes = dict[str, "tuple[int, ...]"]

#: Begins the name of every tensor of the image tower, and of no other.
_VISUAL = "visual."

#: What a file may hold next to the towers: how similarities are scaled, sizes that OpenAI wrote down, and a mask.
_NEITHER = {"logit_scale", "logit_bias", "input_resolution", "context_length", "vocab_size", "attn_mask"}

#: A table of which few rows are used is not converted as a whole.
_LOOKED_UP = "token_embedding.weight"

_LONGEST_NAME = 80


def image_shapes(architecture: Architecture) -> Shapes:
    """Return the shape of each tensor of the image tower by its name."""
    width, patch = architecture.image_width, architecture.patch
    return {
        "visual.conv1.weight": (width, 3, patch, patch),
        "visual.class_embedding": (width,),
        "visual.positional_embedding": (architecture.image_tokens, width),
        **_norm("visual.ln_pre", width),
        **_blocks("visual.transformer.resblocks.", width, architecture.image_layers),
        **_norm("visual.ln_post", width),
        "visual.proj": (width, architecture.embed_dim),
    }


def text_shapes(architecture: Architecture) -> Shapes:
    """Return the shape of each tensor of the text tower by its name."""
    width = architecture.text_width
    return {
        _LOOKED_UP: (architecture.vocab, width),
        "positional_embedding": (architecture.context, width),
        **_blocks("transformer.resblocks.", width, architecture.text_layers),
        **_norm("ln_final", width),
        "text_projection": (width, architecture.embed_dim),
    }


def require_weights(architecture: Architecture, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Raise EncoderUnavailableError where tensors are not those of both towers of a model."""
    _require(architecture, image_shapes(architecture), tensors, _of_images(tensors))
    _require(architecture, text_shapes(architecture), tensors, _of_texts(tensors))


def image_weights(architecture: Architecture, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the tensors of the image tower in float32 or float16, as they are where they are that already.

    Raises
    ------
    EncoderUnavailableError
        One is missing, unknown, of another shape, or holds no floating-point numbers.
    """
    shapes = image_shapes(architecture)
    _require(architecture, shapes, tensors, _of_images(tensors))
    return {name: _prepared(tensors[name]) for name in shapes}


def text_weights(architecture: Architecture, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the tensors of the text tower in float32 or float16; the vectors of tokens are left as they are.

    Raises
    ------
    EncoderUnavailableError
        As in :func:`image_weights`.
    """
    shapes = text_shapes(architecture)
    _require(architecture, shapes, tensors, _of_texts(tensors))
    return {name: tensors[name] if name == _LOOKED_UP else _prepared(tensors[name]) for name in shapes}


def _blocks(prefix: str, width: int, layers: int) -> Shapes:
    shapes: Shapes = {}
    for name in (f"{prefix}{number}." for number in range(layers)):
        shapes.update(_norm(f"{name}ln_1", width))
        shapes.update({f"{name}attn.in_proj_weight": (3 * width, width), f"{name}attn.in_proj_bias": (3 * width,)})
        shapes.update(_linear(f"{name}attn.out_proj", width, width))
        shapes.update(_norm(f"{name}ln_2", width))
        shapes.update(_linear(f"{name}mlp.c_fc", 4 * width, width))
        shapes.update(_linear(f"{name}mlp.c_proj", width, 4 * width))
    return shapes


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _linear(name: str, outputs: int, inputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _of_images(tensors: Mapping[str, Any]) -> Iterator[str]:
    return (name for name in tensors if name.startswith(_VISUAL))


def _of_texts(tensors: Mapping[str, Any]) -> Iterator[str]:
    return (name for name in tensors if not name.startswith(_VISUAL) and name not in _NEITHER)


def _require(
    architecture: Architecture, shapes: Shapes, tensors: Mapping[str, NDArray[Any]], own: Iterator[str]
) -> None:
    """Raise EncoderUnavailableError where ``own``, the names of a tower's tensors, or their shapes are not right."""
    wrong = next((name for name in shapes if name not in tensors), "")
    if wrong:
        raise _other(architecture, f"{wrong} is missing")
    wrong = next((name for name in own if name not in shapes), "")
    if wrong:
        raise _other(architecture, f"{shortened(escaped(wrong), _LONGEST_NAME)} is no part of it")
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise _other(architecture, f"{name} is {_in_words(tensors[name].shape)} and not {_in_words(shape)}")
        if tensors[name].dtype.kind != "f":
            raise _other(architecture, f"{name} holds {tensors[name].dtype} and no floating-point numbers")


def _other(architecture: Architecture, why: str) -> EncoderUnavailableError:
    return EncoderUnavailableError(f"the weights are not those of {architecture.name}: {why}")


def _in_words(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def _prepared(tensor: NDArray[Any]) -> NDArray[Any]:
    """Return a tensor as onnxruntime takes it: without a copy where it is so already."""
    dtype = np.float16 if tensor.dtype == np.float16 else np.float32
    return np.require(tensor, dtype, ["C_CONTIGUOUS", "ALIGNED"])
