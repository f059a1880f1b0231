"""The tensors of a file of torch, by the names that they have in a state dict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from .archive import BEGINNING, read_archive
from .legacy import read_legacy
from .values import Module, Tensor, TorchFileError, array_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Modules within modules; those of a transformer lie five deep.
_DEEPEST = 32


def read_state_dict(file: BinaryIO, data: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Return the tensors of a saved state dict, training checkpoint or TorchScript module, by their names.

    ``file`` is at the beginning of the file, and ``data`` (n,) are all its bytes, mapped or read. The arrays are views
    of it that cannot be written to, in the types they have; bfloat16 becomes float32, which is a copy. Of a training
    checkpoint it is what stands under ``state_dict``. What is no tensor is left out.

    Raises
    ------
    TorchFileError
        The file is none of torch's, is damaged, or names anything but what tensors need. Nothing that it names is
        called, and it can take no more memory than some times its size.
    """
    read = read_archive if data[:4].tobytes() == BEGINNING else read_legacy
    content, storages = read(file, data)
    if type(content) is dict and type(content.get("state_dict")) is dict:
        content = content["state_dict"]
    tensors = dict(_named(content) if type(content) is dict else _attributes(content, "", 0))
    if not tensors:
        raise TorchFileError("it holds no tensors by name")
    return {name: _array(tensor, storages) for name, tensor in tensors.items()}


def _named(content: dict[Any, Any]) -> Iterator[tuple[str, Tensor]]:
    return ((name, value) for name, value in content.items() if type(name) is str and type(value) is Tensor)


def _attributes(content: object, prefix: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    if depth > _DEEPEST:
        raise TorchFileError("its modules lie deeper in each other than those of any model")
    if type(content) is not Module:
        return
    state, content.state = content.state, {}  # once each, and none within itself
    for name, value in state.items():
        if type(value) is Tensor:
            yield f"{prefix}{name}", value
        else:
            yield from _attributes(value, f"{prefix}{name}.", depth + 1)


def _array(tensor: Tensor, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
    values = storages.get(tensor.storage.key)
    if values is None:
        raise TorchFileError("a tensor has no storage in the file")
    return array_of(tensor, values)
