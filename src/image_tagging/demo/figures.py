"""Sprites and portraits: figures of pixel art, written as shapes, then shaded and outlined."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from .painting import Array, Colour, Random, palette_image, pick, ramp

#: What figures are made of, by number; those from the skin on get a lit and a dark rim.
FILLS = ("none", "white", "black", "skin", "cloth", "trim", "hair", "metal", "gold", "lip")
SHADED = FILLS.index("skin")
#: A figure is written as parts / drawn over / each other, a part as variants | of which | one is drawn, a variant as
#: shapes; a shape as its name, its fill and its places in percent of the side, from the left and the top; a~b is a
#: random place between. The right of a shape with three places is its mirrored left; "mirror" mirrors all so far.
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "oval": ("ellipse", {}), "dome": ("pieslice", {"start": 180, "end": 360}), "box": ("rectangle", {}),
    "poly": ("polygon", {}), "bowl": ("pieslice", {"start": 0, "end": 180}), "line": ("line", {"width": 2}),
}  # fmt: skip
_FACE = """
    box white 30 36 46 52; box black 41 43 45 50 | box white 36 40 50; box black 46 44 50 | box black 38 40 42 50
    / | box black 42~46 64 66 | box black 38 62 65; box white 42 62 44 63 | box black 46 60 66 / mirror"""
SPRITES = {
    "creature": f"""
        | oval cloth 14 8 36 36 | line trim 31 32 17 8~14 | line cloth 42 30 34 8; box trim 30 6 36 11
        / box cloth 30~38 70 44 94 | oval cloth 22 80 46 97
        / | line cloth 40 58 6~12 36~74; oval trim 4 52 12 60 | box cloth 8 52~60 30 68
        / oval cloth 14~26 18~28 84~88 | box cloth 20~26 24 84; dome cloth 20 14~22 40
        / | oval trim 28~34 54 82 | line trim 20 74 50 74 / {_FACE}""",
    "ghost": f"""
        oval cloth 16~20 8 72; box cloth 18 40 88
        / box none 26 80 32 100; box none 40 82 46 100 | poly none 16 100 25 82 34 100; poly none 34 100 42 82 50 100
        / {_FACE}""",
    "hero": """
        box trim 34 76 47 94 / box cloth 29 52 78 | poly cloth 36 52 50 52 50 90 24 90
        / box cloth 20 54 27 72; box skin 20 70 27 75 / | box metal 29 70 72 | box gold 44 52 78 / oval skin 25 16 54
        / dome hair 22 8 56; box hair 22 30 29 50~56 | poly cloth 10 32 50 0 50 32 | dome metal 22 8 60
        | dome cloth 20 6 56; box trim 20 28 32 | poly gold 26 30 24 10 36 20 44 8 50 20 50 30
        / box black 38 38 42 46 | box white 36 38 42 45; box black 39 38 42 45 / mirror / | oval trim 66 54 92 84
        | box metal 82 22 86 70; box gold 76 68 92 71 | box hair 82 14 85 94; oval trim 77 8 90 22""",
    "robot": """
        line metal 50 20 50 4; oval lip 44 2 12 | line metal 24 26 14 8 | box trim 16 26 24 40
        / box metal 22 18~24 52; box black 29 30 44; box metal 32 52 58; box cloth 24 56 82; box metal 12 58 18 76
        / box white 34 33 40 40 | oval gold 32 31 42 42 | box lip 32 35 37
        / box trim 34 62 74 | oval gold 40 60 78 | box metal 24 68 71
        / box metal 30 82 42 95 | poly black 20 96 26 84 50 84 50 96 / mirror""",
    "potion": """
        oval metal 14~24 36 94 | poly metal 40 40 50 40 50 92 12 92 | box metal 26 40 92
        / oval cloth 18~26 50~60 91 | poly cloth 36 60 50 60 50 88 18 88 | box cloth 30 56 88
        / box metal 40 16 48; box hair 37 6 15 / | box white 34 62 37 68 | oval trim 42 62 78 / mirror""",
    "mushroom": """
        box skin 36~40 50 92 | poly skin 38 50 50 50 50 94 28 94 / dome cloth 6~12 10~24 98 | oval cloth 8 12~20 58
        / oval trim 40 16 34; oval trim 16 34 30 50 | oval white 20 30 32 42; oval white 42 20 32 | box trim 12 46 52
        / | box black 42 62 45 72 / mirror""",
}
PORTRAIT = """
    || oval hair 20~25 14 76~104 | poly hair 24 30 16 92 50 92 50 20
    / oval cloth 8~22 75~78 140; box skin 40 60 82 | poly cloth 6~16 100 24 80 50 74 50 100; box skin 38 60 84
    / line trim 36 76 50 86~94 | poly trim 34 77 50 92 50 100 40 100 | oval trim 34 76 86; oval skin 39 70 83
    / oval skin 26 44 34 56 | oval skin 26 44 34 56 | line skin 32 52 16~19 36; line skin 32 47 19 37
    / oval skin 30 20 72 | oval skin 29 20 70 | oval skin 31 20 76 | dome skin 30 20 76; bowl skin 30 26 72
    / dome hair 27 14 82; dome skin 33 30~35 70; box hair 27 38 32 46~64 | dome hair 29 17 66; dome skin 32 28 64
    | dome hair 26 12 84; poly skin 34 48 40 36 50 34 50 48 | poly hair 27 44 24 12 50 8 50 30 36 32 32 46
    | oval hair 40 4 24; dome hair 27 15 82; dome skin 33 32 70
    / || bowl hair 30 30 77; bowl skin 35 30 60 | oval hair 40 58 76 | bowl hair 29 34 86; bowl skin 34 30 60
    / box lip 42~46 64 66 | oval lip 43 62 67; box black 45 64 65 | box lip 41 63 67; box white 43 64 65
    / box lip 47 55 57 | line lip 48 50 46 57; box lip 46 57 58
    / oval white 34 42 45 50; box black 39 43 42 50 | oval white 33 41 45 51; oval black 37 42 42 50
    | oval white 34 44 45 50; box black 40 44 43 50; box skin 33 42 46 44
    / line hair 33 37~40 45 37~40 | box hair 34 37 44 38 | box hair 33 36 45 39
    / ||| oval black 31 40 47 53; oval white 33 42 45 51; box black 39 44 42 50; line black 47 46 50 46 / mirror
    / ||| box gold 27 15 73 23; box gold 27 7 32 15; box gold 47 4 52 15; box gold 68 7 73 15
    | dome cloth 25 10 66; box trim 25 34 38 | poly cloth 16 32 50 0 84 32 | dome metal 26 10 70; box metal 48 30 58
    / ||| box gold 26 57 28 60 | line lip 58 53 66 61 | oval black 54 42 67 52; line black 30 32 72 46"""


def draw_sprite(rng: Random) -> Image.Image:
    """Draw a sprite of 16 to 32 px, or a walk cycle of it, on a transparent ground; mode P or RGBA."""
    figure = _paint(rng, pick(rng, list(SPRITES.values())), pick(rng, (16, 20, 24, 32)))
    frames = [np.roll(figure, -(frame % 2), 0) for frame in range(pick(rng, (1, 1, 1, 1, 2, 4)))]
    image = palette_image(_shade(np.hstack(frames)), _palette(rng))
    image.info["transparency"] = 0
    return image.convert("RGBA") if rng.random() < 0.25 else image


def draw_portrait(rng: Random) -> Image.Image:
    """Draw a person of 48 to 72 px before a plain, shaded or glowing ground; mode P."""
    size = pick(rng, (48, 56, 64, 72))
    indices, palette = _shade(_paint(rng, PORTRAIT, size), rim=size // 28), _palette(rng)
    rows, columns = np.indices((size, size)) / size
    light = pick(rng, (rows * 0 + 0.5, rows, 1 - rows, 1.2 - np.hypot(rows - 0.45, columns - 0.5) / 0.6))
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16
    ground = np.clip(np.floor(light * 4 + np.tile(bayer, (size // 4, size // 4)) - 0.47), 0, 3).astype(np.uint8)
    ground = pick(rng, (ground, np.pad(ground[1:-1, 1:-1], 1, constant_values=3)))  # some with a frame
    behind = ramp(rng.random(), rng.uniform(0.15, 0.55), 4, rng.uniform(0.15, 0.5), rng.uniform(0.55, 0.95))
    return palette_image(np.where(indices == 0, len(palette) + ground, indices), [*palette, *behind])


def _paint(rng: Random, figure: str, size: int) -> Array:
    """Return the fill numbers (size, size) of a figure, drawn with random variants and a random width."""
    sheet = Image.new("L", (size, size))
    pen, wide = ImageDraw.Draw(sheet), rng.uniform(0.88, 1.08)
    for part in figure.split("/"):
        for words in map(str.split, pick(rng, part.split("|")).split(";")):
            if words == ["mirror"]:
                sheet.paste(ImageOps.mirror(sheet.crop((0, 0, size // 2, size))), (size // 2, 0))
            elif words:
                (method, options), fill = SHAPES[words[0]], FILLS.index(words[1])
                ranges = [(place + "~" + place).split("~")[:2] for place in words[2:]]
                places = [rng.uniform(float(low), float(high)) for low, high in ranges]
                if len(places) == 3:
                    places.insert(2, max(places[0], 100 - 100 / size - places[0]))
                places[::2] = [50 + (x - 50) * wide for x in places[::2]]
                getattr(pen, method)([round(place * size / 100) for place in places], fill=fill, **options)
    return np.asarray(sheet)


def _shade(fills: Array, rim: int = 1) -> Array:
    """Return the palette numbers (height, width) of a figure lit from the upper left, outlined with ink."""
    fills = np.pad(fills, 3).astype(np.int64)
    above, below = np.roll(fills, (rim, rim), (0, 1)), np.roll(fills, (-rim, -rim), (0, 1))
    lit = (above != fills) & ((above == 0) | (above >= SHADED))
    dark = (below != fills) & ((below == 0) | (below >= SHADED))
    shades = np.where(fills < SHADED, fills + 1, 3 * fills - 4 + lit - dark)
    around = np.max([np.roll(fills, step, axis) for step in (-1, 1) for axis in (0, 1)], axis=0)
    return np.where(fills > 0, shades, around > 0)[3:-3, 3:-3]


def _palette(rng: Random) -> list[Colour]:
    """Return background, ink, white, black, and three shades of each further fill."""
    hue, pale, old = rng.random(), rng.uniform(0.6, 1.0), rng.uniform(0.25, 0.95)
    human = ramp(rng.uniform(0.045, 0.085), 0.82 - 0.45 * pale, 3, pale * 0.72, pale)
    aged = ramp(rng.uniform(0.04, 0.13), rng.uniform(0.1, 0.7), 3, old * 0.4, old)
    skin, hair = pick(rng, [human] * 5 + [ramp(hue + 0.3, 0.4)]), pick(rng, [aged] * 2 + [ramp(hue + 0.5, 0.65)])
    cloth, trim = ramp(hue, rng.uniform(0.35, 0.85)), ramp(hue + rng.uniform(0.2, 0.8), rng.uniform(0.3, 0.8))
    plain = [(255, 0, 255), (26, 20, 38), (248, 248, 240), (20, 16, 28)]
    return [*plain, *skin, *cloth, *trim, *hair, *ramp(0.6, 0.12), *ramp(0.13, 0.65), *ramp(0.98, 0.5)]
