"""open_clip's plain vision transformer on a CPU, without the work that an embedding does not need.

The model is that of Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), as Radford et al. (2021) use it: the
embedding is read off the class token alone. Nothing is approximated, only rounding differs (in float32 by about 1e-6
of the values):

- behind the last attention only the class token goes on, because the other tokens are not read;
- oneDNN gets every weight once in the layout it computes with, and adds bias and activation while the products are in
  registers, in float32;
- constant factors (LayerScale, the 1.702 of QuickGELU) are multiplied into the neighbouring weights beforehand.

Batches go in parts over threads (:class:`BatchParts`), a help to any tower. torch is an argument, as in ``precision``.

Expiry: drop this module when a maintained library computes the same tower within 10 % of this speed;
``benchmarks/stage1_clip.py`` measures it.
"""

from __future__ import annotations

import os
import platform
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Optional

_Torch = Any
_Module = Any
_Tensor = Any
_Layer = Callable[[Any], Any]

# Up to this many tokens attention by its definition beats the fused kernel in 16 bits: it was 1.9 times as fast
# with 50 tokens (ViT-B-32) and slower with 197 (ViT-B-16); in float32 the fused kernel is always ahead.
_FEW_TOKENS = 100

# The rows of a product that the layout of a packed weight is chosen for; other numbers of rows are computed as well.
_ROWS = 800

_QUICK = 1.702  # QuickGELU: x * sigmoid(1.702 x) = silu(1.702 x) / 1.702

# An activation as the last arguments of torch.ops.mkldnn._linear_pointwise: name, scalars, algorithm.
_FUSED: dict[str, Any] = {"": ("none", [], ""), "GELU": ("gelu", [], "none"), "SiLU": ("swish", [], "")}

# Parts of fewer pictures would spend most of their time on reading the weights, which every part reads once.
_LEAST = 8

# With these set a thread keeps to the cores of the one that started it: all parts would share one core.
_BINDING = ("OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")

# The parts of the transformer (# is the number of a block), and the classes that each may have, with their weights.
_BLOCK = "transformer.resblocks.#"
_NORM = "torch.LayerNorm(bias,weight) open_clip.LayerNorm(bias,weight)"
_PARTS = {
    "": "open_clip.VisionTransformer(class_embedding,positional_embedding,proj)",
    "conv1": "torch.Conv2d(weight)",
    "patch_dropout": "torch.Identity()",
    "ln_pre": f"torch.Identity() {_NORM}",
    "transformer": "open_clip.Transformer()",
    "transformer.resblocks": "torch.ModuleList()",
    _BLOCK: "open_clip.ResidualAttentionBlock()",
    f"{_BLOCK}.attn": "torch.MultiheadAttention(in_proj_bias,in_proj_weight)",
    f"{_BLOCK}.attn.out_proj": "torch.NonDynamicallyQuantizableLinear(bias,weight)",
    f"{_BLOCK}.mlp": "torch.Sequential()",
    f"{_BLOCK}.mlp.gelu": "torch.GELU() open_clip.QuickGELU()",
    **dict.fromkeys([f"{_BLOCK}.mlp.c_fc", f"{_BLOCK}.mlp.c_proj"], "torch.Linear(bias,weight)"),
    **dict.fromkeys([f"{_BLOCK}.ls_1", f"{_BLOCK}.ls_2"], "torch.Identity() open_clip.LayerScale(gamma)"),
    **dict.fromkeys([f"{_BLOCK}.ln_1", f"{_BLOCK}.ln_2", "ln_post"], _NORM),
}


def optimized(torch: _Torch, vision: _Module, dtype: Any) -> Optional[OptimizedVit]:
    """Return the tower of ``vision`` in ``dtype`` for the CPU, or ``None`` where ``vision`` is not supported.

    ``vision`` is an open_clip tower in float32 without gradients; it is not changed.
    """
    return OptimizedVit(torch, vision, dtype) if is_supported_vit(vision) else None


