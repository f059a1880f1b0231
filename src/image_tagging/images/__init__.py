"""Bytes become the picture that a person sees.

:mod:`.decode` decodes one image and computes its hashes; :mod:`.appearance` gives the RGB picture; :mod:`.decoders`
runs both in processes that are replaced when a decoder crashes or never ends.
"""

from __future__ import annotations

from .decode import decoder_version
from .decoders import Decoders
from .decoding_process import Preprocess

__all__ = ["Decoders", "Preprocess", "decoder_version"]
