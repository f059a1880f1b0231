"""What is decided about CLIP weights before anything heavy is loaded; a small stand-in plays open_clip."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import pytest

from image_tagging.encoders import load_encoder
from image_tagging.encoders.clip import weights as clip_weights
from image_tagging.encoders.clip.encoder import ClipEncoder
from image_tagging.encoders.clip.loading import import_open_clip
from image_tagging.encoders.clip.weights import (
    Weights,
    activation_for,
    check_known,
    identify,
    one_line,
    published_pairs,
)
from image_tagging.encoders.registry import encoder_identity
from image_tagging.errors import EncoderUnavailableError

CONTENT = b"numbers"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
OPENAI_MEAN, SIGLIP_MEAN = (0.48, 0.45, 0.40), (0.5, 0.5, 0.5)

CONFIGS = {
    "ViT-B-32": {},
    "ViT-B-32-quickgelu": {"quick_gelu": True},
    "ViT-B-16": {},
    "SigLIP": {},
}
PRETRAINED = {
    "ViT-B-32": {
        "openai": {"url": f"https://o/{DIGEST}/ViT-B-32.pt", "quick_gelu": True, "mean": OPENAI_MEAN},
        "laion2b": {"url": "", "hf_hub": "laion/x/", "mean": OPENAI_MEAN},
        "odd": {"url": "", "mean": SIGLIP_MEAN},
    },
    "ViT-B-32-quickgelu": {"openai": {"url": f"https://o/{DIGEST}/ViT-B-32.pt", "quick_gelu": True}},
    "ViT-B-16": {"laion2b": {"url": f"https://m/b16-{DIGEST[:8]}.pt"}},
    "SigLIP": {"webli": {"mean": SIGLIP_MEAN, "resize_mode": "squash"}},
}
LIBRARY = SimpleNamespace(
    list_models=lambda: list(CONFIGS),
    get_model_config=CONFIGS.get,
    list_pretrained=lambda: [(model, tag) for model, tags in PRETRAINED.items() for tag in tags],
    list_pretrained_tags_by_model=lambda model: list(PRETRAINED[model]),
    get_pretrained_cfg=lambda model, tag: PRETRAINED.get(model, {}).get(tag, {}),
)


@pytest.fixture
def weights_file(tmp_path: Path) -> str:
    path = tmp_path / "mine.pt"
    path.write_bytes(CONTENT)
    return str(path)


def test_a_tag_is_its_own_identity() -> None:
    assert encoder_identity("ViT-B-32", "openai") == ("ViT-B-32", "openai")


def test_names_and_tags_are_written_one_way() -> None:
    assert encoder_identity("ViT-B/32", "LAION2B-s34b-b79k") == ("ViT-B-32", "laion2b_s34b_b79k")


@pytest.mark.parametrize("name", ["hf-hub:someone/model", "local-dir:/home/someone"])
def test_a_name_that_says_where_to_fetch_a_model_is_none(name: str) -> None:
    """A card or a metadata file of a stranger names the encoder, and nobody's file is to start a download."""
    with pytest.raises(EncoderUnavailableError, match="is no name of a model here"):
        encoder_identity(name, "x")


def test_a_local_file_is_its_name_and_digest(weights_file: str) -> None:
    assert encoder_identity("ViT-B-32", weights_file) == ("ViT-B-32", f"mine.pt@{DIGEST[:12]}")


