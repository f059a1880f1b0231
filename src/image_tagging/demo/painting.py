"""Colours, noise and pixels that all kinds of drawings share, so that kinds differ in more than their hue."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

Array = NDArray[Any]
Colour = tuple[int, int, int]
Random = np.random.Generator
T = TypeVar("T")
#: Height and width of the pictures that are no pixel art.
SIZES = ((96, 128), (120, 240), (128, 256), (144, 192), (160, 160), (192, 120), (160, 256), (240, 240), (256, 160))


def pick(rng: Random, options: Sequence[T]) -> T:
    """Return one of the options."""
    return options[int(rng.integers(len(options)))]


def colour(hue: float, saturation: float, value: float) -> Colour:
    """Return a colour by hue (in turns), saturation and value (both cut to 0 ... 1)."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
    return round(red * 255), round(green * 255), round(blue * 255)


def ramp(hue: float, saturation: float, shades: int = 3, low: float = 0.36, high: float = 0.94) -> list[Colour]:
    """Return shades of one colour from dark to light; shadows lean towards violet and lights towards yellow."""
    lean = 0.045 if 0.17 < hue % 1.0 < 0.75 else -0.045
    return [
        colour(hue + lean * (1 - 2 * light), saturation * (1.12 - 0.42 * light), low + (high - low) * light)
        for light in np.linspace(0.0, 1.0, shades).tolist()
    ]


def blend(stops: ArrayLike, along: Array) -> Array:
    """Return colours (..., 3) between the stops (n, 3), at ``along`` (...) from 0 to 1."""
    places = np.linspace(0, 1, len(np.asarray(stops)))
    return np.stack([np.interp(along, places, channel) for channel in np.asarray(stops, np.float64).T], axis=-1)


def noise(rng: Random, height: int, width: int, smoothness: float) -> Array:
    """Return clouds (height, width) from 0 to 1 that repeat without a seam, the smoother the larger."""
    longer = max(height, width)  # one scale for both sides, so that clouds are as wide as they are high
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * longer, np.fft.rfftfreq(width) * longer)
    frequency[0, 0] = np.inf  # no mean
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((height, width))) / frequency**smoothness, (height, width))
    return np.asarray(np.round((field - field.min()) / np.ptp(field), 6))  # the last digits differ between machines


def palette_image(indices: Array, palette: Sequence[Colour]) -> Image.Image:
    """Return an image of mode P of palette numbers (height, width)."""
    image = Image.fromarray(indices.astype(np.uint8)).convert("L")
    image.putpalette(np.asarray(palette).ravel().tolist())
    return image


def true_colour(pixels: Array) -> Image.Image:
    """Return an RGB or RGBA image of pixels (height, width, 3 or 4), cut to 0 ... 255."""
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
