"""The inputs of a store: each role has its own, and their images in the order in which they were added."""

from __future__ import annotations

import os

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.records import EmbeddedImage, EncoderSpec, FoundArchive, FoundFolder
from image_tagging.store import Role, WorkingStore
from samples import facts, found, written

SPEC = EncoderSpec("mean-colours", "v1", 3, "none")


@pytest.fixture
def store(tmp_path):
    with WorkingStore(str(tmp_path / "out")) as store:
        store.encoders.add(SPEC)
        yield store


def listed(store, role, source, *images, **options):
    """List images of an input; what its run found."""
    store.inputs.choose(role, source)
    return store.listing.replace([found(image) if isinstance(image, str) else image for image in images], **options)


def paths(store):
    return [ImageRef.of_key(key).path for (key,) in store._file.rows("SELECT address FROM listing ORDER BY seq")]


def sources(store, role):
    return [(each.source, each.images) for each in store.inputs.of(role)]


def test_images_come_by_input_in_the_order_added_whichever_ran_last(store):
    for source in ("/b", "/a", "/b"):
        listed(store, Role.FOLDER, source, f"{source}/2.png", f"{source}/1.png")
    assert paths(store) == ["/b/2.png", "/b/1.png", "/a/2.png", "/a/1.png"]


@pytest.mark.parametrize("role", [Role.TAGGED, Role.FOLDER, Role.ARCHIVE, Role.MOUNTAIN])
def test_roles_hold_the_same_image_apart(store, role):
    for each in Role:
        listed(store, each, "/a", "/a/1.png")
    listed(store, role, "/b", "/b/1.png")
    assert {each: sources(store, each) for each in Role if each != role} == {
        each: [("/a", 1)] for each in Role if each != role
    }
    assert paths(store) == ["/a/1.png", "/b/1.png"]


def test_untagged_images_are_those_of_one_input(store):
    listed(store, Role.UNTAGGED, "/a", "/a/1.png")
    listed(store, Role.UNTAGGED, "/b", "/b/1.png")
    assert paths(store) == ["/b/1.png"]
    store.inputs.choose(Role.UNTAGGED, "/a")
    assert paths(store) == ["/a/1.png"]


def test_new_and_gone_images_are_counted(store):
    first = listed(store, Role.FOLDER, "/a", "/a/1.png", "/a/2.png")
    other = listed(store, Role.FOLDER, "/b", "/b/1.png")
    again = listed(store, Role.FOLDER, "/a", "/a/2.png", "/a/3.png", "/a/4.png")
    same = listed(store, Role.FOLDER, "/a", "/a/2.png", "/a/3.png", "/a/4.png")
    assert [(each.new, each.gone) for each in (first, other, again, same)] == [(2, 0), (1, 0), (2, 1), (0, 0)]


def test_an_image_of_two_inputs_is_of_the_one_that_ran_last(store):
    listed(store, Role.FOLDER, "/a", "/a/1.png", "/a/in/2.png")
    inner = listed(store, Role.FOLDER, "/a/in", "/a/in/2.png")
    assert (inner.new, inner.gone) == (0, 0)
    assert sources(store, Role.FOLDER) == [("/a", 1), ("/a/in", 1)]
    listed(store, Role.FOLDER, "/a", "/a/1.png", "/a/in/2.png")
    assert sources(store, Role.FOLDER) == [("/a", 2)]


def test_fresh_leaves_the_input_alone_in_its_role(store):
    for source in ("/a", "/b"):
        listed(store, Role.FOLDER, source, f"{source}/1.png")
    listed(store, Role.TAGGED, "/a", "/a/1.png")
    summary = listed(store, Role.FOLDER, "/b", "/b/1.png", fresh=True)
    assert (sources(store, Role.FOLDER), sources(store, Role.TAGGED)) == ([("/b", 1)], [("/a", 1)])
    assert (summary.new, summary.gone) == (0, 1)


def test_results_of_other_roles_stay_finished(store):
    listed(store, Role.TAGGED, "/a", "/a/1.png")
    works = [store.inputs.work("names")]
    listed(store, Role.FOLDER, "/a", "/a/1.png")
    works.append(store.inputs.work("names"))
    for work in works:
        store.finished.finish(work, "digest")
    listed(store, Role.FOLDER, "/b", "/b/1.png")
    assert [store.finished.is_finished(work, "digest") for work in works] == [True, False]


def test_the_digest_of_a_role_changes_with_any_of_its_inputs(store):
    first = listed(store, Role.FOLDER, "/a", "/a/1.png").digest
    both = listed(store, Role.FOLDER, "/b", "/b/1.png").digest
    listed(store, Role.TAGGED, "/c", "/c/1.png")
    again = listed(store, Role.FOLDER, "/a", "/a/1.png").digest
    assert (both == first, again == both) == (False, True)


def test_archives_and_empty_folders_of_all_inputs_are_kept(store):
    for source in ("/a", "/b"):
        archive, folder = ImageRef(f"{source}/x.zip"), FoundFolder(ImageRef(f"{source}/horse"), f"horse{source}")
        summary = listed(
            store, Role.ARCHIVE, source, found(f"{source}/x.zip", "1.png"), FoundArchive(archive, 1), folder
        )
    assert [(each.ref.file, each.images, each.input) for each in summary.archives] == [
        ("/a/x.zip", 1, "/a"),
        ("/b/x.zip", 1, "/b"),
    ]
    assert summary.bare_folders == ("horse/a", "horse/b")


def test_images_of_an_input_that_is_not_there_are_not_pending(store, tmp_path):
    for source in ("here", "gone"):
        written(tmp_path / source / "1.png", b"x")
        listed(store, Role.FOLDER, str(tmp_path / source), str(tmp_path / source / "1.png"))
    os.remove(tmp_path / "gone" / "1.png")
    os.rmdir(tmp_path / "gone")
    store.inputs.choose(Role.FOLDER, str(tmp_path / "here"))
    assert [image.ref.file for image in store.listing.pending(SPEC)] == [str(tmp_path / "here" / "1.png")]
    assert store.listing.count_pending(SPEC) == 1


def test_pictures_say_of_which_input_they_are_where_there_are_two(store):
    for source in ("/a", "/b"):
        listed(store, Role.FOLDER, source, f"{source}/1.png")
        embedding = np.zeros(3, dtype=np.float32)
        picture = facts(f"{source}/1.png", hash_id=source, picture_hash=source)
        store.embeddings.add([EmbeddedImage(picture, embedding)], SPEC)
        store.names.assign(SPEC)
        assert {record.input for record in store.pictures.records(SPEC)} == ({""} if source == "/a" else {"/a", "/b"})
    assert [file.input for file in store.pictures.files_of("/b")] == ["/b"]
