"""Towers in 8 bits: near to float32 or refused, and independent of the company of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from image_tagging.encoders.clip.architectures import ARCHITECTURES
from image_tagging.encoders.clip.onnx import OnnxImageTower, int8, int8_problem, random_tensors, towers
from image_tagging.encoders.clip.onnx.int8 import quantised, smoothed
from image_tagging.errors import EncoderUnavailableError
from onnx_clip import TINY, TINY_QUICK, cosines, drawn

BLOCKS = "visual.transformer.resblocks."


def with_large_channels(tensors: dict[str, Any], gain: float) -> dict[str, Any]:
    """The tensors of a model that has a few channels of far larger values, as trained ones do."""
    large = {name: values.copy() for name, values in tensors.items()}
    for name, values in large.items():
        if name.startswith(BLOCKS) and ".ln_" in name and name.endswith("weight"):
            values[[3, 50, 77]] *= gain
    return large


@pytest.mark.parametrize("architecture", [TINY, TINY_QUICK], ids=lambda one: one.name)
def test_embeddings_are_near_those_of_float32_and_not_the_same(architecture: Any) -> None:
    tensors, pictures = random_tensors(architecture, 1), drawn(architecture, 20)
    exact = OnnxImageTower(architecture, tensors).embed(pictures)
    tower = OnnxImageTower(architecture, tensors, precision="int8")
    rows = tower.embed(pictures)
    assert (tower.precision, rows.dtype, rows.shape) == ("int8", np.float32, exact.shape)
    assert 0.999 < cosines(rows, exact).min() < 0.9999999
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), np.linalg.norm(exact, axis=1), rtol=0.01)


@pytest.mark.slow
def test_a_listed_architecture_passes_with_random_weights() -> None:
    architecture = ARCHITECTURES["ViT-B-32"]
    tensors, pictures = random_tensors(architecture, 1), drawn(architecture, 8)
    rows = OnnxImageTower(architecture, tensors, precision="int8").embed(pictures)
    assert int8_problem(OnnxImageTower(architecture, tensors).embed(pictures), rows) is None


def test_a_picture_alone_and_next_to_others_has_the_same_embedding() -> None:
    tower = OnnxImageTower(TINY, random_tensors(TINY, 1), precision="int8")
    pictures = [picture * scale for picture, scale in zip(drawn(TINY, 9), (1, 50, 0, 1, 0.01, 1, 1, 1, 1))]
    together = tower.embed(pictures)
    alone = np.concatenate([tower.embed([picture]) for picture in pictures])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-4)


def test_a_few_large_channels_are_held() -> None:
    tensors, pictures = with_large_channels(random_tensors(TINY, 1), 20), drawn(TINY, 20)
    exact = OnnxImageTower(TINY, tensors).embed(pictures)
    assert int8_problem(exact, OnnxImageTower(TINY, tensors, precision="int8").embed(pictures)) is None


def test_smoothing_changes_nothing_but_rounding() -> None:
    tensors = with_large_channels(random_tensors(TINY, 1), 20)
    for name, values in tensors.items():
        if name.endswith("ln_1.weight") or name.endswith("ln_1.bias"):
            values[11] = 0  # a channel that is not used
    made = smoothed(tensors, BLOCKS, TINY.image_layers)
    assert not np.array_equal(made[f"{BLOCKS}0.ln_2.weight"], tensors[f"{BLOCKS}0.ln_2.weight"])
    exact, rows = (OnnxImageTower(TINY, weights).embed(drawn(TINY)) for weights in (tensors, made))
    np.testing.assert_allclose(rows, exact, rtol=0, atol=1e-4)


def test_weights_are_rounded_to_the_nearest_step_of_their_output() -> None:
    weight = np.array([[1.27, -0.014, 0], [0, 0, 0], [-254, 2.1, 127]], np.float32)
    steps, scales = quantised(weight)
    assert steps.tolist() == [[127, 0, -127], [-1, 0, 1], [0, 0, 64]]
    np.testing.assert_allclose(scales, [0.01, 0, 2], atol=1e-7)


def test_half_precision_gives_the_same() -> None:
    halves = {name: values.astype(np.float16) for name, values in random_tensors(TINY, 1).items()}
    exact = {name: values.astype(np.float32) for name, values in halves.items()}
    rows, others = (OnnxImageTower(TINY, each, precision="int8").embed(drawn(TINY)) for each in (halves, exact))
    np.testing.assert_array_equal(rows, others)


def test_drawn_pictures_that_do_not_agree_refuse_the_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8, "PARITY", 0.9999999)
    with pytest.raises(EncoderUnavailableError, match=r"in int8: on drawn pictures .*take --precision=auto") as raised:
        OnnxImageTower(TINY, random_tensors(TINY, 1), precision="int8")
    assert "\n" not in str(raised.value)


def test_the_first_pictures_of_the_user_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[int] = []

    def problem(reference: np.ndarray, _rows: np.ndarray, _centre: Any = None) -> str:
        checked.append(len(reference))
        return "it is another picture" if len(reference) == 5 else ""

    monkeypatch.setattr(towers, "int8_problem", problem)
    tower = OnnxImageTower(TINY, random_tensors(TINY, 1), precision="int8")
    assert tower.embed([]).shape == (0, 32)
    with pytest.raises(EncoderUnavailableError, match="in int8: on the first pictures it is another picture"):
        tower.embed(drawn(TINY, 5))
    other = OnnxImageTower(TINY, random_tensors(TINY, 1), precision="int8")
    other.embed(drawn(TINY, 2))
    other.embed(drawn(TINY, 5))
    assert checked == [3, 5, 3, 2]


def test_first_pictures_that_are_all_alike_are_no_problem() -> None:
    tower = OnnxImageTower(TINY, random_tensors(TINY, 1), precision="int8")
    picture = drawn(TINY, 1)[0]
    tower.embed([picture + np.float32(1e-4) * number for number in range(10)])


def test_what_is_wrong_is_said_in_words() -> None:
    exact = np.random.default_rng(0).standard_normal((9, 32)).astype(np.float32) + 9  # with a large common part
    other = np.random.default_rng(1).standard_normal((9, 32)).astype(np.float32)
    assert int8_problem(exact, exact) is None
    assert int8_problem(exact[:1], exact[:1]) is None
    assert "less the mean embedding" in str(int8_problem(exact, exact + 0.4 * other))
    assert "cosine of" in str(int8_problem(exact[:1], exact[:1] + 5 * other[:1]))
    assert "less the mean embedding" in str(int8_problem(exact[:1], exact[:1] + 0.4 * other[:1], exact.mean(axis=0)))
    assert int8_problem(exact, np.full_like(exact, np.nan)) == "it gives values that are not finite"
    assert "cosine of 0.0000" in str(int8_problem(exact, np.zeros_like(exact)))


def test_a_processor_that_would_overflow_gets_the_exact_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = OnnxImageTower(TINY, random_tensors(TINY, 1), precision="int8").embed(drawn(TINY))
    graph, inputs, total = int8.sums_probe()
    monkeypatch.setattr("image_tagging.encoders.clip.onnx.sessions.sums_probe", lambda: (graph, inputs, total + 1))
    careful = OnnxImageTower(TINY, random_tensors(TINY, 1), precision="int8").embed(drawn(TINY))
    np.testing.assert_allclose(careful, exact, rtol=0, atol=1e-4)


def test_it_is_never_taken_unasked() -> None:
    assert OnnxImageTower(TINY, random_tensors(TINY, 1), precision="auto").precision == "fp32"
