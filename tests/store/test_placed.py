"""The store remembers which files in bins are ours."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import OutputError
from image_tagging.store import STORE_NAME, PlacedFile, WorkingStore


def placed(number, name="a.png", time=7):
    return PlacedFile(f"svm/tag {number}/1.0", name, 100, time)


def test_what_was_placed_comes_back(tmp_path):
    images = {"a": [placed(1), placed(2), placed(3, "a (2).png"), placed(4, time=8)], "b": [placed(1)]}
    with WorkingStore(str(tmp_path)) as store:
        store.placed.remember(images, "3", "models")
    with WorkingStore(str(tmp_path)) as store:
        assert {key: sorted(store.placed.of(key)) for key in images} == {key: sorted(images[key]) for key in images}
        assert store.placed.folders() == [f"svm/tag {number}/1.0" for number in (1, 2, 3, 4)]
        store.placed.remember({"a": []}, "3", "models")
        assert (store.placed.of("a"), len(store.placed.of("b"))) == ([], 1)


def test_copies_of_one_image_take_one_row(tmp_path):
    with WorkingStore(str(tmp_path)) as store:
        store.placed.remember({"a": [placed(number) for number in range(80)]}, "3", "models")
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as db:
        ((files,),) = db.execute("SELECT files FROM placed").fetchall()
    assert len(files) < 80 * 4


def test_images_of_the_same_stage_by_other_models_are_known(tmp_path):
    with WorkingStore(str(tmp_path)) as store:
        store.placed.remember({"a": [placed(1)]}, "3", "old")
        assert store.placed.has_others("3", "new")
        assert not store.placed.has_others("3", "old")
        assert not store.placed.has_others("4", "new")


@pytest.mark.parametrize("files", ["{", "[1]", '[["a.png", 1, 2, [99]]]', '[["a.png", 1, 2]]', "null"])
def test_a_row_that_says_nothing_is_damage(tmp_path, files):
    with WorkingStore(str(tmp_path)) as store:
        store.placed.remember({"a": [placed(1)]}, "3", "models")
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as db:
        db.execute("UPDATE placed SET files = ?", (files,))
        db.commit()
    with (
        WorkingStore(str(tmp_path)) as store,
        pytest.raises(OutputError, match="what was placed in bins cannot be read"),
    ):
        store.placed.of("a")


def test_what_lies_in_some_folders_is_found_by_its_images(tmp_path):
    a, b = ImageRef("/m/a.png"), ImageRef("/m/z.zip", ("b.png",))
    with WorkingStore(str(tmp_path)) as store:
        store.placed.remember({a.key: [placed(1), placed(2)], b.key: [placed(2)]}, "3", "models")
        assert dict(store.placed.within({placed(1).folder})) == {a: [placed(1)]}
        assert dict(store.placed.within({placed(2).folder})) == {a: [placed(2)], b: [placed(2)]}
        assert dict(store.placed.within(())) == {}


def test_files_are_forgotten_and_the_others_stay_as_they_were(tmp_path):
    a, b = ImageRef("/m/a.png").key, ImageRef("/m/b.png").key
    with WorkingStore(str(tmp_path)) as store:
        store.placed.remember({a: [placed(1), placed(2)]}, "3", "models/10")
        store.placed.remember({b: [placed(1)]}, "4", "others")
        store.placed.forget({a: [placed(1)], b: [placed(1)]})
        assert (store.placed.of(a), store.placed.of(b)) == ([placed(2)], [])
        assert not store.placed.has_others("3", "models/10")
        assert not store.placed.has_others("4", "x")
