"""The architectures that need no PyTorch, against open_clip's configurations."""

from __future__ import annotations

import pytest

from image_tagging.encoders.clip.architectures import ARCHITECTURES, Architecture

open_clip = pytest.importorskip("open_clip", reason="needs the extra torch: pip install 'image-tagging-tools[torch]'")

pytestmark = pytest.mark.clip


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_sizes_are_those_of_open_clip(name: str) -> None:
    config = open_clip.get_model_config(name)
    image, text = dict(config.pop("vision_cfg")), dict(config.pop("text_cfg"))
    expected = Architecture(
        name,
        image.pop("image_size"),
        image.pop("patch_size"),
        width := image.pop("width"),
        image.pop("layers"),
        width // image.pop("head_width", 64),
        text.pop("width"),
        text.pop("layers"),
        text.pop("heads"),
        config.pop("embed_dim"),
        text.pop("context_length"),
        text.pop("vocab_size"),
        config.pop("quick_gelu", False),
    )
    assert ARCHITECTURES[name] == expected
    assert (config, image, text) == ({}, {}, {})  # nothing that would make it another model


def test_the_names_are_those_of_the_plain_transformers_of_224_to_336_pixels() -> None:
    assert sorted(ARCHITECTURES) == [
        "ViT-B-16",
        "ViT-B-16-quickgelu",
        "ViT-B-32",
        "ViT-B-32-256",
        "ViT-B-32-quickgelu",
        "ViT-L-14",
        "ViT-L-14-336",
        "ViT-L-14-336-quickgelu",
        "ViT-L-14-quickgelu",
    ]
