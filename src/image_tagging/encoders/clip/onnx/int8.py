"""The products of a tower in 8 bits: faster, of other embeddings, and only where they stay near those of float32.

Weights have a scale for each output (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference"), the rows that they are multiplied with one for each token, found while it computes
(Yao et al. 2022, "ZeroQuant"): so an embedding does not depend on the other pictures of its batch. Trained models have
a few channels of far larger values, behind which the others of a token would be rounded away. The gains of a norm say
which those are, and part of each is moved into the weights behind it (Xiao et al. 2023, "SmoothQuant", which takes them
from pictures). Everything else is float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ..precision import cosines
from .graph import Graph
from .transformer import Floats, Products, Tensors

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Cosines that embeddings must reach against float32: as they are, and less a centre. CLIP's have a large common part,
#: which hides errors; a classifier distinguishes tags by the rest.
PARITY, CENTRED_PARITY = 0.995, 0.98

_ONNXRUNTIMES = "com.microsoft"

#: The largest steps of a weight, and of rows that are as often negative.
_STEPS = 127
#: The step that stands for 0 in rows of 0 to 255: of an activation, and of others.
_ACTIVATION_ZERO, _MIDDLE = 32, 128
#: GELU and QuickGELU have no value below the negative of this.
_LEAST_ACTIVATION = 0.171

_TINY = 1e-12  # keeps a scale from 0


class Int8Products(Products):
    """Writes products of rows with weights, in 8 bits."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._rounded: dict[str, tuple[str, str]] = {}

    def add(self, rows: str, name: str, weight: Floats, bias: Floats, *, is_activation: bool = False) -> str:
        """As in ``Products``. ``rows`` that are multiplied several times are rounded once."""
        add, graph = self._graph.add, self._graph
        zero = _ACTIVATION_ZERO if is_activation else _MIDDLE
        if rows not in self._rounded:
            self._rounded[rows] = self._round(rows, self._activation_scales(rows) if is_activation else None, zero)
        rounded, scales = self._rounded[rows]
        steps, weight_scales = quantised(weight)
        product = add(
            "MatMulIntegerToFloat",
            rounded,
            graph.weight(f"{name}steps", steps),
            graph.constant(1.0, np.float32),
            graph.weight(f"{name}scales", weight_scales),
            graph.constant(zero, np.uint8),
            domain=_ONNXRUNTIMES,
        )
        return add("Add", add("Mul", product, scales), graph.weight(f"{name}bias", bias))

    def _round(self, rows: str, scales: Optional[str], zero: int) -> tuple[str, str]:
        """Return rows (M, I) in steps of uint8, and the size of a step of each row, (M, 1)."""
        add, constant = self._graph.add, self._graph.constant
        scales = scales or self._scales(rows)
        each = add("Reshape", scales, constant([-1]))
        zeros = add("Expand", constant([zero], np.uint8), add("Shape", each))
        return add("QuantizeLinear", rows, each, zeros, axis=0), scales

    def _scales(self, rows: str) -> str:
        add = self._graph.add
        highest = add("ReduceMax", rows, axes=[1], keepdims=1)
        lowest = add("ReduceMin", rows, axes=[1], keepdims=1)
        return self._at_least(add("Max", highest, add("Neg", lowest)), 1 / _STEPS, _TINY)

    def _activation_scales(self, rows: str) -> str:
        highest = self._graph.add("ReduceMax", rows, axes=[1], keepdims=1)
        return self._at_least(highest, 1 / (255 - _ACTIVATION_ZERO), _LEAST_ACTIVATION / _ACTIVATION_ZERO)

    def _at_least(self, values: str, factor: float, least: float) -> str:
        add, constant = self._graph.add, self._graph.constant
        return add("Max", add("Mul", values, constant(factor, np.float32)), constant(least, np.float32))


def quantised(weight: Floats) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a weight (O, I) as int8 steps (I, O), and the size of a step of each output, (O,)."""
    weight = weight.astype(np.float32, copy=False)
    scales = np.maximum(np.abs(weight).max(axis=1) / np.float32(_STEPS), np.float32(_TINY))
    return np.ascontiguousarray(np.rint(weight / scales[:, np.newaxis]).astype(np.int8).T), scales


def smoothed(tensors: Tensors, prefix: str, layers: int) -> dict[str, Floats]:
    """Return the tensors of a tower that computes the same, with the gains of its norms nearer to each other."""
    made = dict(tensors)
    for block in (f"{prefix}{number}." for number in range(layers)):
        for norm, name in (("ln_1", "attn.in_proj_weight"), ("ln_2", "mlp.c_fc.weight")):
            names = (f"{block}{norm}.weight", f"{block}{norm}.bias", f"{block}{name}")
            gain, offset, weight = (tensors[of].astype(np.float32, copy=False) for of in names)
            reach = 3 * np.abs(gain) + np.abs(offset)  # of a channel's values, whose deviation is 1 before the gain
            ratio = np.sqrt(_above_zero(reach) / _above_zero(np.abs(weight).max(axis=0)))
            factor = (ratio / np.exp(np.log(ratio).mean())).astype(np.float32)
            made.update(zip(names, (gain / factor, offset / factor, weight * factor)))
    return made


def _above_zero(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values of which none is less than a ten-thousandth of the largest: a channel may not be used at all."""
    return np.asarray(np.maximum(values, max(float(values.max()) * 1e-4, _TINY)), dtype=np.float32)


def int8_problem(
    reference: NDArray[np.float32], rows: NDArray[np.float32], centre: Optional[NDArray[np.float32]] = None
) -> Optional[str]:
    """Return why embeddings in 8 bits cannot be used, in words, or ``None`` where they can.

    ``rows`` and ``reference``, those of the same pictures in float32, are (N, D). Both are compared as they are, and
    less ``centre`` (D,), without which it is the mean of the reference, where there are two or more.
    """
    if not np.isfinite(rows).all():
        return "it gives values that are not finite"
    worst = float(cosines(rows, reference).min())
    if worst < PARITY:
        return f"its embeddings agree with fp32 to a cosine of {worst:.4f} only, {PARITY} is needed"
    if centre is None and len(rows) > 1:
        centre = reference.mean(axis=0)
    worst = 1.0 if centre is None else float(cosines(rows - centre, reference - centre).min())
    if worst < CENTRED_PARITY:
        return (
            "its embeddings less the mean embedding agree with fp32 to a cosine of "
            f"{worst:.4f} only, {CENTRED_PARITY} is needed"
        )
    return None


def sums_probe() -> tuple[bytes, dict[str, NDArray[Any]], int]:
    """Return a graph without weights, what it takes, and the exact sum that all of its ``sums`` must be.

    Processors without instructions for it add two products in 16 bits, which the largest ones overflow.
    """
    graph = Graph()
    inner, outer = 64, 16
    weight = graph.constant(np.full((inner, outer), _STEPS), np.int8)
    graph.add("MatMulInteger", "steps", weight, name="sums")
    model = graph.model({"steps": ("uint8", (4, inner))}, {"sums": ("int32", (4, outer))})
    return model, {"steps": np.full((4, inner), 255, np.uint8)}, inner * 255 * _STEPS
