"""The optimised vision transformer: what it computes, which towers it takes, and batches in parts."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra torch: pip install 'image-tagging-tools[torch]'")
pytest.importorskip("open_clip")

from open_clip.transformer import LayerNormFp32, QuickGELU, VisionTransformer  # noqa: E402

from clip_models import random_clip  # noqa: E402
from image_tagging.encoders.clip import optimized_vit  # noqa: E402
from image_tagging.encoders.clip.optimized_vit import BatchParts, count_parts, is_supported_vit, optimized  # noqa: E402
from image_tagging.encoders.clip.tower import make_tower  # noqa: E402

pytestmark = pytest.mark.clip

nn = torch.nn


# --- what it computes, against open_clip's own forward ----------------------------------------------------

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
    if request.param and not optimized_vit.can_pack(torch):
        pytest.skip("torch has no weights in oneDNN's layout here")
    monkeypatch.setattr(optimized_vit, "can_pack", lambda _torch: request.param)


def cosines(rows: Any, others: Any) -> Any:
    return torch.nn.functional.cosine_similarity(rows.double(), others.double())


@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_float32_gives_what_open_clip_gives(options: dict[str, Any]) -> None:
    vision, batch = tower(**options), pictures(options.get("image_size", 48))
    short = optimized(torch, vision, torch.float32)
    with torch.inference_mode():
        expected = vision(batch)
        assert short is not None
        np.testing.assert_allclose(short(batch), expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_bf16_is_as_near_to_float32_as_open_clip_in_bf16(options: dict[str, Any]) -> None:
    vision, batch = tower(**options), pictures(options.get("image_size", 48))
    short = optimized(torch, vision, torch.bfloat16)
    with torch.inference_mode():
        expected = vision(batch)
        theirs = copy.deepcopy(vision).to(torch.bfloat16)(batch.to(torch.bfloat16))
        assert short is not None
        rows = short(batch)
    assert rows.dtype == torch.bfloat16
    assert 1 - cosines(rows, expected).min() <= 2 * (1 - cosines(theirs, expected).min()) + 1e-6


def test_the_activation_is_known() -> None:
    kinds = [optimized(torch, tower(act_layer=act), torch.float32) for act in (QuickGELU, torch.nn.GELU)]
    assert [kind and kind.activation for kind in kinds] == ["QuickGELU", "GELU"]


def test_the_tower_itself_is_left_as_it_is() -> None:
    vision = tower(act_layer=QuickGELU, ls_init_value=0.3)
    before = copy.deepcopy(vision.state_dict())
    short = optimized(torch, vision, torch.float32)
    assert short is not None
    short(pictures())
    assert all(torch.equal(weight, before[name]) for name, weight in vision.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_picture_gets_the_same_in_any_company(dtype: Any) -> None:
    short, batch = optimized(torch, tower(), dtype), pictures(count=40)
    assert short is not None
    together = short(batch)
    for number in (0, 17, 39):
        assert cosines(short(batch[number : number + 1]), together[number : number + 1]).min() > 0.9999
    backwards = short(batch.flip(0)).flip(0)
    assert cosines(backwards, together).min() > 0.9999


# --- which towers it takes ---------------------------------------------------------------------------------


def small_tower(**options: Any) -> Any:
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


def test_the_plain_tower_is_supported() -> None:
    assert is_supported_vit(small_tower())


@pytest.mark.parametrize("options", OTHERS.values(), ids=OTHERS)
def test_other_towers_of_open_clip_are_not_supported(options: dict[str, Any]) -> None:
    assert not is_supported_vit(small_tower(**options))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_tower_with_a_part_changed_is_not_supported(change: Callable[[Any], None]) -> None:
    vision = small_tower()
    change(vision)
    assert not is_supported_vit(vision)


@pytest.mark.parametrize("model", ["RN50", "ViT-B-16-SigLIP", "coca_ViT-B-32", "MobileCLIP-S1"])
def test_models_of_other_kinds_are_not_supported(model: str) -> None:
    vision = random_clip(model, pretrained_image=False).visual
    assert not is_supported_vit(vision.eval())


def test_a_tower_that_is_not_supported_works_by_its_own_forward() -> None:
    vision = small_tower(pool_type="avg")
    pictures = list(np.random.default_rng(0).standard_normal((3, 3, 32, 32), dtype=np.float32))
    made = make_tower(torch, vision, "cpu", "fp32", pictures)
    assert made._vision is vision
    with torch.inference_mode():
        expected = vision(torch.from_numpy(np.stack(pictures)))
    np.testing.assert_array_equal(made.embed(pictures), expected.numpy())


# --- batches in parts --------------------------------------------------------------------------------------


@pytest.fixture
def four_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"):
        monkeypatch.delenv(name, raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("pictures", "threads", "parts"),
    [(32, 1, 1), (32, 2, 2), (15, 2, 1), (16, 2, 2), (32, 4, 4), (16, 4, 2), (32, 6, 3), (32, 16, 4), (1, 8, 1)],
)
def test_parts_share_the_threads_evenly_and_have_eight_pictures_or_more(
    pictures: int, threads: int, parts: int
) -> None:
    assert count_parts(pictures, threads) == parts


@pytest.mark.usefixtures("four_threads")
def test_the_parts_come_back_in_their_order_and_none_is_lost() -> None:
    together = threading.Barrier(4)

    def work(part: Sequence[int]) -> list[int]:
        together.wait()  # passed only by four that are at work at the same time
        return list(part)

    parts = BatchParts(torch).run(work, range(35))
    assert [len(part) for part in parts] == [8, 9, 9, 9]
    assert [number for part in parts for number in part] == list(range(35))


@pytest.mark.usefixtures("four_threads")
def test_each_part_has_its_share_of_torchs_threads_and_the_program_keeps_its_own() -> None:
    def work(_part: Any) -> tuple[str, int]:
        return threading.current_thread().name.partition("_")[0], torch.get_num_threads()

    parts = BatchParts(torch)
    assert parts.run(work, range(32)) == [("embed", 1)] * 4
    assert parts.run(work, range(16)) == [("embed", 2)] * 2
    assert parts.run(work, range(3)) == [("MainThread", 4)]
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert (torch.get_num_threads(), later) == (4, [4])


@pytest.mark.usefixtures("four_threads")
def test_threads_bound_to_cores_are_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_PROC_BIND", "true")
    assert BatchParts(torch).run(len, range(64)) == [64]


@pytest.mark.usefixtures("four_threads")
def test_what_fails_in_a_part_fails_here() -> None:
    def work(part: Sequence[int]) -> None:
        if 31 in part:
            raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        BatchParts(torch).run(work, range(32))
