"""The blocks of a transformer (Dosovitskiy et al. 2021) as CLIP has them, as nodes of a graph.

Tokens are the rows of a matrix (N T, W), for N pictures or texts of T tokens of W values each, so that every product
with a weight is one ``Gemm`` that takes the weight (out, in) as the file has it: onnxruntime packs it once, and no copy
is made before. All operators are standard ones, which every execution provider knows. On the CPU onnxruntime fuses
them: the scale of the scores into their product, GELU and QuickGELU into one operator each.

Behind the last attention one token of each picture or text goes on, because the embedding is read off it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from .graph import Graph

Floats = NDArray[Any]  # float32, or float16, in which weights may be handed over
Tensors = Mapping[str, Floats]

_EPSILON = 1e-5  # of torch's LayerNorm, which open_clip does not change
_QUICK = 1.702


@dataclass(frozen=True)
class Sizes:
    """W, the number of blocks and of heads, and the activation of a tower."""

    width: int
    layers: int
    heads: int
    quick_gelu: bool


@dataclass(frozen=True)
class Tokens:
    """How the rows (N T, W) belong to pictures or texts. All but ``pick`` are names of values in the graph.

    ``by_head`` is the shape (N, T, heads, W / heads), int64. ``pick`` gives, of rows (N T, W), the (N, W) that an
    embedding is read off. ``mask`` is added to the scores (N, heads, T, T), ``mask_of_picked`` to those of the picked
    tokens, (N, heads, 1, T); both are empty where every token sees every other.
    """

    by_head: str
    pick: Callable[[str], str]
    mask: str = ""
    mask_of_picked: str = ""


class Products:
    """Writes products of rows with weights, in float32."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def add(self, rows: str, name: str, weight: Floats, bias: Floats, *, is_activation: bool = False) -> str:
        """Add rows (M, I) times a weight (O, I), plus a bias (O,); return the name of the (M, O) values.

        ``name`` begins the names of the weights; ``is_activation`` says that the rows come out of GELU or QuickGELU.
        """
        weights = self._graph.weight(f"{name}weight", weight), self._graph.weight(f"{name}bias", bias)
        return self._graph.add("Gemm", rows, *weights, transB=1)


class Blocks:
    """Writes the blocks of one tower into a graph; ``prefix`` begins the names of their tensors."""

    def __init__(self, graph: Graph, tensors: Tensors, prefix: str, sizes: Sizes, products: Products) -> None:
        self._graph, self._tensors, self._prefix, self._sizes = graph, tensors, prefix, sizes
        self._products = products

    def add(self, rows: str, tokens: Tokens) -> str:
        """Add all blocks behind the rows (N T, W); return the picked rows (N, W)."""
        for number in range(self._sizes.layers):
            rows = self._block(rows, tokens, f"{self._prefix}{number}.", number == self._sizes.layers - 1)
        return rows

    def _block(self, rows: str, tokens: Tokens, name: str, is_last: bool) -> str:
        add = self._graph.add
        mixed = self._attention(norm(self._graph, self._tensors, f"{name}ln_1", rows), tokens, f"{name}attn.", is_last)
        rows = add("Add", tokens.pick(rows) if is_last else rows, self._linear(f"{name}attn.out_proj.", mixed))
        inner = self._linear(f"{name}mlp.c_fc.", norm(self._graph, self._tensors, f"{name}ln_2", rows))
        return add("Add", rows, self._linear(f"{name}mlp.c_proj.", self._activation(inner), is_activation=True))

    def _attention(self, rows: str, tokens: Tokens, name: str, is_last: bool) -> str:
        """(N T, W) -> (N T, W), of the last block (N, W): softmax(q k' / sqrt(W / heads)) v of every head."""
        add, constant, sizes = self._graph.add, self._graph.constant, self._sizes
        size = sizes.width // sizes.heads
        if is_last:
            query = self._heads(name, 0, tokens.pick(rows), constant([-1, 1, sizes.heads, size]), [0, 2, 1, 3])
        else:
            query = self._heads(name, 0, rows, tokens.by_head, [0, 2, 1, 3])
        key = self._heads(name, 1, rows, tokens.by_head, [0, 2, 3, 1])
        value = self._heads(name, 2, rows, tokens.by_head, [0, 2, 1, 3])
        scores = add("MatMul", add("Mul", query, constant(size**-0.5, np.float32)), key)
        mask = tokens.mask_of_picked if is_last else tokens.mask
        scores = add("Add", scores, mask) if mask else scores
        mixed = add("MatMul", add("Softmax", scores, axis=-1), value)
        return add("Reshape", add("Transpose", mixed, perm=[0, 2, 1, 3]), constant([-1, sizes.width]))

    def _heads(self, name: str, part: int, rows: str, shape: str, order: list[int]) -> str:
        """Return queries, keys or values (part 0, 1, 2) of all heads, (N, T, heads, W / heads) in another order."""
        own = slice(part * self._sizes.width, (part + 1) * self._sizes.width)
        weight, bias = (self._tensors[f"{name}in_proj_{of}"][own] for of in ("weight", "bias"))
        product = self._products.add(rows, f"{name}in_proj.{part}.", weight, bias)
        return self._graph.add("Transpose", self._graph.add("Reshape", product, shape), perm=order)

    def _linear(self, name: str, rows: str, *, is_activation: bool = False) -> str:
        weight, bias = (self._tensors[f"{name}{of}"] for of in ("weight", "bias"))
        return self._products.add(rows, name, weight, bias, is_activation=is_activation)

    def _activation(self, x: str) -> str:
        """GELU, x (1 + erf(x / sqrt 2)) / 2, or QuickGELU, in the form that onnxruntime fuses."""
        add = self._graph.add
        if self._sizes.quick_gelu:
            return add("Mul", x, add("Sigmoid", add("Mul", x, self._number(_QUICK))))
        error = add("Erf", add("Div", x, self._number(2**0.5)))
        return add("Mul", add("Mul", x, add("Add", error, self._number(1.0))), self._number(0.5))

    def _number(self, number: float) -> str:
        return self._graph.constant(number, np.float32)


def norm(graph: Graph, tensors: Tensors, name: str, rows: str) -> str:
    """Add a layer norm of each row, with the weights of that name."""
    weights = (graph.weight(part, tensors[part]) for part in (f"{name}.weight", f"{name}.bias"))
    return graph.add("LayerNormalization", rows, *weights, epsilon=_EPSILON)
