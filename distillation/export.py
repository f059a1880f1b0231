"""Export trained weights to the file that the package ships: ONNX, in eight bits, with the projections of both blocks.

Usage: python -m distillation.export WEIGHTS CORPUS OUT [--seed 0]

``WEIGHTS`` is one of ``distillation.train``, ``CORPUS`` the ``train`` folder, ``OUT`` the .onnx to write.

The graph is written node by node, with normalisation folded into the convolutions. Its inputs are ``pictures`` (N,
SIDE, SIDE, 3) uint8, as they lie in memory, and their ``classical`` features; its outputs are both blocks, ``seen`` and
``described``. Weights get seven bits of the eight, one scale per channel:
processors without instructions for eight bits add products of two in sixteen, which must not overflow, so that all
processors compute the same.

A projection keeps the directions in which a block varies most over the corpus, its principal components, and then
rotates them at random: every value then varies as much as the others, and a classifier that scales each value
separately does not amplify values that hardly vary.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image
from torch import nn

from image_tagging.encoders.builtin.classical import classical
from image_tagging.encoders.builtin.letterbox import SIDE, pad_to_square, resize_to_fit
from image_tagging.encoders.builtin.network import CLASSICAL_DIM, NETWORK_DIM

from .corpus import Corpus, load
from .network import LEARNED, MIDDLE, SPREAD, Block, Network
from .views import draw_views, render

#: Versions that the oldest onnxruntime for Python 3.9 reads.
_OPSET, _IR = 17, 8
_CALIBRATED = 256


def main() -> None:
    options = _options()
    network = Network().eval()
    network.load_state_dict(torch.load(options.weights, map_location="cpu", weights_only=True))
    corpus = load(options.corpus)
    quantised = quantise(graph_of(network, SIDE), _Calibration(corpus, options.seed))
    print("quantised", flush=True)
    seen, described = _blocks(quantised, corpus)
    model = with_projections(
        quantised,
        learned=projection(np.sqrt(seen), NETWORK_DIM, options.seed, standardised=True),
        classical=projection(described, CLASSICAL_DIM, options.seed),
    )
    onnx.save(model, options.out)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


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


def _blocks(network: onnx.ModelProto, corpus: Corpus) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the network's embedding and the classical features of every image of the corpus."""
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    seen, described = [], []
    for image in corpus.images:
        pixels = resize_to_fit(Image.fromarray(image))
        seen.append(session.run(None, {"pictures": pad_to_square(pixels)[np.newaxis]})[0][0])
        described.append(classical(pixels))
    return np.stack(seen), np.stack(described)


def projection(
    block: NDArray[np.float32], values: int, seed: int, *, standardised: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean (d,) of a block (n, d), and its randomly rotated principal components (d, values)."""
    mean = block.mean(axis=0)
    spread = block.std(axis=0) + 1e-3 if standardised else np.ones_like(mean)
    _, _, components = np.linalg.svd((block - mean) / spread, full_matrices=False)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(values, values)))
    return mean, (components[:values].T / spread[:, np.newaxis] @ turn).astype(np.float32)


def with_projections(
    network: onnx.ModelProto,
    learned: tuple[NDArray[np.float32], NDArray[np.float32]],
    classical: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> onnx.ModelProto:
    """Return the network followed by both projections, as the package runs it."""
    graph = _Graph("projection_")
    root = graph.add("Sqrt", ["embeddings"])
    outputs = []
    for name, value, (mean, matrix) in (("seen", root, learned), ("described", "classical", classical)):
        centred = graph.add("Sub", [value, graph.weight(mean)], name=f"centred_{name}")
        half = graph.weight(matrix, np.float16)
        graph.add("MatMul", [centred, graph.add("Cast", [half], name=f"cast_{name}", to=TensorProto.FLOAT)], name=name)
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", matrix.shape[1]]))
    model = onnx.ModelProto()
    model.CopyFrom(network)
    model.graph.node.extend(graph.nodes)
    model.graph.initializer.extend(graph.weights)
    model.graph.input.append(helper.make_tensor_value_info("classical", TensorProto.FLOAT, ["N", len(classical[0])]))
    del model.graph.output[:]
    model.graph.output.extend(outputs)
    onnx.checker.check_model(model)
    return model


class _Calibration(CalibrationDataReader):
    """Some views of the corpus, one at a time."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        views = draw_views(corpus, seed)
        rows = np.random.default_rng(seed).choice(len(views), _CALIBRATED, replace=False)
        self._pictures: Iterator[NDArray[np.uint8]] = (render(views[row], corpus.images, SIDE) for row in rows)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        picture = next(self._pictures, None)
        return None if picture is None else {"pictures": picture[np.newaxis]}


def graph_of(network: Network, side: int) -> onnx.ModelProto:
    """Return the network in evaluation mode as an ONNX model in fp32."""
    graph = _Graph()
    value = graph.add("Cast", ["pictures"], to=TensorProto.FLOAT)
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
    graph.add("GlobalAveragePool", [value], name="pooled")
    graph.add("Flatten", ["pooled"], name="embeddings")
    pictures = helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", side, side, 3])
    embeddings = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["N", LEARNED])
    body = helper.make_graph(graph.nodes, "encoder", [pictures], [embeddings], graph.weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    return model


def _block(graph: _Graph, block: Block, value: str) -> str:
    inner = graph.add("Relu", [graph.convolution(value, *block.first)])
    inner = graph.convolution(inner, *block.second)
    for layer in block.shortcut:
        if isinstance(layer, nn.AvgPool2d):
            value = graph.add("AveragePool", [value], kernel_shape=[layer.kernel_size] * 2, strides=[layer.stride] * 2)
    convolutions = [layer for layer in block.shortcut if not isinstance(layer, nn.AvgPool2d)]
    if convolutions:
        value = graph.convolution(value, *convolutions)
    return graph.add("Relu", [graph.add("Add", [inner, value])])


class _Graph:
    """Nodes and weights, in the order in which they compute."""

    def __init__(self, prefix: str = "weight_") -> None:
        self._prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], *, name: str = "", **attributes: Any) -> str:
        name = name or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

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

    def weight(self, values: NDArray[np.float32], dtype: type = np.float32) -> str:
        name = f"{self._prefix}{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name


if __name__ == "__main__":
    main()
