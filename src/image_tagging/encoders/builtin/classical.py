"""Classical features of a picture's shape, colour and texture, none of which is learned from data.

A picture that was resized to fit a square of 128 x 128 is described by seven blocks:

=======  ======  ========================================================================================
block    length  what it holds
=======  ======  ========================================================================================
shape       216  gradient orientations on a 6 x 6 grid (Dalal and Triggs, 2005)
contour     144  pairs of gradient directions 4 pixels apart (Kobayashi and Otsu, 2008)
colour      144  histogram of hue, saturation and value (Swain and Ballard, 1991)
fine         59  uniform local binary patterns at radius 1 (Ojala, Pietikäinen and Mäenpää, 2002)
coarse       59  the same at radius 4
repeat       36  how often pixels some way apart look alike (after Huang et al., 1997)
layout       48  mean colour on a 4 x 4 grid (as the colour layout of MPEG-7; Kasutani and Yamada, 2001)
=======  ======  ========================================================================================

Shares enter by their square root: Euclidean distance is then Hellinger distance (Arandjelović and Zisserman,
2012). Every block is centred, brought to length 1 and weighted, so that each counts in any classifier that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from .letterbox import SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_SHAPE_GRID = 6
_ORIENTATIONS = 6
_DIRECTIONS = 6
_CONTOUR_STEP = 4
_HSV_BINS = (16, 3, 3)
_HSV_RANGES = (0, 180, 0, 256, 0, 256)
_TEXTURE_RADII = (1, 4)
_TEXTURE_CODES = 59
_REPEAT_STEPS = (1, 2, 4, 8, 16, 32)
_LAYOUT_GRID = 4

#: Differences in Lab (of 255): up to the first it is the same flat colour, from the second on an edge.
_SAME, _EDGE = 2, 40

#: Blocks shorter than this are nearly empty: they stay short, and are not blown up to noise of length 1.
_SHORTEST = 1e-2

#: The eight neighbours as (down, right), clockwise from the upper left.
_RING = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))

#: The weight of each block, in the order in which they make up the embedding, and the length of all.
_WEIGHTS = {"shape": 1.0, "contour": 1.0, "colour": 1.0, "fine": 0.7, "coarse": 0.7, "repeat": 0.5, "layout": 0.5}
DIM = 216 + 144 + 144 + 2 * 59 + 36 + 48


def classical(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the seven blocks (DIM,) of a picture (h, w, 3) whose longer side is ``SIDE``."""
    planes = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))
    strength, angle = _gradients(planes[0])
    blocks = {
        "shape": _shape(strength, angle),
        "contour": _contour(strength, angle),
        "colour": _colour(rgb),
        "fine": _texture(planes[0], _TEXTURE_RADII[0]),
        "coarse": _texture(planes[0], _TEXTURE_RADII[1]),
        "repeat": _repeat(planes),
        "layout": _layout(planes),
    }
    balanced = [_balanced(blocks[name], weight) for name, weight in _WEIGHTS.items()]
    return np.concatenate(balanced).astype(np.float32)


def _balanced(block: Array, weight: float) -> Array:
    """Return a block centred and of length ``weight``; what all pictures share would hide their differences."""
    centred = block - block.mean()
    return np.asarray(centred * (weight / max(float(np.linalg.norm(centred)), _SHORTEST)))


def _shares(counts: Array) -> Array:
    """Return the square roots of the shares of counts, or of sums on any scale."""
    return np.sqrt(counts / max(float(counts.sum()), 1.0))


