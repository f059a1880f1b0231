"""Export the trained weights of the project's own network to ONNX, in eight bits.

Usage: python -m distillation.export WEIGHTS CORPUS OUT [--seed 0]

``WEIGHTS`` is one of ``distillation.train``, ``CORPUS`` the ``train`` folder, ``OUT`` the .onnx to write, which
``distillation.project`` takes.

The graph is written node by node, with normalisation folded into the convolutions. Its input is ``square`` (N, SIDE,
SIDE, 3) uint8, pictures as they lie in memory; its output is ``own_values`` (N, LEARNED). Weights get seven bits of the
eight, one scale per channel: processors without instructions for eight bits add products of two in sixteen, which must
not overflow, so that all processors compute the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from image_tagging.encoders.builtin.letterbox import SIDE

from .corpus import Corpus, load
from .graph import INPUT, OUTPUT, Graph
from .network import LEARNED, MIDDLE, SPREAD, Block, Network
from .options import parser_of
from .views import draw_views, render

_CALIBRATED = 256


def main() -> None:
    options = parser_of(__doc__, "weights", "corpus", "out").parse_args()
    network = Network().eval()
    network.load_state_dict(torch.load(options.weights, map_location="cpu", weights_only=True))
    corpus = load(options.corpus)
    onnx.save(quantise(graph_of(network, SIDE), _Calibration(corpus, options.seed)), options.out)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


def quantise(graph: onnx.ModelProto, calibration: CalibrationDataReader) -> onnx.ModelProto:
    """Return the network in eight bits; some pictures calibrate the range of its activations."""
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, quantised = (Path(folder, name) for name in ("plain.onnx", "prepared.onnx", "quantised.onnx"))
        onnx.save(graph, plain)
        quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(quantised),
            calibration,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,  # a few values far out would cost the others their steps
            op_types_to_quantize=["Conv", "Add"],
        )
        return onnx.load(quantised)


class _Calibration(CalibrationDataReader):
    """Some views of the corpus, one at a time."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        views = draw_views(corpus, seed)
        rows = np.random.default_rng(seed).choice(len(views), _CALIBRATED, replace=False)
        self._pictures: Iterator[NDArray[np.uint8]] = (render(views[row], corpus.images, SIDE) for row in rows)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        picture = next(self._pictures, None)
        return None if picture is None else {INPUT: picture[np.newaxis]}


def graph_of(network: Network, side: int) -> onnx.ModelProto:
    """Return the network in evaluation mode as an ONNX model in fp32."""
    graph = _Network()
    value = graph.add("Cast", [INPUT], to=TensorProto.FLOAT)
    value = graph.add("Transpose", [value], perm=[0, 3, 1, 2])
    layers = list(network.layers)
    while layers:
        layer = layers.pop(0)
        if isinstance(layer, Block):
            value = _block(graph, layer, value)
        elif isinstance(layer, nn.Conv2d):
            # Of the first convolution alone: its input is pixels, centred and scaled.
            first = layer.in_channels == 3
            value = graph.convolution(value, layer, layers.pop(0), pixels=first)
        elif isinstance(layer, nn.ReLU):
            value = graph.add("Relu", [value])
    graph.add("Flatten", [graph.add("GlobalAveragePool", [value])], name=OUTPUT)
    return graph.model(
        inputs={INPUT: (TensorProto.UINT8, ["N", side, side, 3])},
        outputs={OUTPUT: (TensorProto.FLOAT, ["N", LEARNED])},
    )


def _block(graph: _Network, block: Block, value: str) -> str:
    inner = graph.add("Relu", [graph.convolution(value, *block.first)])
    inner = graph.convolution(inner, *block.second)
    for layer in block.shortcut:
        if isinstance(layer, nn.AvgPool2d):
            value = graph.add("AveragePool", [value], kernel_shape=[layer.kernel_size] * 2, strides=[layer.stride] * 2)
    convolutions = [layer for layer in block.shortcut if not isinstance(layer, nn.AvgPool2d)]
    if convolutions:
        value = graph.convolution(value, *convolutions)
    return graph.add("Relu", [graph.add("Add", [inner, value])])


class _Network(Graph):
    """The graph of the network, whose layers are those of torch."""

    def convolution(self, value: str, convolution: nn.Conv2d, norm: nn.BatchNorm2d, *, pixels: bool = False) -> str:
        """Return a convolution with the batch normalisation after it, and that of pixels before it, folded in."""
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = (convolution.weight * scale[:, None, None, None]).detach()
        bias = (norm.bias - norm.running_mean * scale).detach()
        if pixels:
            # Centred here and not in the bias: so the padding around the picture is mid-grey and not black.
            value = self.add("Sub", [value, self.weight(np.float32(MIDDLE))])
            weight = weight / SPREAD
        return self.add(
            "Conv",
            [value, self.weight(weight.numpy()), self.weight(bias.numpy())],
            kernel_shape=list(convolution.kernel_size),
            pads=list(convolution.padding) * 2,
            strides=list(convolution.stride),
        )


if __name__ == "__main__":
    main()
