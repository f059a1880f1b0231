"""Views: crops of images, some blended with another, which are the input of both the teacher and the student.

A student with the same input as its teacher, many times and always a little different, learns the function instead of
single answers (Beyer et al. 2022, "Knowledge distillation: a good teacher is patient and consistent").
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from image_tagging.encoders.builtin.letterbox import upscale_nearest

from .corpus import Corpus

#: Views of a photograph and of a drawn picture: photographs are what strangers bring, and what the teacher knows.
VIEWS = (10, 6)

#: The least share of a picture that a crop shows.
LEAST_SHOWN = (0.25, 0.45)

#: The share of views that are blended with one of another image, and how much of the first is left in them.
BLENDED, LEFT = 0.2, (0.4, 0.75)

#: One crop: image, box in its pixels (it may reach beyond, which is white), and change of colours.
Crop = np.dtype([("image", "i4"), ("box", "f4", 4), ("drawn", "?"), ("gain", "f4"), ("offset", "f4"), ("vivid", "f4")])

#: One view: a crop, the one it is blended with, and the share of the first.
View = np.dtype([("crop", Crop), ("other", Crop), ("share", "f4")])


def draw_views(corpus: Corpus, seed: int) -> NDArray[np.void]:
    """Draw the views (V,) of all images: the first of each stretches it to a square, the second fits it into one."""
    random = np.random.default_rng(seed)
    counts = np.where(corpus.drawn, VIEWS[1], VIEWS[0])
    views = np.zeros(int(counts.sum()), View)
    of_domain = [np.flatnonzero(corpus.drawn == drawn) for drawn in (False, True)]
    place = 0
    for image, count in enumerate(counts):
        for number in range(count):
            views[place]["crop"] = _crop(corpus, image, number, random)
            other = int(random.choice(of_domain[int(corpus.drawn[image])]))
            views[place]["other"] = _crop(corpus, other, 2, random)
            blended = number > 1 and random.random() < BLENDED
            views[place]["share"] = random.uniform(*LEFT) if blended else 1.0
            place += 1
    return views


def _crop(corpus: Corpus, image: int, number: int, random: np.random.Generator) -> tuple[object, ...]:
    height, width = corpus.images[image].shape[:2]
    drawn = bool(corpus.drawn[image])
    if number == 0:
        return image, (0, 0, height, width), drawn, 1, 0, 1
    if number == 1:
        side = max(height, width)
        return image, ((height - side) / 2, (width - side) / 2, side, side), drawn, 1, 0, 1
    shown = height * width * np.exp(random.uniform(np.log(LEAST_SHOWN[int(drawn)]), 0))
    ratio = np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3)))
    rows, columns = min(height, np.sqrt(shown / ratio)), min(width, np.sqrt(shown * ratio))
    box = (random.uniform(0, height - rows), random.uniform(0, width - columns), rows, columns)
    if random.random() < 0.5:
        return image, box, drawn, 1, 0, 1
    return image, box, drawn, random.uniform(0.7, 1.3), random.uniform(-30, 30), random.uniform(0.4, 1.5)


def render(view: np.void, images: list[NDArray[np.uint8]], side: int) -> NDArray[np.uint8]:
    """Return a view as a picture (side, side, 3)."""
    picture = _rendered(view["crop"], images, side)
    share = float(view["share"])
    if share == 1:
        return picture
    return np.asarray(cv2.addWeighted(picture, share, _rendered(view["other"], images, side), 1 - share, 0))


def _rendered(crop: np.void, images: list[NDArray[np.uint8]], side: int) -> NDArray[np.uint8]:
    picture = _cut(images[crop["image"]], crop["box"])
    picture = upscale_nearest(picture, side, side) if crop["drawn"] else picture
    smaller = min(picture.shape[:2]) < side
    how = cv2.INTER_LINEAR if smaller and not crop["drawn"] else cv2.INTER_AREA
    picture = cv2.resize(picture, (side, side), interpolation=how)
    if (crop["gain"], crop["offset"], crop["vivid"]) == (1, 0, 1):
        return np.asarray(picture, dtype=np.uint8)
    return _coloured(picture, float(crop["gain"]), float(crop["offset"]), float(crop["vivid"]))


def _cut(image: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.uint8]:
    top, left = (round(float(edge)) for edge in box[:2])
    rows, columns = (max(1, round(float(length))) for length in box[2:])
    height, width = image.shape[:2]
    inside = image[max(0, top) : max(1, min(height, top + rows)), max(0, left) : max(1, min(width, left + columns))]
    above, before = max(0, -top), max(0, -left)
    below, after = rows - above - inside.shape[0], columns - before - inside.shape[1]
    if above or before or below > 0 or after > 0:
        edges = (above, max(0, below), before, max(0, after))
        return np.asarray(cv2.copyMakeBorder(inside, *edges, cv2.BORDER_CONSTANT, value=(255, 255, 255)))
    return inside


def _coloured(picture: NDArray[np.uint8], gain: float, offset: float, vivid: float) -> NDArray[np.uint8]:
    """Apply contrast and saturation in one matrix product, then brightness."""
    grey = np.full((3, 3), 1 / 3) * (1 - vivid)
    turned = cv2.transform(picture, (np.eye(3) * vivid + grey) * gain, None)
    change = np.full_like(turned, abs(offset))
    return np.asarray(cv2.add(turned, change) if offset > 0 else cv2.subtract(turned, change))
