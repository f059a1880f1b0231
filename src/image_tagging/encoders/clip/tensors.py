"""A file of CLIP's weights -> its tensors by their names in open_clip, without torch.

It reads ``.safetensors``, what ``torch.save`` wrote (a state dict, or a whole training), and the TorchScript archives
that OpenAI published, of which nothing is run. The content says what a file is, and not its name.
"""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ...errors import EncoderUnavailableError
from ..torch_files import TorchFileError, read_state_dict
from .safetensors_file import is_safetensors, read_safetensors
from .weights import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ANOTHER = "give a .safetensors file or a state_dict saved by torch.save"
_TO_DO = f"download it again, or {_ANOTHER}"

#: Other content that is found in the place of weights: how it begins, what it is, and what to do.
_OTHERS = (
    (rb"\s*<", "a web page and no weights: the download saved what a browser shows; download the file itself"),
    (rb"version https://git-lfs", "the pointer that Git LFS leaves in the place of a file: fetch it with git lfs pull"),
    (rb"\x93NUMPY", f"an array of NumPy: {_ANOTHER}"),
    (rb"\x89HDF", f"an HDF5 file, of Keras or TensorFlow: {_ANOTHER}"),
    (rb"GGUF", f"a GGUF file: {_ANOTHER}"),
)

#: Values of OpenAI's archives that open_clip has no parameter for: sizes, and the mask that every tower makes itself.
_NOT_PARAMETERS = re.compile(r"(input_resolution|context_length|vocab_size|(.+\.)?attn_mask)")

#: What stands behind ``text.`` where the text tower is a module of its own.
_TEXT = re.compile(r"text\.((token_embedding|transformer|ln_final)\..+|positional_embedding|text_projection)")


def read_tensors(path: str) -> dict[str, NDArray[Any]]:
    """Return the tensors of a weights file, by the names of open_clip's state dict ("visual.conv1.weight").

    They are views of the mapped file that cannot be written to, in the file's types and shapes: float32, float16, and
    what else it holds; bfloat16 becomes float32, which is a copy.

    Raises
    ------
    EncoderUnavailableError
        The file cannot be read, or is no weights file: nothing that a file names is ever called.
    """
    try:
        with open(path, "rb") as file:
            tensors = _tensors(file, path)
    except OSError as error:
        raise EncoderUnavailableError(
            f"the weights file {path} cannot be read ({error.strerror or error}): check its path and permissions"
        ) from error
    except TorchFileError as error:
        raise EncoderUnavailableError(
            f"{path} is no weights file that can be loaded safely ({one_line(error, 120)}): {_TO_DO}"
        ) from error
    return _as_in_open_clip(tensors)


def _tensors(file: BinaryIO, path: str) -> dict[str, NDArray[Any]]:
    beginning = file.read(256)
    file.seek(0)
    for mark, what in _OTHERS:
        if re.match(mark, beginning):
            raise EncoderUnavailableError(f"{path} is {what}")
    if not beginning:
        raise EncoderUnavailableError(f"{path} is empty: {_TO_DO}")
    data = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    return read_safetensors(data) if is_safetensors(beginning) else read_state_dict(file, data)


def _as_in_open_clip(tensors: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the same tensors by plain names, which training on several GPUs and a separate text tower change."""
    if all(name.startswith("module.") for name in tensors):
        tensors = {name[len("module.") :]: tensor for name, tensor in tensors.items()}
    if "text.token_embedding.weight" in tensors and "token_embedding.weight" not in tensors:
        tensors = {_TEXT.sub(r"\1", name): tensor for name, tensor in tensors.items()}
    return {name: tensor for name, tensor in tensors.items() if not _NOT_PARAMETERS.fullmatch(name)}
