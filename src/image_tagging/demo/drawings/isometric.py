"""Isometric scenes: landscapes of blocks, towns and castles, seen from above at an angle."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from .colours import Colour, colour, enlarge, material, noise, pick, ramp

Faces = tuple[Colour, Colour, Colour]


@dataclass
class Scene:
    """A picture of ``cells`` x ``cells`` places, each ``tile`` px wide and half as high, and its pen."""

    cells: int
    tile: int
    top: int
    image: Image.Image
    pen: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.pen = ImageDraw.Draw(self.image)

    def point(self, row: float, column: float, height: float) -> tuple[float, float]:
        """Where a place at a height (both in cells) lies in the picture."""
        across = self.image.width / 2 + (column - row) * self.tile / 2
        return across, self.top + (column + row) * self.tile / 4 - height * self.tile / 2

    def face(self, corners: list[tuple[float, float, float]], fill: Colour) -> None:
        """A filled polygon of (row, column, height) corners."""
        self.pen.polygon([self.point(*corner) for corner in corners], fill=fill)

    def block(self, place: tuple[float, float, float, float], heights: tuple[float, float], faces: Faces) -> None:
        """A box over ``place`` (row, column, row, column) between two heights."""
        row, column, last_row, last_column = place
        low, high = heights
        top, left, right = faces
        self.face(
            [
                (last_row, column, low),
                (last_row, last_column, low),
                (last_row, last_column, high),
                (last_row, column, high),
            ],
            left,
        )
        self.face(
            [
                (row, last_column, low),
                (last_row, last_column, low),
                (last_row, last_column, high),
                (row, last_column, high),
            ],
            right,
        )
        self.face(
            [(row, column, high), (row, last_column, high), (last_row, last_column, high), (last_row, column, high)],
            top,
        )


def _faces(shades: list[Colour]) -> Faces:
    """Top, left and right of a block, lit from the upper left."""
    return shades[2], shades[1], shades[0]


def draw_isometric(rng: np.random.Generator) -> Image.Image:
    """One scene of 96 to 256 px; RGBA on a transparent ground, or RGB on a sky."""
    cells = int(rng.integers(3, 8))
    tile = int(rng.choice([16, 20, 24, 32])) if cells < 6 else int(rng.choice([16, 20, 24]))
    tallest = int(rng.integers(3, 6))
    width = cells * tile + 16
    height = cells * tile // 2 + tallest * tile // 2 + tile + 8
    scene = Scene(cells, tile, tallest * tile // 2 + 4, _sheet(rng, width, height))
    [_landscape, _landscape, _town, _town, _castle][int(rng.integers(5))](rng, scene, tallest)
    if width <= 120 and rng.random() < 0.5:
        return enlarge(scene.image, 2)
    return scene.image


def _sheet(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    if rng.random() < 0.4:
        return Image.new("RGBA", (width, height))
    dark = rng.random() < 0.35
    sky = colour(rng.random(), rng.uniform(0.08, 0.3), rng.uniform(0.08, 0.25) if dark else rng.uniform(0.78, 0.96))
    return Image.new("RGB", (width, height), sky)


def _island(rng: np.random.Generator, scene: Scene, thickness: float = 0.7) -> None:
    """The earth below everything."""
    earth = material(rng, pick(rng, ("earth", "stone", "slate")), 3, 0.25, 0.65)
    scene.block((0, 0, scene.cells, scene.cells), (-thickness, -0.15), _faces(earth))


def _places(scene: Scene) -> list[tuple[int, int]]:
    """Row and column of each cell, from back to front, so that near things cover far ones."""
    pairs = [(row, column) for row in range(scene.cells) for column in range(scene.cells)]
    return sorted(pairs, key=lambda place: (place[0] + place[1], place[0]))


def _landscape(rng: np.random.Generator, scene: Scene, tallest: int) -> None:
    """Hills of blocks with sand at the shore and snow or rock on top."""
    climates = (
        ("water", "sand", "grass", "stone"),
        ("water", "grass", "leaf", "snow"),
        ("lava", "slate", "stone", "slate"),
    )
    climate = climates[int(rng.integers(len(climates)))]
    faces = [_faces(material(rng, name, 3, 0.35, 0.92)) for name in climate]
    hills = noise(rng, scene.cells, scene.cells, rng.uniform(0.8, 1.5))
    levels = np.floor(hills**1.3 * tallest * 0.99)
    leaves = _faces(material(rng, pick(rng, ("leaf", "grass", "brick")), 3, 0.3, 0.75))
    _island(rng, scene)
    for row, column in _places(scene):
        level = float(levels[row, column])
        kind = 0 if level == 0 else 1 if level == 1 else 2 if level < tallest - 1 else 3
        top = level * 0.6 if level else 0.2
        scene.block((row, column, row + 1, column + 1), (-0.15, top), _checked(faces[kind], row + column))
        if kind in (1, 2) and rng.random() < 0.3:
            _tree(scene, (row, column, top), leaves)


def _checked(faces: Faces, place: int) -> Faces:
    """The faces, with every other top a little darker, so that single blocks can be told in a plain."""
    (red, green, blue), left, right = faces
    return ((red * 15 // 16, green * 15 // 16, blue * 15 // 16), left, right) if place % 2 else faces


def _tree(scene: Scene, place: tuple[float, float, float], leaves: Faces) -> None:
    row, column, ground = place
    trunk = ((110, 72, 48), (86, 54, 40), (62, 38, 34))
    scene.block((row + 0.42, column + 0.42, row + 0.58, column + 0.58), (ground, ground + 0.4), trunk)
    scene.block((row + 0.2, column + 0.2, row + 0.8, column + 0.8), (ground + 0.4, ground + 0.9), leaves)
    scene.block((row + 0.32, column + 0.32, row + 0.68, column + 0.68), (ground + 0.9, ground + 1.2), leaves)


def _town(rng: np.random.Generator, scene: Scene, tallest: int) -> None:
    """Houses and towers with windows on plots, some streets and trees between them."""
    _island(rng, scene, 0.4)
    ground = _faces(material(rng, pick(rng, ("grass", "sand", "stone", "moss")), 3, 0.4, 0.85))
    street = _faces(material(rng, "slate", 3, 0.3, 0.55))
    scene.block((0, 0, scene.cells, scene.cells), (-0.15, 0), ground)
    crossing = int(rng.integers(scene.cells))
    leaves = _faces(material(rng, "leaf", 3, 0.3, 0.75))
    walls = [_faces(ramp(rng.random(), rng.uniform(0.1, 0.5), 3, 0.4, 0.92)) for _ in range(3)]
    for row, column in _places(scene):
        if crossing in (row, column):
            scene.face(
                [(row, column, 0), (row, column + 1, 0), (row + 1, column + 1, 0), (row + 1, column, 0)], street[0]
            )
        elif rng.random() < 0.2:
            _tree(scene, (row, column, 0), leaves)
        elif rng.random() < 0.85:
            _house(rng, scene, (row, column), (rng.uniform(0.6, tallest - 1.2), walls[int(rng.integers(3))]))


def _house(rng: np.random.Generator, scene: Scene, place: tuple[int, int], build: tuple[float, Faces]) -> None:
    (row, column), (height, walls) = place, build
    near, far = (row + 0.88, column + 0.88), (row + 0.12, column + 0.12)
    scene.block((*far, *near), (0, height), walls)
    lit = (250, 222, 130) if rng.random() < 0.5 else (92, 130, 168)
    for floor in np.arange(0.25, height - 0.3, 0.45):
        for start in (0.22, 0.56):
            low, high = float(floor), float(floor) + 0.24
            along = column + start
            scene.face(
                [
                    (near[0], along, low),
                    (near[0], along + 0.2, low),
                    (near[0], along + 0.2, high),
                    (near[0], along, high),
                ],
                lit,
            )
            along = row + start
            shade = (lit[0] * 3 // 4, lit[1] * 3 // 4, lit[2] * 3 // 4)
            scene.face(
                [
                    (along, near[1], low),
                    (along + 0.2, near[1], low),
                    (along + 0.2, near[1], high),
                    (along, near[1], high),
                ],
                shade,
            )
    if height < 1.8:
        _roof(scene, (*far, *near), height, _faces(ramp(rng.choice([0.02, 0.06, 0.58]), 0.6, 3, 0.35, 0.8)))


def _roof(scene: Scene, place: tuple[float, float, float, float], height: float, tiles: Faces) -> None:
    """A tent roof: two sides are seen."""
    row, column, last_row, last_column = place
    tip = ((row + last_row) / 2, (column + last_column) / 2, height + 0.7)
    scene.face([(row, column, height), (last_row, column, height), tip], tiles[0])
    scene.face([(row, column, height), (row, last_column, height), tip], tiles[1])
    scene.face([(last_row, column, height), (last_row, last_column, height), tip], tiles[1])
    scene.face([(row, last_column, height), (last_row, last_column, height), tip], tiles[2])


def _castle(rng: np.random.Generator, scene: Scene, tallest: int) -> None:
    """Walls around a court, towers at the corners, a keep in the middle."""
    stone = _faces(material(rng, pick(rng, ("stone", "sand", "slate", "violet")), 3, 0.38, 0.88))
    court = _faces(material(rng, pick(rng, ("grass", "sand", "earth")), 3, 0.4, 0.8))
    roof = _faces(ramp(rng.random(), 0.6, 3, 0.35, 0.85))
    last, wall = scene.cells, rng.uniform(0.5, 1.0)
    _island(rng, scene, 0.6)
    scene.block((0, 0, last, last), (-0.15, 0), court)
    for row, column in _places(scene):
        edges = [row in (0, last - 1), column in (0, last - 1)]
        if all(edges):
            _tower(scene, (row + 0.1, column + 0.1, row + 0.9, column + 0.9), wall + 0.7, (stone, roof))
        elif any(edges):
            _battlement(scene, (row, column), edges[0], (wall, stone))
        elif row == column == (last - 1) // 2:
            _tower(
                scene, (row + 0.0, column + 0.0, last - row + 0.0, last - column + 0.0), tallest - 1.6, (stone, roof)
            )


def _tower(scene: Scene, place: tuple[float, float, float, float], height: float, looks: tuple[Faces, Faces]) -> None:
    stone, roof = looks
    scene.block(place, (0, height), stone)
    _roof(scene, place, height, roof)


def _battlement(scene: Scene, place: tuple[int, int], along_row: bool, wall: tuple[float, Faces]) -> None:
    """One cell of wall with two merlons."""
    (row, column), (height, stone) = place, wall
    box = (row + 0.3, column, row + 0.7, column + 1) if along_row else (row, column + 0.3, row + 1, column + 0.7)
    scene.block(box, (0, height), stone)
    for start in (0.1, 0.6):
        if along_row:
            scene.block((row + 0.3, column + start, row + 0.7, column + start + 0.3), (height, height + 0.25), stone)
        else:
            scene.block((row + start, column + 0.3, row + start + 0.3, column + 0.7), (height, height + 0.25), stone)
