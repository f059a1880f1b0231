"""An ONNX graph, written node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

#: The names of the input and the output of the project's own network.
INPUT, OUTPUT = "square", "own_values"

#: Versions that the oldest onnxruntime for Python 3.9 reads.
_OPSET, _IR = 17, 8


class Graph:
    """Nodes and weights, in the order in which they compute; those of ``before`` come first.

    ``prefix`` begins the names that are not given, so that they are no names of ``before``.
    """

    def __init__(self, prefix: str = "", before: onnx.GraphProto | None = None) -> None:
        self._prefix = prefix
        self.nodes: list[onnx.NodeProto] = list(before.node) if before else []
        self.weights: list[onnx.TensorProto] = list(before.initializer) if before else []

    def add(self, operator: str, inputs: list[str], *, name: str = "", **attributes: Any) -> str:
        """Add a node; return the name of its output, which is also its own."""
        name = name or f"{self._prefix}{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def weight(self, values: Any, dtype: type = np.float32) -> str:
        """Add a weight that lies in the graph; return its name."""
        name = f"{self._prefix}weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def external(self, name: str, shape: tuple[int, ...], dtype: type) -> str:
        """Add a weight that is handed over when the graph is loaded; return its name."""
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        tensor = TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="handed-over")
        self.weights.append(tensor)
        return name

    def projection(self, value: str, mean: NDArray[np.float32], matrix: NDArray[np.float32], *, name: str) -> str:
        """Return ``(value - mean) @ matrix``; the matrix (d, k) is kept in 16 bits."""
        centred = self.add("Sub", [value, self.weight(mean)])
        full = self.add("Cast", [self.weight(matrix, np.float16)], to=TensorProto.FLOAT)
        return self.add("MatMul", [centred, full], name=name)

    def model(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> onnx.ModelProto:
        """Return the graph as a model; ``inputs`` and ``outputs`` are (type, shape) by name."""
        values = [
            [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in side.items()]
            for side in (inputs, outputs)
        ]
        body = helper.make_graph(self.nodes, "encoder", *values, self.weights)
        model = helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        onnx.checker.check_model(_with_weights_as_inputs(model))
        return model


def _with_weights_as_inputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model as it can be checked where the files of its external weights are not."""
    checked = onnx.ModelProto()
    checked.CopyFrom(model)
    del checked.graph.initializer[:]
    for weight in model.graph.initializer:
        if weight.data_location == TensorProto.EXTERNAL:
            checked.graph.input.append(helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims))
        else:
            checked.graph.initializer.append(weight)
    return checked


def leading_to(model: onnx.ModelProto, output: str) -> onnx.GraphProto:
    """Return the part of a model's graph that computes one value."""
    needed, nodes = {output}, []
    for node in reversed(model.graph.node):
        if not needed.isdisjoint(node.output):
            nodes.append(node)
            needed.update(node.input)
    weights = [weight for weight in model.graph.initializer if weight.name in needed]
    return helper.make_graph(nodes[::-1], model.graph.name, [], [], weights)
