"""The graph of a text tower, and what it takes of the tokens of texts.

The vectors of tokens are looked up before the graph: their table is a third of the weights, and a few rows are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..architectures import Architecture
from .graph import Graph
from .transformer import Blocks, Products, Sizes, Tensors, Tokens, norm

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Added to the score of a token that is not seen: its share is 0 after the softmax.
_UNSEEN = -1e9


def text_graph(
    architecture: Architecture, tensors: Tensors, quick_gelu: bool, *, weights_as_inputs: bool = False
) -> tuple[bytes, Tensors]:
    """Return a serialised ModelProto, and the weights that are handed over with it, which are views of ``tensors``.

    It takes what :func:`text_inputs` gives; ``rows`` (N, D) float32, not normalised, come out.
    """
    graph = Graph(weights_as_inputs=weights_as_inputs)
    add, constant = graph.add, graph.constant
    width, heads = architecture.text_width, architecture.text_heads
    counts = add("Slice", add("Shape", "vectors"), constant([0]), constant([2]))  # N, T
    tokens = Tokens(
        by_head=add("Concat", counts, constant([heads, width // heads]), axis=0),
        pick=lambda rows: add("Gather", rows, "ends", axis=0),
        mask="unseen",
        mask_of_picked="unseen_by_ends",
    )
    rows = add("Reshape", "vectors", constant([-1, width]))
    sizes = Sizes(width, architecture.text_layers, heads, quick_gelu)
    rows = Blocks(graph, tensors, "transformer.resblocks.", sizes, Products(graph)).add(rows, tokens)
    picked = norm(graph, tensors, "ln_final", rows)
    add("MatMul", picked, graph.weight("text_projection", tensors["text_projection"]), name="rows")
    inputs = {
        "vectors": ("float32", ("texts", "tokens", width)),
        "ends": ("int64", ("texts",)),
        "unseen": ("float32", ("tokens", "tokens")),
        "unseen_by_ends": ("float32", ("texts", 1, 1, "tokens")),
    }
    return graph.model(inputs, {"rows": ("float32", ("texts", architecture.embed_dim))}), graph.weights


def text_inputs(tokens: NDArray[np.int64], tensors: Tensors) -> dict[str, NDArray[np.generic]]:
    """Return what the graph takes for the tokens (N, 77) of N texts, at least one.

    ``vectors`` (N, T, W) are the tokens at their positions, T the tokens of the longest text: the end of a text is its
    largest token, no token sees later ones, and so the padding behind it counts for nothing. ``ends`` (N,) are the
    rows of (N T, W) with the ends, ``unseen`` (T, T) and ``unseen_by_ends`` (N, 1, 1, T) the masks.
    """
    ends = tokens.argmax(axis=1)
    length = int(ends.max()) + 1
    vectors = tensors["token_embedding.weight"][tokens[:, :length]].astype(np.float32)
    vectors += tensors["positional_embedding"][:length]
    unseen = np.triu(np.full((length, length), _UNSEEN, np.float32), k=1)
    return {
        "vectors": vectors,
        "ends": ends + np.arange(len(ends)) * length,
        "unseen": unseen,
        "unseen_by_ends": unseen[ends][:, np.newaxis, np.newaxis],
    }
