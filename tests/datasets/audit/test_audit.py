"""What is told of a data set before it is learned."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.datasets import read_embeddings, read_tag_lists
from image_tagging.datasets.audit.audit import MOST_ADVICE, audit_dataset
from image_tagging.datasets.tagged_embeddings import TaggedEmbeddings, gather


def dataset(copies=(), **tags):
    """Tags with the rows of their images, of which those in ``copies`` (image, like which) are near-duplicates."""
    rows = {tag.replace("_", "-"): np.array(numbers, dtype=np.int64) for tag, numbers in tags.items()}
    return named_dataset(rows, copies)


def named_dataset(rows, copies=()):
    rows = {tag: np.array(numbers, dtype=np.int64) for tag, numbers in rows.items()}
    count = max(max(numbers, default=0) for numbers in rows.values()) + 1
    embeddings = np.random.default_rng(0).normal(size=(count, 32)).astype(np.float32)
    for row, like in copies:
        embeddings[row] = embeddings[like] + 0.02
    return TaggedEmbeddings(embeddings, rows, np.arange(count, dtype=np.uint64), 0)


def advice(data, code):
    return [each for each in audit_dataset(data) if each.code == code]


def one(data, code):
    (only,) = advice(data, code)
    return only


def test_of_a_tidy_data_set_there_is_nothing_to_say():
    assert audit_dataset(dataset(cat=range(30), dog=range(30, 60), other_training=range(60, 100))) == ()


def test_images_of_two_tags_are_reported_where_nearly_all_have_one():
    found = one(dataset(cat=range(50), dog=range(48, 100)), "excluding-tags")
    assert (found.tags, found.rows) == (("cat", "dog"), (48, 49))
    assert found.sentence.startswith("2 images are in both cat and dog, while nearly all others have one tag")


def test_images_of_several_tags_are_as_they_should_be_where_many_have_several():
    data = dataset(cat=range(50), pet=range(25, 75), indoors=range(0, 75, 3))
    assert audit_dataset(data) == ()


def test_a_tag_within_another_excludes_nothing():
    assert not advice(dataset(pet=range(400), kitten=range(20)), "excluding-tags")


@pytest.mark.parametrize("opposite", ["cat", "pos-cat", "Cat"])
def test_tags_that_deny_each_other_share_no_image_whatever_else_is_shared(opposite):
    rows = {opposite: range(40), "not-cat": range(39, 80), "pet": range(20, 70), "indoors": range(80)}
    found = one(named_dataset(rows), "excluding-tags")
    assert (set(found.tags), found.rows) == ({opposite, "not-cat"}, (39,))
    assert "by their names exclude each other" in found.sentence


def test_images_of_a_tag_that_are_listed_as_other_images_too_are_reported():
    data = dataset(cat=range(30), dog=range(30, 60), other_training=range(28, 33), other_validation=range(32, 90))
    training, validation, both = advice(data, "also-other")
    assert (training.tags, training.rows) == (("dog", "cat"), (28, 29, 30, 31, 32))
    assert training.sentence.startswith("5 images are both in other-training and in tags (dog, cat)")
    assert (validation.tags, len(validation.rows)) == (("dog",), 6)
    assert (both.tags, both.rows) == ((), (32,))


def test_other_images_that_are_nearly_those_of_a_tag_are_reported_with_them():
    data = dataset([(70, 3), (71, 40), (90, 5)], cat=range(30), dog=range(30, 60), other_training=range(60, 80),
                   other_validation=range(80, 100))  # fmt: skip
    training, validation = advice(data, "nearly-other")
    assert (training.tags, training.rows) == (("cat", "dog"), (70, 3, 71, 40))
    assert training.sentence.startswith("2 images of other-training are nearly the same as images of tags (cat, dog)")
    assert (validation.tags, validation.rows) == (("cat",), (90, 5))
    assert validation.sentence.startswith("1 image of other-validation is nearly the same")


def test_near_duplicates_with_different_tags_are_reported():
    data = dataset([(40, 3), (41, 3), (50, 31)], cat=range(30), dog=range(30, 60), pet=[3, 31, 50])
    found = one(data, "differently-tagged")
    assert (found.tags, found.rows) == (("cat", "dog", "pet"), (3, 40))
    assert found.sentence.startswith("1 picture is there more than once, nearly the same, with different tags")


def test_a_tag_of_few_different_images_is_reported():
    data = dataset([(row, 5) for row in range(6, 12)], cat=range(40), dog=range(40, 80))
    found = one(data, "nearly-the-same")
    assert (found.tags, found.rows) == (("cat",), (5, 6, 7, 8, 9, 10))
    assert found.sentence == "cat has 40 images, but only 34 that are not nearly the same: add different ones."


def test_two_near_duplicates_of_many_are_not_worth_a_word():
    assert audit_dataset(dataset([(1, 0), (3, 2)], cat=range(40), dog=range(40, 80))) == ()


def test_tags_that_list_the_same_images_are_reported():
    data = dataset(cat=range(40), feline=range(1, 40), dog=range(40, 80))
    found = one(data, "same-images")
    assert found.tags == ("cat", "feline")
    assert found.sentence.startswith("cat and feline have 39 of 40 images in common")


def alike(spread):
    """``sunflower`` and ``sunflowers``, whose images lie round two centres so far apart."""
    data = dataset(sunflower=range(30), sunflowers=range(30, 60), dog=range(60, 90))
    data.embeddings[30:60] += spread
    data.embeddings[60:90] -= spread
    return data


def test_tags_that_are_spelt_alike_are_reported_where_they_look_alike():
    found = one(alike(0.0), "spelt-alike")
    assert (found.tags, found.rows) == (("sunflower", "sunflowers"), (0, 1, 2, 30, 31, 32))
    assert found.sentence.startswith("sunflower (30 images) and sunflowers (30 images) are spelt nearly alike and look")


def test_tags_that_are_spelt_alike_and_look_otherwise_are_two_tags():
    assert not advice(alike(3.0), "spelt-alike")


def test_tags_that_are_spelt_alike_and_share_images_are_reported():
    data = dataset(sunflower=range(30), sunflowers=range(25, 60), flower=range(50))
    assert "are spelt nearly alike and share 5 images" in one(data, "spelt-alike").sentence


def test_tags_of_few_images_are_reported_together_and_near_duplicates_count_once():
    copies = [(101, 100), (102, 100)]
    data = dataset(copies, few=range(80, 85), fewer=[79], rather_few=range(100, 106), many=range(40), none=[])
    least, less = advice(data, "few-images")
    assert least.tags == ("fewer", "rather-few")
    assert least.sentence.startswith("2 tags have fewer than 5 different images (fewer, rather-few)")
    assert less.tags == ("few",)
    assert less.sentence.startswith("1 tag has fewer than 20 different images (few)")


def test_what_is_said_of_very_many_tags_is_said_of_three_and_then_together():
    rows = {f"{number} copies": range(number * 40, number * 40 + 40) for number in range(9)}
    copies = [(row + again, row) for row in range(0, 360, 40) for again in range(1, 9)]
    found = advice(named_dataset(rows, copies), "nearly-the-same")
    assert len(found) == 4
    assert len(found[-1].tags) == 6
    assert found[-1].sentence.startswith("The same goes for 6 more, of ")
    assert len(found[-1].rows) == 6


def test_no_more_is_said_than_can_be_read():
    data = dataset(cat=range(40), feline=range(40), not_cat=range(38, 45), few=[50], fewish=range(60, 66))
    every = audit_dataset(data)
    assert 3 < len(every) <= MOST_ADVICE
    first = audit_dataset(data, most=3)
    assert [each.code for each in first] == [*(each.code for each in every[:2]), "more"]
    assert first[-1].sentence.startswith(f"{len(every) - 2} more notes")


def test_names_of_tags_stay_on_their_line():
    found = audit_dataset(named_dataset({"a\nb\x1b[2J": range(3), "dog": range(3, 40)}))
    assert [each.sentence for each in found] == [
        r"1 tag has fewer than 5 different images (a\nb\x1b[2J): models are weak then, and not validated."
    ]


def test_a_thousand_tags_are_looked_at():
    random = np.random.default_rng(0)
    rows = {f"tag {number:b}": random.choice(2000, size=20, replace=False) for number in range(1000)}
    assert len(audit_dataset(named_dataset(rows, [(row + 1000, row) for row in range(200)]))) <= MOST_ADVICE


@pytest.mark.data
def test_the_published_data_set_reports_its_leaks_and_its_tags_spelt_alike(shared_data):
    folder = shared_data / "clip-embeddings"
    _, images = read_embeddings(str(folder / "input-metadata.json"))
    data = gather(images, read_tag_lists(str(folder / "input-tag-to-image-hash-list.json")))
    found = audit_dataset(data)
    assert [each.code for each in found] == [
        *("nearly-other", "nearly-other", "differently-tagged"),
        *("spelt-alike", "spelt-alike", "spelt-alike", "few-images", "few-images"),
    ]
    assert ("pos-environment-natural", "pos-environmental-natural") in [each.tags for each in found]


def test_pairs_that_are_not_told_of_one_by_one_are_counted():
    *shown, rest = advice(named_dataset({f"t{number:03}": range(30) for number in range(100)}), "same-images")
    assert [each.tags for each in shown] == [("t000", "t001"), ("t000", "t002"), ("t000", "t003")]
    assert rest.sentence == "The same goes for 4,947 more, among others of t000, t004, t005 and 97 more."


def test_of_a_thousand_tags_the_images_with_hundreds_count_in_no_pair():
    rows = {f"t{number:04}": [0, 1, 2, 3] for number in range(1001)}
    rows["t0000"] = rows["t0001"] = [0, 1, 2, 3, 4, 5, 6]
    found = one(named_dataset(rows), "same-images")
    assert found.tags == ("t0000", "t0001")
    assert found.sentence.startswith("t0000 and t0001 have 7 of 7 images in common")
