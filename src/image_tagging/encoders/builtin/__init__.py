"""``builtin``, the encoder that comes with the package and needs no download.

:mod:`.encoder` puts an embedding together from the three blocks of :mod:`.blocks`: those of the project's own network
(``builtin.onnx``), of the features in :mod:`.classical`, and of a network trained on ImageNet. :mod:`.efficientnet`
reads the weights of the last; :mod:`.letterbox` fits pictures of any size into squares.
"""

from __future__ import annotations

from typing import Optional

from ..base import Encoder, EncoderFamily

NAME = "builtin"

#: The version of its embeddings. It changes with every change that moves one, in weights or features.
VERSION = "learned-2"


def _load(_name: str, _pretrained: str, device: Optional[str], precision: str) -> Encoder:
    from .encoder import BuiltinEncoder

    return BuiltinEncoder(device=device, precision=precision)


FAMILY = EncoderFamily(
    name=NAME,
    load=_load,
    title="the embedded encoder",
    version=VERSION,
    why_no_text=(
        f"the embedded encoder ({NAME}) sees form and colour and reads no text: compute the metadata with a CLIP model "
        "(--clip_model, stage 1), which does"
    ),
    nearly_the_same=0.93,
)
