"""The plain vision transformers of CLIP that run without PyTorch, by their names in open_clip.

The values are those of open_clip's model configurations, with which a test compares them. The first models are of
Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021).
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Architecture:
    """The sizes of a model: image tower, text tower, and the embedding (D,) in which both end.

    ``quick_gelu`` is the activation that goes with the name: ``x * sigmoid(1.702 x)`` in place of GELU. Some
    published weights of a name without it need it too.
    """

    name: str
    image_size: int
    patch: int
    image_width: int
    image_layers: int
    image_heads: int
    text_width: int
    text_layers: int
    text_heads: int
    embed_dim: int
    context: int = 77
    vocab: int = 49408
    quick_gelu: bool = False

    @property
    def image_tokens(self) -> int:
        """How many tokens a picture has: one for each patch, and the class token."""
        return (self.image_size // self.patch) ** 2 + 1


def _of_widths(name: str, image_size: int, patch: int, large: bool = False) -> Architecture:
    if large:
        return Architecture(name, image_size, patch, 1024, 24, 16, 768, 12, 12, 768)
    return Architecture(name, image_size, patch, 768, 12, 12, 512, 12, 8, 512)


_WITH_GELU = (
    _of_widths("ViT-B-32", 224, 32),
    _of_widths("ViT-B-32-256", 256, 32),
    _of_widths("ViT-B-16", 224, 16),
    _of_widths("ViT-L-14", 224, 14, large=True),
    _of_widths("ViT-L-14-336", 336, 14, large=True),
)
_WITH_QUICK_GELU = tuple(
    replace(one, name=f"{one.name}-quickgelu", quick_gelu=True) for one in _WITH_GELU if one.name != "ViT-B-32-256"
)

#: Each architecture by its name.
ARCHITECTURES: dict[str, Architecture] = {one.name: one for one in (*_WITH_GELU, *_WITH_QUICK_GELU)}