def is_supported_vit(vision: _Module) -> bool:
    """Return whether ``vision`` is open_clip's VisionTransformer built from the parts known here, and no others.

    Other towers, and those of an open_clip that has changed, are computed by their own ``forward``.
    """
    parts = dict(vision.named_modules())
    blocks = sum(name.endswith(".attn") for name in parts)
    if len(parts) != sum(blocks if "#" in name else 1 for name in _PARTS) or not blocks:
        return False
    return (
        all(_signature(part) in _PARTS.get(re.sub(r"\.\d+", ".#", name), "").split() for name, part in parts.items())
        and (vision.pool_type, vision.attn_pool, vision.output_tokens) == ("tok", None, False)
        and (vision.conv1.stride, vision.conv1.groups) == (vision.conv1.kernel_size, 1)
        and (vision.conv1.padding, vision.conv1.dilation) == ((0, 0), (1, 1))
        and not any(getattr(part, "add_zero_attn", False) for part in parts.values())
        and all(getattr(part, "approximate", "none") == "none" for part in parts.values())
    )


def _signature(part: _Module) -> str:
    """Return a part's library, class and own weights: ``torch.Linear(bias,weight)``."""
    weights = ",".join(sorted(name for name, _ in part.named_parameters(recurse=False)))
    return f"{type(part).__module__.partition('.')[0]}.{type(part).__name__}({weights})"


class OptimizedVit:
    """Pictures (N, 3, H, W) of any floating type -> embeddings (N, D) in ``dtype``."""

    def __init__(self, torch: _Torch, vision: _Module, dtype: Any) -> None:
        self._torch, self._dtype = torch, dtype
        self._class_token, self._positions = vision.class_embedding.to(dtype), vision.positional_embedding.to(dtype)
        self._patches, self._stride = vision.conv1.weight.to(dtype), vision.conv1.stride
        self._norm_pre, self._norm_post = _norm(torch, dtype, vision.ln_pre), _norm(torch, dtype, vision.ln_post)
        *blocks, last = vision.transformer.resblocks
        self._blocks = [*(_Block(torch, dtype, block) for block in blocks), _Block(torch, dtype, last, is_last=True)]
        self._project = _linear(torch, dtype, vision.proj.t())
        #: ``GELU`` or ``QuickGELU``, what the blocks compute.
        self.activation = type(last.mlp.gelu).__name__

    def __call__(self, pictures: _Tensor) -> _Tensor:
        """(N, 3, H, W) -> (N, D), not normalised."""
        patches = self._torch.nn.functional.conv2d(pictures.to(self._dtype), self._patches, stride=self._stride)
        first = self._class_token.expand(len(pictures), 1, -1)
        x = self._torch.cat([first, patches.flatten(2).transpose(1, 2)], dim=1) + self._positions
        x = self._norm_pre(x)  # (N, T, W)
        for block in self._blocks:
            x = block(x)
        return self._project(self._norm_post(x[:, 0]))


class _Block:
    """A residual attention block: tokens (N, T, W) -> (N, T, W), of the last block (N, 1, W)."""

    def __init__(self, torch: _Torch, dtype: Any, block: _Module, is_last: bool = False) -> None:
        attention, mlp = block.attn, block.mlp
        is_quick = type(mlp.gelu).__name__ == "QuickGELU"
        quick = _QUICK if is_quick else 1.0
        into, bias = attention.in_proj_weight, attention.in_proj_bias
        width = into.shape[1] if is_last else 0  # how many rows of ``into`` make the queries of the class token alone
        scale_1, scale_2 = (getattr(scale, "gamma", torch.ones(1)) for scale in (block.ls_1, block.ls_2))
        self._torch, self._dtype, self._heads = torch, dtype, int(attention.num_heads)
        self._norm_1, self._norm_2 = _norm(torch, dtype, block.ln_1), _norm(torch, dtype, block.ln_2)
        # (..., W) -> (..., 3 W): queries, keys, values; of the last block keys and values only
        self._project = _linear(torch, dtype, into[width:], bias[width:])
        self._query = _linear(torch, dtype, into[:width], bias[:width]) if is_last else None
        self._out = _linear(torch, dtype, *_scaled(attention.out_proj, scale_1))
        act = "SiLU" if is_quick else "GELU"
        self._fc = _linear(torch, dtype, mlp.c_fc.weight * quick, mlp.c_fc.bias * quick, act)
        self._back = _linear(torch, dtype, *_scaled(mlp.c_proj, scale_2, 1 / quick))

    def __call__(self, x: _Tensor) -> _Tensor:
        y = self._attention(self._norm_1(x))
        x = (x[:, :1] if self._query else x) + self._out(y)
        return x + self._back(self._fc(self._norm_2(x)))

    def _attention(self, x: _Tensor) -> _Tensor:
        """(N, T, W) -> (N, T, W), of the last block (N, 1, W): softmax(q k' / sqrt(W / heads)) v of every head."""
        count, tokens, width = x.shape
        parts = self._project(x).view(count, tokens, -1, self._heads, width // self._heads).transpose(1, 3).unbind(2)
        query = self._query(x[:, 0]).view(count, self._heads, 1, -1) if self._query else parts[0]
        key, value = parts[-2:]
        if tokens > _FEW_TOKENS or self._dtype == self._torch.float32:
            mixed = self._torch.nn.functional.scaled_dot_product_attention(query, key, value)
        else:
            scores = query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)
            # A row whose length is no multiple of the registers' gets its softmax faster, and more exactly, in float32.
            weights = self._torch.softmax(scores, dim=-1, dtype=self._torch.float32)
            mixed = weights.to(self._dtype) @ value
        return mixed.transpose(1, 2).reshape(count, -1, width)


