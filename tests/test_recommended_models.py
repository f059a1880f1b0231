"""The CLIP models that docs/encoders.md compares: open_clip has them, and benchmarks/clip_models.py measures them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from benchmarks.clip_models import MODELS, architecture

from image_tagging.encoders import DEFAULT_MODEL, DEFAULT_PRETRAINED

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "encoders.md").read_text(encoding="utf-8")

#: Model, pretrained tag and values of the rows of the table.
ROWS = re.findall(r"^\| `([\w-]+)` \| `(\w+)` \|[^|]*\|[^|]*\| (\d+) \|", PAGE, re.M)


def test_the_page_compares_the_models_that_are_measured():
    assert tuple((name, tag) for name, tag, _ in ROWS) == MODELS


def test_the_first_model_is_the_default():
    assert MODELS[0] == (DEFAULT_MODEL, DEFAULT_PRETRAINED)


@pytest.mark.clip
@pytest.mark.parametrize(("name", "tag", "values"), ROWS)
def test_open_clip_has_every_model_of_the_page(name, tag, values):
    open_clip = pytest.importorskip("open_clip", reason="the clip extra is not installed")
    assert (name, tag) in open_clip.list_pretrained()
    assert open_clip.get_model_config(name)["embed_dim"] == int(values)


@pytest.mark.clip
@pytest.mark.parametrize(
    ("name", "tag", "measured"),
    [
        ("ViT-B-32", "openai", "ViT-B-32-quickgelu"),
        ("ViT-B-32", "datacomp_xl_s13b_b90k", "ViT-B-32"),
        ("ViT-H-14-quickgelu", "dfn5b", "ViT-H-14-quickgelu"),
    ],
)
def test_a_model_is_measured_with_the_activation_of_its_weights(name, tag, measured):
    pytest.importorskip("open_clip", reason="the clip extra is not installed")
    assert architecture(name, tag) == measured
