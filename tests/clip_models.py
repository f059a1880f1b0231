"""Models of open_clip with seeded random weights, which stand in for those that cannot be downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def random_clip(name: str, seed: int = 0, **options: Any) -> Any:
    """A model by its name in open_clip; the random numbers of others stay what they are."""
    open_clip = pytest.importorskip("open_clip", reason="the clip extra is not installed")
    torch = pytest.importorskip("torch", reason="the clip extra is not installed")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return open_clip.create_model(name, **options).eval()


def saved_clip(path: Path, name: str, seed: int) -> Path:
    """The weights of such a model as a local checkpoint, as a training run would save it."""
    model = random_clip(name, seed)
    torch = pytest.importorskip("torch", reason="the clip extra is not installed")
    torch.save(model.state_dict(), path)
    return path
