"""Which encoder is taken where nobody names one: the default of CLIP where it is available, else the embedded one."""

from __future__ import annotations

from . import builtin, clip
from .registry import DEFAULT_MODEL, DEFAULT_PRETRAINED


def automatic_encoder() -> tuple[str, str, str]:
    """Return ``clip_model`` and ``pretrained`` of the encoder, and why it is that one, for a sentence.

    It takes seconds at most: no weights are fetched.
    """
    is_available, why = clip.default_weights(DEFAULT_MODEL, DEFAULT_PRETRAINED)
    if is_available:
        return DEFAULT_MODEL, DEFAULT_PRETRAINED, f"since {why}"
    return builtin.NAME, builtin.VERSION, f"since {why}"
