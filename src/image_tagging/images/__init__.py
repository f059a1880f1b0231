"""Decode image files into RGB pictures.

:mod:`.decode` decodes one image and computes its hashes; :mod:`.appearance` makes the RGB picture; :mod:`.decoders`
runs both in separate processes, which are replaced when a decoder crashes or hangs; :mod:`.sharpness` compares
versions of one picture there.
"""

from __future__ import annotations

from .decode import decoder_version, picture_of
from .decoders import Decoders
from .decoding_process import Preprocess
from .sharpness import Sharpness

__all__ = ["Decoders", "Preprocess", "Sharpness", "decoder_version", "picture_of"]
