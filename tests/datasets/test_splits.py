"""What a tag model learns from, and what it is measured on."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.datasets import splits
from image_tagging.datasets.splits import Splitter
from image_tagging.datasets.tagged_embeddings import TaggedEmbeddings, gather
from image_tagging.errors import TrainingError
from image_tagging.records import ImportedEmbedding
from labelled import tag_lists


def dataset(**tags):
    """Tags with the rows of their images, over as many embeddings as the rows need."""
    rows = {tag.replace("_", "-"): np.array(numbers, dtype=np.int64) for tag, numbers in tags.items()}
    count = max(max(numbers, default=0) for numbers in tags.values()) + 1
    return tagged(apart(count), rows)


def apart(count):
    """Embeddings (count, 32) of which no two are nearly the same, each the same whatever the count."""
    return np.random.default_rng(0).normal(size=(count, 32)).astype(np.float32)


def with_copies(data, *pairs):
    """The data set with some images nearly the same as others: pairs (image, image that it becomes like)."""
    embeddings = data.embeddings.copy()
    for row, like in pairs:
        embeddings[row] = embeddings[like] * 1.5 + 0.01
    return tagged(embeddings, data.rows)


def tagged(embeddings, rows):
    """A data set whose draws are those of running numbers."""
    images = (brought(str(number), *vector) for number, vector in enumerate(embeddings))
    data = gather(images, tag_lists({"any": ["0"]}))
    return TaggedEmbeddings(data.embeddings, rows, data.draws, 0)


def split(data, tag, share=0.1, seed=0):
    return Splitter(data, test_share=share, seed=seed).split(tag)


def learned(division, is_tag=True):
    return set(division.training[division.is_tag == is_tag].tolist())


def measured(division, is_tag=True):
    return set(division.validation[division.is_validation_tag == is_tag].tolist())


def brought(hash_id, *vector):
    return ImportedEmbedding(hash_id, f"/{hash_id}.png", np.array(vector, np.float32))


def test_gather_joins_the_two_files():
    data = gather(
        [brought("a", 1, 2), brought("b", 3, 4), brought("c", 5, 6)], tag_lists({"cat": ["c", "a"], "dog": ["b"]})
    )
    np.testing.assert_array_equal(data.embeddings, [[1, 2], [3, 4], [5, 6]])
    assert {tag: rows.tolist() for tag, rows in data.rows.items()} == {"cat": [2, 0], "dog": [1]}
    assert (data.unknown, data.tags) == (0, ["cat", "dog"])


def test_gather_counts_what_the_metadata_lacks_and_takes_no_image_twice():
    data = gather([brought("a", 1)], tag_lists({"cat": ["a", "gone", "a"], "dog": ["gone"], "none": []}))
    assert {tag: rows.tolist() for tag, rows in data.rows.items()} == {"cat": [0], "dog": [], "none": []}
    assert data.unknown == 2


@pytest.mark.parametrize("lists", [{"cat": ["x"]}, {"cat": ["x"], "dog": []}])
def test_gather_refuses_files_that_do_not_belong_together(lists):
    with pytest.raises(TrainingError, match="different data sets"):
        gather([brought("a", 1)], tag_lists(lists))


@pytest.mark.parametrize("lists", [{}, {"cat": []}])
def test_gather_takes_lists_that_name_no_image(lists):
    data = gather([brought("a", 1)], tag_lists(lists))
    assert (data.tags, data.unknown, len(data.embeddings)) == (list(lists), 0, 1)


def test_gather_keeps_the_images_that_no_list_names():
    data = gather([brought("a", 1), brought("x", 2), brought("b", 3)], tag_lists({"cat": ["b"], "dog": ["a"]}))
    np.testing.assert_array_equal(data.embeddings, [[1], [2], [3]])
    assert {tag: rows.tolist() for tag, rows in data.rows.items()} == {"cat": [2], "dog": [0]}


def test_gather_grows_and_gives_one_table_without_spare_rows():
    count = 5000
    vectors = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    images = (ImportedEmbedding(str(number), "", vector) for number, vector in enumerate(vectors))
    data = gather(images, tag_lists({"cat": [str(number) for number in range(0, count, 7)]}))
    np.testing.assert_array_equal(data.embeddings, vectors)
    assert data.embeddings.dtype == np.float32
    np.testing.assert_array_equal(data.rows["cat"], range(0, count, 7))


def test_the_sets_of_other_images_are_no_tags():
    assert dataset(b=[0], a=[1], other_training=[2], other_validation=[3]).tags == ["a", "b"]


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("count", [5, 6, 40])
def test_every_image_has_one_place_and_each_class_its_share(share, count):
    data = dataset(cat=range(count), dog=range(count, 3 * count))
    division = split(data, "cat", share)
    both = np.concatenate([division.training, division.validation])
    assert sorted(both.tolist()) == list(range(3 * count))
    for is_tag, images in ((True, range(count)), (False, range(count, 3 * count))):
        assert learned(division, is_tag) | measured(division, is_tag) == set(images)
        expected = min(max(1, round(len(images) * share)), len(images) - 1)
        assert len(measured(division, is_tag)) == expected
        assert learned(division, is_tag)


def test_the_split_is_drawn_by_the_seed_and_not_the_first_images():
    data = dataset(cat=range(50), dog=range(50, 150))
    assert measured(split(data, "cat")) == measured(split(data, "cat"))
    assert measured(split(data, "cat")) != measured(split(data, "cat", seed=1))
    assert measured(split(data, "cat", 0.2)) != set(range(10))


def test_an_image_of_two_tags_is_no_other_image_of_either():
    data = dataset(cat=range(10), pet=range(5, 20), tree=range(20, 40))
    division = split(data, "cat")
    assert not (learned(division, False) | measured(division, False)) & set(range(10))
    assert learned(division, False) | measured(division, False) == set(range(10, 40))


def test_images_without_any_tag_are_other_images():
    data = dataset(cat=range(5), dog=range(5, 8))
    data = tagged(np.zeros((30, 2), np.float32), data.rows)
    division = split(data, "cat")
    assert learned(division, False) | measured(division, False) == set(range(5, 30))


def test_other_training_is_the_only_other_where_it_exists():
    data = dataset(cat=range(10), dog=range(10, 20), other_training=range(18, 40))
    division = split(data, "dog")
    assert learned(division) | measured(division) == set(range(10, 20))
    assert learned(division, False) | measured(division, False) == set(range(20, 40))


def test_with_a_background_other_tags_are_others_next_to_other_training():
    data = dataset(cat=range(20), dog=range(20, 40), other_training=range(40, 60))
    division = Splitter(data, test_share=0, seed=0, with_background=True).split("cat")
    assert learned(division) == set(range(20))
    assert learned(division, is_tag=False) == set(range(20, 60))


def test_with_a_background_a_tag_needs_no_others():
    data = dataset(cat=range(20))
    division = Splitter(data, test_share=0.1, seed=0, with_background=True).split("cat")
    assert len(learned(division)) == 18
    assert learned(division, is_tag=False) == set()
    assert len(measured(division)) == 2


def test_with_a_background_other_validation_is_only_measured_on():
    data = dataset(cat=range(20), dog=range(20, 40), other_validation=range(40, 60))
    division = Splitter(data, test_share=0.1, seed=0, with_background=True).split("cat")
    assert not learned(division, is_tag=False) & set(range(40, 60))
    assert measured(division, is_tag=False) >= set(range(40, 60))


def test_an_empty_other_training_counts_as_none():
    data = dataset(cat=range(10), dog=range(10, 20), other_training=[])
    division = split(data, "cat")
    assert learned(division, False) | measured(division, False) == set(range(10, 20))


def test_other_validation_is_only_ever_measured_on():
    data = dataset(cat=range(10), dog=range(10, 20), other_validation=range(18, 30))
    division = split(data, "cat")
    assert set(range(18, 30)) <= measured(division, False)
    assert not learned(division, False) & set(range(18, 30))
    # An image of the tag is an image of the tag, wherever else it lies.
    assert learned(split(data, "dog")) | measured(split(data, "dog")) == set(range(10, 20))
    assert measured(split(data, "dog"), False) >= set(range(20, 30))


@pytest.mark.parametrize("others", [{"other_training": range(20, 60)}, {}])
def test_a_further_tag_does_not_move_the_split_of_another(others):
    data = dataset(cat=range(20), pet=range(20, 60), **others)
    more = dataset(cat=range(20), pet=range(20, 60), dog=[*range(5), *range(30, 50)], **others)
    for one, other in zip((split(data, "cat").training, split(data, "cat").validation),
                          (split(more, "cat").training, split(more, "cat").validation)):  # fmt: skip
        np.testing.assert_array_equal(one, other)


def test_further_images_leave_the_order_of_those_before_them():
    first = gather([brought(name, 1) for name in "abcdefgh"], tag_lists({"any": ["a"]}))
    more = gather([brought(name, 1) for name in "xabcdyefghz"], tag_lists({"any": ["a"]}))
    names = ["abcdefgh"[row] for row in first.shuffled(np.arange(8), 3)]
    later = ["xabcdyefghz"[row] for row in more.shuffled(np.arange(11), 3)]
    assert [name for name in later if name in names] == names
    assert names != list("abcdefgh")


def test_tags_learn_from_the_same_others_as_far_as_they_can(monkeypatch):
    monkeypatch.setattr(splits, "MOST_OTHERS", 100)
    data = dataset(cat=range(10), dog=range(10, 20), rest=range(20, 2000))
    cat, dog = (learned(split(data, tag), False) for tag in ("cat", "dog"))
    assert len(cat & dog) >= 98


@pytest.mark.parametrize(
    ("count", "share", "held", "mark"),
    [
        (1, 0.1, 0, "none held back of only 1 image"),
        (4, 0.1, 0, "none held back of only 4 images"),
        (5, 0.1, 1, "rough: 1 held back"),
        (40, 0.1, 4, "rough: 4 held back"),
        (50, 0.1, 5, None),
        (50, 0.0, 0, "none held back, as asked for"),
        (29, None, 0, "none held back of fewer than 30 images: read the average precision, out of fold"),
        (30, None, 3, "rough: 3 held back"),
        (60, None, 6, None),
    ],
)
def test_a_split_warns_of_few_validation_images(count, share, held, mark):
    division = split(dataset(cat=range(count), dog=range(count, count + 20)), "cat", share)
    assert len(measured(division)) == held
    assert division.marks == ((mark,) if mark else ())


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_where_no_image_of_the_tag_is_held_back_other_validation_alone_is_measured(share):
    data = dataset(cat=range(3), dog=range(3, 33), other_validation=range(33, 40))
    division = split(data, "cat", share)
    assert set(division.validation) == set(range(33, 40))
    assert learned(division) == set(range(3))
    assert learned(division, False) == set(range(3, 33))


def test_what_cannot_be_learned_is_said():
    with pytest.raises(TrainingError, match="no image without the tag"):
        split(dataset(cat=range(5)), "cat")
    with pytest.raises(TrainingError, match="no image without the tag"):
        split(dataset(cat=range(5), other_validation=range(5, 9)), "cat")
    with pytest.raises(TrainingError, match="no image without the tag"):
        split(dataset(cat=range(5), dog=range(5, 9), other_training=range(3)), "cat")


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_a_tag_without_an_image_has_all_others_to_learn_from(share):
    division = split(dataset(cat=[], dog=range(8), other_validation=range(8, 12)), "cat", share)
    assert learned(division) == set()
    assert learned(division, False) == set(range(8))
    assert set(division.validation) == set(range(8, 12))
    assert division.marks == ("no image of the tag",)
    assert division.weights == (1.0, 1.0)


def test_no_more_images_of_a_class_are_learned_from_than_the_bound(monkeypatch):
    data = dataset(cat=range(40), dog=range(40, 240))
    unbounded = split(data, "cat")
    monkeypatch.setattr(splits, "MOST_OF_TAG", 20)
    monkeypatch.setattr(splits, "MOST_OTHERS", 30)
    bounded = split(data, "cat")
    for is_tag, most in ((True, 20), (False, 30)):
        assert len(learned(bounded, is_tag)) == most
        assert learned(bounded, is_tag) < learned(unbounded, is_tag)
    np.testing.assert_array_equal(bounded.validation, unbounded.validation)
    assert learned(bounded, False) != set(range(40, 70))
    assert bounded.marks == (
        *("rough: 4 held back", "learned from 20 of 36 images of the tag", "learned from 30 of 180 other images"),
    )
    assert bounded.weights == (36 / 20, 180 / 30)
    assert learned(bounded, False) != learned(split(data, "cat", seed=1), False)


def test_up_to_the_bound_every_image_is_learned_from(monkeypatch):
    monkeypatch.setattr(splits, "MOST_OTHERS", 180)
    division = split(dataset(cat=range(100), dog=range(100, 300)), "cat")
    assert (len(learned(division, False)), division.marks, division.weights) == (180, (), (1.0, 1.0))


def groups_of(data, images):
    return set(data.groups[sorted(images)].tolist())


@pytest.mark.parametrize("seed", range(8))
def test_near_duplicates_never_lie_on_both_sides(seed):
    pairs = [(20, 0), (21, 1), (22, 2), (7, 8), (9, 8), (100, 50), (101, 51), (102, 52), (103, 3)]
    data = with_copies(dataset(cat=range(20), dog=range(20, 100), rest=range(100, 160)), *pairs)
    for tag in ("cat", "dog", "rest"):
        division = split(data, tag, 0.3, seed)
        assert not groups_of(data, division.training) & groups_of(data, division.validation)
        assert sorted([*division.training, *division.validation]) == list(range(160))


def test_a_split_tells_the_groups_of_what_is_learned_from():
    data = with_copies(dataset(cat=range(10), dog=range(10, 30)), (1, 0), (12, 2))
    division = split(data, "cat")
    np.testing.assert_array_equal(division.groups, data.groups[division.training])
    assert data.groups[[0, 1, 2, 12]].tolist() == [0, 0, 2, 2]


def test_without_near_duplicates_each_image_is_its_own_group():
    data = dataset(cat=range(10), dog=range(10, 30))
    np.testing.assert_array_equal(data.groups, np.arange(30))


def test_other_validation_is_not_measured_where_it_is_nearly_what_is_learned_from():
    data = dataset(cat=range(10), dog=range(10, 30), other_validation=range(30, 40))
    first = split(data, "cat")
    taught, kept = next(iter(learned(first))), next(iter(measured(first)))
    division = split(with_copies(data, (30, taught), (31, kept)), "cat")
    assert learned(division) == learned(first)
    assert measured(division, False) == measured(first, False) - {30}


def test_a_further_tag_of_images_that_are_there_moves_no_near_duplicates():
    pairs = [(7, 8), (25, 3), (26, 27)]
    data = with_copies(dataset(cat=range(20), pet=range(20, 60)), *pairs)
    more = with_copies(dataset(cat=range(20), pet=range(20, 60), dog=[*range(5), *range(30, 50)]), *pairs)
    np.testing.assert_array_equal(split(data, "cat").training, split(more, "cat").training)


def test_a_tag_whose_images_are_nearly_the_same_is_learned_and_not_measured():
    data = with_copies(dataset(cat=range(8), dog=range(8, 40)), *((row, 0) for row in range(1, 8)))
    division = split(data, "cat")
    assert (len(division.validation), len(learned(division))) == (0, 8)
    assert learned(division, False) == set(range(8, 40))
    assert division.marks == ("none held back, as most of its 8 images are nearly the same",)