def test_two_files_of_one_name_never_mix(tmp_path: Path) -> None:
    identities = set()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "w.pt").write_text(folder)
        identities.add(encoder_identity("ViT-B-32", str(tmp_path / folder / "w.pt")))
    assert len(identities) == 2


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stand-in for open_clip be asked for every file."""
    monkeypatch.setattr(clip_weights, "may_be_published", lambda _digest: True)


@pytest.mark.usefixtures("published")
def test_a_file_that_open_clip_published_is_its_tag(weights_file: str) -> None:
    found = identify("ViT-B-32", weights_file, lambda: LIBRARY)
    assert found == Weights("ViT-B-32", "openai", "openai", weights_file)


@pytest.mark.usefixtures("published")
def test_a_published_file_under_another_models_name_is_refused(weights_file: str) -> None:
    with pytest.raises(
        EncoderUnavailableError, match=r"holds the weights 'openai' of ViT-B-32 or .*, not of ViT-L-14: .*=ViT"
    ):
        identify("ViT-L-14", weights_file, lambda: LIBRARY)


def test_digests_are_found_in_both_kinds_of_address() -> None:
    assert published_pairs(LIBRARY, DIGEST) == [
        ("ViT-B-32", "openai"), ("ViT-B-32-quickgelu", "openai"), ("ViT-B-16", "laion2b"),
    ]  # fmt: skip
    assert published_pairs(LIBRARY, "0" * 64) == []


@pytest.mark.parametrize(
    ("name", "tag", "quick"),
    [
        ("ViT-B-32", "openai", True),
        ("ViT-B-32", "laion2b", False),
        ("ViT-B-32-quickgelu", "openai", True),
        ("ViT-B-32", "", False),
        ("ViT-B-32-quickgelu", "", True),
    ],
)
def test_the_activation_is_that_of_the_tag_or_of_the_models_config(name: str, tag: str, quick: bool) -> None:
    assert activation_for(LIBRARY, name, tag) is quick


def test_another_activation_than_the_weights_need_is_refused() -> None:
    quick, plain = type("QuickGELU", (), {})(), type("GELU", (), {})()
    weights = Weights("ViT-B-32", "openai", "openai", "")
    clip_weights.check_activation([quick, quick], weights, quick_gelu=True)
    clip_weights.check_activation([object()], weights, quick_gelu=True)  # a ResNet
    for modules in ([plain], [quick, plain]):
        with pytest.raises(EncoderUnavailableError, match="'openai' need QuickGELU"):
            clip_weights.check_activation(modules, weights, quick_gelu=True)


def test_a_file_is_preprocessed_for_as_all_tags_of_its_model_agree() -> None:
    assert clip_weights.preprocess_settings(LIBRARY, "SigLIP")["mean"] == SIGLIP_MEAN
    assert clip_weights.preprocess_settings(LIBRARY, "SigLIP")["resize_mode"] == "squash"
    assert "mean" not in clip_weights.preprocess_settings(LIBRARY, "ViT-B-32")
    assert clip_weights.preprocess_settings(LIBRARY, "ViT-B-32", "odd")["mean"] == SIGLIP_MEAN


def test_an_unknown_model_is_answered_with_close_names() -> None:
    with pytest.raises(EncoderUnavailableError, match=r"no model 'ViT-B-33': did you mean .*ViT-B-32"):
        check_known(LIBRARY, Weights("ViT-B-33", "openai", "openai", ""))


def test_an_unknown_tag_is_answered_with_the_models_tags() -> None:
    with pytest.raises(EncoderUnavailableError) as raised:
        check_known(LIBRARY, Weights("ViT-B-32", "opnai", "opnai", ""))
    message = str(raised.value)
    assert "openai|laion2b|odd" in message
    assert "path of a local weights file" in message
    assert "\n" not in message


def test_the_config_beside_a_file_must_agree_with_the_models_name(weights_file: str) -> None:
    weights = Weights("ViT-B-32", "mine.pt@1", "", weights_file)
    config = Path(weights_file).with_name("open_clip_config.json")
    config.write_text(json.dumps({"model_cfg": {"quick_gelu": True}}))
    with pytest.raises(EncoderUnavailableError, match="take --clip_model=ViT-B-32-quickgelu"):
        clip_weights.check_unknown_file(LIBRARY, weights, quick_gelu=False)
    clip_weights.check_unknown_file(LIBRARY, weights, quick_gelu=True)


@pytest.mark.parametrize("neighbour", [None, "no json", "[]", '{"model_cfg": 3}'])
def test_without_such_a_config_the_log_says_what_was_assumed(
    neighbour: str | None, weights_file: str, caplog: pytest.LogCaptureFixture
) -> None:
    if neighbour is not None:
        Path(weights_file).with_name("open_clip_config.json").write_text(neighbour)
    with caplog.at_level(logging.WARNING):
        clip_weights.check_unknown_file(LIBRARY, Weights("ViT-B-32", "x", "", weights_file), quick_gelu=False)
    assert "take --clip_model=ViT-B-32-quickgelu" in caplog.text


def test_torchscript_archives_are_told_from_weights(tmp_path: Path) -> None:
    for name, member in (("script.pt", "m/constants.pkl"), ("weights.pt", "m/data.pkl")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(member, b"")
    (tmp_path / "text.pt").write_text("no zip")
    found = [clip_weights.is_torchscript(str(tmp_path / name)) for name in ("script.pt", "weights.pt", "text.pt")]
    assert found == [True, False, False]


def test_without_open_clip_the_extra_and_builtin_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    for make in (ClipEncoder, load_encoder):
        with pytest.raises(EncoderUnavailableError) as raised:
            make("RN50", "openai")
        message = str(raised.value)
        assert "pip install 'image-tagging-tools[torch]'" in message
        assert "--clip_model=builtin" in message
        assert "\n" not in message


def test_without_open_clip_identities_are_still_known(monkeypatch: pytest.MonkeyPatch, weights_file: str) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    assert encoder_identity("ViT-B-32", "openai") == ("ViT-B-32", "openai")
    assert encoder_identity("ViT-B-32", weights_file)[1].startswith("mine.pt@")


@pytest.mark.parametrize("error", [AttributeError, ImportError, OSError, RuntimeError, ValueError, SystemError])
def test_an_installation_that_does_not_fit_is_said_in_one_line(monkeypatch, error):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "open_clip":
                raise error("partially initialized module 'torchvision' has no attribute 'extension'")

    monkeypatch.delitem(sys.modules, "open_clip", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(EncoderUnavailableError, match=r"cannot be imported .*extension.*pip install"):
        import_open_clip()


def test_a_missing_file_is_named_as_it_was_given():
    weights = identify("ViT-B-32", "/Some/Where-Else/Missing.pt", lambda: pytest.fail("nothing to look up"))
    assert weights.pretrained == "/Some/Where-Else/Missing.pt"


def test_an_error_of_a_connection_is_said_without_its_brackets():
    assert one_line(URLError(OSError(-2, "Name or service not known"))) == "[Errno -2] Name or service not known"
