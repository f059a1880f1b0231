"""CLIP: every model of open_clip, by its name there, for pictures and for texts.

:mod:`.encoder` (pictures) and :mod:`.text` begin with :mod:`.loading`, a model with its weights: :mod:`.weights` finds
out which those are and what activation they need, :mod:`.download` fetches them. Pictures go through :mod:`.preprocess`
and :mod:`.tower`, which computes in a precision that passes the checks of :mod:`.precision`, on CPUs by
:mod:`.optimized_vit`.
"""

from __future__ import annotations

import importlib.util
from typing import Optional

from ..base import Encoder, EncoderFamily, TextEncoder
from .names import model_names as model_names


def _load(name: str, pretrained: str, device: Optional[str], precision: str) -> Encoder:
    from .encoder import ClipEncoder

    return ClipEncoder(name, pretrained, device=device, precision=precision)


def _load_text(name: str, pretrained: str, device: Optional[str]) -> TextEncoder:
    from .text import ClipTextEncoder

    return ClipTextEncoder(name, pretrained, device=device)


def _identify(name: str, pretrained: str) -> tuple[str, str]:
    """Return the identity of a tag, which costs nothing, or of a local file, which costs its hash.

    Whether open_clip has this model or tag is not checked.
    """
    from .loading import import_open_clip
    from .weights import identify

    weights = identify(name, pretrained, import_open_clip)
    return weights.name, weights.pretrained


def why_default_unavailable(name: str, pretrained: str) -> str:
    """Return why the default encoder is not available, for a sentence; empty where it is.

    No weights are fetched, and nothing heavy is imported where they are not available.
    """
    if importlib.util.find_spec("open_clip") is None:
        return "open_clip is not installed (pip install 'image-tagging-tools[clip]')"
    from ...errors import EncoderUnavailableError
    from .download import PLACE_OF_DEFAULT, why_not_here
    from .loading import import_open_clip

    why_not = why_not_here(name, pretrained, PLACE_OF_DEFAULT)
    if why_not:
        return why_not
    try:
        library = import_open_clip()
    except EncoderUnavailableError as error:
        return error.reason
    place = library.get_pretrained_cfg(name, pretrained)
    return "" if place.get("hf_hub") == PLACE_OF_DEFAULT["hf_hub"] else why_not_here(name, pretrained, place)


#: Its names are all those that no other family serves.
FAMILY = EncoderFamily(name="CLIP", load=_load, title="CLIP", identify=_identify, load_text=_load_text)
