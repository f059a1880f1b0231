"""Small CLIP models for onnxruntime, and the same ones in open_clip."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest

from image_tagging.encoders.clip.architectures import Architecture

#: Small enough for every edit, with three tokens more than patches in a row, and two kinds of heads.
TINY = Architecture("tiny", 48, 16, 96, 3, 3, 64, 2, 2, 32, vocab=500)
TINY_QUICK = replace(TINY, name="tiny-quickgelu", quick_gelu=True)

_END_OF_TEXT = 1  # below the size of the vocabulary


def drawn(architecture: Architecture, count: int = 5, seed: int = 3) -> list[np.ndarray]:
    """Prepared pictures (3, H, W) float32, the same on every machine."""
    side = architecture.image_size
    values = np.random.Generator(np.random.PCG64(seed)).random((count, 3, side, side), dtype=np.float32)
    return list(values * np.float32(4) - np.float32(2))


def drawn_tokens(architecture: Architecture, lengths: tuple[int, ...] = (2, 9, 77, 5)) -> np.ndarray:
    """Tokens (N, 77) int64 of texts of these lengths, their end included, as open_clip's tokenizer gives them."""
    generator = np.random.Generator(np.random.PCG64(4))
    tokens = np.zeros((len(lengths), architecture.context), dtype=np.int64)
    for row, length in zip(tokens, lengths):
        row[:length] = (generator.random(length, dtype=np.float32) * (architecture.vocab - 2)).astype(np.int64)
        row[0], row[length - 1] = architecture.vocab - 2, architecture.vocab - _END_OF_TEXT
    return tokens


def in_open_clip(architecture: Architecture, tensors: dict[str, np.ndarray], quick_gelu: Optional[bool] = None) -> Any:
    """open_clip's own model of these sizes and weights."""
    open_clip = pytest.importorskip("open_clip", reason="the clip extra is not installed")
    torch = pytest.importorskip("torch", reason="the clip extra is not installed")
    image = {
        "image_size": architecture.image_size,
        "patch_size": architecture.patch,
        "width": architecture.image_width,
        "layers": architecture.image_layers,
        "head_width": architecture.image_width // architecture.image_heads,
    }
    text = {
        "context_length": architecture.context,
        "vocab_size": architecture.vocab,
        "width": architecture.text_width,
        "layers": architecture.text_layers,
        "heads": architecture.text_heads,
    }
    quick = architecture.quick_gelu if quick_gelu is None else quick_gelu
    model = open_clip.model.CLIP(architecture.embed_dim, image, text, quick_gelu=quick)
    weights = {name: torch.from_numpy(values) for name, values in tensors.items()}
    missing = model.load_state_dict(weights, strict=False, assign=True)
    assert missing.unexpected_keys == []
    assert set(missing.missing_keys) <= {"logit_scale"}
    return model.eval().requires_grad_(False)


def cosines(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    return (rows.astype(np.float64) * others).sum(axis=1) / lengths
