"""Which file of a group of repeats is the best, and why: the most pixels, then least compressed, then sharpest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...store import CollectedFile
from ...text import counted

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


def best_first(file: CollectedFile, sharpness: float = -1) -> tuple[tuple[float, ...], tuple[bool, str, str]]:
    """Return a key that sorts the files of a group, the one to keep first.

    Of files that are equally good those outside archives come first, then those first by path.
    """
    place = (bool(file.ref.members), file.ref.path, file.ref.key)
    return tuple(-value for value in (*quality(file), sharpness)), place


def why_kept(files: Sequence[CollectedFile], sharpness: Mapping[str, int]) -> str:
    """Return in words why the first of the files of a group is kept; ``sharpness`` is that of pictures by name."""
    kept, *others = files
    best = _goodness(kept, sharpness)
    worse = next((file for file in others if _goodness(file, sharpness) != best), None)
    equal = sum(_goodness(file, sharpness) == best for file in files)
    if worse is None:
        same = len({file.hash_id for file in files}) == 1
        return f"the first by path: {'the pixels are the same' if same else 'all are equally good'}"
    reason = _reason(kept, worse, sharpness)
    return reason if equal == 1 else f"{reason}; the first by path of {counted(equal, 'file')} that are equally good"


def _goodness(file: CollectedFile, sharpness: Mapping[str, int]) -> tuple[float, ...]:
    return (*quality(file), sharpness.get(file.hash_id, -1))


def _reason(kept: CollectedFile, worse: CollectedFile, sharpness: Mapping[str, int]) -> str:
    best, other = quality(kept), quality(worse)
    if best[0] != other[0]:
        return f"most pixels: {_size(kept)}, the next {_size(worse)}"
    if best[1] != other[1]:
        colours = " of at most 256 colours" if best[1] == 1 else ""
        return f"least compressed: {kept.format}{colours}, the next {worse.format}"
    if best[2] != other[2]:
        return "least compressed: {} bytes a pixel, the next {}".format(*_unlike(best[2], other[2]))
    values = (sharpness.get(file.hash_id, -1) for file in (kept, worse))
    numbers = ["not readable" if value < 0 else f"{value / 1000:,.0f}" for value in values]
    return f"sharpest: {numbers[0]}, the next {numbers[1]}"


def _size(file: CollectedFile) -> str:
    return f"{file.width} x {file.height}"


def _unlike(one: float, other: float) -> tuple[str, str]:
    """Return two figures with two digits, or with as many as tell them apart."""
    for digits in range(2, 17):
        first, second = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if first != second:
            break
    return first, second
