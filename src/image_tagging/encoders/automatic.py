"""Which encoder is taken where nobody names one: the default of CLIP where it is available, else the embedded one."""

from __future__ import annotations

from . import builtin, clip
from .registry import DEFAULT_MODEL, DEFAULT_PRETRAINED


def automatic_encoder() -> tuple[str, str, str]:
    """Return ``clip_model`` and ``pretrained`` of the encoder, and why it is that one, for a sentence.

    It takes seconds at most: no weights are fetched.
    """
    why_not = clip.why_default_unavailable(DEFAULT_MODEL, DEFAULT_PRETRAINED)
    if why_not:
        return builtin.NAME, builtin.VERSION, f"since {why_not}"
    return DEFAULT_MODEL, DEFAULT_PRETRAINED, "since its weights are available"
