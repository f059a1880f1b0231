"""The plain vision transformer by its short way, against open_clip's own ``forward``."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the clip extra: pip install 'image-tagging-tools[clip]'")
pytest.importorskip("open_clip")

from open_clip.transformer import QuickGELU, VisionTransformer  # noqa: E402

from image_tagging.encoders.clip import vit as clip_vit  # noqa: E402

pytestmark = pytest.mark.clip

OPTIONS: dict[str, dict[str, Any]] = {
    "gelu": {},
    "quick gelu": {"act_layer": QuickGELU},
    "layer scale": {"ls_init_value": 0.3},
    "no first norm": {"no_ln_pre": True},
    "norm after pooling": {"final_ln_after_pool": True},
    "sines for positions": {"pos_embed_type": "sin_cos_2d"},
    "one layer": {"layers": 1},
    "many tokens": {"image_size": 96},
}


def tower(**options: Any) -> Any:
    """A small seeded tower, none of whose weights is 0 or 1, so that each of them counts."""
    settings = {"image_size": 48, "patch_size": 8, "width": 96, "layers": 3, "heads": 4, "mlp_ratio": 4.0}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        vision = VisionTransformer(**{**settings, "output_dim": 32, **options})
        for name, weight in vision.named_parameters():
            if name.endswith(("bias", "gamma")) or "ln_" in name:
                torch.nn.init.normal_(weight, mean=0.5, std=0.3)
    return vision.eval().requires_grad_(False)


def pictures(side: int = 48, count: int = 5) -> Any:
    return torch.from_numpy(np.random.default_rng(3).standard_normal((count, 3, side, side), dtype=np.float32))


@pytest.fixture(params=[True, False], ids=["packed", "public functions only"])
def packed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param and not clip_vit.can_pack(torch):
        pytest.skip("torch has no weights in oneDNN's layout here")
    monkeypatch.setattr(clip_vit, "can_pack", lambda _torch: request.param)


def cosines(rows: Any, others: Any) -> Any:
    return torch.nn.functional.cosine_similarity(rows.double(), others.double())


@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_float32_gives_what_open_clip_gives(options: dict[str, Any]) -> None:
    vision, batch = tower(**options), pictures(options.get("image_size", 48))
    short = clip_vit.faster(torch, vision, torch.float32)
    with torch.inference_mode():
        expected = vision(batch)
        assert short is not None
        np.testing.assert_allclose(short(batch), expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_bf16_is_as_near_to_float32_as_open_clip_in_bf16(options: dict[str, Any]) -> None:
    vision, batch = tower(**options), pictures(options.get("image_size", 48))
    short = clip_vit.faster(torch, vision, torch.bfloat16)
    with torch.inference_mode():
        expected = vision(batch)
        theirs = copy.deepcopy(vision).to(torch.bfloat16)(batch.to(torch.bfloat16))
        assert short is not None
        rows = short(batch)
    assert rows.dtype == torch.bfloat16
    assert 1 - cosines(rows, expected).min() <= 2 * (1 - cosines(theirs, expected).min()) + 1e-6


def test_the_activation_is_told() -> None:
    kinds = [clip_vit.faster(torch, tower(act_layer=act), torch.float32) for act in (QuickGELU, torch.nn.GELU)]
    assert [kind and kind.activation for kind in kinds] == ["QuickGELU", "GELU"]


def test_the_tower_itself_is_left_as_it_is() -> None:
    vision = tower(act_layer=QuickGELU, ls_init_value=0.3)
    before = copy.deepcopy(vision.state_dict())
    short = clip_vit.faster(torch, vision, torch.float32)
    assert short is not None
    short(pictures())
    assert all(torch.equal(weight, before[name]) for name, weight in vision.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_picture_gets_the_same_in_any_company(dtype: Any) -> None:
    short, batch = clip_vit.faster(torch, tower(), dtype), pictures(count=40)
    assert short is not None
    together = short(batch)
    for number in (0, 17, 39):
        assert cosines(short(batch[number : number + 1]), together[number : number + 1]).min() > 0.9999
    backwards = short(batch.flip(0)).flip(0)
    assert cosines(backwards, together).min() > 0.9999
