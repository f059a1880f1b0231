"""Which towers are the plain vision transformer: everything else goes its own way, and works."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the clip extra: pip install 'image-tagging-tools[clip]'")
pytest.importorskip("open_clip")

from open_clip.transformer import LayerNormFp32, VisionTransformer  # noqa: E402

from clip_models import random_clip  # noqa: E402
from image_tagging.encoders.clip.plain import is_plain  # noqa: E402
from image_tagging.encoders.clip.tower import make_tower  # noqa: E402

pytestmark = pytest.mark.clip

nn = torch.nn


def tower(**options: Any) -> Any:
    settings = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "heads": 2, "mlp_ratio": 2.0}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return VisionTransformer(**{**settings, "output_dim": 16, **options}).eval().requires_grad_(False)


#: How open_clip itself builds other towers, each of which computes something else.
OTHERS: dict[str, dict[str, Any]] = {
    "mean of the tokens": {"pool_type": "avg"},
    "attentional pooling": {"attentional_pool": True, "attn_pooler_heads": 2},
    "tokens too": {"output_tokens": True},
    "patch dropout": {"patch_dropout": 0.5},
    "norms of queries and keys": {"block_type": "custom", "qk_norm": True},
    "norms in float32": {"norm_layer": LayerNormFp32},
    "approximate GELU": {"act_layer": lambda: nn.GELU(approximate="tanh")},
    "ReLU": {"act_layer": nn.ReLU},
}


class Twin(VisionTransformer):
    """A tower of the same parts that may do with them what it likes."""


def _set(path: str, value: Any) -> Callable[[Any], None]:
    def change(vision: Any) -> None:
        *parents, name = path.split(".")
        for parent in parents:
            vision = getattr(vision, parent)
        setattr(vision, name, value)

    return change


def _block(change: Callable[[Any], None]) -> Callable[[Any], None]:
    return lambda vision: change(vision.transformer.resblocks[1])


#: What other libraries do to a tower that open_clip built.
CHANGES: dict[str, Callable[[Any], None]] = {
    "no projection": _set("proj", None),
    "a part more": _set("adapter", nn.Linear(32, 32)),
    "another class": lambda vision: setattr(vision, "__class__", Twin),
    "overlapping patches": _set("conv1.stride", (4, 4)),
    "padded patches": _set("conv1.padding", (1, 1)),
    "a norm without weights": _set("ln_post", nn.LayerNorm(32, elementwise_affine=False)),
    "another first norm": _set("ln_pre", nn.BatchNorm1d(17)),
    "a part more in a block": _block(_set("adapter", nn.Linear(32, 32))),
    "a part more in its MLP": _block(_set("mlp.dropout", nn.Dropout(0.1))),
    "another linear layer": _block(_set("mlp.c_fc", nn.LazyLinear(64))),
    "a linear layer without bias": _block(_set("mlp.c_proj", nn.Linear(64, 32, bias=False))),
    "attention with a zero": _block(_set("attn.add_zero_attn", True)),
    "attention of another width": _block(_set("attn", nn.MultiheadAttention(32, 2, kdim=16, vdim=16))),
    "attention without bias": _block(_set("attn", nn.MultiheadAttention(32, 2, bias=False))),
    "attention with a bias more": _block(_set("attn", nn.MultiheadAttention(32, 2, add_bias_kv=True))),
    "another scale": _block(_set("ls_2", nn.Dropout(0.1))),
}


def test_the_plain_tower_is_known() -> None:
    assert is_plain(torch, tower())


@pytest.mark.parametrize("options", OTHERS.values(), ids=OTHERS)
def test_other_towers_of_open_clip_are_told_apart(options: dict[str, Any]) -> None:
    assert not is_plain(torch, tower(**options))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_tower_with_a_part_changed_is_told_apart(change: Callable[[Any], None]) -> None:
    vision = tower()
    change(vision)
    assert not is_plain(torch, vision)


@pytest.mark.parametrize("model", ["RN50", "ViT-B-16-SigLIP", "coca_ViT-B-32", "MobileCLIP-S1"])
def test_models_of_other_kinds_are_told_apart(model: str) -> None:
    vision = random_clip(model, pretrained_image=False).visual
    assert not is_plain(torch, vision.eval())


def test_a_tower_that_is_not_plain_works_by_its_own_forward() -> None:
    vision = tower(pool_type="avg")
    pictures = list(np.random.default_rng(0).standard_normal((3, 3, 32, 32), dtype=np.float32))
    made = make_tower(torch, vision, "cpu", "fp32", pictures)
    assert made._vision is vision
    with torch.inference_mode():
        expected = vision(torch.from_numpy(np.stack(pictures)))
    np.testing.assert_array_equal(made.embed(pictures), expected.numpy())
