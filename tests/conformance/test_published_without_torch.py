"""Published metadata and models where PyTorch is not: a picture that the metadata lacks is embedded on onnxruntime."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hub_server import HubServer
from image_tagging import load_tag_models
from image_tagging.encoders import load_encoder
from image_tagging.encoders.clip.architectures import ARCHITECTURES
from image_tagging.encoders.clip.onnx import random_tensors

pytest.importorskip("huggingface_hub", reason="the hub's client is not installed")
save_file = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed").save_file
pytestmark = [pytest.mark.data, pytest.mark.slow, pytest.mark.xdist_group("clip on onnxruntime")]

WEIGHTS = "timm/vit_base_patch32_clip_224.openai/open_clip_model.safetensors"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in half precision, as large as what OpenAI published."""
    tensors = random_tensors(ARCHITECTURES["ViT-B-32"], 0)
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_file({name: values.astype(np.float16) for name, values in tensors.items()}, path)
    return path


@pytest.fixture
def hub(weights: Path) -> Iterator[HubServer]:
    with HubServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        server.files = {WEIGHTS: weights.read_bytes()}
        yield server
        server.shutdown()


def without_torch(folder: Path, hub: HubServer) -> dict[str, str]:
    """The environment of a process that can import neither PyTorch nor open_clip, and knows that hub alone."""
    folder.mkdir()
    for library in ("torch", "torchvision", "open_clip"):
        (folder / f"{library}.py").write_text(f"raise ModuleNotFoundError('No module named {library}')")
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    of_hub = {"HF_ENDPOINT": hub.address, "HF_HUB_CACHE": str(folder / "hub"), "HF_HUB_OFFLINE": "0"}
    return {**kept, **of_hub, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}


def test_published_metadata_and_models_are_scored_with_a_picture_that_the_metadata_lacks(
    published, tmp_path, drawing, hub, weights
):
    images = shutil.copytree(published / "images", tmp_path / "images")
    new = drawing(images / "new" / "0.png", "tiles", 0)
    arguments = {
        "directory": images,
        "metadata_json": published / "input-metadata.json",
        "model": published / "models",
        "output": tmp_path / "out",
        "clip_backend": "onnx",  # the libraries that cannot be imported are found by `auto` all the same
        "device": "cpu",
        "place": "none",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "image_tagging",
            "classify",
            *(f"--{name}={value}" for name, value in arguments.items()),
        ],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        env=without_torch(tmp_path / "absent", hub),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "25 pictures, 0 skipped" in said
    assert "Encoder ViT-B-32/openai: 1 embedding computed, on cpu in fp32 by onnxruntime" in said
    assert f"GET {WEIGHTS}" in hub.asked

    output = json.loads((tmp_path / "out" / "output.json").read_text(encoding="utf-8"))
    golden = json.loads((published / "golden-scores.json").read_text(encoding="utf-8"))
    scores = {
        hash_id: {f"{one['model_type']}|{one['tag_name']}": one["tag_prob"] for one in entry["classifiers_output"]}
        for hash_id, entry in output.items()
    }
    (added,) = set(scores) - set(golden)
    assert output[added]["file_paths"] == [str(new)]
    for hash_id, expected in golden.items():
        assert scores[hash_id] == pytest.approx(expected["scores"], abs=1e-6)

    # OpenAI's weights need QuickGELU, which the name of the model alone does not say.
    encoder = load_encoder("ViT-B-32-quickgelu", weights, "cpu", "fp32", clip_backend="onnx")
    embedding = encoder.embed([encoder.preprocess(Image.open(new).convert("RGB"))])
    models = load_tag_models(str(published / "models"))
    (row,) = models.probabilities(embedding)
    expected = {f"{kind}|{tag}": score for (kind, tag), score in zip(models.names, row)}
    assert scores[added] == pytest.approx(expected, abs=1e-5)
