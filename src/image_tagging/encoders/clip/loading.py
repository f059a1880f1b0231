"""A model of open_clip with its weights, from which both encoders, of pictures and of texts, take their tower.

This module alone imports torch and open_clip, when the first model is loaded and not before; the other modules get
both as arguments.
"""

from __future__ import annotations

import logging
import os
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Optional

import numpy as np

from ...errors import EncoderUnavailableError
from . import weights as clip_weights
from .download import fetch
from .tensors import read_tensors
from .tower import find_device
from .weights import Weights, one_line

_Model = Any  # a torch module: its type is not worth an import of torch

# What torch, safetensors and open_clip raise for a file that is no weights file, or not this model's.
_NOT_WEIGHTS = (
    RuntimeError, OSError, EOFError, ValueError, TypeError, AttributeError, LookupError, AssertionError,
    StopIteration, pickle.UnpicklingError, zipfile.BadZipFile,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model with both towers, float32 on the CPU, the device it is for, and the libraries that it came from.

    ``weights`` are its identity. Keep one tower and not this object: the other tower takes as much memory.
    """

    torch: ModuleType
    library: ModuleType
    weights: Weights
    model: _Model
    device: str

    @property
    def dim(self) -> int:
        """D, the length of its embeddings."""
        return int(self.library.get_model_config(self.weights.name)["embed_dim"])

    def check_activation(self, tower: _Model) -> None:
        """Raise EncoderUnavailableError where a tower that open_clip defines does not compute what its weights need."""
        quick_gelu = clip_weights.activation_for(self.library, self.weights.name, self.weights.tag)
        clip_weights.check_activation(tower.modules(), self.weights, quick_gelu)


def load_model(name: str, pretrained: str, device: Optional[str] = None) -> LoadedModel:
    """Return the model of these weights; the parameters and errors are those of ``ClipEncoder``."""
    library = import_open_clip()
    import torch  # after open_clip, whose absence is reported in a line

    device = find_device(torch, device)
    weights = clip_weights.identify(name, pretrained, import_open_clip)
    clip_weights.check_known(library, weights)
    return LoadedModel(torch, library, weights, _pretrained_model(library, weights), device)


def random_model(name: str, seed: int, device: Optional[str] = None) -> LoadedModel:
    """Return a model of random weights, the same for the same seed: for tests and time measurements only."""
    import torch

    library = import_open_clip()
    with torch.random.fork_rng(devices=[]), quietly():
        torch.manual_seed(seed)
        model = library.create_model(name)
    return LoadedModel(torch, library, Weights(name, f"random-{seed}", "", ""), model, find_device(torch, device))


#: What importing it raises: all but the first where torch, torchvision and numpy do not match.
_BROKEN = (ImportError, OSError, RuntimeError, AttributeError, TypeError, ValueError, SystemError)


def import_torch() -> ModuleType:
    """Return the module torch, or raise EncoderUnavailableError that says how to install it."""
    import_open_clip()  # whose absence is reported in a line
    import torch

    library: ModuleType = torch  # without the package, a type checker sees Any
    return library


def import_open_clip() -> ModuleType:
    """Return the module open_clip, or raise EncoderUnavailableError that says how to install it."""
    try:
        import open_clip

        library: ModuleType = open_clip
    except _BROKEN as error:
        raise EncoderUnavailableError(
            f"CLIP by PyTorch needs open_clip, which cannot be imported ({one_line(error)}): "
            "pip install 'image-tagging-tools[torch]'",
            "take --clip_model=builtin",
        ) from error
    return library


def _pretrained_model(library: ModuleType, weights: Weights) -> _Model:
    """Return the whole model with its weights, float32 on the CPU."""
    import torch

    quick_gelu = clip_weights.activation_for(library, weights.name, weights.tag)
    path = weights.path or fetch(library, weights)
    is_program = clip_weights.is_torchscript(path)
    if not is_program:
        _check_weights_file(path)
    if not weights.tag:
        clip_weights.check_unknown_file(library, weights, quick_gelu)
    try:
        with quietly(), torch.random.fork_rng(devices=[]):  # for the random weights that the file's replace
            if is_program:
                return _of_archive(library, weights, quick_gelu, path)
            # As a path, not as a tag: open_clip then neither downloads nor judges the activation.
            return library.create_model(weights.name, pretrained=os.path.abspath(path), force_quick_gelu=quick_gelu)
    except _NOT_WEIGHTS as error:
        raise EncoderUnavailableError(
            f"{path} does not fit {weights.name} ({one_line(error)}): name the model it belongs to with --clip_model"
        ) from error


def _of_archive(library: ModuleType, weights: Weights, quick_gelu: bool, path: str) -> _Model:
    """Return the model with the tensors of a TorchScript archive, such as OpenAI published. Its program is not run."""
    import torch

    model = library.create_model(weights.name, force_quick_gelu=quick_gelu)
    model.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in read_tensors(path).items()})
    return model


def _check_weights_file(path: str) -> None:
    """Raise EncoderUnavailableError where the file is no weights file, or a pickle that needs more than weights do.

    open_clip's own ``weights_only`` is not enough: on a TypeError its loader tries again without.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        if path.endswith(".safetensors"):
            with safe_open(path, framework="numpy"):
                return
        if path.endswith((".npz", ".npy")):
            return  # read by numpy, which refuses pickles
        with quietly():
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        if not isinstance(content, dict) or not content:
            raise TypeError(f"it holds an object of type {type(content).__name__} without weights")
    except (*_NOT_WEIGHTS, SafetensorError) as error:
        raise EncoderUnavailableError(
            f"{path} is no weights file that can be loaded safely ({one_line(error, 120)}): give a .safetensors file "
            "or a state_dict saved by torch.save"
        ) from error


@contextmanager
def quietly() -> Iterator[None]:
    """Leave the root logger alone, to which open_clip logs directly, and which that sets up if no program has yet.

    It also hides torch's warning that a file was pickled by a newer protocol than its default.
    """
    root, silent = logging.getLogger(), logging.NullHandler()
    root.addHandler(silent)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            yield
    finally:
        root.removeHandler(silent)
