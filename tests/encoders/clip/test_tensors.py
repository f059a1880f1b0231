"""Weights files become tensors without torch; where torch is installed, its own files are compared with its reading."""

from __future__ import annotations

import mmap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from image_tagging.encoders.clip.tensors import read_tensors
from weights_files import dictionary, module, safetensors, safetensors_of, saved, state, tensor, text, torch_zip

ARRAYS = {
    "visual.proj": np.arange(6, dtype=np.float32).reshape(2, 3),
    "positional_embedding": np.linspace(-1, 1, 8, dtype=np.float16).reshape(2, 4),
    "logit_scale": np.array(4.6, np.float32),
    "empty": np.zeros((0, 3), np.float32),
}
VALUES = {str(key): array.tobytes() for key, array in enumerate(ARRAYS.values())}


def read(tmp_path: Path, data: bytes) -> dict[str, np.ndarray]:
    path = tmp_path / "weights"
    path.write_bytes(data)
    return read_tensors(str(path))


def assert_same(tensors: dict[str, np.ndarray], arrays: dict[str, np.ndarray]) -> None:
    assert set(tensors) == set(arrays)
    for name, array in arrays.items():
        assert (tensors[name].dtype, tensors[name].shape) == (array.dtype, array.shape), name
        np.testing.assert_array_equal(tensors[name], array, err_msg=name)


