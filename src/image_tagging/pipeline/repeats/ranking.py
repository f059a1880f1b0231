"""Which file of a group of repeats is the best: the most pixels, then the least compressed, then the sharpest."""

from __future__ import annotations

from ...store import CollectedFile

#: Formats that keep every pixel as it was; those that keep it of at most 256 colours; others may be compressed more or
#: less, which the bytes a pixel show.
_LOSSLESS = frozenset(
    "ASEPRITE BMP DIB FITS FLI ICNS ICO CUR IM KRA MSP ORA PCX DCX PNG PPM PSD QOI SGI SPIDER SUN TGA TIFF".split()
)
_FEW_COLOURS = frozenset(["GIF", "XBM", "XPM"])

#: Pixels, how much of the picture the format keeps (2: all), and bytes a pixel where it keeps less.
Quality = tuple[int, int, float]


def quality(file: CollectedFile) -> Quality:
    """Return how good a file is by what the store knows of it: a better one has a larger value."""
    pixels = file.width * file.height
    if file.format in _LOSSLESS:
        return pixels, 2, 0.0
    if file.format in _FEW_COLOURS:
        return pixels, 1, 0.0
    return pixels, 0, file.size_bytes / max(1, pixels)


def place(file: CollectedFile) -> tuple[bool, str, str]:
    """Return what orders files that are equally good: those outside archives first, then by path."""
    return bool(file.ref.members), file.ref.path, file.ref.key


def best_first(file: CollectedFile, sharpness: float = 0.0) -> tuple[tuple[float, ...], tuple[bool, str, str]]:
    """Return a key that sorts the files of a group, the one to keep first."""
    return tuple(-value for value in (*quality(file), sharpness)), place(file)
