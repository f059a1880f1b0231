"""Weights that are not those of the architecture are refused before they are used, in one clear line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from image_tagging.encoders.clip.onnx import OnnxImageTower, OnnxTextTower, random_tensors, require_weights
from image_tagging.errors import EncoderUnavailableError
from onnx_clip import TINY, TINY_QUICK, cosines, drawn, drawn_tokens


@pytest.fixture
def tensors() -> dict[str, Any]:
    return random_tensors(TINY, 1)


def refusal(make: Any, tensors: dict[str, Any]) -> str:
    with pytest.raises(EncoderUnavailableError) as raised:
        make(TINY, tensors)
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith("the weights are not those of tiny: ")
    return message


WRONG = {
    "visual.proj": OnnxImageTower,
    "visual.transformer.resblocks.2.mlp.c_fc.bias": OnnxImageTower,
    "token_embedding.weight": OnnxTextTower,
    "transformer.resblocks.1.attn.in_proj_weight": OnnxTextTower,
}


@pytest.mark.parametrize(("name", "make"), WRONG.items())
def test_a_missing_tensor_is_named(name: str, make: Any, tensors: dict[str, Any]) -> None:
    del tensors[name]
    assert f"{name} is missing" in refusal(make, tensors)
    assert f"{name} is missing" in refusal(require_weights, tensors)


@pytest.mark.parametrize(("name", "make"), WRONG.items())
def test_a_tensor_of_another_shape_is_named_with_both_shapes(name: str, make: Any, tensors: dict[str, Any]) -> None:
    right = " x ".join(map(str, tensors[name].shape))
    tensors[name] = tensors[name][..., np.newaxis]
    assert f"{name} is {right} x 1 and not {right}" in refusal(make, tensors)
    tensors[name] = np.float32(1)[()].reshape(())
    assert f"{name} is a single number and not {right}" in refusal(make, tensors)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_, np.complex64])
def test_tensors_that_are_no_floating_point_numbers_are_refused(dtype: type, tensors: dict[str, Any]) -> None:
    tensors["visual.proj"] = tensors["visual.proj"].astype(dtype)
    assert f"visual.proj holds {np.dtype(dtype)}" in refusal(OnnxImageTower, tensors)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("visual.transformer.resblocks.0.ls_1.gamma", OnnxImageTower),  # LayerScale, which would have to be applied
        ("visual.transformer.resblocks.3.ln_1.weight", OnnxImageTower),  # a further block
        ("text_decoder.proj", OnnxTextTower),
        ("transformer.resblocks.2.ln_1.weight", OnnxTextTower),
    ],
)
def test_tensors_of_another_model_are_refused(name: str, make: Any, tensors: dict[str, Any]) -> None:
    tensors[name] = np.ones(96, np.float32)
    assert f"{name} is no part of it" in refusal(make, tensors)
    assert f"{name} is no part of it" in refusal(require_weights, tensors)


def test_the_weights_of_another_architecture_name_the_difference() -> None:
    other = random_tensors(TINY, 1)
    other["visual.conv1.weight"] = other["visual.conv1.weight"][:, :, :8, :8]
    assert "visual.conv1.weight is 96 x 3 x 8 x 8 and not 96 x 3 x 16 x 16" in refusal(OnnxImageTower, other)


def test_hostile_names_stay_on_a_short_line(tensors: dict[str, Any]) -> None:
    tensors["visual.\n\x1b[31m" + "x" * 9999] = np.ones(1, np.float32)
    message = refusal(OnnxImageTower, tensors)
    assert len(message) < 250
    assert "\x1b" not in message


def test_what_files_hold_next_to_the_towers_is_passed_over(tensors: dict[str, Any]) -> None:
    """OpenAI's archives hold sizes as integers, older files of open_clip the mask."""
    for name in ("logit_scale", "logit_bias", "input_resolution", "context_length", "vocab_size", "attn_mask"):
        tensors[name] = np.asarray(7)
    require_weights(TINY, tensors)
    OnnxTextTower(TINY, tensors)


def test_a_tower_needs_its_own_side_alone(tensors: dict[str, Any]) -> None:
    images = {name: values for name, values in tensors.items() if name.startswith("visual.")}
    texts = {name: values for name, values in tensors.items() if not name.startswith("visual.")}
    OnnxImageTower(TINY, images)
    OnnxTextTower(TINY, texts)
    refusal(OnnxTextTower, images)
    refusal(OnnxImageTower, texts)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.dtype(">f4")])
def test_other_floating_point_numbers_are_computed_in_float32(dtype: Any, tensors: dict[str, Any]) -> None:
    halves = {name: values.astype(np.float16).astype(np.float32) for name, values in tensors.items()}
    others = {name: values.astype(dtype) for name, values in halves.items()}
    pictures, tokens = drawn(TINY), drawn_tokens(TINY)
    for make, values in ((OnnxImageTower, pictures), (OnnxTextTower, tokens)):
        exact, rows = (
            tower.embed(values) if make is OnnxImageTower else tower.embed_tokens(values)
            for tower in (make(TINY, halves), make(TINY, others))
        )
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows, exact)


def test_tensors_that_are_not_contiguous_or_not_aligned_are_taken(tensors: dict[str, Any]) -> None:
    exact = OnnxImageTower(TINY, tensors).embed(drawn(TINY))
    buffer = bytearray(1) + tensors["visual.proj"].tobytes()
    tensors["visual.proj"] = np.frombuffer(buffer, np.uint8)[1:].view(np.float32).reshape(96, 32)
    name = "visual.transformer.resblocks.0.mlp.c_fc.weight"
    tensors[name] = np.asfortranarray(tensors[name])
    np.testing.assert_array_equal(OnnxImageTower(TINY, tensors).embed(drawn(TINY)), exact)


def test_tensors_are_not_changed_and_may_be_read_only(tensors: dict[str, Any]) -> None:
    before = {name: values.copy() for name, values in tensors.items()}
    for values in tensors.values():
        values.flags.writeable = False
    OnnxImageTower(TINY, tensors).embed(drawn(TINY))
    OnnxTextTower(TINY, tensors).embed_tokens(drawn_tokens(TINY))
    assert all(np.array_equal(tensors[name], values) for name, values in before.items())


def test_random_weights_are_those_of_their_seed() -> None:
    first, again, other = (random_tensors(TINY, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)
    require_weights(TINY, first)


def test_the_two_activations_give_other_embeddings(tensors: dict[str, Any]) -> None:
    plain = OnnxImageTower(TINY, tensors).embed(drawn(TINY))
    quick = OnnxImageTower(TINY_QUICK, tensors).embed(drawn(TINY))
    assert np.array_equal(OnnxImageTower(TINY, tensors, quick_gelu=True).embed(drawn(TINY)), quick)
    assert np.array_equal(OnnxImageTower(TINY_QUICK, tensors, quick_gelu=False).embed(drawn(TINY)), plain)
    assert cosines(plain, quick).max() < 0.99999
