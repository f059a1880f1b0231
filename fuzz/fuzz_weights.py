"""A file of CLIP's weights (safetensors, or one of torch's), from bytes to its tensors."""

from __future__ import annotations

import os
import tempfile
from functools import cache

import numpy as np

from image_tagging.encoders.clip.tensors import read_tensors
from image_tagging.errors import EncoderUnavailableError

from .only_reading import only_reading

_LONGEST_MESSAGE = 400

#: All tensors together may be larger than the file where they share a storage or are packed, but not without end.
_MOST_VALUES = 1 << 20


def one_input(data: bytes) -> None:
    """Read the tensors, and all their values; anything but arrays or one line that names the file is a finding."""
    path = os.path.join(_folder().name, "weights")
    with open(path, "wb") as file:
        file.write(data)
    try:
        with only_reading():
            tensors = read_tensors(path)
    except EncoderUnavailableError as error:
        message = str(error)
        assert path in message, message
        assert message.isprintable(), message
        assert len(message) < _LONGEST_MESSAGE + len(path), message
        return
    assert tensors
    for name, tensor in tensors.items():
        assert type(name) is str
        assert type(tensor) is np.ndarray
        assert tensor.dtype.kind in "fiub"
        if tensor.size < _MOST_VALUES:
            np.ascontiguousarray(tensor).tobytes()


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzz-weights-")
