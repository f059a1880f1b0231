"""Stores of earlier versions are made ones of this version, with all that they know."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import OutputError
from image_tagging.files import stamp_of
from image_tagging.records import EmbeddedImage, EncoderSpec
from image_tagging.store import PLACING, PlacedFile, Role, WorkingStore
from image_tagging.store.store_file import STORE_NAME
from samples import facts, found

SPEC = EncoderSpec("mean-colours", "v1", 3, "none")

#: The tables as version 2 made them, to the letter.
VERSION_2 = """
CREATE TABLE IF NOT EXISTS encoder(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, pretrained TEXT NOT NULL, dim INTEGER NOT NULL,
    preprocess TEXT NOT NULL, UNIQUE(name, pretrained));
CREATE TABLE IF NOT EXISTS image(
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, hash_id TEXT NOT NULL, picture_hash TEXT NOT NULL,
    format TEXT NOT NULL, size_bytes INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS failure(
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, decoder TEXT NOT NULL, step TEXT NOT NULL, code TEXT NOT NULL,
    reason TEXT NOT NULL);
-- What was computed here; key: the picture_hash.
CREATE TABLE IF NOT EXISTS embedding(
    key TEXT NOT NULL, encoder INTEGER NOT NULL REFERENCES encoder(id), vector BLOB NOT NULL,
    PRIMARY KEY(key, encoder));
-- What was finished, and a digest of all that it was made from: it need not be done again while that is the same.
CREATE TABLE IF NOT EXISTS finished(work TEXT PRIMARY KEY, digest TEXT NOT NULL);
-- The metadata file that a run named last, and its embeddings; key: the picture_hash where it is known, or the hash_id.
CREATE TABLE IF NOT EXISTS imported(path TEXT PRIMARY KEY, stamp TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS imported_embedding(
    key TEXT NOT NULL, encoder INTEGER NOT NULL REFERENCES encoder(id), vector BLOB NOT NULL,
    PRIMARY KEY(key, encoder));
-- The images of the latest run, in the order found; number counts those of one name.
CREATE TABLE IF NOT EXISTS listing(
    seq INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, address TEXT NOT NULL, stamp TEXT NOT NULL, name TEXT NOT NULL,
    tag TEXT NOT NULL, number INTEGER NOT NULL DEFAULT 1, picture_id TEXT);
CREATE INDEX IF NOT EXISTS listing_picture ON listing(picture_id);
"""

#: What makes a store of this version one of version 5: its table of imported embeddings had a primary key.
VERSION_5 = """
DROP TABLE imported_embedding;
CREATE TABLE imported_embedding(
    key TEXT NOT NULL, encoder INTEGER NOT NULL REFERENCES encoder(id), vector BLOB NOT NULL,
    PRIMARY KEY(key, encoder));
"""

#: And of version 4: its listing had no input.
VERSION_4 = f"""
{VERSION_5}
DROP TABLE listed;
DROP TABLE input;
CREATE TABLE listing(
    seq INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, name TEXT NOT NULL,
    tag TEXT NOT NULL, number INTEGER NOT NULL DEFAULT 1, picture_id TEXT);
CREATE INDEX listing_picture ON listing(picture_id);
"""

#: Version 1 lacked one table, and kept imported embeddings among those computed.
CHANGES = {1: "DROP TABLE imported_embedding;", 2: ""}

#: Images of the latest listing, with names of every kind, and one of an earlier listing.
LISTED = [
    ("/d/1.png",),
    ("/d/a.zip", "b.zip", "2.png"),
    ("/d/a.zip", "c/3.png"),
    ("/d/caf\udce9.png",),
    ("/d/a.zip", "\\udce9.png"),
    ("/d/\u72ac/4.png",),
]
EARLIER = ("/e/5.png",)


def vector(number):
    return np.array([number, 1, 2], dtype="<f4").tobytes()


def make_store(folder, version, *statements):
    """A store of an earlier version, with a picture of each image and a failure of one further image."""
    with closing(sqlite3.connect(folder / STORE_NAME)) as db:
        db.executescript(f"{VERSION_2} {CHANGES[version]} PRAGMA user_version = {version}")
        db.execute("INSERT INTO encoder VALUES (1, ?, ?, ?, ?)", (SPEC.name, SPEC.pretrained, SPEC.dim, ""))
        for number, names in enumerate([*LISTED, EARLIER]):
            ref = ImageRef(names[0], names[1:])
            picture = (f"h{number}", f"p{number}")
            if names in LISTED:
                row = (ref.path, json.dumps(names), "1", ref.name, "cat", picture[0])
                db.execute(
                    "INSERT INTO listing(path, address, stamp, name, tag, picture_id) VALUES (?, ?, ?, ?, ?, ?)", row
                )
            db.execute("INSERT INTO image VALUES (?, '1', ?, ?, 'PNG', 100, 12, 8)", (ref.path, *picture))
            db.execute("INSERT INTO embedding VALUES (?, 1, ?)", (picture[1], vector(number)))
        db.execute(
            "INSERT INTO listing(path, address, stamp, name, tag) VALUES ('/d/0.png', '[\"/d/0.png\"]', '1', '', '')"
        )
        db.execute("INSERT INTO failure VALUES ('/d/0.png', '1', 'd', 'decode', 'damaged', 'it is damaged')")
        db.execute("INSERT INTO failure VALUES ('/d/no.zip', '', 'd', 'read', 'damaged-archive', 'it is damaged')")
        db.execute("INSERT INTO finished VALUES ('placing', 'models')")
        for statement in statements:
            db.execute(statement)
        db.commit()


@pytest.fixture(params=CHANGES)
def version(request):
    return request.param


@contextmanager
def opened(tmp_path, *images):
    """The store, taken over, in which these images are found again; the image that failed is among them."""
    with WorkingStore(str(tmp_path), "d") as store:
        store.inputs.choose(Role.FOLDER, "/d")
        store.listing.replace(found(*names) for names in images)
        yield store


def pending(store):
    return [item.ref for item in store.listing.pending(SPEC)]


def test_what_an_earlier_store_knows_of_the_images_listed_is_kept(tmp_path, version):
    make_store(tmp_path, version)
    for _ in range(2):
        with opened(tmp_path, *LISTED, ("/d/0.png",)) as store:
            assert pending(store) == []
            store.names.assign(SPEC)
            records = {(each.ref.file, *each.ref.members): each for each in store.pictures.records(SPEC)}
            assert list(records) == LISTED
            assert [(each.hash_id, each.embedding[0]) for each in records.values()] == [
                (f"h{number}", number) for number in range(len(LISTED))
            ]
            assert [(each.ref.path, each.code) for each in store.failures.of_listed()] == [("/d/0.png", "damaged")]


def test_the_same_images_found_again_need_not_be_read(tmp_path, version):
    make_store(tmp_path, version)
    with opened(tmp_path, *LISTED) as store:
        assert pending(store) == []


def test_plain_files_of_an_earlier_listing_need_not_be_read_again(tmp_path, version):
    make_store(tmp_path, version)
    with opened(tmp_path, EARLIER, ("/d/0.png",)) as store:
        assert pending(store) == []


def test_an_image_that_shared_the_path_of_another_is_read(tmp_path, version):
    make_store(tmp_path, version)
    with opened(tmp_path, ("/d/a.zip", "c/3.png"), ("/d/a.zip", "c", "3.png")) as store:
        assert pending(store) == [ImageRef("/d/a.zip", ("c", "3.png"))]


def test_what_is_placed_in_bins_is_remembered(tmp_path, version):
    make_store(tmp_path, version)
    with WorkingStore(str(tmp_path)) as store:
        assert store.finished.made_from(PLACING) == "models"


def test_embeddings_of_version_1_go_where_metadata_was_read_into_it(tmp_path):
    make_store(tmp_path, 1, "INSERT INTO imported VALUES ('/m.json', '1')")
    with WorkingStore(str(tmp_path)) as store:
        assert not store.embeddings.has(facts("/d/1.png", picture_hash="p0"), SPEC)


def test_a_store_with_an_address_that_is_none_is_refused_and_left_as_it_is(tmp_path, version):
    make_store(tmp_path, version, "UPDATE listing SET address = '{}' WHERE seq = 2")
    before = (tmp_path / STORE_NAME).read_bytes()
    with pytest.raises(OutputError, match=r"cannot be used: .* Move it away"):
        WorkingStore(str(tmp_path))
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (version,)
        assert db.execute("SELECT count(*) FROM image").fetchone() == (len(LISTED) + 1,)
    assert before[:16] == (tmp_path / STORE_NAME).read_bytes()[:16]


@pytest.mark.parametrize(
    "statement", ["CREATE VIEW v AS SELECT 1", "CREATE TABLE more(a)", "DROP INDEX listing_picture"]
)
def test_an_earlier_store_with_other_tables_is_refused(tmp_path, version, statement):
    make_store(tmp_path, version, statement)
    with pytest.raises(OutputError, match="is not a working store of this version"):
        WorkingStore(str(tmp_path))


def test_a_store_of_version_3_learns_to_remember_what_is_placed(tmp_path):
    with WorkingStore(str(tmp_path)) as store:
        store.finished.finish(PLACING, "models")
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as db:
        db.executescript(f"{VERSION_4} DROP TABLE placed; DROP TABLE placed_folder; PRAGMA user_version = 3")
    with WorkingStore(str(tmp_path)) as store:
        assert store.finished.made_from(PLACING) == "models"
        assert store.placed.of("a") == []
        store.placed.remember({"a": [PlacedFile("svm/cat/0.5", "a.png", 1, 2)]}, "3", "models")
    with WorkingStore(str(tmp_path)) as store:
        assert store.placed.of("a") == [PlacedFile("svm/cat/0.5", "a.png", 1, 2)]


def test_a_store_of_version_4_knows_its_images_and_no_input(tmp_path):
    with opened(tmp_path, ("/d/1.png",)) as store:
        store.encoders.add(SPEC)
        embedding = np.zeros(3, dtype=np.float32)
        store.embeddings.add([EmbeddedImage(facts("/d/1.png"), embedding)], SPEC)
        store.finished.finish(PLACING, "models")
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as db:
        db.executescript(f"{VERSION_4} PRAGMA user_version = 4")
    with WorkingStore(str(tmp_path), "d") as store:
        assert [store.inputs.of(role) for role in Role] == [[]] * 5
        assert store.finished.made_from(PLACING) == "models"
    with opened(tmp_path, ("/d/1.png",), ("/d/2.png",)) as store:
        assert [ref.path for ref in pending(store)] == ["/d/2.png"]


def test_a_store_of_version_5_keeps_the_embeddings_of_its_metadata_file(tmp_path):
    metadata = tmp_path / "m.json"
    metadata.write_text("[]")
    with WorkingStore(str(tmp_path)) as store:
        store.encoders.add(SPEC)
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as db:
        db.executescript(f"{VERSION_5} PRAGMA user_version = 5")
        for key, number in [("p2", 2), ("p1", 1)]:
            db.execute("INSERT INTO imported_embedding VALUES (?, 1, ?)", (key, vector(number)))
        db.execute("INSERT INTO imported VALUES (?, ?)", (str(metadata), stamp_of(metadata)))
        db.commit()
    for _ in range(2):
        with WorkingStore(str(tmp_path)) as store:
            store.imported.replace(str(metadata), SPEC, ())
            assert store.embeddings.has(facts("/d/1.png", picture_hash="p1"), SPEC)
            assert store.embeddings.has(facts("/d/2.png", picture_hash="p2"), SPEC)
            assert not store.embeddings.has(facts("/d/3.png", picture_hash="p3"), SPEC)
