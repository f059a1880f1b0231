"""CLIP's text tower: sentences -> embeddings in the space of its pictures (Radford et al. 2021).

It is loaded like the vision tower, with the same checks, and only the text side of the model is kept. The whole file is
read, because that shows whether it belongs to this model. torch comes from ``loading``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Optional

import numpy as np

from ...errors import EncoderUnavailableError
from ...text import escaped
from .loading import LoadedModel, load_model, quietly, random_model
from .tower import float32_is_float32
from .weights import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Tensor = Any
_Module = Any

#: Sentences computed at a time.
_BATCH = 64

#: Parts of a model that no text goes through.
_NOT_FOR_TEXT = ("visual", "text_decoder")

#: How a tower picks one of its tokens: these two look for the end of the text, and nothing behind it counts.
_ENDS = {"argmax", "eos"}


class ClipTextEncoder:
    """A :class:`~image_tagging.encoders.TextEncoder`: the text side of a model of open_clip, in float32.

    It has no other precision: a data set has a few thousand sentences at most.

    Parameters
    ----------
    name, pretrained, device
        As for ``ClipEncoder``; the same names give the tower that was trained with it.

    Raises
    ------
    EncoderUnavailableError
        open_clip, the weights or the tokenizer are missing, unknown, or do not fit. Nothing is silently used instead.
    DeviceUnavailableError
        The device asked for is not here.
    """

    def __init__(self, name: str, pretrained: str, device: Optional[str] = None) -> None:
        self._set_up(load_model(name, pretrained, device))

    @classmethod
    def with_random_weights(cls, name: str, seed: int = 0, device: Optional[str] = None) -> ClipTextEncoder:
        """Return the text side of ``ClipEncoder.with_random_weights``: for tests and time measurements only."""
        encoder = cls.__new__(cls)
        encoder._set_up(random_model(name, seed, device))
        return encoder

    def _set_up(self, loaded: LoadedModel) -> None:
        self._torch, self.device, self.dim = loaded.torch, loaded.device, loaded.dim
        self._label = escaped(f"{loaded.weights.name}/{loaded.weights.pretrained}")
        self._tokens = _tokenizer(loaded)
        model = loaded.model
        for part in _NOT_FOR_TEXT:
            if hasattr(model, part):
                delattr(model, part)
        # The text tower: a separate module, or in the oldest kind of model the model itself.
        self._tower: _Module = getattr(model, "text", model)
        if not hasattr(self._tower, "config"):  # one of transformers has its own activation, as one of timm does
            loaded.check_activation(self._tower)
        self._model = model.float().to(self.device).eval().requires_grad_(False)
        self._ends_count = _ends_count(self._tower)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (N, D) float32 for N texts, not normalised; row i belongs to text i. Long ones are cut to fit.

        Raises
        ------
        EncoderUnavailableError
            The tower gives values that are not finite: its weights are damaged.
        """
        parts = [self._embed(list(texts[start : start + _BATCH])) for start in range(0, len(texts), _BATCH)]
        rows = np.concatenate(parts) if parts else np.empty((0, self.dim), dtype=np.float32)
        if not np.isfinite(rows).all():
            raise EncoderUnavailableError(
                f"the text tower of {self._label} gives values that are not finite: its weights are damaged, "
                "fetch them again"
            )
        return rows

    def _embed(self, texts: list[str]) -> NDArray[np.float32]:
        tokens = self._tokens(texts)
        if self._ends_count:
            tokens = tokens[:, : self._longest(tokens)]
        with float32_is_float32(self._torch), self._torch.inference_mode(), self._narrowed(tokens.shape[1]):
            features = self._model.encode_text(tokens.to(self.device), normalize=False)
            rows: NDArray[np.float32] = features.float().cpu().numpy()
        return rows

    @contextmanager
    def _narrowed(self, length: int) -> Iterator[None]:
        """Set the tower up for rows of ``length`` tokens, which may be less than usual, and restore it afterwards."""
        tower = self._tower
        if not self._ends_count:
            yield
            return
        positions, mask = tower.positional_embedding, tower.attn_mask
        tower.positional_embedding = self._torch.nn.Parameter(positions[:length], requires_grad=False)
        tower.attn_mask = mask[:length, :length]
        try:
            yield
        finally:
            tower.positional_embedding, tower.attn_mask = positions, mask

    def _longest(self, tokens: _Tensor) -> int:
        """Return the tokens of the longest text, its end included; what follows in a row is padding."""
        if _pool_type(self._tower) == "argmax":
            ends = tokens.argmax(dim=1)
        else:
            ends = (tokens == _end_token(self._tower)).int().argmax(dim=1)
        return int(ends.max()) + 1


def _tokenizer(loaded: LoadedModel) -> Callable[[list[str]], _Tensor]:
    """Return the tokenizer of the model; one of the hub is read from its cache and never downloaded.

    Raises EncoderUnavailableError where it is not there: pictures need none, so that stage 1 has not fetched it.
    """
    name = loaded.weights.name
    text = loaded.library.get_model_config(name)["text_cfg"]
    options = {"local_files_only": True} if text.get("hf_tokenizer_name") else {}
    try:
        with quietly():
            tokenizer: Callable[[list[str]], _Tensor] = loaded.library.get_tokenizer(name, **options)
    except (ImportError, OSError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise EncoderUnavailableError(
            f"the tokenizer of {name}, {text.get('hf_tokenizer_name')}, is not here ({one_line(error, 120)}): "
            "pip install transformers sentencepiece, and fetch it by "
            f"python -c \"import open_clip; open_clip.get_tokenizer('{name}')\""
        ) from error
    return tokenizer


def _pool_type(tower: _Module) -> str:
    return str(getattr(tower, "text_pool_type", getattr(tower, "pool_type", "")))


def _end_token(tower: _Module) -> int:
    return int(getattr(tower, "text_eos_id", getattr(tower, "eos_id", -1)))


def _ends_count(tower: _Module) -> bool:
    """Return whether nothing behind the end of a text counts: tokens see only earlier ones, and the end is picked.

    Then the padding need not be computed, which for a sentence of twelve tokens in a row of 77 is most of the work.
    """
    is_causal = getattr(tower, "attn_mask", None) is not None
    return is_causal and getattr(tower, "cls_emb", None) is None and _pool_type(tower) in _ENDS
