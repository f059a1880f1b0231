"""Which images are nearly the same."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageEnhance

from image_tagging.datasets import near_duplicates
from image_tagging.datasets.near_duplicates import near_duplicate_groups
from image_tagging.demo import draw
from image_tagging.encoders import near_duplicate_cosine
from image_tagging.encoders.builtin.encoder import BuiltinEncoder


def unit_circle(*degrees):
    return np.array([(np.cos(angle), np.sin(angle)) for angle in np.radians(degrees)], dtype=np.float32)


def many(count, copies, seed=0):
    """Embeddings as encoders give them, around a common direction, and nearly the same ones after them."""
    random = np.random.default_rng(seed)
    apart = random.normal(size=64) + random.normal(size=(count, 64))
    source = random.integers(count, size=copies)
    again = apart[source] + random.normal(size=(copies, 64)) * 0.1
    return np.concatenate([apart, again]).astype(np.float32), source


def by_definition(embeddings, cosine):
    """Connected components, by following every pair."""
    unit = embeddings.astype(np.float64) / np.linalg.norm(embeddings, axis=1, keepdims=True)
    near = unit @ unit.T >= cosine
    groups = np.full(len(unit), -1)
    for row in range(len(unit)):
        reached = [row] if groups[row] < 0 else []
        while reached:
            one = reached.pop()
            groups[one] = row
            reached += np.flatnonzero(near[one] & (groups < 0)).tolist()
    return groups


def test_a_group_is_named_by_its_smallest_row():
    embeddings = unit_circle(90, 0, 91, 45, 1, 89)
    assert near_duplicate_groups(embeddings).tolist() == [0, 1, 0, 3, 1, 0]
    assert near_duplicate_groups(embeddings).dtype == np.int64


def test_a_chain_of_pairs_joins_its_ends():
    chain = unit_circle(*range(0, 60, 10), 180)
    assert near_duplicate_groups(chain).tolist() == [0] * 6 + [6]


def test_the_length_of_an_embedding_does_not_matter():
    embeddings = unit_circle(0, 1, 120) * np.array([[1e-15], [1e15], [1]], dtype=np.float32)
    assert near_duplicate_groups(embeddings).tolist() == [0, 0, 2]


def test_embeddings_of_zeros_are_like_no_other():
    assert near_duplicate_groups(np.zeros((3, 4), np.float32)).tolist() == [0, 1, 2]


def test_no_images_make_no_groups():
    assert near_duplicate_groups(np.empty((0, 4), np.float32)).tolist() == []


@pytest.mark.parametrize("cosine", [0.7, 0.9, 0.97])
@pytest.mark.parametrize("tile", [(1024, 8192), (7, 16)])
def test_groups_are_the_connected_components(monkeypatch, cosine, tile):
    monkeypatch.setattr(near_duplicates, "_TILE", tile)
    embeddings, _ = many(200, 100)
    np.testing.assert_array_equal(near_duplicate_groups(embeddings, cosine=cosine), by_definition(embeddings, cosine))


def test_pairs_are_joined_before_there_are_too_many_to_keep(monkeypatch):
    embeddings, _ = many(200, 300)
    expected = near_duplicate_groups(embeddings)
    monkeypatch.setattr(near_duplicates, "_MOST_PAIRS", 10)
    monkeypatch.setattr(near_duplicates, "_TILE", (16, 16))
    np.testing.assert_array_equal(near_duplicate_groups(embeddings), expected)


def test_of_very_many_images_those_near_one_centre_are_compared(monkeypatch):
    embeddings, source = many(3000, 1000)
    exact = near_duplicate_groups(embeddings)
    monkeypatch.setattr(near_duplicates, "EXACT_UP_TO", 0)
    groups = near_duplicate_groups(embeddings)
    np.testing.assert_array_equal(groups, near_duplicate_groups(embeddings))
    pairs = exact[source] == exact[3000:]
    assert (groups[source] == groups[3000:])[pairs].mean() > 0.99
    np.testing.assert_array_equal(exact[groups], exact)  # what is joined is joined rightly


def test_very_many_images_that_are_all_the_same_are_one_group(monkeypatch):
    monkeypatch.setattr(near_duplicates, "EXACT_UP_TO", 0)
    monkeypatch.setattr(near_duplicates, "_WINDOW", 50)
    assert set(near_duplicate_groups(np.ones((1000, 8), np.float32))) == {0}


def test_the_pairs_compared_for_an_image_do_not_grow_with_their_number():
    def compared_for_each(count):
        embeddings, _ = many(count, count // 10)
        scale = near_duplicates._inverse_lengths(embeddings)
        tiles = near_duplicates._near_tiles(embeddings, scale)
        return sum(len(left) * len(right) for left, right in tiles) / len(embeddings)

    assert compared_for_each(40_000) < 1.3 * compared_for_each(10_000)


def saved_again(picture):
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=75)
    return Image.open(content).convert("RGB")


def larger(picture):
    return picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.NEAREST)


def smaller(picture):
    return picture.resize((picture.width // 2, picture.height // 2))


def moved(picture):
    return ImageChops.offset(picture, 1, 0)


def brighter(picture):
    return ImageEnhance.Brightness(picture).enhance(1.03)


def groups_of(pictures):
    encoder = BuiltinEncoder()
    embeddings = encoder.embed([encoder.preprocess(each) for each in pictures])
    return near_duplicate_groups(embeddings, cosine=near_duplicate_cosine(encoder.spec)).tolist()


@pytest.mark.parametrize("kind", ["gradients", "isometric", "maps"])
@pytest.mark.parametrize("change", [larger, moved, brighter])
def test_versions_of_a_drawing_are_nearly_the_same_and_others_of_its_kind_are_not(kind, change):
    pictures = [draw(kind, number).convert("RGB") for number in range(8)]
    assert groups_of([*pictures, *map(change, pictures)]) == [*range(8), *range(8)]


@pytest.mark.data
@pytest.mark.parametrize("change", [saved_again, larger, moved])
def test_versions_of_a_photo_are_nearly_the_same_and_others_of_its_kind_are_not(shared_data, change):
    paths = sorted((shared_data / "photos" / "motorbike").iterdir())
    pictures = [Image.open(path).convert("RGB") for path in paths]
    count = len(pictures)
    assert groups_of([*pictures, *map(change, pictures)]) == [*range(count), *range(count)]


@pytest.mark.data
def test_nearly_all_photos_of_half_the_size_are_nearly_the_same(shared_data):
    paths = sorted((shared_data / "photos" / "motorbike").iterdir())
    pictures = [Image.open(path).convert("RGB") for path in paths]
    count = len(pictures)
    groups = groups_of([*pictures, *map(smaller, pictures)])
    assert groups[:count] == list(range(count))
    assert sum(group == row for row, group in enumerate(groups[count:])) >= 0.9 * count
