"""Models built for a file: nothing is drawn, and what the file leaves out does not pass for a weight."""

from __future__ import annotations

import threading

import pytest

torch = pytest.importorskip("torch", reason="needs the clip extra: pip install 'image-tagging-tools[clip]'")

from image_tagging.encoders.clip.undrawn import undrawn  # noqa: E402

pytestmark = pytest.mark.clip

nn = torch.nn


def test_weights_that_would_be_random_are_nan_and_the_generator_stays_where_it_is() -> None:
    before = torch.random.get_rng_state()
    with undrawn(torch):
        layers = [nn.Linear(4, 4), nn.Conv2d(3, 4, 2), nn.Embedding(4, 4), nn.MultiheadAttention(4, 2)]
        weight = nn.init.trunc_normal_(nn.Parameter(torch.empty(4)))
    assert all(layer.weight.isnan().all() for layer in layers[:3])
    assert layers[3].in_proj_weight.isnan().all()
    assert weight.isnan().all()
    assert all(parameter.requires_grad for layer in layers for parameter in layer.parameters())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_constants_stay_what_they_are() -> None:
    with undrawn(torch):
        norm, attention = nn.LayerNorm(4), nn.MultiheadAttention(4, 2)
    assert torch.equal(norm.weight, torch.ones(4))
    assert torch.equal(attention.in_proj_bias, torch.zeros(12))


def test_a_model_that_is_loaded_is_the_one_that_was_saved() -> None:
    saved = nn.Linear(4, 4)
    with undrawn(torch):
        loaded = nn.Linear(4, 4)
        loaded.load_state_dict(saved.state_dict())
    assert torch.equal(loaded.weight, saved.weight)


def test_other_threads_and_what_comes_after_draw_as_ever() -> None:
    drawn: list[torch.Tensor] = []
    with undrawn(torch):
        thread = threading.Thread(target=lambda: drawn.append(nn.Linear(4, 4).weight))
        thread.start()
        thread.join()
    drawn.append(nn.Linear(4, 4).weight)
    assert not any(weight.isnan().any() for weight in drawn)
