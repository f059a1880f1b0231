"""What is known of published weights without open_clip is what open_clip knows."""

from __future__ import annotations

import hashlib
import re
import sys

import pytest

from image_tagging.encoders.clip import published
from image_tagging.encoders.clip import weights as clip_weights
from image_tagging.encoders.clip.weights import Weights, activation_for, check_known, identify, preprocess_settings
from image_tagging.errors import EncoderUnavailableError

MODELS = (
    "ViT-B-32 ViT-B-32-quickgelu ViT-B-32-256 ViT-B-16 ViT-B-16-quickgelu ViT-L-14 ViT-L-14-quickgelu ViT-L-14-336 "
    "ViT-L-14-336-quickgelu"
).split()
PAIRS = published.list_pretrained()


@pytest.fixture
def open_clip():
    return pytest.importorskip("open_clip", reason="the clip extra is not installed")


def test_the_models_are_the_plain_vision_transformers():
    assert sorted(published.list_models()) == sorted(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_all_that_open_clip_knows_of_a_model_is_here(open_clip, model):
    def known(library):
        return {tag: library.get_pretrained_cfg(model, tag) for tag in library.list_pretrained_tags_by_model(model)}

    assert known(published) == known(open_clip)


@pytest.mark.parametrize("model", MODELS)
def test_each_answer_is_the_one_of_open_clip(open_clip, model):
    for tag in ["", *published.list_pretrained_tags_by_model(model)]:
        assert activation_for(published, model, tag) == activation_for(open_clip, model, tag)
        assert preprocess_settings(published, model, tag) == preprocess_settings(open_clip, model, tag)


def test_every_entry_has_what_is_needed():
    assert len(PAIRS) == len(set(PAIRS)) > 60
    for pair in PAIRS:
        config = published.get_pretrained_cfg(*pair)
        assert re.fullmatch(r"[\w.-]+/[\w.-]+/", config["hf_hub"])
        assert (len(config["mean"]), len(config["std"]), config["interpolation"]) == (3, 3, "bicubic")


def test_what_is_not_known_has_no_answer():
    assert published.get_pretrained_cfg("ViT-B-32", "nothing") == {}
    assert published.get_pretrained_cfg("RN50", "openai") == {}
    assert published.list_pretrained_tags_by_model("RN50") == []
    assert published.get_model_config("RN50") is None


def test_an_answer_can_be_changed_without_changing_the_next():
    published.get_pretrained_cfg("ViT-B-32", "openai").clear()
    assert published.get_pretrained_cfg("ViT-B-32", "openai")["quick_gelu"]


def test_tags_are_found_as_open_clip_finds_them():
    assert published.get_pretrained_cfg("ViT-B-32", "LAION2B-s34b-b79k")["hf_hub"].startswith("laion/")


@pytest.mark.parametrize("name", ["ViT-B/32", "ViT-L-14"])
@pytest.mark.parametrize("pretrained", ["openai", "LAION2B-s32b-b82k", "/missing/file.pt"])
def test_a_tag_has_one_identity_on_both_paths(open_clip, name, pretrained):
    assert identify(name, pretrained, lambda: published) == identify(name, pretrained, lambda: open_clip)


def test_a_published_file_is_its_tag_with_and_without_open_clip(monkeypatch, tmp_path):
    path = tmp_path / "downloaded.pt"
    path.write_bytes(b"as published")
    openai = published.get_pretrained_cfg("ViT-B-32", "openai")["url"].split("/")[-2]
    monkeypatch.setattr(clip_weights, "file_digest", lambda _: openai)
    for installed in (True, False):
        if not installed:
            monkeypatch.setitem(sys.modules, "open_clip", None)
            monkeypatch.setattr(clip_weights, "may_be_published", lambda _: False)
        found = identify("ViT-B-32", str(path), lambda: pytest.fail("open_clip takes seconds to import"))
        assert found == Weights("ViT-B-32", "openai", "openai", str(path))
        with pytest.raises(EncoderUnavailableError, match=r"holds the weights 'openai' of ViT-B-32 or "):
            identify("ViT-L-14", str(path), lambda: pytest.fail("open_clip takes seconds to import"))


def test_an_unknown_file_has_the_same_identity_on_both_paths(open_clip, tmp_path):
    path = tmp_path / "mine.pt"
    path.write_bytes(b"mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    for library in (published, open_clip):
        assert identify("ViT-B-32", str(path), lambda library=library: library).pretrained == f"mine.pt@{digest[:12]}"


def test_an_unknown_tag_is_answered_with_the_models_tags():
    with pytest.raises(EncoderUnavailableError, match=r"'opnai' is neither .*openai\|.*laion2b_s34b_b79k"):
        check_known(published, Weights("ViT-B-32", "opnai", "opnai", ""))


@pytest.mark.parametrize(("name", "words"), [("ViT-B-33", "did you mean ViT-B-32"), ("RN50", "ViT-L-14-336")])
def test_a_model_that_needs_pytorch_names_what_brings_it(name, words):
    with pytest.raises(EncoderUnavailableError) as refused:
        published.check_covered(name)
    message = str(refused.value)
    for part in (repr(name), words, "pip install 'image-tagging-tools[torch]'", "--clip_model=builtin"):
        assert part in message
    assert "\n" not in message
    published.check_covered("ViT-B-32")
