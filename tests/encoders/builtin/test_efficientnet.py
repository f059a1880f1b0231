"""The weights of EfficientNet-Lite0: read as torch reads them, and used as its authors use them."""

from __future__ import annotations

import io
from importlib.resources import files

import numpy as np
import onnx
import onnxruntime
import pytest
from distillation.efficientnet import add_efficientnet, ranges_of
from distillation.graph import Graph
from onnx import TensorProto, numpy_helper
from PIL import Image

from image_tagging.demo import KINDS, draw
from image_tagging.encoders.builtin import blocks, efficientnet
from image_tagging.encoders.builtin.letterbox import LARGER_SIDE, native_pixels, stretch_to_square
from image_tagging.encoders.torch_files import read_state_dict

#: Labels of ImageNet (of 1,000) that are right for kinds of the shared photographs.
RIGHT = {"airplane": {403, 404, 405, 895, 908}, "grand_piano": {579, 881}, "motorbike": {665, 670}, "pizza": {963}}


def model_of(ranges=None):
    graph = Graph()
    add_efficientnet(graph, ranges, name="values")
    shape = ["N", LARGER_SIDE, LARGER_SIDE, 3]
    model = graph.model({"larger": (TensorProto.UINT8, shape)}, {"values": (TensorProto.FLOAT, ["N", None])})
    return model.SerializeToString()


@pytest.fixture(scope="module")
def network():
    """The network in float32: pictures (n, 224, 224, 3) uint8 -> the values before the labels."""
    session = onnxruntime.InferenceSession(model_of(), providers=["CPUExecutionProvider"])
    return lambda pictures: session.run(None, {"larger": pictures})[0]


@pytest.fixture(scope="module")
def drawings():
    pictures = [draw(kind, number).convert("RGB") for kind in KINDS for number in range(3)]
    return np.stack([stretch_to_square(native_pixels(picture)) for picture in pictures])


@pytest.fixture(scope="module")
def eight_bits(drawings):
    """The network in eight bits, as a graph."""
    return model_of(ranges_of(iter(drawings)))


def noise(count):
    return np.random.default_rng(0).integers(0, 256, (count, LARGER_SIDE, LARGER_SIDE, 3), dtype=np.uint8)