def _gradients(lightness: Array) -> tuple[Array, Array]:
    """Return strength and angle (0 ... 2 pi) of the gradient at every pixel, both (h, w)."""
    across = cv2.Sobel(lightness, cv2.CV_32F, 1, 0, ksize=3, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(lightness, cv2.CV_32F, 0, 1, ksize=3, borderType=cv2.BORDER_REPLICATE)
    # Not cv2.cartToPolar: the last bit of its strength depends on where in memory its input happens to lie.
    return np.sqrt(across * across + down * down), np.arctan2(-down, -across) + np.float32(np.pi)


def _shape(strength: Array, angle: Array) -> Array:
    """Return gradient strength by place (6 x 6) and orientation (6, shared between the two nearest): (216,).

    A histogram of oriented gradients without the normalisation by neighbours, which did not help. The grid
    is that of the square: the cells next to a long picture stay empty, which shows its proportions.
    """
    position = angle.ravel() * (_ORIENTATIONS / np.pi)
    lower = position.astype(np.intp)
    to_upper = (position - lower) * strength.ravel()
    cell = _cells(*strength.shape) * _ORIENTATIONS
    sums = np.bincount(cell + lower % _ORIENTATIONS, strength.ravel() - to_upper, 216)
    sums += np.bincount(cell + (lower + 1) % _ORIENTATIONS, to_upper, 216)
    return np.sqrt(np.maximum(sums, 0) / (255 * SIDE**2))


def _cells(height: int, width: int) -> Array:
    """Return the cell (of 6 x 6 over the square) of each pixel of a picture in its middle: (height * width,)."""
    rows = (np.arange(height) + (SIDE - height) // 2) * _SHAPE_GRID // SIDE
    columns = (np.arange(width) + (SIDE - width) // 2) * _SHAPE_GRID // SIDE
    return (rows[:, None] * _SHAPE_GRID + columns).ravel()


def _contour(strength: Array, angle: Array) -> Array:
    """Return shares of pairs of gradient directions, 4 pixels apart in four ways, at any place: (4 * 6 * 6,).

    Where ``shape`` says that there is an edge at a place, this says how edges bend and face each other.
    """
    direction = np.rint(angle * (_DIRECTIONS / (2 * np.pi))).astype(np.intp) % _DIRECTIONS
    weight = np.sqrt(strength)
    step, (height, width) = _CONTOUR_STEP, strength.shape
    sums = []
    for down, right in ((0, step), (step, 0), (step, step), (step, -step)):
        first = (slice(0, max(0, height - down)), slice(max(0, -right), max(0, width - max(0, right))))
        second = (slice(down, height), slice(max(0, right), max(0, width + min(0, right))))
        pairs = direction[first] * _DIRECTIONS + direction[second]
        both = np.minimum(weight[first], weight[second])
        sums.append(np.bincount(pairs.ravel(), both.ravel(), _DIRECTIONS**2))
    return _shares(np.concatenate(sums))


def _colour(rgb: NDArray[np.uint8]) -> Array:
    """Return shares of 16 hues x 3 saturations x 3 values: (144,)."""
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    return _shares(np.asarray(cv2.calcHist([hsv], [0, 1, 2], None, _HSV_BINS, _HSV_RANGES)).ravel())


def _texture(lightness: Array, radius: int) -> Array:
    """Return shares of the patterns that the lighter of the eight neighbours at ``radius`` form: (59,)."""
    height, width = lightness.shape
    padded = cv2.copyMakeBorder(lightness, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    patterns = np.zeros((height, width), np.uint8)
    for bit, (down, right) in enumerate(_RING):
        top, left = radius * (1 + down), radius * (1 + right)
        lighter = padded[top : top + height, left : left + width] > lightness
        patterns |= lighter.astype(np.uint8) << np.uint8(bit)
    counts = np.bincount(patterns.ravel(), minlength=256)
    return _shares(np.bincount(_UNIFORM, counts, _TEXTURE_CODES))


def _uniform_codes() -> Array:
    """Return the code of each pattern of 8 bits: 58 with at most two changes around the ring, one for the rest."""
    patterns = np.arange(256)
    turned = (patterns >> 1) | ((patterns & 1) << 7)
    changes = np.array([bin(pattern).count("1") for pattern in patterns ^ turned])
    return np.where(changes <= 2, np.cumsum(changes <= 2) - 1, _TEXTURE_CODES - 1)


_UNIFORM = _uniform_codes()


def _repeat(planes: Sequence[Array]) -> Array:
    """Return shares of same, similar and different colours at 1 ... 32 pixels, down and across: (6 * 2 * 3,).

    Sprites keep one colour over whole squares and jump between them, photos drift.
    """
    turned = [np.ascontiguousarray(plane.T) for plane in planes]
    shares = [_alikeness(way, step) for step in _REPEAT_STEPS for way in (planes, turned)]
    return np.asarray(np.sqrt(np.concatenate(shares)))


def _alikeness(planes: Sequence[Array], step: int) -> Array:
    """Return shares of pairs of pixels ``step`` rows apart whose colours are the same, similar, different: (3,)."""
    if len(planes[0]) <= step:
        return np.array([1.0, 0.0, 0.0])  # there is nothing that could differ
    changes = [np.asarray(cv2.absdiff(plane[step:], plane[:-step])) for plane in planes]
    change = np.maximum(np.maximum(changes[0], changes[1]), changes[2])
    same, no_edge = np.count_nonzero(change <= _SAME), np.count_nonzero(change < _EDGE)
    return np.array([same, no_edge - same, change.size - no_edge]) / change.size


def _layout(planes: Sequence[Array]) -> Array:
    """Return the mean colour (Lab) on a 4 x 4 grid over the picture: (4 * 4 * 3,)."""
    lab = cv2.merge([plane.astype(np.float32) / 255 for plane in planes])
    return np.asarray(cv2.resize(lab, (_LAYOUT_GRID, _LAYOUT_GRID), interpolation=cv2.INTER_AREA)).ravel()
