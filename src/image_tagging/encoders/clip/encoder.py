"""CLIP image encoders, by their names in open_clip: ``ClipEncoder("ViT-B-32", "openai")``.

The models are those of Radford et al. (2021) and Cherti et al., "Reproducible scaling laws for contrastive
language-image learning" (2023). torch and open_clip are imported when the first encoder is made, not before.
"""

from __future__ import annotations

from typing import Optional

from ...records import EncoderSpec
from . import weights as clip_weights
from .loading import LoadedModel, load_model, random_model
from .picture_encoder import ClipPictureEncoder
from .precision import drawn_pictures
from .preprocess import ClipPreprocess
from .tower import make_tower


class ClipEncoder(ClipPictureEncoder):
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
        open_clip or the weights are missing, unknown, or do not fit; the precision asked for is not available, or
        gives other embeddings than fp32. Nothing is silently used instead.
    DeviceUnavailableError
        The device asked for is not here.

    """

    library = "PyTorch"

    def __init__(self, name: str, pretrained: str, device: Optional[str] = None, precision: str = "auto") -> None:
        self._set_up(load_model(name, pretrained, device), precision)

    @classmethod
    def with_random_weights(
        cls, name: str, seed: int = 0, device: Optional[str] = None, precision: str = "auto"
    ) -> ClipEncoder:
        """Return an encoder of random weights, the same for the same seed: for tests and time measurements only."""
        encoder = cls.__new__(cls)
        encoder._set_up(random_model(name, seed, device), precision)
        return encoder

    def _set_up(self, loaded: LoadedModel, precision: str) -> None:
        library, weights, model = loaded.library, loaded.weights, loaded.model
        if not hasattr(
            model.visual, "trunk"
        ):  # a tower of timm has its own activation, which open_clip's options do not change
            loaded.check_activation(model.visual)
        settings = clip_weights.preprocess_settings(library, weights.name, weights.tag)
        self._preprocess = ClipPreprocess.from_config({**library.get_model_preprocess_cfg(model), **settings})
        pictures = [self._preprocess(picture) for picture in drawn_pictures()]
        self._tower = make_tower(loaded.torch, model.visual, loaded.device, precision, pictures)
        self._spec = EncoderSpec(weights.name, weights.pretrained, loaded.dim, self._preprocess.label)
