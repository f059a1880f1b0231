"""What is done to a picture before a CLIP model: resize, cut out the centre, normalise. Pillow and NumPy only.

The same result as open_clip's own transform (``open_clip.transform.image_transform`` on torchvision), which
works on Pillow pictures too, so both share the resampling of ``Image.resize``. The method is that of Radford
et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021): bicubic, short side
to the model's size, centre crop, mean and standard deviation of the training data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)

# "random" is what open_clip writes for training with changing filters; it then infers with bicubic.
_FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "random": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}
_RESIZE_MODES = ("shortest", "longest", "squash")

# A picture of 60,000 x 1 pixels has a short side of 224 only as 13 million x 224. Above this many pixels only
# the part that survives the crop is resized, which Pillow rounds a little differently; below it everything
# is, as open_clip does, and the result is the same to the last bit.
_MOST_PIXELS = 1 << 24


@dataclass(frozen=True)
class ClipPreprocess:
    """The function of one picture that gives the array a CLIP model takes; frozen, so that threads may share it.

    ``size`` is (height, width) of the result, ``mean`` and ``std`` have one value per channel (R, G, B) on a
    scale of 0 to 1. ``resize_mode`` is ``shortest`` (fill the frame, cut off what sticks out), ``longest``
    (fit into the frame, pad with ``fill``, 0 to 255) or ``squash`` (ignore the aspect ratio).
    """

    size: tuple[int, int] = (224, 224)
    mean: tuple[float, ...] = OPENAI_MEAN
    std: tuple[float, ...] = OPENAI_STD
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"
    fill: int = 0

    def __post_init__(self) -> None:
        if self.interpolation not in _FILTERS:
            raise ValueError(f"interpolation {self.interpolation!r} is none of {', '.join(_FILTERS)}")
        if self.resize_mode not in _RESIZE_MODES:
            raise ValueError(f"resize_mode {self.resize_mode!r} is none of {', '.join(_RESIZE_MODES)}")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ClipPreprocess:
        """Return the preprocessing of open_clip's ``preprocess_cfg``, which defaults to that of OpenAI's models."""
        size = config.get("size", 224)
        height, width = (size, size) if isinstance(size, int) else (size[0], size[-1])
        return cls(
            size=(int(height), int(width)),
            mean=_per_channel(config.get("mean") or OPENAI_MEAN),
            std=_per_channel(config.get("std") or OPENAI_STD),
            interpolation=config.get("interpolation") or "bicubic",
            resize_mode=config.get("resize_mode") or "shortest",
            fill=int(config.get("fill_color") or 0),
        )

    @property
    def label(self) -> str:
        """The settings in one word: ``bicubic-shortest-224``."""
        height, width = self.size
        frame = str(height) if height == width else f"{height}x{width}"
        return f"{self.interpolation}-{self.resize_mode}-{frame}"

    def __call__(self, picture: Image.Image) -> NDArray[np.float32]:
        """Return (3, height, width) float32 for an RGB picture of any size."""
        rgb = np.asarray(
            self._fit_frame(picture if picture.mode == "RGB" else picture.convert("RGB"))
        )  # (H, W, 3) uint8
        # Channels first before any arithmetic: on whole planes it takes a quarter of the time, to the same bit.
        planes = np.ascontiguousarray(rgb.transpose(2, 0, 1)).astype(np.float32)
        planes /= np.float32(255)
        planes -= np.asarray(self.mean, dtype=np.float32)[:, None, None]
        planes /= np.asarray(self.std, dtype=np.float32)[:, None, None]
        return planes

    def _fit_frame(self, picture: Image.Image) -> Image.Image:
        width, height = self._resized_size(*picture.size)
        resample = _FILTERS[self.interpolation]
        left, top = _overhang(width, self.size[1]), _overhang(height, self.size[0])
        cut = (left, top, min(width, left + self.size[1]), min(height, top + self.size[0]))
        if width * height > _MOST_PIXELS:
            return picture.resize(
                (cut[2] - cut[0], cut[3] - cut[1]), resample, box=_scaled(cut, (width, height), picture.size)
            )
        return self._pad(picture.resize((width, height), resample).crop(cut))

    def _resized_size(self, width: int, height: int) -> tuple[int, int]:
        """Return (width, height) after the resize, rounded as torchvision and open_clip round each of these cases."""
        frame_height, frame_width = self.size
        if self.resize_mode == "squash":
            return frame_width, frame_height
        if self.resize_mode == "shortest" and frame_height == frame_width:
            if width <= height:
                return frame_width, frame_width * height // width
            return frame_width * width // height, frame_width
        pick = max if self.resize_mode == "longest" else min
        ratio = pick(height / frame_height, width / frame_width)
        return max(1, round(width / ratio)), max(1, round(height / ratio))

    def _pad(self, picture: Image.Image) -> Image.Image:
        height, width = self.size
        if picture.size == (width, height):
            return picture
        canvas = Image.new("RGB", (width, height), (self.fill,) * 3)
        canvas.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
        return canvas


def _per_channel(values: float | tuple[float, ...]) -> tuple[float, ...]:
    return (float(values),) * 3 if isinstance(values, (int, float)) else tuple(float(value) for value in values)


def _overhang(length: int, frame: int) -> int:
    """Return how many pixels the crop takes off at the near side; halves round to even, as torchvision's do."""
    return max(0, round((length - frame) / 2))


def _scaled(
    box: tuple[int, int, int, int], size: tuple[int, int], original: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Return the box of the original picture that is ``box`` in the picture resized to ``size``."""
    across, down = original[0] / size[0], original[1] / size[1]
    right, bottom = min(box[2] * across, original[0]), min(box[3] * down, original[1])
    return box[0] * across, box[1] * down, right, bottom
