"""Colours and noise that all kinds of drawings share, so that kinds differ in what they show, not in hue alone."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colour = tuple[int, int, int]
Floats = NDArray[np.float64]
Indices = NDArray[np.uint8]

INK: Colour = (26, 20, 38)

# Hue and saturation of what things are made of: tiles, blocks, maps and figures all draw from these.
MATERIALS: dict[str, tuple[float, float]] = {
    "grass": (0.28, 0.58),
    "leaf": (0.36, 0.55),
    "earth": (0.07, 0.52),
    "wood": (0.08, 0.60),
    "brick": (0.03, 0.58),
    "sand": (0.12, 0.42),
    "stone": (0.62, 0.12),
    "slate": (0.66, 0.26),
    "water": (0.56, 0.62),
    "snow": (0.58, 0.06),
    "moss": (0.22, 0.38),
    "lava": (0.02, 0.85),
    "violet": (0.76, 0.45),
}


def colour(hue: float, saturation: float, value: float) -> Colour:
    """A colour by hue (of any turn), saturation and value (both cut to 0 ... 1)."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
    return round(red * 255), round(green * 255), round(blue * 255)


def ramp(hue: float, saturation: float, shades: int = 3, low: float = 0.36, high: float = 0.96) -> list[Colour]:
    """Shades of one colour from dark to light.

    As pixel artists do it, shadows lean towards violet and lights towards yellow, and lights are paler.
    """
    colours = []
    for light in np.linspace(0.0, 1.0, shades):
        lean = (0.5 - float(light)) * 0.09
        towards_violet = lean if 0.17 < hue % 1.0 < 0.75 else -lean
        strength = saturation * (1.12 - 0.42 * float(light))
        colours.append(colour(hue + towards_violet, strength, low + (high - low) * float(light)))
    return colours


def material(rng: np.random.Generator, name: str, shades: int = 3, low: float = 0.3, high: float = 0.9) -> list[Colour]:
    """The shades of a named material, a little different each time."""
    hue, saturation = MATERIALS[name]
    return ramp(hue + rng.normal(0, 0.018), saturation * rng.uniform(0.8, 1.2), shades, low, high)


def pick(rng: np.random.Generator, names: Sequence[str]) -> str:
    """One of the names."""
    return names[int(rng.integers(len(names)))]


def sides(rng: np.random.Generator, longer: Sequence[int]) -> tuple[int, int]:
    """Height and width of a picture, the longer one of those given: upright, square or wide, up to 2 : 1."""
    long_side = int(rng.choice(np.asarray(longer)))
    short_side = int(long_side * rng.choice([0.5, 0.625, 0.75, 1.0])) // 2 * 2
    return (short_side, long_side) if rng.random() < 0.65 else (long_side, short_side)


def blend(stops: Sequence[Colour], along: Floats) -> Floats:
    """Colours (..., 3) on the way through the stops, at ``along`` (...) from 0 to 1."""
    places = np.linspace(0.0, 1.0, len(stops))
    channels = np.asarray(stops, dtype=np.float64).T
    return np.stack([np.interp(along, places, channel) for channel in channels], axis=-1)


def noise(rng: np.random.Generator, height: int, width: int, smoothness: float = 2.0) -> Floats:
    """Cloudy noise (height, width) from 0 to 1 that repeats without a seam; higher smoothness, larger clouds.

    White noise with its spectrum divided by a power of the frequency, hence the seamless repeat.
    """
    longer = max(height, width)  # one scale for both sides, so that clouds are as wide as they are high
    down, across = np.meshgrid(np.fft.fftfreq(height) * longer, np.fft.rfftfreq(width) * longer, indexing="ij")
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf  # leaves out the mean
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) / frequency**smoothness
    field: Floats = np.fft.irfft2(spectrum, s=(height, width))
    field -= field.min()
    return field / max(float(field.max()), 1e-12)


def grid(height: int, width: int) -> tuple[Floats, Floats]:
    """Row and column number of each pixel, both (height, width)."""
    rows, columns = np.mgrid[0:height, 0:width]
    return rows.astype(np.float64), columns.astype(np.float64)


def ordered_dither(height: int, width: int) -> Floats:
    """The 4 x 4 Bayer pattern over (height, width), from -0.5 to 0.5: how old games faked smooth shades."""
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 0.47
    return np.tile(bayer, (height // 4 + 1, width // 4 + 1))[:height, :width]


def palette_image(indices: Indices, palette: Sequence[Colour], *, transparent: bool = False) -> Image.Image:
    """An image of mode P; where asked, index 0 is transparent in every format that can say so."""
    image = Image.fromarray(np.ascontiguousarray(indices, dtype=np.uint8)).convert("L")
    image.putpalette([channel for entry in palette for channel in entry])
    if transparent:
        image.info["transparency"] = 0
    return image


def rgb_image(pixels: Floats) -> Image.Image:
    """An RGB image of (height, width, 3) values, cut to 0 ... 255."""
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def enlarge(image: Image.Image, times: int) -> Image.Image:
    """The same picture with square pixels ``times`` as large; keeps mode, palette and transparency."""
    larger = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    larger.info.update(image.info)
    return larger