def direction(values):
    """What the encoder makes of the values of the network, but for the projection."""
    root = np.sqrt(values)
    centred = root - root.mean(axis=1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


def test_weights_in_eight_bits_are_those_of_the_layers_to_half_a_step():
    taken = efficientnet.weights()
    for name, (weight, bias) in efficientnet.layers().items():
        scale = taken[f"{name}.scale"][:, np.newaxis, np.newaxis, np.newaxis]
        assert taken[f"{name}.weight"].dtype == np.int8
        assert (abs(taken[f"{name}.weight"] * scale - weight) <= scale * 0.501).all()
        np.testing.assert_array_equal(taken[f"{name}.bias"], bias)
    assert len(taken) == 3 * 49


def test_eight_bits_cost_little(network, eight_bits, drawings):
    (values,) = blocks.session_of(eight_bits).run(None, {"larger": drawings})
    assert (direction(values) * direction(network(drawings))).sum(axis=1).mean() > 0.97


def test_a_picture_alone_gives_the_same_bits_as_in_a_batch(eight_bits, drawings):
    session = blocks.session_of(eight_bits)
    (together,) = session.run(None, {"larger": drawings})
    for row, picture in zip(together, drawings):
        np.testing.assert_array_equal(row, session.run(None, {"larger": picture[np.newaxis]})[0][0])


def test_processors_that_add_in_sixteen_bits_compute_the_same(monkeypatch, eight_bits, drawings):
    exact = blocks.session_of(eight_bits).run(None, {"larger": drawings})[0]
    monkeypatch.setattr(blocks, "_adds_exactly", lambda _onnxruntime: False)
    np.testing.assert_array_equal(blocks.session_of(eight_bits).run(None, {"larger": drawings})[0], exact)


@pytest.mark.parametrize(("sums", "exact"), [(200, True), (101, False)], ids=["with VNNI", "without"])
def test_a_processor_whose_products_overflow_is_noticed(sums, exact):
    class Overflowing:
        SessionOptions = onnxruntime.SessionOptions

        class InferenceSession:
            def __init__(self, *_arguments, **_options):
                pass

            def run(self, _outputs, inputs):
                return [np.full_like(inputs["values"], sums)]

    assert blocks._adds_exactly(Overflowing) is exact


def test_the_probe_is_right_on_a_processor_that_computes_exactly():
    """Computed here without onnxruntime: 64 products of 255 and 127, in the steps of the graph."""
    graph = onnx.load_from_string(files("image_tagging.encoders.builtin").joinpath("products.onnx").read_bytes()).graph
    weights = [numpy_helper.to_array(weight) for weight in graph.initializer]
    total = weights[0][0].astype(np.int64).sum() * 255
    step = max(float(weight) for weight in weights if weight.size == 1)
    assert round(total / step) == blocks._PROBE_SUM
    assert round(64 // 2 * (2**15 - 1) / step) < blocks._PROBE_SUM - 50  # where two products overflow sixteen bits


@pytest.mark.clip
def test_torch_reads_the_same_tensors():
    torch = pytest.importorskip("torch", reason="the reader is compared with torch, of the clip extra")
    path = files(efficientnet._PACKAGE) / "models" / efficientnet.FILE
    expected = torch.load(io.BytesIO(path.read_bytes()), weights_only=True)
    read = read_state_dict(io.BytesIO(path.read_bytes()), np.fromfile(path, np.uint8))
    assert list(read) == list(expected)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(read[name], tensor.numpy())
        assert read[name].strides == tuple(step * tensor.element_size() for step in tensor.stride()) or not tensor.ndim


@pytest.mark.clip
def test_torch_computes_the_same_values(network):
    """Written again with torch's functions from the paper's table, weights by ``torch.load``."""
    torch = pytest.importorskip("torch", reason="the graph is compared with torch, of the clip extra")
    from torch.nn import functional

    path = files(efficientnet._PACKAGE) / "models" / efficientnet.FILE
    weights = torch.load(io.BytesIO(path.read_bytes()), weights_only=True)

    def layer(x, name, norm, stride=1, groups=1, activated=True):
        kernel = weights[f"{name}.weight"]
        size = kernel.shape[-1]
        if size > 1:  # the "same" padding of TensorFlow
            total = max((-(-x.shape[-1] // stride) - 1) * stride + size - x.shape[-1], 0)
            x = functional.pad(x, [total // 2, total - total // 2] * 2)
        x = functional.conv2d(x, kernel, stride=stride, groups=groups)
        mean, variance, scale, shift = (
            weights[f"{norm}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        x = (x - mean) / torch.sqrt(variance + 1e-3) * scale + shift
        return x.clamp(0, 6) if activated else x

    pictures = noise(2)
    with torch.inference_mode():
        x = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 127) / 128
        x = layer(x, "_conv_stem", "_bn0", stride=2)
        strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
        for number, stride in enumerate(strides):
            name, inner = f"_blocks.{number}.", x
            if f"{name}_expand_conv.weight" in weights:
                inner = layer(inner, f"{name}_expand_conv", f"{name}_bn0")
            inner = layer(inner, f"{name}_depthwise_conv", f"{name}_bn1", stride, groups=inner.shape[1])
            inner = layer(inner, f"{name}_project_conv", f"{name}_bn2", activated=False)
            x = x + inner if x.shape == inner.shape else inner
        expected = layer(x, "_conv_head", "_bn1").mean(dim=(2, 3)).numpy()
    assert expected.std() > 0.1
    np.testing.assert_allclose(network(pictures), expected, atol=1e-3)


@pytest.mark.data
@pytest.mark.slow
def test_it_names_the_kinds_of_photographs_that_imagenet_has(network, shared_data):
    """A wrong order of colours, scale or padding would not fail otherwise, and cost accuracy."""
    path = files(efficientnet._PACKAGE) / "models" / efficientnet.FILE
    labels = read_state_dict(io.BytesIO(path.read_bytes()), np.fromfile(path, np.uint8))
    matrix, shift = labels["_fc.weight"], labels["_fc.bias"]
    named = []
    for kind, right in RIGHT.items():
        for picture in sorted((shared_data / "photos" / kind).iterdir())[:12]:
            pixels = native_pixels(Image.open(picture).convert("RGB"))
            five_best = np.argsort(-(matrix @ network(stretch_to_square(pixels)[np.newaxis])[0] + shift))[:5]
            named.append(bool(right.intersection(five_best.tolist())))
    assert np.mean(named) > 0.85
