"""Where nobody names an encoder, it is CLIP if that is available, and else the embedded one, with the reason."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import urllib.error

import pytest

from image_tagging.encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED, automatic_encoder
from image_tagging.encoders.clip import download


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the hub, and a server that does not answer."""
    constants = pytest.importorskip("huggingface_hub.constants")

    def no_answer(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(download.urllib.request, "urlopen", no_answer)
    return tmp_path


def test_with_weights_in_the_cache_it_is_clip(hub):
    weights = hub / "models--timm--vit_base_patch32_clip_224.openai" / "snapshots" / "1" / "open_clip_model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(bytes(1 << 20))
    assert automatic_encoder() == (DEFAULT_MODEL, DEFAULT_PRETRAINED, "since its weights are here")


def test_with_weights_that_can_be_fetched_it_is_clip(hub, monkeypatch):
    monkeypatch.setattr(download.urllib.request, "urlopen", lambda *_, **__: io.BytesIO())
    why = "since its weights can be fetched, once (0.6 GB)"
    assert automatic_encoder() == (DEFAULT_MODEL, DEFAULT_PRETRAINED, why)


def test_what_a_broken_download_has_left_is_no_weights(hub):
    (hub / "models--timm--vit_base_patch32_clip_224.openai" / "refs").mkdir(parents=True)
    (hub / "models--timm--vit_base_patch32_clip_224.openai" / "refs" / "main").write_bytes(b"1")
    assert "no network" in automatic_encoder()[2]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (urllib.error.URLError("no network"), "does not give them (<urlopen error no network>)"),
        (urllib.error.HTTPError("u", 403, "Forbidden", None, None), "does not give them (HTTP Error 403: Forbidden)"),
        (TimeoutError("timed out"), "does not give them (timed out)"),
    ],
    ids=["no network", "forbidden", "timed out"],  # pytest cannot name an HTTPError without a body on Python 3.9
)
def test_without_weights_it_is_the_embedded_one(hub, monkeypatch, error, said):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(download.urllib.request, "urlopen", fail)
    name, _, why = automatic_encoder()
    assert name == "builtin"
    assert why.startswith("since the weights 'openai' of ViT-B-32 are not in ")
    assert said in why
    assert "\n" not in why


def test_where_fetching_is_forbidden_no_server_is_asked(hub, monkeypatch):
    monkeypatch.setattr(sys.modules["huggingface_hub.constants"], "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(download.urllib.request, "urlopen", lambda *_, **__: pytest.fail("asked"))
    assert "HF_HUB_OFFLINE forbids to fetch them" in automatic_encoder()[2]


def test_it_is_chosen_without_torch_and_onnxruntime():
    code = (
        "import sys, urllib.request\n"
        "def fail(*_, **__): raise OSError('no network')\n"
        "urllib.request.urlopen = fail\n"
        "from image_tagging.encoders import automatic_encoder\n"
        "print(automatic_encoder()[0], {'torch', 'open_clip', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "HF_HUB_CACHE": "/none"},
    )
    assert done.stdout == "builtin set()\n"
