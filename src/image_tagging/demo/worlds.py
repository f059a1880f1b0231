"""Tiles and isometric scenes: what the worlds of games are built of."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from .painting import Array, Random, colour, noise, palette_image, pick, ramp, true_colour

#: Hue and saturation of what tiles and cubes are made of.
MATERIALS = {
    "grass": (0.28, 0.58), "leaf": (0.36, 0.55), "moss": (0.22, 0.38), "earth": (0.07, 0.52), "wood": (0.08, 0.60),
    "brick": (0.03, 0.58), "lava": (0.02, 0.85), "sand": (0.12, 0.42), "stone": (0.62, 0.12), "slate": (0.66, 0.26),
    "snow": (0.58, 0.05), "water": (0.56, 0.62), "violet": (0.76, 0.45),
}  # fmt: skip
SHADES = 6  # of a tile: 0 is the joint between stones, 1 ... 5 go from dark to light
#: What a cube is made of; 0 is air. A climate names the materials of the first eight.
GRASS, EARTH, WATER, SHORE, ROCK, PEAK, LEAF, WOOD, WALL, ROOF, WINDOW = range(1, 12)
CLIMATES = (
    "grass earth water sand stone snow leaf wood", "leaf wood water grass slate snow grass wood",
    "sand brick water sand brick sand brick wood", "slate earth lava stone slate stone leaf wood",
)  # fmt: skip


def draw_tile(rng: Random) -> Image.Image:
    """Draw a tile of 16 to 64 px, or four of them in a square, that repeats without a seam; mode P or RGB."""
    size = pick(rng, (16, 24, 32, 32, 48, 64))
    design, names = pick(rng, ((_masonry, "brick stone slate moss sand"), (_masonry, "wood earth brick stone"),
        (_cobbles, "stone slate earth violet"), (_meadow, "grass leaf moss"), (_waves, "water lava")))  # fmt: skip
    light = np.tile(design(rng, size), pick(rng, ((1, 1), (2, 2))) if size <= 32 else (1, 1))
    shades = np.where(light < 0, 0, np.clip(1 + light * (SHADES - 1), 1, SHADES - 1))
    hue, saturation = np.add(MATERIALS[pick(rng, names.split())], rng.uniform(-0.03, 0.03, size=2)).tolist()
    image = palette_image(shades, ramp(hue, saturation, SHADES, rng.uniform(0.1, 0.3), rng.uniform(0.65, 0.95)))
    return image.convert("RGB") if rng.random() < 0.4 else image


def _stones(rng: Random, cells: Array, grain: Array) -> Array:
    """Return the light of stones from a map of cell numbers, lit above; joints below and to the right are -1."""
    light = rng.uniform(0.3, 0.6, size=int(cells.max()) + 1)[cells] + grain
    lit = (np.roll(cells, 2, 0) != cells) | (np.roll(cells, 2, 1) != cells)
    joint = (np.roll(cells, -1, 0) != cells) | (np.roll(cells, -1, 1) != cells)
    return np.where(joint, -1, np.clip(light + 0.25 * lit, 0, 1))


def _masonry(rng: Random, size: int) -> Array:
    """Return bricks, slabs, or planks, across or upright."""
    courses, stretch = min(size // 4, pick(rng, (2, 4, 4, 6, 8))), pick(rng, (1, 1, 8))
    across = pick(rng, (max(2, courses // 2), courses, 2))
    shift = pick(rng, (np.arange(courses) % 2 / 2, np.zeros(courses), rng.random(courses)))
    rows, columns = np.indices((size, size))
    course = rows * courses // size
    cells = course * across + np.floor(columns * across / size + shift[course]).astype(np.int64) % across
    grain = 0.4 * (np.repeat(noise(rng, size, size // stretch, 0.8), stretch, axis=1) - 0.5)
    stones = _stones(rng, cells, grain)
    return pick(rng, (stones, stones.T))


def _cobbles(rng: Random, size: int) -> Array:
    """Return the cells around random points; distances run around the edges, so that the tile repeats."""
    apart = np.abs(np.indices((size, size)) - rng.uniform(0, size, size=(int(rng.integers(6, 8 + size // 4)), 2, 1, 1)))
    cells = (np.minimum(apart, size - apart) ** 2).sum(axis=1).argmin(axis=0)
    return _stones(rng, cells, 0.25 * (noise(rng, size, size, 1.0) - 0.5))


def _meadow(rng: Random, size: int) -> Array:
    """Return blades of grass, light at the tip and dark at the foot."""
    light = 0.2 + 0.4 * noise(rng, size, size, rng.uniform(0.6, 1.4))
    for row, column in rng.integers(size, size=(size * size // int(rng.integers(16, 50)), 2)):
        for step in range(int(rng.integers(2, 5))):
            light[(row - step) % size, (column + step // 2) % size] = 0.1 + 0.2 * step
    return light


def _waves(rng: Random, size: int) -> Array:
    rows, columns = np.indices((size, size)) * (2 * np.pi / size)
    bend = np.sin(columns) + 4 * noise(rng, size, size, 2.0)
    return np.asarray(0.5 + 0.5 * np.sin(rows * rng.integers(2, 5) + bend))


def draw_isometric(rng: Random) -> Image.Image:
    """Draw a scene of 88 to 220 px; RGBA on a transparent ground, or RGB on a sky."""
    edge, cells = pick(rng, ((4, int(rng.integers(22, 48))), (8, int(rng.integers(11, 24)))))
    world = np.zeros((cells, cells, cells), np.uint8)  # rows to the lower left, columns to the lower right, heights
    ground = pick(rng, (2, 3, cells // 3))
    for depth in range(ground):  # a high ground is an island that floats: narrower below
        inset = depth // 2 if ground > 3 else 0
        world[inset : cells - inset, inset : cells - inset, ground - 1 - depth] = EARTH if depth else GRASS
    build = pick(rng, (_build_landscape, _build_landscape, _build_town, _build_town, _build_castle))
    build(rng, world[:, :, ground - 1 :])
    house = (pick(rng, list(MATERIALS)), pick(rng, ("brick", "wood", "water", "violet")), pick(rng, ("sand", "water")))
    tones = [MATERIALS[name] for name in ("stone", *pick(rng, CLIMATES).split(), *house)]
    faces = np.array([ramp(hue + rng.uniform(-0.03, 0.03), saturation)[::-1] for hue, saturation in tones])
    scene = _rendered(world, faces, edge, 1 + 0.06 * rng.standard_normal(world.shape))
    scene = ImageOps.expand(scene.crop(scene.getbbox()), int(rng.integers(4, 17)))
    sky = Image.new("RGBA", scene.size, colour(rng.random(), rng.uniform(0.08, 0.35), pick(rng, (0.18, 0.8, 0.9))))
    return scene if rng.random() < 0.4 else Image.alpha_composite(sky, scene).convert("RGB")


def _rendered(world: Array, faces: Array, edge: int, grain: Array) -> Image.Image:
    """Return the cubes of a world in RGBA; their faces (material, 3, 3) are the colours of top, left and right."""
    cubes = np.argwhere(world)
    row, column, height = cubes[np.argsort(cubes.sum(axis=1), kind="stable")].T[..., None]  # the nearest last
    down, across = np.indices((edge, edge))
    slope = np.abs(2 * across - edge + 1) // 4  # how far the top is from the upper and the lower edge
    inside = (down >= slope) & (down < edge - slope)
    face = np.where(down < edge // 2 - slope, 0, np.where(across < edge // 2, 1, 2))[inside]
    y = (row + column) * (edge // 4) + (len(world) - 1 - height) * (edge // 2) + down[inside]
    x = (column - row + len(world) - 1) * (edge // 2) + across[inside]
    pixels = np.zeros((len(world) * edge + edge, len(world) * edge, 4))
    pixels[y, x, :3] = faces[world[row, column, height], face] * grain[row, column, height, None]
    pixels[y, x, 3] = 255
    return true_colour(pixels)


def _build_landscape(rng: Random, world: Array) -> None:
    """Put hills on the ground: a shore by the water, rock and peaks on top, trees between."""
    hills = noise(rng, len(world), len(world), rng.uniform(1.9, 2.5)) ** 1.5
    levels, sea = np.floor(hills * len(world) * rng.uniform(0.3, 0.55)), rng.uniform(0, 0.25)
    tops = np.array([SHORE, GRASS, ROCK, PEAK])[np.digitize(hills, (sea + 0.07, 0.6, 0.85))]
    for height in range(int(levels.max()) + 1):
        above = WATER if height <= sea * levels.max() else 0
        world[:, :, height] = np.where(levels > height, EARTH, np.where(levels == height, tops, above))
    for row, column in rng.integers(1, len(world) - 1, size=(len(world) ** 2 // int(rng.integers(16, 60)), 2)):
        height = int(levels[row, column]) + 1
        if world[row, column, height - 1] == GRASS and not world[row, column, height]:
            _build_tree(rng, world[row - 1 : row + 2, column - 1 : column + 2, height:])


def _build_tree(rng: Random, place: Array) -> None:
    trunk, tall = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    place[1, 1, :trunk] = WOOD
    place[:3, :3, trunk : trunk + tall] = place[1, :3, trunk + tall] = place[:3, 1, trunk + tall] = LEAF


def _build_town(rng: Random, world: Array) -> None:
    """Put houses, towers and trees on plots between streets."""
    plot, highest = int(rng.integers(5, 8)), pick(rng, (5, 5, len(world) // 2))
    world[::plot, :, 0] = world[:, ::plot, 0] = ROCK
    for row, column in np.argwhere(np.ones((len(world) // plot, len(world) // plot))) * plot + 1:
        place = world[row : row + plot - 1, column : column + plot - 1, 1:]
        if rng.random() < 0.75:
            _build_house(place, int(rng.integers(2, highest)), WALL)
        else:
            _build_tree(rng, place)


def _build_house(place: Array, tall: int, wall: int) -> None:
    """Put a house with windows on a place, under a roof in steps or, on a tower, a flat one."""
    place[:, :, :tall] = wall
    place[-1, 1:-1:2, 1:tall:2] = place[1:-1:2, -1, 1:tall:2] = WINDOW
    for step in range((len(place) + 1) // 2 if tall < 8 else 1):
        place[step : len(place) - step, step : len(place) - step, tall + step] = ROOF


def _build_castle(rng: Random, world: Array) -> None:
    """Put a wall with battlements around a court, towers at the corners, and a keep."""
    wall, side = max(3, len(world) // int(rng.integers(6, 9))), max(4, len(world) // 6)
    last, middle = len(world) - side, (len(world) - side) // 2
    world[1:-1, 1:-1, 1:wall] = world[1:-1:2, 1:-1:2, wall] = ROCK
    world[side - 1 : 1 - side, side - 1 : 1 - side, 1:] = 0
    for row, column in ((0, 0), (0, last), (last, 0), (last, last), (middle, middle)):
        tall = wall + (len(world) // 5 if row == middle else 1)
        _build_house(world[row : row + side, column : column + side, 1:], tall, ROCK)
