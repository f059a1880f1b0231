"""CLIP's text tower against open_clip itself. No weights are downloaded: seeded random ones stand in for them."""

from __future__ import annotations

import gc
import socket
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

open_clip = pytest.importorskip("open_clip", reason="needs the extra torch: pip install 'image-tagging-tools[torch]'")
torch = pytest.importorskip("torch")

from clip_models import random_clip, saved_clip  # noqa: E402
from image_tagging.encoders import ComputeOptions, EncoderChoice  # noqa: E402
from image_tagging.encoders.clip import download as clip_download  # noqa: E402
from image_tagging.encoders.clip import text as clip_text  # noqa: E402
from image_tagging.encoders.clip.encoder import ClipEncoder  # noqa: E402
from image_tagging.encoders.clip.loading import LoadedModel  # noqa: E402
from image_tagging.encoders.clip.text import ClipTextEncoder  # noqa: E402
from image_tagging.encoders.clip.weights import Weights  # noqa: E402
from image_tagging.encoders.registry import encoder_identity, load_text_encoder  # noqa: E402
from image_tagging.errors import (  # noqa: E402
    DeviceUnavailableError,
    EncoderMismatchError,
    EncoderUnavailableError,
)
from image_tagging.records import EncoderSpec  # noqa: E402

pytestmark = [pytest.mark.clip, pytest.mark.slow, pytest.mark.xdist_group("clip text")]

SMALL = "ViT-S-32-alt"
NAME = "ViT-B-32"
ON_CPU = ComputeOptions("cpu", clip_backend="torch")
TEXTS = ["a photo of a cat.", "pixel art of a space ship with two cats in it.", "猫", "", "word " * 200]


def open_clip_alone(name: str, model: Any, texts: list[str]) -> np.ndarray:
    with torch.inference_mode():
        return model.encode_text(open_clip.get_tokenizer(name)(texts), normalize=False).numpy()


@pytest.fixture(scope="module")
def encoder() -> ClipTextEncoder:
    return ClipTextEncoder.with_random_weights(SMALL, device="cpu")


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_clip(tmp_path_factory.mktemp("weights") / "mine.pt", NAME, seed=1)


@pytest.fixture(scope="module")
def by_activation() -> dict[bool, np.ndarray]:
    """What open_clip gives for TEXTS with the weights of ``weights_file``: by QuickGELU, and without."""
    models = {quick: random_clip(NAME, seed=1, force_quick_gelu=quick) for quick in (True, False)}
    return {quick: open_clip_alone(NAME, model, TEXTS) for quick, model in models.items()}


# The text side as parts of the model, as a module of its own, with a token for the whole text, and seeing all at once.
@pytest.mark.parametrize("name", [SMALL, "ViTamin-S", "coca_ViT-B-32", "MobileCLIP-S1"])
def test_it_gives_what_open_clip_gives_alone(name: str) -> None:
    encoder = ClipTextEncoder.with_random_weights(name, seed=3, device="cpu")
    expected = open_clip_alone(name, random_clip(name, seed=3), TEXTS)
    rows = encoder.embed_texts(TEXTS)
    assert rows.shape == (len(TEXTS), encoder.dim)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, expected, rtol=0, atol=1e-5)
    short = encoder.embed_texts(TEXTS[:2])  # rows that end early are computed as far as they go
    np.testing.assert_allclose(short, expected[:2], rtol=0, atol=1e-5)


def test_a_local_file_gives_its_own_texts_and_the_length_of_its_pictures(
    weights_file: Path, by_activation: dict[bool, np.ndarray]
) -> None:
    encoder = load_text_encoder(NAME, str(weights_file), "cpu", "torch")
    rows = encoder.embed_texts(TEXTS)
    np.testing.assert_allclose(rows, by_activation[False], rtol=0, atol=1e-5)
    pictures = ClipEncoder(NAME, str(weights_file), device="cpu", precision="fp32")
    assert encoder.dim == pictures.spec.dim
    spec = pictures.spec
    np.testing.assert_array_equal(
        EncoderChoice.by_spec(spec, str(weights_file), ON_CPU).load_text().embed_texts(TEXTS), rows
    )


def test_texts_are_not_normalised_and_do_not_depend_on_their_company(encoder: ClipTextEncoder) -> None:
    many = [f"a photo of thing number {number}." for number in range(150)]
    rows = encoder.embed_texts(many)
    assert abs(np.linalg.norm(rows, axis=1) - 1).min() > 0.01
    singly = np.concatenate([encoder.embed_texts([text]) for text in many[::30]])
    np.testing.assert_allclose(rows[::30], singly, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(encoder.embed_texts(many), rows)
    assert encoder.embed_texts([]).shape == (0, encoder.dim)


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch, weights_file: Path) -> None:
    """Only the download is replaced: every tag's weights are the random ones, found at once."""
    monkeypatch.setattr(clip_download, "_require_answer", lambda _address: None)
    monkeypatch.setattr(open_clip, "download_pretrained", lambda _config: str(weights_file))


