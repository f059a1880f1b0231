"""Devices that are used or refused, parts of batches, and how many cores count."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import onnxruntime
import pytest

from image_tagging.encoders.clip.onnx import OnnxImageTower, OnnxTextTower, random_tensors, sessions
from image_tagging.encoders.clip.onnx.devices import find_device, require_used
from image_tagging.encoders.clip.onnx.graph import Graph
from image_tagging.encoders.clip.onnx.sessions import Session, count_cores, count_parts
from image_tagging.errors import DeviceUnavailableError, EncoderUnavailableError
from onnx_clip import TINY, drawn

ALL = ["CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider"]


@pytest.mark.parametrize(
    ("name", "provider", "package"),
    [
        ("cuda", "CUDAExecutionProvider", "onnxruntime-gpu"),
        ("cuda:1", "CUDAExecutionProvider", "onnxruntime-gpu"),
        ("directml", "DmlExecutionProvider", "onnxruntime-directml"),
        ("coreml", "CoreMLExecutionProvider", "use a Mac"),
    ],
)
def test_a_device_is_its_execution_provider_or_names_the_package(name: str, provider: str, package: str) -> None:
    assert find_device(name, ALL, "1.20").provider == provider
    with pytest.raises(DeviceUnavailableError) as raised:
        find_device(name, ["CPUExecutionProvider"], "1.20")
    for part in (repr(name), "onnxruntime 1.20", provider, package, "--device=cpu"):
        assert part in str(raised.value)


def test_cuda_keeps_the_whole_mantissa_and_takes_the_card_asked_for() -> None:
    assert find_device("cuda", ALL, "").options == {"device_id": "0", "use_tf32": "0"}
    assert find_device("cuda:3", ALL, "").options["device_id"] == "3"


@pytest.mark.parametrize("name", ["", "nonsense", "mps", "cpu:0", "openvino:1", "cuda:", "cuda:-1", "cuda:1\n", "CUDA"])
def test_devices_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(DeviceUnavailableError) as raised:
        OnnxImageTower(TINY, random_tensors(TINY, 0), device=name)
    assert repr(name) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("make", [OnnxImageTower, OnnxTextTower])
def test_devices_that_are_not_here_are_refused_by_both_towers(make: Any) -> None:
    for name in ("cuda", "directml", "coreml"):
        if find_device(name, ALL, "").provider not in onnxruntime.get_available_providers():
            with pytest.raises(DeviceUnavailableError, match=f"the device '{name}' was asked for"):
                make(TINY, random_tensors(TINY, 0), device=name)
    assert make(TINY, random_tensors(TINY, 0)).device == "cpu"


def test_a_session_that_went_back_to_the_cpu_is_refused() -> None:
    device = find_device("cuda", ALL, "")
    require_used(device, ["CUDAExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(DeviceUnavailableError, match=r"'cuda'.*computes on CPUExecutionProvider instead"):
        require_used(device, ["CPUExecutionProvider"])


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_an_execution_provider_that_is_listed_and_does_not_load_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build for GPUs without their driver lists the provider. onnxruntime would go on without it."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*ALL, "CPUExecutionProvider"])
    with pytest.raises(DeviceUnavailableError, match=r"'coreml'.*cannot use it here"):
        OnnxImageTower(TINY, random_tensors(TINY, 0), device="coreml")


def test_a_graph_that_onnxruntime_does_not_take_is_one_line() -> None:
    graph = Graph()
    graph.add("NoSuchOperator", "x", name="y")
    model = graph.model({"x": ("float32", ("n",))}, {"y": ("float32", ("n",))})
    with pytest.raises(EncoderUnavailableError, match="does not take the graph") as raised:
        Session(model, {}, "cpu")
    assert "\n" not in str(raised.value)


def test_a_failure_while_it_computes_is_one_line() -> None:
    tower = OnnxImageTower(TINY, random_tensors(TINY, 0))
    with pytest.raises(EncoderUnavailableError, match="onnxruntime fails on the device 'cpu'") as raised:
        tower.embed([picture[:, :16] for picture in drawn(TINY)])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("count", "threads", "sizes"),
    [
        (1, 4, [1]),
        (3, 4, [1, 1, 1]),
        (32, 1, [32]),
        (32, 2, [8, 8, 8, 8]),
        (20, 2, [10, 10]),
        (32, 8, [4] * 8),
        (100, 4, [8, 8, 9] * 4),
    ],
)
def test_parts_are_equal_and_as_many_for_each_thread(count: int, threads: int, sizes: list[int]) -> None:
    parts = count_parts(count, threads)
    assert [part.stop - part.start for part in parts] == sizes
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(count))


def test_the_usual_variable_limits_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = count_cores()
    assert 1 <= cores <= (os.cpu_count() or 1)
    for value, expected in {"1": 1, "9999": cores, "0": cores, "": cores, "many": cores, "2,1": cores}.items():
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        assert count_cores() == expected


def test_threads_of_one_core_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2, 3, 7}, raising=False)
    monkeypatch.setattr(sessions, "_siblings", lambda number: {0: "0,2", 2: "0,2", 1: "1,3", 3: "1,3"}.get(number, "7"))
    assert count_cores() == 3


def test_neither_pytorch_nor_the_package_onnx_is_needed() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'open_clip', 'onnx', 'safetensors']))\n"
        "from image_tagging.encoders.clip.onnx import OnnxImageTower, OnnxTextTower, random_tensors\n"
        "from onnx_clip import TINY, drawn, drawn_tokens\n"
        "tensors = random_tensors(TINY, 0)\n"
        "print(OnnxImageTower(TINY, tensors).embed(drawn(TINY)).shape)\n"
        "print(OnnxTextTower(TINY, tensors).embed_tokens(drawn_tokens(TINY)).shape)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (run.stdout.split("\n")[:2], run.stderr) == (["(5, 32)", "(4, 32)"], "")


def test_weights_of_half_precision_may_be_dropped_by_the_caller() -> None:
    """onnxruntime may read weights where they lie, so the session keeps them."""
    tensors = {name: values.astype(np.float16) for name, values in random_tensors(TINY, 0).items()}
    tower = OnnxImageTower(TINY, tensors)
    before = tower.embed(drawn(TINY))
    del tensors
    filler = [np.full(1 << 16, 7, np.float32) for _ in range(200)]
    np.testing.assert_array_equal(tower.embed(drawn(TINY)), before)
    assert filler
