"""The graphs as they are written, read by the package ``onnx``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="it is in the extra dev")

from image_tagging.encoders.clip.onnx import protobuf, random_tensors  # noqa: E402
from image_tagging.encoders.clip.onnx.graph import Graph  # noqa: E402
from image_tagging.encoders.clip.onnx.texts import text_graph  # noqa: E402
from image_tagging.encoders.clip.onnx.vision import image_graph, int8_image_graph  # noqa: E402
from onnx_clip import TINY, TINY_QUICK  # noqa: E402


def read(model: bytes) -> Any:
    """The model, with its handed-over weights as inputs: the checker looks for the files of external ones."""
    parsed = onnx.load_from_string(model)
    assert parsed.SerializeToString(deterministic=True)
    weights = list(parsed.graph.initializer)
    del parsed.graph.initializer[:]
    for weight in weights:
        if weight.data_location == onnx.TensorProto.EXTERNAL:
            value = onnx.helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
            parsed.graph.input.append(value)
        else:
            parsed.graph.initializer.append(weight)
    return parsed


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("architecture", [TINY, TINY_QUICK], ids=lambda one: one.name)
@pytest.mark.parametrize("write", [image_graph, text_graph])
def test_graphs_are_valid_and_of_standard_operators(architecture: Any, write: Any, dtype: Any) -> None:
    tensors = {name: values.astype(dtype) for name, values in random_tensors(architecture, 0).items()}
    model, weights = write(architecture, tensors, architecture.quick_gelu)
    parsed = read(model)
    onnx.checker.check_model(parsed, full_check=True)
    assert (parsed.ir_version, [(each.domain, each.version) for each in parsed.opset_import]) == (8, [("", 17)])
    assert {node.domain for node in parsed.graph.node} == {""}  # which every execution provider knows
    named = {value.name: tuple(d.dim_value for d in value.type.tensor_type.shape.dim) for value in parsed.graph.input}
    assert {name: named[name] for name in weights} == {name: values.shape for name, values in weights.items()}


def test_the_graph_in_8_bits_names_the_operators_of_onnxruntime() -> None:
    parsed = read(int8_image_graph(TINY, random_tensors(TINY, 0), False)[0])
    onnx.checker.check_model(parsed)
    assert {(each.domain, each.version) for each in parsed.opset_import} == {("", 17), ("com.microsoft", 1)}
    assert {node.op_type for node in parsed.graph.node if node.domain} == {"MatMulIntegerToFloat"}


@pytest.mark.parametrize("write", [image_graph, text_graph, int8_image_graph])
def test_every_value_of_a_graph_is_used(write: Any) -> None:
    parsed = read(write(TINY, random_tensors(TINY, 0), False)[0])
    made = [*parsed.graph.input, *parsed.graph.initializer, *(parsed.graph.node)]
    used = {name for node in parsed.graph.node for name in node.input}
    assert {each.name for each in made} - used == {"rows"}


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_weights_are_handed_over_as_they_are(dtype: Any) -> None:
    tensors = {name: values.astype(dtype) for name, values in random_tensors(TINY, 0).items()}
    _, weights = image_graph(TINY, tensors, False)
    copied = [
        name for name, values in weights.items() if not any(np.shares_memory(values, t) for t in tensors.values())
    ]
    assert copied == ["positions"]  # to which the class token is added


def test_values_of_every_kind_are_read_back_as_they_were_written() -> None:
    graph = Graph()
    numbers = graph.constant([-1, 0, 300, (1 << 63) - 1, -(1 << 63)])
    graph.add("Fictitious", "x", numbers, name="y", ratio=-0.5, count=-7, sizes=[0, 130, -2])
    model = onnx.load_from_string(graph.model({"x": ("float32", ("n", 3))}, {"y": ("int64", ())}))
    (node,) = model.graph.node
    attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    assert attributes == {"ratio": -0.5, "count": -7, "sizes": [0, 130, -2]}
    assert (list(node.input), list(node.output), node.op_type) == (["x", numbers], ["y"], "Fictitious")
    kept = onnx.numpy_helper.to_array(model.graph.initializer[0])
    assert kept.tolist() == [-1, 0, 300, (1 << 63) - 1, -(1 << 63)]
    (given,) = model.graph.input
    assert [(d.dim_param, d.dim_value) for d in given.type.tensor_type.shape.dim] == [("n", 0), ("", 3)]


def test_a_single_number_is_a_tensor_without_sizes() -> None:
    tensor = onnx.TensorProto.FromString(protobuf.tensor("half", np.float32(0.5)))
    assert onnx.numpy_helper.to_array(tensor).shape == ()
    assert onnx.numpy_helper.to_array(tensor) == np.float32(0.5)
