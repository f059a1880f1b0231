"""CLIP image encoders, by their names in open_clip: ``ClipEncoder("ViT-B-32", "openai")``.

The models are those of Radford et al. (2021) and Cherti et al., "Reproducible scaling laws for contrastive
language-image learning" (2023). torch and open_clip are imported when the first encoder is made, not before.
"""

from __future__ import annotations

import logging
import os
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ..errors import EncoderUnavailableError
from ..records import EncoderSpec
from . import clip_weights
from .clip_download import fetch
from .clip_precision import drawn_pictures
from .clip_preprocess import ClipPreprocess
from .clip_tower import find_device, make_tower
from .clip_undrawn import undrawn
from .clip_weights import Weights, one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Model = Any  # a torch module: its type is not worth an import of torch

# What torch, safetensors and open_clip raise for a file that is no weights file, or not this model's.
_NOT_WEIGHTS = (
    RuntimeError, OSError, EOFError, ValueError, TypeError, AttributeError, LookupError, AssertionError,
    StopIteration, pickle.UnpicklingError, zipfile.BadZipFile,
)  # fmt: skip


class ClipEncoder:
    """An :class:`~image_tagging.encoders.Encoder` of open_clip; only its vision tower is kept.

    Parameters
    ----------
    name : str
        A model name of open_clip: ``ViT-B-32``.
    pretrained : str
        A pretrained tag of that model, or the path of a local weights file.
    device : str, optional
        ``cpu``, ``cuda``, ``cuda:1``, ``mps``; without it ``cuda`` where there is one, else ``cpu``.
    precision : str
        ``fp32``, ``bf16``, ``fp16``, or ``auto``: the fastest that the device has and that gives what fp32 gives.

    Raises
    ------
    EncoderUnavailableError
        open_clip or the weights are missing, unknown, or do not fit; the precision asked for is not to be had, or
        gives other embeddings than fp32. Nothing else is taken in their place.
    DeviceUnavailableError
        The device asked for is not here.

    """

    def __init__(self, name: str, pretrained: str, device: Optional[str] = None, precision: str = "auto") -> None:
        library = _open_clip()
        import torch  # after open_clip, whose absence is told in a line

        device = find_device(torch, device)
        weights = _identify(name, pretrained)
        clip_weights.check_known(library, weights)
        self._take(library, weights, _pretrained_model(library, weights), device, precision)

    @classmethod
    def with_random_weights(
        cls, name: str, seed: int = 0, device: Optional[str] = None, precision: str = "auto"
    ) -> ClipEncoder:
        """An encoder that knows nothing, the same for the same seed: for tests and time measurements only."""
        import torch

        library = _open_clip()
        weights = Weights(name, f"random-{seed}", "", "")
        with torch.random.fork_rng(devices=[]), _quietly():
            torch.manual_seed(seed)
            model = library.create_model(name)
        encoder = cls.__new__(cls)
        encoder._take(library, weights, model, find_device(torch, device), precision)
        return encoder

    def _take(self, library: ModuleType, weights: Weights, model: _Model, device: str, precision: str) -> None:
        import torch

        if not hasattr(model.visual, "trunk"):  # a tower of timm brings its own activation, whatever open_clip is told
            quick_gelu = clip_weights.activation_for(library, weights.name, weights.tag)
            clip_weights.check_activation(model.visual.modules(), weights, quick_gelu)
        dim = int(library.get_model_config(weights.name)["embed_dim"])
        settings = clip_weights.preprocess_settings(library, weights.name, weights.tag)
        self._preprocess = ClipPreprocess.from_config({**library.get_model_preprocess_cfg(model), **settings})
        pictures = [self._preprocess(picture) for picture in drawn_pictures()]
        self._tower = make_tower(torch, model.visual, device, precision, pictures)
        self._spec = EncoderSpec(weights.name, weights.pretrained, dim, self._preprocess.label)

    @property
    def spec(self) -> EncoderSpec:
        """The identity stamped on every embedding; ``pretrained`` of an unknown local file is ``name@digest``."""
        return self._spec

    @property
    def device(self) -> str:
        """Where ``embed`` computes."""
        return self._tower.device

    @property
    def precision(self) -> str:
        """What ``embed`` computes in: ``fp32``, ``bf16`` or ``fp16``. Not part of the identity."""
        return self._tower.precision

    @property
    def preprocess(self) -> ClipPreprocess:
        """An RGB picture of any size -> (3, H, W) float32, H and W those of the model."""
        return self._preprocess

    def embed(self, batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """N arrays (3, H, W) -> (N, D) float32, not normalised; row i belongs to picture i."""
        if len(batch) == 0:
            return np.empty((0, self._spec.dim), dtype=np.float32)
        return self._tower.embed(batch)


def clip_identity(name: str, pretrained: str) -> tuple[str, str]:
    """(name, pretrained) as the ``spec`` of ``ClipEncoder(name, pretrained)`` has them, without making one.

    A tag costs nothing, a local file its hash; open_clip is imported only for a file that it may know. Whether
    it has such a model or tag is not asked. Raises EncoderUnavailableError where the file cannot be used.
    """
    weights = _identify(name, pretrained)
    return weights.name, weights.pretrained


def _identify(name: str, pretrained: str) -> Weights:
    def published(digest: str) -> list[tuple[str, str]]:
        if not clip_weights.may_be_published(digest):
            return []
        return clip_weights.published_pairs(_open_clip(), digest)

    return clip_weights.identify(name, pretrained, published)


def _open_clip() -> ModuleType:
    """The module open_clip, or one line that says how to get it."""
    try:
        import open_clip

        library: ModuleType = open_clip
    except (ImportError, OSError, RuntimeError) as error:  # the last two: torch and torchvision that do not match
        raise EncoderUnavailableError(
            f"CLIP models need open_clip, which cannot be imported ({one_line(error)}): "
            "pip install 'image-tagging-tools[clip]', or take --clip_model=builtin"
        ) from error
    return library


def _pretrained_model(library: ModuleType, weights: Weights) -> _Model:
    """The whole model with its weights, float32 on the CPU."""
    import torch

    quick_gelu = clip_weights.activation_for(library, weights.name, weights.tag)
    path = weights.path or fetch(library, weights)
    if clip_weights.is_torchscript(path):
        return _openai_archive(library, path)
    _check_weights_file(path)
    if not weights.tag:
        clip_weights.check_unknown_file(library, weights, quick_gelu)
    # Big Vision's arrays are the only files from which open_clip does not insist on every weight.
    blank = nullcontext() if path.endswith((".npz", ".npy")) else undrawn(torch)
    try:
        with _quietly(), blank:
            # As a path, not as a tag: open_clip then neither downloads nor judges the activation.
            return library.create_model(weights.name, pretrained=os.path.abspath(path), force_quick_gelu=quick_gelu)
    except _NOT_WEIGHTS as error:
        raise EncoderUnavailableError(
            f"{path} does not fit {weights.name} ({one_line(error)}): name the model it belongs to with --clip_model"
        ) from error


def _openai_archive(library: ModuleType, path: str) -> _Model:
    """A model from the TorchScript archive that OpenAI published; from nobody else, for it is a program."""
    if not clip_weights.published_pairs(library, clip_weights.file_digest(path)):
        raise EncoderUnavailableError(
            f"{path} is a TorchScript archive that open_clip does not know, and loading it could run its code: "
            "save the model's state_dict() with torch.save or safetensors, and give that file"
        )
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):  # of torch.jit.load: the format is OpenAI's choice
            warnings.simplefilter("ignore", category)
        return library.load_openai_model(path, precision="fp32", device="cpu")


def _check_weights_file(path: str) -> None:
    """EncoderUnavailableError where the file is no weights file, or a pickle that needs more than weights do.

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
        with _quietly():
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        if not isinstance(content, dict) or not content:
            raise TypeError(f"it holds an object of type {type(content).__name__} without weights")
    except (*_NOT_WEIGHTS, SafetensorError) as error:
        raise EncoderUnavailableError(
            f"{path} is no weights file that can be loaded safely ({one_line(error, 120)}): give a .safetensors file "
            "or a state_dict saved by torch.save"
        ) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the root logger as it is, to which open_clip logs directly: that sets it up where nobody has yet.

    And hide the remark of torch that a file was pickled by a newer protocol than its own default.
    """
    root, silent = logging.getLogger(), logging.NullHandler()
    root.addHandler(silent)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            yield
    finally:
        root.removeHandler(silent)
