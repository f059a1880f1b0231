"""The working store: what it remembers, what it gives back, and who may hold it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import EncoderMismatchError, MetadataError, OutputError
from image_tagging.records import (
    EmbeddedImage,
    EncoderSpec,
    Failure,
    FoundArchive,
    FoundFolder,
    FoundImage,
    ImportedEmbedding,
    ListedFile,
)
from image_tagging.store import Role, WorkingStore, listing, store_file
from image_tagging.store.store_file import STORE_NAME
from samples import facts, found, written

SPEC = EncoderSpec("mean-colours", "v1", 3, "none")
OTHER = EncoderSpec("other", "v1", 2, "none")


@contextmanager
def opened(folder):
    """A store in which the images of ``/d`` are chosen."""
    with WorkingStore(str(folder)) as store:
        store.inputs.choose(Role.FOLDER, "/d")
        yield store


@pytest.fixture
def store(tmp_path):
    with opened(tmp_path / "out") as store:
        store.encoders.add(SPEC)
        yield store


def vector(*values):
    return np.array(values, dtype=np.float32)


def embedded(file, *members, hash_id="h1", picture_hash="p1", values=(1, 2, 3)):
    embedding = vector(*values) if values else None
    return EmbeddedImage(facts(file, *members, hash_id=hash_id, picture_hash=picture_hash), embedding)


def failed(file, step="decode", code="damaged"):
    return Failure(ImageRef(file), step, code, "it is damaged")


def pending(store, spec=SPEC):
    """The paths that are worth a try; the count must agree."""
    paths = [item.ref.path for item in store.listing.pending(spec)]
    assert store.listing.count_pending(spec) == len(paths)
    return paths


def pictures(store, spec=SPEC):
    """(first file, name, embedding) of every picture."""
    return [(record.ref.path, record.hash_id, record.embedding.tolist()) for record in store.pictures.records(spec)]


# --- finding ----------------------------------------------------------------------------------------------


def test_a_listing_counts_images_and_hands_back_archives_and_failures(store):
    archive = FoundArchive(ImageRef("/d/a.zip"), 1)
    listing = store.listing.replace(
        [found("/d/a.zip", "1.png"), archive, failed("/d/b.zip", "read"), found("/d/2.png")]
    )
    assert listing.images == 2
    assert listing.archives == (archive,)
    assert listing.failures == (failed("/d/b.zip", "read"),)


def test_a_new_listing_replaces_the_earlier_one(store):
    store.listing.replace([found("/d/1.png"), found("/d/2.png")])
    store.listing.replace([found("/d/3.png")])
    assert pending(store) == ["/d/3.png"]


def test_a_file_that_is_found_twice_is_listed_once(store):
    assert store.listing.replace([found("/d/a.zip", "1.png"), found("/d/a.zip", "1.png")]).images == 1


def test_a_source_that_fails_leaves_the_earlier_listing(store):
    store.listing.replace([found("/d/1.png")])

    def broken():
        yield found("/d/2.png")
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        store.listing.replace(broken())
    assert pending(store) == ["/d/1.png"]


def test_everything_is_pending_before_an_encoder_is_known_and_in_the_order_found(store):
    names = [f"/d/{number}.png" for number in (3, 1, 2)]
    store.listing.replace([found(name) for name in names])
    assert pending(store, None) == names
    assert pending(store, OTHER) == names


def test_what_is_pending_is_given_page_by_page_while_the_store_is_written(store, monkeypatch):
    monkeypatch.setattr(listing, "_PAGE", 3)
    names = [f"/d/{number:02}.png" for number in range(10)]
    store.listing.replace([found(name) for name in names])
    given = []
    for number, item in enumerate(store.listing.pending(SPEC)):
        given.append(item.ref.path)
        store.embeddings.add([embedded(item.ref.path, hash_id=f"h{number}", picture_hash=f"p{number}")], SPEC)
    assert given == names
    assert pending(store) == []


def test_folders_without_an_image_are_named(store):
    folders = [FoundFolder(ImageRef(f"/d/{name}"), name) for name in ("ca", "cat", "dogs")]
    images = [FoundImage(ImageRef("/d/cat/1.png"), "1", "cat", "cat")]
    images.append(FoundImage(ImageRef("/d/dogs/red/2.png"), "1", "red", "dogs"))
    assert store.listing.replace([*folders, *images]).bare_folders == ("ca",)


def test_tags_of_images_from_several_folders_are_named(store):
    tags = [("2021", "cat"), ("2021", "dog"), ("2022", "dog"), ("dog", "dog")]
    images = [FoundImage(ImageRef(f"/d/{number}"), "1", *each) for number, each in enumerate(tags)]
    assert store.listing.replace(images).merged_tags == {"2021": ("cat", "dog")}


@pytest.mark.parametrize("change", ["tag", "stamp"])
def test_a_listing_of_other_tags_has_another_digest(store, change):
    image = found("/d/1.png")
    first = store.listing.replace([image]).digest
    assert store.listing.replace([image]).digest == first
    assert store.listing.replace([dataclasses.replace(image, **{change: "other"})]).digest != first


#: Two images whose paths for people are the same, by what makes them so.
ONE_PATH = {
    "a nested archive, a folder in an archive": (("/d/a.zip", "b.zip", "x.png"), ("/d/a.zip", "b.zip/x.png")),
    "an archive, a folder called like one": (("/d/a.zip", "x.png"), ("/d/a.zip/x.png",)),
    "a name that is no text, the text of its escape": (("/d/\udce9.png",), ("/d/\\udce9.png",)),
    "such names in an archive": (("/d/a.zip", "\udce9.png"), ("/d/a.zip", "\\udce9.png")),
    "half characters, and the whole": (("/d/a.zip", "\ud83d\ude00.png"), ("/d/a.zip", "\U0001f600.png")),
}


@pytest.fixture(params=ONE_PATH.values(), ids=list(ONE_PATH))
def one_path(request):
    return request.param


def test_images_of_one_path_are_all_listed_in_the_order_found(store, one_path):
    images = [found(*names, stamp=str(number)) for number, names in enumerate(one_path)]
    assert store.listing.replace(images).images == 2
    assert [(image.ref, image.stamp) for image in store.listing.pending(SPEC)] == [(i.ref, i.stamp) for i in images]


def test_images_of_one_path_have_each_their_own_picture(store, one_path):
    store.listing.replace([found(*names, stamp=str(number)) for number, names in enumerate(one_path)])
    for number, names in enumerate(one_path):
        new = embedded(*names, hash_id=f"h{number}", picture_hash=f"p{number}", values=(number, 0, 0))
        store.embeddings.add([new], SPEC)
    store.names.assign(SPEC)
    given = [(record.ref, record.hash_id, record.embedding[0]) for record in store.pictures.records(SPEC)]
    assert given == [(ImageRef(file, tuple(members)), f"h{n}", n) for n, (file, *members) in enumerate(one_path)]


def test_of_images_of_one_path_one_may_fail(store, one_path):
    refs = [ImageRef(file, tuple(members)) for file, *members in one_path]
    store.listing.replace([FoundImage(ref, "1") for ref in refs])
    outcomes = [Failure(refs[0], "decode", "damaged", "it is damaged"), embedded(*one_path[1])]
    for order in (outcomes, outcomes[::-1]):
        store.embeddings.add(order, SPEC)
        store.names.assign(SPEC)
        assert [failure.ref for failure in store.failures.of_listed()] == refs[:1]
        assert [file.ref for file, _ in store.pictures.files()] == refs[1:]


# --- remembering ------------------------------------------------------------------------------------------


def test_an_unchanged_image_is_known_and_a_changed_one_is_pending_again(store):
    store.listing.replace([found("/d/1.png"), found("/d/2.png")])
    store.embeddings.add([embedded("/d/1.png")], SPEC)
    assert pending(store) == ["/d/2.png"]
    store.listing.replace([found("/d/1.png"), found("/d/2.png")])
    assert pending(store) == ["/d/2.png"]
    store.listing.replace([found("/d/1.png", stamp="2"), found("/d/2.png")])
    assert pending(store) == ["/d/1.png", "/d/2.png"]


def test_an_image_of_another_encoder_is_pending(store):
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([embedded("/d/1.png")], SPEC)
    store.encoders.add(OTHER)
    assert pending(store, OTHER) == ["/d/1.png"]
    assert not store.embeddings.has(facts("/d/1.png"), OTHER)
    store.embeddings.add([embedded("/d/1.png", values=(8, 9))], OTHER)
    assert pending(store, OTHER) == []
    assert pending(store) == []


def test_a_picture_is_known_by_whatever_file(store):
    store.listing.replace([found("/d/1.png"), found("/d/2.png")])
    store.embeddings.add([embedded("/d/1.png")], SPEC)
    assert store.embeddings.has(facts("/elsewhere.png"), SPEC)
    assert not store.embeddings.has(facts("/d/1.png", hash_id="h1", picture_hash="another"), SPEC)


def test_a_picture_that_does_not_decode_is_not_tried_again_until_it_or_the_decoder_changes(store):
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([failed("/d/1.png")], SPEC)
    assert pending(store) == []
    assert list(store.failures.of_listed()) == [failed("/d/1.png")]
    today, store.failures.decoder = store.failures.decoder, "Pillow of tomorrow"
    assert pending(store) == ["/d/1.png"]
    store.failures.decoder = today
    store.listing.replace([found("/d/1.png", stamp="2")])
    assert pending(store) == ["/d/1.png"]
    assert list(store.failures.of_listed()) == []


@pytest.mark.parametrize("step", ["read", "embed"])
def test_what_may_be_better_next_time_is_tried_again(store, step):
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([failed("/d/1.png", step)], SPEC)
    assert pending(store) == ["/d/1.png"]


def test_a_failure_is_forgotten_when_the_image_is_good(store):
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([failed("/d/1.png", "read")], SPEC)
    store.embeddings.add([embedded("/d/1.png")], SPEC)
    assert list(store.failures.of_listed()) == []


def test_failures_come_in_the_order_of_the_listing_and_only_of_what_is_listed(store):
    store.listing.replace([found("/d/2.png"), found("/d/1.png"), found("/d/gone.png")])
    store.embeddings.add([failed("/d/1.png"), failed("/d/gone.png"), failed("/d/2.png")], SPEC)
    store.listing.replace([found("/d/2.png"), found("/d/1.png")])
    assert [failure.ref.path for failure in store.failures.of_listed()] == ["/d/2.png", "/d/1.png"]


def test_a_failure_of_one_encoder_is_none_of_another(store):
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([embedded("/d/1.png")], SPEC)
    store.encoders.add(OTHER)
    store.embeddings.add([failed("/d/1.png", "embed", "not-finite")], OTHER)
    store.listing.replace([found("/d/1.png")])
    store.names.assign(SPEC)
    assert list(store.failures.of_listed()) == []
    store.names.assign(OTHER)
    assert [failure.code for failure in store.failures.of_listed()] == ["not-finite"]


def test_an_encoder_is_remembered_with_its_length(store):
    assert store.encoders.find("mean-colours", "v1") == SPEC
    assert store.encoders.find("mean-colours", "v2") is None
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([embedded("/d/1.png")], SPEC)
    with pytest.raises(EncoderMismatchError, match="3 values, not 4") as raised:
        store.encoders.add(EncoderSpec("mean-colours", "v1", 4, "none"))
    assert store.path in str(raised.value)


@pytest.mark.parametrize("name", ["it's.png", 'a"b.png', "'); DROP TABLE image; --.png", "猫🐱.png", "caf\udce9.png"])
def test_an_odd_name_comes_back_as_it_went_in(store, name):
    image = found(f"/d/{name}")
    store.listing.replace([image, found("/d/a.zip", "inner.zip", name)])
    assert next(iter(store.listing.pending(SPEC))).ref == image.ref
    store.embeddings.add([embedded(f"/d/{name}"), embedded("/d/a.zip", "inner.zip", name)], SPEC)
    store.names.assign(SPEC)
    assert store.pictures.files_of("h1") == [
        ListedFile(image.ref, 1),
        ListedFile(ImageRef("/d/a.zip", ("inner.zip", name)), 2),
    ]


# --- results ----------------------------------------------------------------------------------------------


def test_a_picture_in_several_files_is_one_with_all_its_tags(store):
    store.listing.replace([found("/d/dog/b.png"), found("/d/cat/a.png"), found("/d/cat/c.png")])
    store.embeddings.add([embedded("/d/dog/b.png"), embedded("/d/cat/a.png", values=None)], SPEC)
    store.embeddings.add([embedded("/d/cat/c.png", hash_id="h2", picture_hash="p2", values=(4, 5, 6))], SPEC)
    store.names.assign(SPEC)
    assert store.names.shared() == []
    first, second = store.pictures.records(SPEC)
    assert (first.ref, first.tags) == (ImageRef("/d/dog/b.png"), ("cat", "dog"))
    assert (second.ref, second.tags) == (ImageRef("/d/cat/c.png"), ("cat",))
    assert first.embedding.dtype == np.float32
    assert first.embedding.tolist() == [1, 2, 3]
    assert (first.format, first.size_bytes, first.width, first.height) == ("PNG", 100, 12, 8)
    assert store.pictures.count() == (3, 2)
    assert [(file.ref.path, hash_id) for file, hash_id in store.pictures.files()] == [
        ("/d/dog/b.png", "h1"),
        ("/d/cat/a.png", "h1"),
        ("/d/cat/c.png", "h2"),
    ]


def test_tags_are_in_alphabetical_order_and_their_pictures_in_that_of_the_listing(store):
    names = [("/d/zoo/1.png", "h9"), ("/d/cat/2.png", "h5"), ("/d/cat/3.png", "h1"), ("/d/cat/4.png", "h5")]
    store.listing.replace([found(name) for name, _ in names])
    store.embeddings.add([embedded(name, hash_id=hash_id, picture_hash=hash_id) for name, hash_id in names], SPEC)
    store.names.assign(SPEC)
    assert list(store.pictures.tag_lists()) == [("cat", ["h5", "h1"]), ("zoo", ["h9"])]
    assert list(store.pictures.tags()) == [("h9", ["zoo"]), ("h5", ["cat"]), ("h1", ["cat"])]


def test_images_without_an_embedding_have_no_part_in_results(store):
    store.listing.replace([found("/d/1.png"), found("/d/2.png"), found("/d/3.png")])
    store.embeddings.add([embedded("/d/2.png"), failed("/d/3.png")], SPEC)
    store.names.assign(SPEC)
    assert pictures(store) == [("/d/2.png", "h1", [1, 2, 3])]
    assert list(store.pictures.tag_lists()) == [("d", ["h1"])]


def test_a_changed_image_has_no_part_in_results_before_it_is_read_again(store):
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([embedded("/d/1.png")], SPEC)
    store.listing.replace([found("/d/1.png", stamp="2")])
    store.names.assign(SPEC)
    assert pictures(store) == []


def test_palette_swaps_keep_apart_and_the_later_is_called_by_its_picture_hash(store):
    store.listing.replace([found("/d/1.png"), found("/d/2.png"), found("/d/3.png"), found("/d/4.png")])
    swaps = [("/d/1.png", "red", (1, 0, 0)), ("/d/2.png", "blue", (0, 0, 1)), ("/d/3.png", "red", (1, 0, 0))]
    for name, picture_hash, values in reversed(swaps):
        store.embeddings.add([embedded(name, hash_id="h1", picture_hash=picture_hash, values=values)], SPEC)
    store.names.assign(SPEC)
    shared = store.names.shared()
    assert shared == [(ImageRef("/d/2.png"), ImageRef("/d/1.png"))]
    assert pictures(store) == [("/d/1.png", "h1", [1, 0, 0]), ("/d/2.png", "blue", [0, 0, 1])]
    assert [file.ref.name for file in store.pictures.files_of("h1")] == ["1.png", "3.png"]
    assert [file.ref.name for file in store.pictures.files_of("blue")] == ["2.png"]
    assert store.pictures.count() == (3, 2)


def test_of_many_palette_swaps_the_first_are_held_and_all_counted(store, monkeypatch):
    monkeypatch.setattr("image_tagging.store.picture_names._MOST_SHARED", 5)
    names = [f"/d/{number:02}.png" for number in range(20)]
    store.listing.replace(map(found, names))
    for number, name in enumerate(names):
        store.embeddings.add([embedded(name, hash_id="h1", picture_hash=f"p{number}")], SPEC)
    store.names.assign(SPEC)
    shared = store.names.shared()
    assert shared == [(ImageRef(name), ImageRef(names[0])) for name in names[1:6]]
    assert len({id(earlier) for _, earlier in shared}) == 1
    assert store.names.count_shared() == 19


def test_files_of_one_name_are_numbered_whatever_their_case_and_folder(store):
    names = ["/d/a/cat.png", "/d/b/CAT.png", "/d/b/dog.png", "/d/c/Cat.PNG"]
    store.listing.replace([*map(found, names), found("/d/a.zip", "x/cat.png")])
    store.embeddings.add([embedded(name) for name in names], SPEC)
    store.embeddings.add([embedded("/d/a.zip", "x/cat.png")], SPEC)
    store.names.assign(SPEC)
    assert [(file.ref.path, file.ordinal) for file in store.pictures.files_of("h1")] == [
        ("/d/a/cat.png", 1),
        ("/d/b/CAT.png", 2),
        ("/d/b/dog.png", 1),
        ("/d/c/Cat.PNG", 3),
        ("/d/a.zip/x/cat.png", 4),
    ]


# --- metadata that is imported -----------------------------------------------------------------------------


def imported(hash_id="h1", file_path="/elsewhere/1.png", values=(7, 8, 9)):
    return ImportedEmbedding(hash_id, file_path, vector(*values))


@pytest.fixture
def metadata(tmp_path):
    return written(tmp_path / "m.json", b"1")


def test_imported_embeddings_take_part(store, metadata):
    store.imported.replace(metadata, SPEC, [imported()])
    assert store.embeddings.has(facts("/d/1.png"), SPEC)
    store.listing.replace([found("/d/1.png")])
    assert pending(store) == ["/d/1.png"]  # which picture the file holds is not known before it is decoded
    store.embeddings.add([embedded("/d/1.png", values=None)], SPEC)
    assert pending(store) == []
    store.names.assign(SPEC)
    assert pictures(store) == [("/d/1.png", "h1", [7, 8, 9])]


def test_a_file_that_was_imported_unchanged_is_not_read_again(store, metadata):
    store.imported.replace(metadata, SPEC, [imported()])

    def never():
        raise AssertionError("read again")
        yield

    store.imported.replace(metadata, SPEC, never())


def test_a_changed_file_is_read_again(store, metadata):
    store.imported.replace(metadata, SPEC, [imported()])
    written(metadata, b"another")
    store.imported.replace(metadata, SPEC, [imported(values=(4, 4, 4))])
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([embedded("/d/1.png", values=None)], SPEC)
    store.names.assign(SPEC)
    assert pictures(store) == [("/d/1.png", "h1", [4, 4, 4])]


def test_a_file_that_turns_out_malformed_leaves_nothing(store, metadata):
    def malformed():
        yield imported()
        raise MetadataError("cut short")

    with pytest.raises(MetadataError):
        store.imported.replace(metadata, SPEC, malformed())
    assert not store.embeddings.has(facts("/d/1.png"), SPEC)
    store.imported.replace(metadata, SPEC, [imported()])
    assert store.embeddings.has(facts("/d/1.png"), SPEC)


def test_of_embeddings_of_one_image_in_a_file_the_last_holds(store, metadata):
    store.imported.replace(metadata, SPEC, [imported(values=(1, 1, 1)), imported("h2"), imported(values=(4, 4, 4))])
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([embedded("/d/1.png", values=None)], SPEC)
    store.names.assign(SPEC)
    assert pictures(store) == [("/d/1.png", "h1", [4, 4, 4])]


def test_an_image_known_by_its_path_is_imported_for_that_picture_alone(store, metadata):
    store.listing.replace([found("/d/red.png"), found("/d/blue.png")])
    store.embeddings.add(
        [embedded("/d/red.png", picture_hash="red"), embedded("/d/blue.png", picture_hash="blue", values=None)], SPEC
    )
    store.imported.replace(metadata, SPEC, [imported(file_path="/d/blue.png")])
    store.names.assign(SPEC)
    assert pictures(store) == [("/d/red.png", "h1", [1, 2, 3]), ("/d/blue.png", "blue", [7, 8, 9])]


def test_what_was_computed_here_is_used_and_differences_are_counted(store, metadata):
    store.listing.replace([found("/d/1.png"), found("/d/2.png")])
    store.embeddings.add(
        [embedded("/d/1.png"), embedded("/d/2.png", hash_id="h2", picture_hash="p2", values=(4, 5, 6))], SPEC
    )
    records = [imported(), imported(hash_id="h2", values=(4, 5, 6.001))]  # the second differs by its precision alone
    store.imported.replace(metadata, SPEC, records)
    store.names.assign(SPEC)
    assert [values for _, _, values in pictures(store)] == [[1, 2, 3], [4, 5, 6]]
    assert store.pictures.differing == 1


def test_imported_embeddings_count_only_in_runs_that_name_their_file(tmp_path, metadata):
    with opened(tmp_path) as first:
        first.imported.replace(metadata, SPEC, [imported()])
        first.listing.replace([found("/d/1.png")])
        first.embeddings.add([embedded("/d/1.png", values=None)], SPEC)
        assert pending(first) == []
    with opened(tmp_path) as second:
        assert pending(second) == ["/d/1.png"]
        assert not second.embeddings.has(facts("/d/1.png"), SPEC)
        second.names.assign(SPEC)
        assert pictures(second) == []


def test_another_metadata_file_takes_the_place_of_the_one_before(store, metadata, tmp_path):
    other = written(tmp_path / "other.json", b"2")
    for path, hash_id in ((metadata, "h1"), (other, "h2")):
        store.imported.replace(path, SPEC, [imported(hash_id=hash_id)])
    assert not store.embeddings.has(facts("/d/1.png"), SPEC)


def test_metadata_of_another_length_than_what_was_computed_is_refused(store, metadata):
    store.listing.replace([found("/d/1.png")])
    store.embeddings.add([embedded("/d/1.png")], SPEC)
    with pytest.raises(EncoderMismatchError):
        store.imported.replace(metadata, EncoderSpec("mean-colours", "v1", 4, ""), [imported(values=(1, 2, 3, 4))])


def test_metadata_of_a_wrong_length_does_not_keep_the_encoder_from_computing(tmp_path, metadata):
    with WorkingStore(str(tmp_path)) as store:
        store.imported.replace(metadata, EncoderSpec("mean-colours", "v1", 4, ""), [imported(values=(1, 2, 3, 4))])
    with WorkingStore(str(tmp_path)) as store:
        store.encoders.add(SPEC)
        assert store.encoders.find(SPEC.name, SPEC.pretrained) == SPEC


# --- stores that a stranger made --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON finished BEGIN DELETE FROM embedding; END",
        "CREATE VIEW v AS SELECT randomblob(1000000000)",
        "CREATE TABLE more(a)",
        "CREATE INDEX i ON image(upper(address))",
        "ALTER TABLE image ADD COLUMN more TEXT CHECK(length(more) > 0)",
    ],
)
def test_a_store_with_more_than_our_tables_is_refused(tmp_path, statement):
    with WorkingStore(str(tmp_path)):
        pass
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as db:
        db.execute(statement)
        db.commit()
    with pytest.raises(OutputError, match="is not a working store of this version"):
        WorkingStore(str(tmp_path))


# --- one holder at a time, and what is no store -----------------------------------------------------------


def test_a_store_that_was_closed_remembers(tmp_path):
    with opened(tmp_path) as store:
        store.encoders.add(SPEC)
        store.listing.replace([found("/d/1.png"), found("/d/2.png")])
        store.embeddings.add([embedded("/d/1.png")], SPEC)
    with opened(tmp_path) as store:
        assert pending(store) == ["/d/2.png"]
        store.names.assign(SPEC)
        assert pictures(store) == [("/d/1.png", "h1", [1, 2, 3])]


def test_what_was_added_before_a_crash_is_there(tmp_path):
    """The files as a killed process leaves them: the store and its log, never closed."""
    with opened(tmp_path / "killed") as store:
        store.encoders.add(SPEC)
        store.listing.replace([found("/d/1.png"), found("/d/2.png")])
        store.embeddings.add([embedded("/d/1.png")], SPEC)
        shutil.copytree(tmp_path / "killed", tmp_path / "found")
    assert len(list((tmp_path / "found").iterdir())) > 1
    with opened(tmp_path / "found") as store:
        assert pending(store) == ["/d/2.png"]


def test_two_runs_in_one_folder_are_refused_and_the_first_goes_on(store, monkeypatch):
    monkeypatch.setattr(store_file, "_WAIT", 0.05)
    with pytest.raises(OutputError, match="Wait for the other run, or use another output folder") as raised:
        WorkingStore(os.path.dirname(store.path))
    assert store.path in str(raised.value)
    store.listing.replace([found("/d/1.png")])
    assert pending(store) == ["/d/1.png"]


def test_the_folder_is_free_again_after_the_first_run(tmp_path):
    for _ in range(3):
        with WorkingStore(str(tmp_path)) as store:
            store.listing.replace([])


def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / STORE_NAME
    path.write_bytes(b"a letter to my aunt\n" * 100)
    with pytest.raises(OutputError, match="Move it away") as raised:
        WorkingStore(str(tmp_path))
    assert str(path) in str(raised.value)
    assert path.read_bytes() == b"a letter to my aunt\n" * 100


@pytest.mark.parametrize("version", [0, 1, 99])
def test_a_database_that_is_something_else_is_refused_and_left_as_it_is(tmp_path, version):
    path = tmp_path / STORE_NAME
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE image(cat TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"not a working store of this version.* Move it away"):
        WorkingStore(str(tmp_path))
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_store(tmp_path):
    (tmp_path / STORE_NAME).write_bytes(b"")
    with opened(tmp_path) as store:
        assert store.listing.replace([found("/d/1.png")]).images == 1


def test_a_folder_in_the_stores_place_is_refused(tmp_path):
    (tmp_path / STORE_NAME).mkdir()
    with pytest.raises(OutputError, match="is a folder, and is not written to"):
        WorkingStore(str(tmp_path))


def test_the_address_survives_and_the_stamp_is_that_of_the_listing(store):
    image = FoundImage(ImageRef("/d/a.zip", ("b.zip", "c/d.png")), "9:abc")
    store.listing.replace([image])
    assert list(store.listing.pending(None)) == [image]


def test_rows_that_are_taken_no_further_are_let_go_after_the_store_is_closed(tmp_path):
    """As where Ctrl-C comes while results are written: closing the cursor then would be an error on the screen."""
    with opened(tmp_path) as store:
        store.encoders.add(SPEC)
        names = ("/d/1.png", "/d/2.png")
        store.listing.replace(map(found, names))
        store.embeddings.add([embedded(name, hash_id=name, picture_hash=name) for name in names], SPEC)
        store.names.assign(SPEC)
        rows = store._file.stream("SELECT seq FROM listing"), store.pictures.records(SPEC)
        for each in rows:
            next(each)
    for each in rows:
        each.close()
