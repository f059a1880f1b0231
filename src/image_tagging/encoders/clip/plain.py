"""Whether a vision tower is open_clip's plain vision transformer, whose parts and their order ``vit`` knows.

Every part is asked for its exact class and settings and none may be left over, so that a tower of another kind,
or of another open_clip, goes by its own ``forward``. torch is handed in, as in ``precision``.
"""

from __future__ import annotations

from typing import Any

_Torch = Any
_Module = Any


def is_plain(torch: _Torch, vision: _Module) -> bool:
    """Whether ``vision`` is open_clip's VisionTransformer built from the parts known here, and from no others."""
    nn = torch.nn
    return (
        _is_open_clip(vision, "VisionTransformer")
        and _parts(vision) == ["conv1", "ln_post", "ln_pre", "patch_dropout", "transformer"]
        and (vision.pool_type, vision.attn_pool, vision.output_tokens) == ("tok", None, False)
        and vision.proj is not None
        and type(vision.patch_dropout) is nn.Identity
        and _is_plain_convolution(nn, vision.conv1)
        and (type(vision.ln_pre) is nn.Identity or _is_plain_norm(nn, vision.ln_pre))
        and _is_plain_norm(nn, vision.ln_post)
        and _is_open_clip(vision.transformer, "Transformer")
        and _parts(vision.transformer) == ["resblocks"]
        and len(vision.transformer.resblocks) > 0
        and all(_is_plain_block(nn, block) for block in vision.transformer.resblocks)
    )


def _is_open_clip(module: _Module, name: str) -> bool:
    return (type(module).__module__, type(module).__name__) == ("open_clip.transformer", name)


def _parts(module: _Module) -> list[str]:
    return sorted(name for name, _ in module.named_children())


def _is_plain_norm(nn: Any, norm: _Module) -> bool:
    if type(norm) is not nn.LayerNorm and not _is_open_clip(norm, "LayerNorm"):
        return False
    return all(one is not None for one in (norm.weight, norm.bias))


def _is_plain_convolution(nn: Any, layer: _Module) -> bool:
    """Whether it cuts its input into patches and multiplies each with its weight."""
    if type(layer) is not nn.Conv2d or layer.bias is not None or layer.groups != 1:
        return False
    settings = (layer.stride, layer.padding, layer.dilation)
    return bool(settings == (layer.kernel_size, (0, 0), (1, 1)))


def _is_plain_block(nn: Any, block: _Module) -> bool:
    return (
        _is_open_clip(block, "ResidualAttentionBlock")
        and _parts(block) == ["attn", "ln_1", "ln_2", "ls_1", "ls_2", "mlp"]
        and _is_plain_norm(nn, block.ln_1)
        and _is_plain_norm(nn, block.ln_2)
        and all(type(scale) is nn.Identity or _is_open_clip(scale, "LayerScale") for scale in (block.ls_1, block.ls_2))
        and _is_plain_attention(nn, block.attn)
        and _is_plain_mlp(nn, block.mlp)
    )


def _is_plain_attention(nn: Any, attention: _Module) -> bool:
    if type(attention) is not nn.MultiheadAttention or attention.add_zero_attn:
        return False
    needed = (attention.in_proj_weight, attention.in_proj_bias, attention.out_proj.bias)
    return all(one is not None for one in needed) and attention.bias_k is None and attention.bias_v is None


def _is_plain_mlp(nn: Any, mlp: _Module) -> bool:
    if _parts(mlp) != ["c_fc", "c_proj", "gelu"] or any(
        type(layer) is not nn.Linear or layer.bias is None for layer in (mlp.c_fc, mlp.c_proj)
    ):
        return False
    is_gelu = type(mlp.gelu) is nn.GELU and mlp.gelu.approximate == "none"
    return is_gelu or _is_open_clip(mlp.gelu, "QuickGELU")