WHOLE = {
    "safetensors": safetensors_of(ARRAYS),
    "torch.save": saved(ARRAYS),
    "packed": saved(ARRAYS, method=8),
    "of a training": torch_zip(
        dictionary(
            {
                "epoch": b"K\x03",
                "state_dict": dictionary({f"module.{name}": value for name, value in state(ARRAYS).items()}),
                "optimizer": dictionary({"state": b"}K\x00}" + text("step") + b"K\x07ss", "lr": text("0.1")}),
            }
        ),
        VALUES,
    ),
    "TorchScript": torch_zip(
        module(
            "clip.CLIP",
            {
                **{name: value for name, value in state(ARRAYS).items() if "." not in name},
                "visual": module("clip.Visual", {"proj": state(ARRAYS)["visual.proj"], "training": b"\x89"}),
                "attn_mask": state(ARRAYS)["visual.proj"],
            },
        ),
        VALUES,
        **{"code/__torch__.py": b"a program", "constants.pkl": b"\x80\x02)."},
    ),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_every_kind_of_file_gives_its_tensors(tmp_path, kind):
    assert_same(read(tmp_path, WHOLE[kind]), ARRAYS)


@pytest.mark.parametrize("kind", ["safetensors", "torch.save"])
def test_tensors_are_views_of_the_mapped_file(tmp_path, kind):
    array = read(tmp_path, WHOLE[kind])["visual.proj"]
    assert not array.flags.writeable
    while (base := getattr(array, "base", None)) is not None:
        array = base
    assert isinstance(array.obj, mmap.mmap)


def test_strides_and_offsets_are_followed(tmp_path):
    values = np.arange(8, dtype=np.float32)
    tensors = {
        "turned": tensor("0", (2, 3), (1, 2), offset=1, length=8),
        "last": tensor("0", (1,), (1,), offset=7, length=8),
        "odd step": tensor("0", (1, 2), (999, 3), offset=4, length=8),
    }
    found = read(tmp_path, torch_zip(dictionary(tensors), {"0": values.tobytes()}))
    np.testing.assert_array_equal(found["turned"], [[1, 3, 5], [2, 4, 6]])
    np.testing.assert_array_equal(found["last"], [7])
    np.testing.assert_array_equal(found["odd step"], [[4, 7]])


def test_bfloat16_becomes_float32(tmp_path):
    values = np.array([1.5, -2.0, 3e38, 1e-40], np.float32)
    bits = (values.view(np.uint32) >> 16).astype(np.uint16)
    expected = (bits.astype(np.uint32) << 16).view(np.float32)
    header = {"w": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}
    torch_file = torch_zip(dictionary({"w": tensor("0", (4,), (1,), dtype="BFloat16Storage", length=4)}), {"0": bits})
    for data in (safetensors(header, bits.tobytes()), torch_file):
        assert_same(read(tmp_path, data), {"w": expected})


def test_a_text_tower_of_its_own_gets_the_plain_names(tmp_path):
    plain = "token_embedding.weight transformer.resblocks.0.ln_1.weight ln_final.bias positional_embedding".split()
    arrays = {f"text.{name}": np.ones(3, np.float32) for name in [*plain, "text_projection"]}
    assert set(read(tmp_path, safetensors_of(arrays))) == {*plain, "text_projection"}


def test_values_that_no_model_has_a_parameter_for_are_left_out(tmp_path):
    names = "input_resolution context_length vocab_size attn_mask visual.transformer.resblocks.0.attn_mask"
    arrays = {name: np.ones(1, np.float32) for name in [*names.split(), "visual.proj"]}
    assert set(read(tmp_path, safetensors_of(arrays))) == {"visual.proj"}


def small_clip(kind="CLIP", **options):
    torch = pytest.importorskip("torch", reason="the reader is compared with torch, of the clip extra")
    model = pytest.importorskip("open_clip.model", reason="the clip extra is not installed")
    vision = {"layers": 2, "width": 64, "patch_size": 16, "image_size": 32}
    sentences = {"context_length": 8, "vocab_size": 30, "width": 32, "heads": 2, "layers": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return getattr(model, kind)(embed_dim=16, vision_cfg=vision, text_cfg=sentences, **options).eval()


@pytest.fixture
def clip() -> SimpleNamespace:
    """A small CLIP of open_clip in half precision, and what its state dict holds."""
    model = small_clip(quick_gelu=True).half()
    return SimpleNamespace(model=model, arrays={name: one.numpy() for name, one in model.state_dict().items()})


@pytest.mark.parametrize(
    "options", [{}, {"pickle_protocol": 5}, {"_use_new_zipfile_serialization": False}], ids=["zip", "newer", "legacy"]
)
def test_what_torch_saves_is_read_as_torch_reads_it(tmp_path, clip, options):
    import torch

    path = tmp_path / "weights.pt"
    torch.save(clip.model.state_dict(), path, **options)
    assert_same(read_tensors(str(path)), clip.arrays)


def test_the_names_of_a_text_tower_of_its_own_are_those_of_open_clip(tmp_path, clip):
    import torch

    torch.save(small_clip("CustomTextCLIP").state_dict(), tmp_path / "weights.pt")
    assert set(read_tensors(str(tmp_path / "weights.pt"))) == set(clip.arrays)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore:Converting a tensor")
def test_a_torchscript_archive_is_read_without_being_run(tmp_path, clip):
    """As OpenAI published CLIP: traced, in half precision, with some sizes as buffers."""
    import torch

    path = tmp_path / "ViT.pt"
    clip.model.register_buffer("input_resolution", torch.tensor(32))
    pictures, sentences = torch.zeros(1, 3, 32, 32), torch.zeros(1, 8, dtype=torch.long)
    traced = torch.jit.trace(clip.model.float(), (pictures, sentences), check_trace=False)
    torch.jit.save(traced.half(), path)
    assert_same(read_tensors(str(path)), clip.arrays)


def test_a_checkpoint_of_a_training_gives_its_model(tmp_path, clip):
    import torch

    model = clip.model.float()
    optimizer = torch.optim.AdamW(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    content = {
        "epoch": 3,
        "loss": np.float64(0.5),
        "type": torch.bfloat16,
        "state_dict": {f"module.{name}": torch.nn.Parameter(one) for name, one in model.state_dict().items()},
        "optimizer": optimizer.state_dict(),
        "scaler": torch.amp.GradScaler("cpu").state_dict(),
    }
    torch.save(content, tmp_path / "epoch_3.pt")
    expected = {name: one.numpy() for name, one in model.state_dict().items()}
    assert_same(read_tensors(str(tmp_path / "epoch_3.pt")), expected)


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "int64", "bool"])
def test_the_types_of_torch_are_read(tmp_path, dtype):
    torch = pytest.importorskip("torch", reason="the reader is compared with torch, of the clip extra")
    values = torch.arange(12).reshape(3, 4).to(getattr(torch, dtype)).t()
    torch.save({"w": values}, tmp_path / "w.pt")
    expected = values.float() if dtype == "bfloat16" else values
    assert_same(read_tensors(str(tmp_path / "w.pt")), {"w": expected.numpy()})


def test_what_safetensors_writes_is_read(tmp_path):
    save_file = pytest.importorskip("safetensors.numpy", reason="the package safetensors is not installed").save_file
    save_file(ARRAYS, tmp_path / "w.safetensors")
    assert_same(read_tensors(str(tmp_path / "w.safetensors")), ARRAYS)