def _scaled(linear: _Module, scale: _Tensor, inner: float = 1.0) -> tuple[_Tensor, _Tensor]:
    """Return weight and bias of ``scale * linear(inner * x)``."""
    return linear.weight * inner * scale[:, None], linear.bias * scale


def _norm(torch: _Torch, dtype: Any, norm: _Module) -> _Layer:
    if type(norm) is torch.nn.Identity:
        return lambda x: x
    shape, eps = norm.normalized_shape, norm.eps  # not the module itself: it would keep its float32 weights
    weight, bias = norm.weight.to(dtype), norm.bias.to(dtype)
    return lambda x: torch.nn.functional.layer_norm(x, shape, weight, bias, eps)


def _linear(torch: _Torch, dtype: Any, weight: _Tensor, bias: Optional[_Tensor] = None, activation: str = "") -> _Layer:
    """Return the layer (..., I) -> (..., O) of a weight (O, I), followed by ``GELU`` or ``SiLU`` if asked for."""
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
    """Return whether torch has the two operators by which its own compiler calls oneDNN, on x86, where they pay.

    They are not public: the check at load would find a torch in which they mean something else.
    """
    if platform.machine().lower() not in {"x86_64", "amd64"} or not torch.backends.mkldnn.is_available():
        return False
    return all(hasattr(torch.ops.mkldnn, name) for name in ("_reorder_linear_weight", "_linear_pointwise"))


class BatchParts:
    """Threads that share those of torch evenly, each with a part of the batch; they start with the first batch.

    torch itself divides every single operation among its threads, which meet after it, hundreds of times a batch.
    Where other threads want the same cores, as those that decode the next pictures do, all wait at each meeting for
    the one that was interrupted. Parts of a batch meet once.
    """

    def __init__(self, torch: _Torch) -> None:
        self._torch = torch
        self._pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
        self._starting = threading.Lock()

    def run(self, work: Callable[[Sequence[Any]], Any], batch: Sequence[Any]) -> list[Any]:
        """Return the results of ``work`` for the parts of ``batch``, in order; one part where dividing does not pay."""
        threads = self._torch.get_num_threads()
        count = count_parts(len(batch), threads)
        if count == 1 or any(name in os.environ for name in _BINDING):
            return [work(batch)]
        with self._starting:
            if (count, threads) not in self._pools:
                self._pools[count, threads] = self._start(count, threads)
            pool = self._pools[count, threads]
        edges = [len(batch) * part // count for part in range(count + 1)]
        return list(pool.map(work, (batch[start:end] for start, end in zip(edges, edges[1:]))))

    def _start(self, count: int, threads: int) -> ThreadPoolExecutor:
        """Start ``count`` threads, in each of which torch uses its share of ``threads``."""
        torch = self._torch

        def share() -> None:
            torch.get_num_threads()  # makes torch's own setup of a new thread happen now, not after the next line
            torch.set_num_threads(threads // count)

        pool = ThreadPoolExecutor(count, thread_name_prefix="embed", initializer=share)
        all_here = threading.Barrier(count)  # a pool starts its threads one by one, when the ones it has are busy
        list(pool.map(lambda _: all_here.wait(), range(count)))
        torch.set_num_threads(threads)  # which is also what threads started later begin with
        return pool


def count_parts(pictures: int, threads: int) -> int:
    """Return into how many parts a batch goes: each gets equally many threads of torch and enough pictures."""
    return max(count for count in range(1, threads + 1) if threads % count == 0 and count <= max(1, pictures // _LEAST))
