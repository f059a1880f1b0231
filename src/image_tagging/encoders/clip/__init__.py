"""CLIP: every model of open_clip, by its name there, for pictures and for texts.

:mod:`.backend` chooses what computes a model: PyTorch, or onnxruntime, which knows the plain vision transformers
(:mod:`.architectures`). Both begin with :mod:`.weights`, which finds out which weights are meant and what activation
they need, and :mod:`.download`, which fetches them; pictures go through :mod:`.preprocess`.

- PyTorch: :mod:`.encoder` (pictures) and :mod:`.text` take a model of open_clip from :mod:`.loading`. Pictures go
  through :mod:`.tower`, which computes in a precision that passes the checks of :mod:`.precision`, on CPUs in parts
  (:mod:`.batch_parts`).
- onnxruntime: :mod:`.onnx` has the graphs, :mod:`.tensors` reads the weights of any file, :mod:`.published` and
  :mod:`.hub` know where they are published, :mod:`.tokenizer` reads sentences.
"""

from __future__ import annotations

from typing import Optional

from ...settings import CLIP_BACKENDS
from ..base import Encoder, EncoderFamily, TextEncoder
from .names import knows_all_names as knows_all_names
from .names import model_names as model_names


def _load(name: str, pretrained: str, device: Optional[str], precision: str, backend: str = "auto") -> Encoder:
    from .backend import ONNX, choose_backend

    if choose_backend(name, device, precision, backend) == ONNX:
        from .onnx.encoder import OnnxClipEncoder

        return OnnxClipEncoder(name, pretrained, device=device, precision=precision)
    from .encoder import ClipEncoder

    return ClipEncoder(name, pretrained, device=device, precision=precision)


def _load_text(name: str, pretrained: str, device: Optional[str], backend: str = "auto") -> TextEncoder:
    from .backend import ONNX, choose_text_backend

    if choose_text_backend(name, device, backend) == ONNX:
        from .onnx.text_encoder import OnnxTextEncoder

        return OnnxTextEncoder(name, pretrained, device=device)
    from .text import ClipTextEncoder

    return ClipTextEncoder(name, pretrained, device=device)


def _identify(name: str, pretrained: str) -> tuple[str, str]:
    """Return the identity of a tag, which costs nothing, or of a local file, which costs its hash.

    Whether there is this model or tag is not checked.
    """
    from .loading import import_open_clip
    from .weights import identify

    weights = identify(name, pretrained, import_open_clip)
    return weights.name, weights.pretrained


def default_weights(name: str, pretrained: str) -> tuple[bool, str]:
    """Return whether the weights of the default encoder are available, and how, or why they are not, for a sentence.

    None are fetched, and nothing heavy is imported.
    """
    from .download import is_cached
    from .hub import why_unavailable
    from .published import get_pretrained_cfg

    if is_cached(get_pretrained_cfg(name, pretrained)):
        return True, "its weights are here"
    why_not = why_unavailable(name, pretrained)
    return not why_not, why_not or "its weights can be fetched, once (0.6 GB)"


def _unused_hardware() -> str:
    from .backend import unused_gpu

    return unused_gpu()


#: Its names are all those that no other family serves.
FAMILY = EncoderFamily(
    name="CLIP",
    load=_load,
    title="CLIP",
    identify=_identify,
    load_text=_load_text,
    has_int8=True,
    backends=CLIP_BACKENDS,
    unused_hardware=_unused_hardware,
)
