"""The graph of an image tower: ``pictures`` (N, 3, H, W) float32 -> ``rows`` (N, D) float32, not normalised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..architectures import Architecture
from .graph import Graph
from .int8 import Int8Products, smoothed
from .transformer import Blocks, Products, Sizes, Tensors, Tokens, norm

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST = (1 << 63) - 1  # as the end of a Slice: all there are


_BLOCKS = "visual.transformer.resblocks."


def image_graph(
    architecture: Architecture, tensors: Tensors, quick_gelu: bool, *, weights_as_inputs: bool = False
) -> tuple[bytes, Tensors]:
    """Return a serialised ModelProto, and the weights that are handed over with it; most are views of ``tensors``."""
    graph = Graph(weights_as_inputs=weights_as_inputs)
    return _write(graph, architecture, tensors, quick_gelu, Products(graph)), graph.weights


def int8_image_graph(
    architecture: Architecture, tensors: Tensors, quick_gelu: bool
) -> tuple[bytes, Mapping[str, NDArray[Any]]]:
    """Return the same, with the products of the blocks in 8 bits, for the CPU."""
    graph = Graph()
    tensors = smoothed(tensors, _BLOCKS, architecture.image_layers)
    return _write(graph, architecture, tensors, quick_gelu, Int8Products(graph)), graph.weights


def _write(graph: Graph, architecture: Architecture, tensors: Tensors, quick_gelu: bool, products: Products) -> bytes:
    add, constant = graph.add, graph.constant
    width, patch, count = architecture.image_width, architecture.patch, architecture.image_tokens
    kernel = graph.weight("visual.conv1.weight", tensors["visual.conv1.weight"])
    patches = add("Conv", "pictures", kernel, kernel_shape=[patch, patch], strides=[patch, patch])
    patches = add("Transpose", add("Reshape", patches, constant([0, width, -1])), perm=[0, 2, 1])  # (N, T - 1, W)
    # A row of zeros in front of the patches, to which the class token is added with its position.
    positions = tensors["visual.positional_embedding"].astype(np.float32)
    positions[0] += tensors["visual.class_embedding"]
    placed = add("Add", add("Pad", patches, constant([0, 1, 0, 0, 0, 0])), graph.weight("positions", positions))
    rows = norm(graph, tensors, "visual.ln_pre", add("Reshape", placed, constant([-1, width])))  # (N T, W)
    sizes = Sizes(width, architecture.image_layers, architecture.image_heads, quick_gelu)
    by_head = constant([-1, count, sizes.heads, width // sizes.heads])
    first, end, rows_axis, step = (constant([number]) for number in (0, _LARGEST, 0, count))
    tokens = Tokens(by_head, pick=lambda rows: add("Slice", rows, first, end, rows_axis, step))
    picked = Blocks(graph, tensors, _BLOCKS, sizes, products).add(rows, tokens)
    picked = norm(graph, tensors, "visual.ln_post", picked)
    add("MatMul", picked, graph.weight("visual.proj", tensors["visual.proj"]), name="rows")
    side = architecture.image_size
    pictures = {"pictures": ("float32", ("pictures_count", 3, side, side))}
    return graph.model(pictures, {"rows": ("float32", ("pictures_count", architecture.embed_dim))})
