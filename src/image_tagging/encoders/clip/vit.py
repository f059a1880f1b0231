"""open_clip's plain vision transformer, computed without what an embedding does not need.

The model is that of Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), as Radford et al. (2021) use it:
the embedding is read off the class token alone. Nothing is approximated, only rounding differs (in float32 by
about 1e-6 of the values):

- behind the last attention only the class token goes on, for nobody reads the others;
- oneDNN gets every weight once in the layout it computes with, and adds bias and activation while the products
  are in registers, in float32;
- constant factors (LayerScale, the 1.702 of QuickGELU) are multiplied into the weights beside them beforehand.

Whatever is built otherwise (attentional pooling, towers of timm, ResNets) is not recognised and is computed by
its own ``forward``. torch is handed in, as in ``precision``.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Any, Callable, Optional

from .plain import is_plain

_Torch = Any
_Module = Any
_Tensor = Any
_Layer = Callable[[Any], Any]

# Up to this many tokens attention by its definition beats the fused kernel in 16 bits: it was 1.9 times as fast
# with 50 tokens (ViT-B-32) and slower with 197 (ViT-B-16); in float32 the fused kernel is always ahead.
_FEW_TOKENS = 100

# The rows of a product that the layout of a packed weight is chosen for; others are computed as well.
_ROWS = 800

_QUICK = 1.702  # QuickGELU: x * sigmoid(1.702 x) = silu(1.702 x) / 1.702

# How torch.ops.mkldnn._linear_pointwise is told an activation: its name, scalars, algorithm.
_FUSED: dict[str, tuple[str, list[float], str]] = {
    "": ("none", [], ""),
    "GELU": ("gelu", [], "none"),
    "SiLU": ("swish", [], ""),
}


def faster(torch: _Torch, vision: _Module, dtype: Any) -> Optional[PlainVit]:
    """The tower of ``vision`` in ``dtype``, to be called on the CPU; ``None`` where ``vision`` is not the plain one.

    ``vision`` is an open_clip tower in float32 that no longer learns; it is left as it is.
    """
    return PlainVit(torch, vision, dtype) if is_plain(torch, vision) else None


@dataclass(frozen=True)
class _Block:
    """A residual attention block: tokens (N, T, W) -> (N, T, W)."""

    norm_1: _Layer
    project: _Layer  # -> (..., 3 W): queries, keys, values; of the last block keys and values only
    query: Optional[_Layer]  # of the last block alone
    out: _Layer
    norm_2: _Layer
    fc: _Layer
    back: _Layer


class PlainVit:
    """Pictures (N, 3, H, W) of any floating type -> embeddings (N, D) in ``dtype``."""

    def __init__(self, torch: _Torch, vision: _Module, dtype: Any) -> None:
        self._torch = torch
        self._dtype = dtype
        self._heads = int(vision.transformer.resblocks[0].attn.num_heads)
        self._class_token = vision.class_embedding.to(dtype)
        self._positions = vision.positional_embedding.to(dtype)
        self._patches, self._stride = vision.conv1.weight.to(dtype), vision.conv1.stride
        self._norm_pre = _norm(torch, dtype, vision.ln_pre)
        *blocks, last = vision.transformer.resblocks
        self._blocks = [_block(torch, dtype, block, is_last=False) for block in blocks]
        self._blocks.append(_block(torch, dtype, last, is_last=True))
        self._norm_post = _norm(torch, dtype, vision.ln_post)
        self._project = _linear(torch, dtype, vision.proj.t())
        #: ``GELU`` or ``QuickGELU``, what the blocks compute.
        self.activation = type(last.mlp.gelu).__name__

    def __call__(self, pictures: _Tensor) -> _Tensor:
        """(N, 3, H, W) -> (N, D), not normalised."""
        x = self._norm_pre(self._tokens(pictures.to(self._dtype)))
        for block in self._blocks:
            y = self._attention(block, block.norm_1(x))
            x = (x if block.query is None else x[:, :1]) + block.out(y)
            x = x + block.back(block.fc(block.norm_2(x)))
        return self._project(self._norm_post(x[:, 0]))

    def _tokens(self, pictures: _Tensor) -> _Tensor:
        """(N, 3, H, W) -> (N, T, W): the class token and one a patch, with their positions."""
        patches = self._torch.nn.functional.conv2d(pictures, self._patches, stride=self._stride)
        first = self._class_token.expand(len(pictures), 1, -1)
        return self._torch.cat([first, patches.flatten(2).transpose(1, 2)], dim=1) + self._positions

    def _attention(self, block: _Block, x: _Tensor) -> _Tensor:
        """(N, T, W) -> (N, T, W), of the last block (N, 1, W): softmax(q k' / sqrt(W / heads)) v of every head."""
        count, tokens, width = x.shape
        parts = block.project(x).view(count, tokens, -1, self._heads, width // self._heads).transpose(1, 3).unbind(2)
        if block.query is None:
            query, key, value = parts
        else:
            key, value = parts
            query = block.query(x[:, 0]).view(count, self._heads, 1, -1)
        if tokens <= _FEW_TOKENS and self._dtype != self._torch.float32:
            mixed = self._by_definition(query, key, value)
        else:
            mixed = self._torch.nn.functional.scaled_dot_product_attention(query, key, value)
        return mixed.transpose(1, 2).reshape(count, -1, width)

    def _by_definition(self, query: _Tensor, key: _Tensor, value: _Tensor) -> _Tensor:
        scores = query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)
        # The softmax for rows of a length that is no multiple of the registers' is faster in float32, and exacter.
        weights = self._torch.softmax(scores, dim=-1, dtype=self._torch.float32)
        return weights.to(self._dtype) @ value


def _block(torch: _Torch, dtype: Any, block: _Module, is_last: bool) -> _Block:
    attention, mlp = block.attn, block.mlp
    is_quick = type(mlp.gelu).__name__ == "QuickGELU"
    quick = _QUICK if is_quick else 1.0
    into, bias = attention.in_proj_weight, attention.in_proj_bias
    width = into.shape[1] if is_last else 0  # how many rows of ``into`` make the queries of the class token alone
    scale_1, scale_2 = (getattr(scale, "gamma", torch.ones(1)) for scale in (block.ls_1, block.ls_2))
    return _Block(
        norm_1=_norm(torch, dtype, block.ln_1),
        project=_linear(torch, dtype, into[width:], bias[width:]),
        query=_linear(torch, dtype, into[:width], bias[:width]) if is_last else None,
        out=_linear(torch, dtype, *_scaled(attention.out_proj, scale_1)),
        norm_2=_norm(torch, dtype, block.ln_2),
        fc=_linear(torch, dtype, mlp.c_fc.weight * quick, mlp.c_fc.bias * quick, "SiLU" if is_quick else "GELU"),
        back=_linear(torch, dtype, *_scaled(mlp.c_proj, scale_2, 1 / quick)),
    )


def _scaled(linear: _Module, scale: _Tensor, inner: float = 1.0) -> tuple[_Tensor, _Tensor]:
    """Weight and bias of ``scale * linear(x)``, or of ``scale * linear(inner * x)``."""
    return linear.weight * inner * scale[:, None], linear.bias * scale


def _norm(torch: _Torch, dtype: Any, norm: _Module) -> _Layer:
    if type(norm) is torch.nn.Identity:
        return lambda x: x
    shape, eps = norm.normalized_shape, norm.eps  # not the module itself: it would keep its float32 weights
    weight, bias = norm.weight.to(dtype), norm.bias.to(dtype)
    return lambda x: torch.nn.functional.layer_norm(x, shape, weight, bias, eps)


def _linear(torch: _Torch, dtype: Any, weight: _Tensor, bias: Optional[_Tensor] = None, activation: str = "") -> _Layer:
    """Tokens (..., I) -> (..., O) for a weight (O, I), with GELU or SiLU behind it where that is asked for."""
    weight = weight.to(dtype).contiguous()
    bias = None if bias is None else bias.to(dtype).contiguous()
    if can_pack(torch):
        library = torch.ops.mkldnn
        packed, fused = library._reorder_linear_weight(weight, _ROWS), _FUSED[activation]
        return lambda x: library._linear_pointwise(x, packed, bias, *fused)
    functional = torch.nn.functional
    act = {"": lambda x: x, "GELU": functional.gelu, "SiLU": functional.silu}[activation]
    return lambda x: act(functional.linear(x, weight, bias))


def can_pack(torch: _Torch) -> bool:
    """Whether torch has the two operators by which its own compiler calls oneDNN, on a kind of CPU they pay on.

    They are not public: a torch without them computes the same a little slower, and the check at load would find
    one in which they mean something else. Measured on x86 alone.
    """
    if platform.machine().lower() not in {"x86_64", "amd64"} or not torch.backends.mkldnn.is_available():
        return False
    return all(hasattr(torch.ops.mkldnn, name) for name in ("_reorder_linear_weight", "_linear_pointwise"))