@pytest.mark.usefixtures("downloads")
@pytest.mark.parametrize(
    ("name", "tag", "quick"),
    [(NAME, "openai", True), (f"{NAME}-quickgelu", "openai", True), (NAME, "laion2b_e16", False)],
)
def test_the_activation_is_that_of_the_tag(
    name: str, tag: str, quick: bool, by_activation: dict[bool, np.ndarray]
) -> None:
    """Everything but the download is real; no warning may occur on the way (all warnings are errors here)."""
    encoder = ClipTextEncoder(name, tag, device="cpu")
    rows = encoder.embed_texts(TEXTS)
    np.testing.assert_allclose(rows, by_activation[quick], rtol=0, atol=1e-5)
    assert abs(rows - by_activation[not quick]).max() > 1e-3


@pytest.mark.usefixtures("downloads")
def test_a_tower_built_with_the_wrong_activation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    build = open_clip.create_model
    monkeypatch.setattr(open_clip, "create_model", lambda *a, **k: build(*a, **{**k, "force_quick_gelu": False}))
    with pytest.raises(EncoderUnavailableError, match=r"with GELU where the weights 'openai' need QuickGELU"):
        ClipTextEncoder(NAME, "openai", device="cpu")


def test_only_the_text_side_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    build = open_clip.create_model

    def watched(*names: Any, **options: Any) -> Any:
        model = build(*names, **options)
        made.append(weakref.ref(model.visual))
        return model

    monkeypatch.setattr(open_clip, "create_model", watched)
    encoder = ClipTextEncoder.with_random_weights(SMALL, device="cpu")
    gc.collect()
    assert [part() for part in made] == [None]
    assert encoder.embed_texts(["cat"]).shape == (1, 256)


def test_damaged_weights_give_no_embeddings(encoder: ClipTextEncoder) -> None:
    damaged = ClipTextEncoder.with_random_weights(SMALL, seed=1, device="cpu")
    damaged._tower.ln_final.weight[3] = torch.nan
    with pytest.raises(EncoderUnavailableError, match="not finite"):
        damaged.embed_texts(["cat"])


def one_line_of(*arguments: Any, error: type[Exception] = EncoderUnavailableError) -> str:
    with pytest.raises(error) as raised:
        load_text_encoder(*arguments)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_the_embedded_encoder_reads_no_text() -> None:
    message = one_line_of("builtin", "openai")
    assert "reads no text" in message
    assert "--clip_model" in message


def test_weights_that_are_not_here_are_told_as_for_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with socket.socket() as closed:  # bound and not listening: whoever connects is refused at once
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert "neither in" in one_line_of(NAME, "openai", "cpu")


def test_unknown_models_tags_and_devices_are_refused(weights_file: Path) -> None:
    assert "no model 'mean-colours'" in one_line_of("mean-colours", "v1", "cpu")
    assert "neither pretrained weights" in one_line_of(NAME, "gone.pt@0123456789ab", "cpu")
    assert "does not fit" in one_line_of(SMALL, str(weights_file), "cpu")
    assert "'cuda:99'" in one_line_of(NAME, "openai", "cuda:99", error=DeviceUnavailableError)


def test_a_tokenizer_that_is_not_here_is_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def not_cached(_name: str, **options: Any) -> None:
        asked.append(options)
        raise OSError("it is not\nin the cache")

    monkeypatch.setattr(open_clip, "get_tokenizer", not_cached)
    siglip = LoadedModel(torch, open_clip, Weights("ViT-B-16-SigLIP", "webli", "webli", ""), None, "cpu")
    with pytest.raises(EncoderUnavailableError, match=r"tokenizer of ViT-B-16-SigLIP.*get_tokenizer") as raised:
        clip_text._tokenizer(siglip)
    assert "\n" not in str(raised.value)
    assert asked == [{"local_files_only": True}]


def test_weights_of_another_encoder_are_refused(weights_file: Path) -> None:
    _, identity = encoder_identity(NAME, str(weights_file))
    with pytest.raises(EncoderMismatchError, match="holds other weights"):
        EncoderChoice.by_spec(
            EncoderSpec(NAME, "openai", 512, ""), str(weights_file), ComputeOptions("cpu")
        ).load_text()
    with pytest.raises(EncoderMismatchError, match="have 512 values and the embeddings 768"):
        EncoderChoice.by_spec(
            EncoderSpec(NAME, identity, 768, ""), str(weights_file), ComputeOptions("cpu")
        ).load_text()
