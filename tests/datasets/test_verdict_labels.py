"""What people said of pictures, and the split of each tag: it counts more than lists, and for one tag alone."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.datasets import Splitter, VerdictLabel, VerdictLabels, gather
from image_tagging.datasets.splits import MOST_OTHERS
from image_tagging.errors import TrainingError
from image_tagging.records import ImportedEmbedding
from labelled import tag_lists
from mountains import cloud, labelled, pictures

COUNTS = {"cat": 12, "dog": 12, "owl": 8}

#: Pictures that are no images of the data set.
FURTHER = pictures("m", cloud(20, 0, seed=5))


def data_of(*labels, lists=None, further=FURTHER, images=None, counts=None):
    listed_images, listed = labelled(counts or COUNTS)
    known = {picture.hash_id: picture for picture in further}
    verdicts = VerdictLabels(labels, lambda names: [known[name] for name in names if name in known])
    return gather(iter([*listed_images, *(images or ())]), tag_lists({**listed, **(lists or {})}), verdicts=verdicts)


def names(data, rows):
    """The names of rows of the table, in order of these names."""
    listed, _ = labelled(COUNTS)
    every = [
        *(image.hash_id for image in listed),
        *(["?"] * (len(data.embeddings) - len(listed))),
        *data.verdicts.pictures,
    ]
    return sorted(every[row] for row in rows)


def split(data, tag="cat", *, share=0.0, with_background=False):
    return Splitter(data, test_share=share, seed=0, with_background=with_background).split(tag)


def learned(data, tag="cat", **options):
    """What a tag is learned from: the names of the images of the tag, and of the others."""
    made = split(data, tag, **options)
    return names(data, made.training[made.is_tag]), names(data, made.training[~made.is_tag])


def held(data, tag="cat", **options):
    made = split(data, tag, **options)
    return (
        names(data, made.validation[made.is_validation_tag]),
        names(data, made.validation[~made.is_validation_tag]),
    )


CATS, DOGS, OWLS = (sorted(f"{tag}-{number}" for number in range(count)) for tag, count in COUNTS.items())


def test_nothing_said_is_the_split_of_the_lists():
    assert learned(data_of()) == (CATS, sorted([*DOGS, *OWLS]))


def test_a_yes_is_an_example_of_the_tag():
    data = data_of(VerdictLabel("cat", "m-1", True), VerdictLabel("cat", "dog-1", True))
    own, others = learned(data)
    assert own == sorted([*CATS, "m-1", "dog-1"])
    assert others == sorted({*DOGS, *OWLS} - {"dog-1"})


def test_a_no_is_an_other_of_the_tag():
    data = data_of(VerdictLabel("cat", "m-1", False), VerdictLabel("cat", "cat-1", False))
    own, others = learned(data)
    assert own == sorted({*CATS} - {"cat-1"})
    assert others == sorted([*DOGS, *OWLS, "m-1", "cat-1"])


def test_an_unsure_picture_is_neither():
    data = data_of(*(VerdictLabel("cat", name, None) for name in ("m-1", "cat-1", "dog-1")))
    assert learned(data) == (sorted({*CATS} - {"cat-1"}), sorted({*DOGS, *OWLS} - {"dog-1"}))


def test_what_is_said_for_one_tag_changes_no_other():
    labels = [VerdictLabel("cat", name, word) for name, word in (("m-1", True), ("dog-1", True), ("cat-1", False))]
    for tag in ("dog", "owl"):
        one, other = split(data_of(), tag), split(data_of(*labels), tag)
        for name in ("training", "is_tag", "groups", "validation", "is_validation_tag"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
        assert one.marks == other.marks


def test_others_of_a_data_set_with_other_images_have_the_no_too():
    data = data_of(VerdictLabel("cat", "m-1", False), lists={"other-training": OWLS})
    assert learned(data)[1] == sorted([*OWLS, "m-1"])


def test_images_that_are_validated_only_stay_so_after_a_no():
    data = data_of(
        VerdictLabel("cat", "owl-1", False), VerdictLabel("cat", "owl-2", True), lists={"other-validation": OWLS}
    )
    own, others = learned(data)
    assert "owl-2" in own
    assert "owl-1" not in others
    assert held(data) == ([], sorted({*OWLS} - {"owl-2"}))


def test_a_tag_of_verdicts_alone_is_a_tag():
    data = data_of(
        VerdictLabel("new", "m-1", True), VerdictLabel("new", "cat-1", True), VerdictLabel("new", "m-2", False)
    )
    assert data.tags == ["cat", "dog", "new", "owl"]
    own, others = learned(data, "new")
    assert own == ["cat-1", "m-1"]
    assert others == sorted({*CATS, *DOGS, *OWLS, "m-2"} - {"cat-1"})


def test_pictures_without_an_embedding_are_counted():
    data = data_of(
        VerdictLabel("cat", "nowhere", True), VerdictLabel("new", "nowhere", True), VerdictLabel("cat", "m-1", True)
    )
    assert (data.verdicts.missing, len(data.verdicts.used)) == (2, 1)
    assert "new" in data.tags  # which then says that it has no image


def test_only_pictures_that_are_no_images_of_the_data_set_are_looked_for():
    asked = []

    def find(names):
        asked.extend(names)
        return ()

    images, listed = labelled(COUNTS)
    gather(
        iter(images),
        tag_lists(listed),
        verdicts=VerdictLabels([VerdictLabel("cat", "m-1", True), VerdictLabel("cat", "dog-1", True)], find),
    )
    assert asked == ["m-1"]


# Checks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_background", [False, True])
def test_checks_are_validation_and_never_learned_from(with_background):
    labels = [
        VerdictLabel("cat", "m-1", True, True),
        VerdictLabel("cat", "m-2", False, True),
        VerdictLabel("cat", "dog-1", True, True),
    ]
    labels += [VerdictLabel("cat", "cat-1", False, True), VerdictLabel("cat", "m-3", None, True)]
    data = data_of(*labels)
    own, others = learned(data, with_background=with_background)
    assert not {"m-1", "m-2", "m-3", "dog-1", "cat-1"} & {*own, *others}
    assert held(data, with_background=with_background) == (["dog-1", "m-1"], ["cat-1", "m-2"])


def test_near_duplicates_of_a_check_follow_it():
    """An example, another image, and a picture that was said to be one, each next to a check."""
    images = {image.hash_id: image for image in labelled(COUNTS)[0]}
    further = [
        *FURTHER,
        *(
            ImportedEmbedding(f"near-{name}", "", images[name].embedding * np.float32(1.001))
            for name in ("cat-1", "dog-1")
        ),
        ImportedEmbedding("near-m-1", "", FURTHER[1].embedding + np.float32(0.001)),
    ]
    labels = [VerdictLabel("cat", "near-cat-1", True, True), VerdictLabel("cat", "near-dog-1", False, True)]
    labels += [VerdictLabel("cat", "m-1", True, True), VerdictLabel("cat", "near-m-1", True)]
    data = data_of(*labels, further=further)
    own, others = learned(data)
    assert own == sorted({*CATS} - {"cat-1"})
    assert others == sorted({*DOGS, *OWLS} - {"dog-1"})
    assert held(data) == (["cat-1", "m-1", "near-cat-1", "near-m-1"], ["dog-1", "near-dog-1"])


def test_the_share_that_is_held_back_comes_on_top_of_checks():
    data = data_of(VerdictLabel("cat", "m-1", True, True), counts={"cat": 40, "dog": 40})
    made = split(data, share=0.1)
    assert int(made.is_validation_tag.sum()) == 1 + 4
    assert "verdicts: 0 yes, 0 no, 0 unsure; 1 of check are validation" in made.marks


def test_a_split_that_shares_nothing_between_its_sides():
    draw = np.random.default_rng(0)
    for seed in range(20):
        words = [(True, False), (False, False), (None, False), (True, True), (False, True), (None, True)]
        chosen = draw.choice([*CATS, *DOGS, *OWLS, *(f"m-{number}" for number in range(20))], 25, replace=False)
        labels = [VerdictLabel("cat", str(name), *words[draw.integers(6)]) for name in chosen]
        data = data_of(*labels)
        made = Splitter(data, test_share=0.2, seed=seed).split("cat")
        groups = data.groups_of("cat")
        assert not np.intersect1d(groups[made.training], groups[made.validation]).size
        assert len(np.unique(made.training)) == len(made.training)
        known = {label.hash_id: label.has_tag for label in labels}
        for rows, is_tag in ((made.training, made.is_tag), (made.validation, made.is_validation_tag)):
            for row, has_tag in zip(rows, is_tag):
                (name,) = names(data, [row])
                assert known.get(name, name.startswith("cat")) == has_tag


# Order, weight, bounds --------------------------------------------------------------------------------------


def test_the_order_of_what_was_said_changes_nothing():
    labels = [VerdictLabel("cat", f"m-{number}", number % 3 > 0, number % 5 == 0) for number in range(20)]
    labels += [VerdictLabel("cat", "dog-3", True), VerdictLabel("dog", "m-3", True), VerdictLabel("new", "m-4", True)]
    one, other = data_of(*labels), data_of(*labels[::-1])
    assert np.array_equal(one.table, other.table)
    for tag in one.tags:
        assert np.array_equal(split(one, tag, share=0.2).training, split(other, tag, share=0.2).training)


def test_every_no_is_learned_from_where_others_are_too_many(monkeypatch):
    monkeypatch.setattr("image_tagging.datasets.splits.MOST_OTHERS", 5)
    assert MOST_OTHERS > 5
    data = data_of(*(VerdictLabel("cat", f"m-{number}", False) for number in range(4)))
    made = split(data)
    assert {"m-0", "m-1", "m-2", "m-3"} < {*names(data, made.training[~made.is_tag])}
    assert made.is_kept.sum() == 4


def test_a_tag_that_lost_all_others_says_so():
    labels = [VerdictLabel("cat", name, True) for name in (*DOGS, *OWLS)]
    with pytest.raises(TrainingError, match="no image without the tag"):
        split(data_of(*labels))


def test_groups_are_those_of_all_these_pictures_together():
    from image_tagging.datasets import near_duplicate_groups

    draw = np.random.default_rng(1)
    base = [draw.normal(size=16) for _ in range(12)]
    near = [vector + draw.normal(size=16) * 0.05 for vector in base for _ in range(2)]
    further = pictures("m", np.array([*near[:9], *base[:3]], dtype=np.float32))
    images = pictures("x", np.array([*near[9:], *base], dtype=np.float32))
    data = data_of(*(VerdictLabel("cat", each.hash_id, True) for each in further), further=further, images=images)
    assert len(data.table) == len(data.embeddings) + len(further)
    expected = near_duplicate_groups(data.table)
    assert np.array_equal(data.groups_of("cat"), expected)
    assert len(np.unique(expected)) < len(expected) - 5
