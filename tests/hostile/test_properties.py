"""Files changed at random, names and scores of every kind: what is said of good input is never broken by bad."""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from image_tagging.addresses import ImageRef
from image_tagging.datasets import HashList, read_tag_lists
from image_tagging.datasets.metadata import (
    TAGGED_METADATA,
    as_json,
    json_object,
    read_embeddings,
    record_writer,
)
from image_tagging.errors import EncoderMismatchError, MetadataError, ReadError
from image_tagging.exporters.placing import Placer
from image_tagging.records import EncoderSpec, Failure, FoundArchive, FoundImage, ImageRecord
from image_tagging.sources.archives import ArchiveLimits
from image_tagging.sources.find import find_images
from image_tagging.sources.read import SourceReader
from image_tagging.tag_models.bins import MAX_BINS, bin_labels, bin_numbers
from raw_tars import tarred
from samples import at

EXAMPLES = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
LIMITS = ArchiveLimits(depth=4, members=1000, image_bytes=1 << 20, archive_bytes=1 << 22, total_bytes=1 << 24)


@st.composite
def changed(draw, data):
    """The bytes, with some of them flipped, cut out, put in or doubled."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 40)))
        how = draw(st.sampled_from(["flip", "cut", "insert", "double", "end"]))
        if how == "flip" and at < len(data):
            data = data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
        elif how == "cut":
            data = data[:at] + data[end:]
        elif how == "insert":
            data = data[:at] + draw(st.binary(max_size=12)) + data[at:]
        elif how == "double":
            data = data[:end] + data[at:]
        elif how == "end":
            data = data[:at]
    return data


# --- sources ----------------------------------------------------------------------------------------------

#: All that a name may hold but what makes a folder, or a hidden one, of it.
STEMS = st.text(st.characters(blacklist_characters="/\\.\0", blacklist_categories=["Cs"]), min_size=1, max_size=12)
NAMES = STEMS.map(lambda stem: f"{stem}.png")
CONTENTS = st.binary(max_size=60)
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
FLAT = st.dictionaries(NAMES, CONTENTS, max_size=4)
NESTED = st.recursive(FLAT, lambda inner: st.dictionaries(STEMS.map("{}.zip".format), inner, max_size=3), max_leaves=4)


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            data = zipped(content, method) if isinstance(content, dict) else content
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def images_in(members):
    for content in members.values():
        yield from images_in(content) if isinstance(content, dict) else [content]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("properties")


def read_all(folder, data):
    """What is found in an archive, and the bytes of each image or why there are none."""
    path = folder / "mountain.zip"
    path.write_bytes(data)
    found = list(find_images(str(path), limits=LIMITS))
    reader = SourceReader(limits=LIMITS)
    contents = {}
    try:
        for item in found:
            if isinstance(item, FoundImage):
                assert item.ref not in contents
                try:
                    contents[item.ref] = reader.read(item.ref)
                except ReadError as error:
                    contents[item.ref] = error
    finally:
        reader.close()
    return found, contents


def is_told(error, code):
    return code.replace("-", "").isalpha() and str(error) and "\n" not in str(error)


@EXAMPLES
@given(members=NESTED, method=METHODS)
def test_every_image_of_an_archive_is_found_and_read_whatever_its_name(folder, members, method):
    found, contents = read_all(folder, zipped(members, method))
    assert not [item for item in found if isinstance(item, Failure)]
    assert Counter(contents.values()) == Counter(images_in(members))


@EXAMPLES
@given(
    members=st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=6),
    tar_format=st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    packing=st.sampled_from(["", "gz", "bz2", "xz"]),
)
def test_a_tar_gives_what_the_same_zip_gives(folder, members, tar_format, packing):
    def by_name(data):
        found, contents = read_all(folder, data)
        archives = [item.images for item in found if isinstance(item, FoundArchive)]
        return archives, {ref.members: content for ref, content in contents.items()}

    assert by_name(tarred(members, packing, tar_format)) == by_name(zipped(members))


@EXAMPLES
@given(members=FLAT, packing=st.sampled_from(["", "gz", "bz2", "xz"]), data=st.data())
def test_a_changed_tar_gives_images_or_reasons_and_nothing_else(folder, members, packing, data):
    found, contents = read_all(folder, data.draw(changed(tarred(members, packing))))
    for item in found:
        if isinstance(item, Failure):
            assert is_told(item.reason, item.code)
    for content in contents.values():
        assert isinstance(content, bytes) or is_told(content, content.code)
    assert [item for item in found if isinstance(item, (FoundArchive, Failure))]


@EXAMPLES
@given(members=NESTED, method=METHODS, data=st.data())
def test_a_changed_archive_gives_images_or_reasons_and_nothing_else(folder, members, method, data):
    found, contents = read_all(folder, data.draw(changed(zipped(members, method))))
    for item in found:
        if isinstance(item, Failure):
            assert is_told(item.reason, item.code)
    for content in contents.values():
        assert isinstance(content, bytes) or is_told(content, content.code)
    assert [item for item in found if isinstance(item, (FoundArchive, Failure))]


@EXAMPLES
@given(members=st.dictionaries(NAMES, st.binary(min_size=30, max_size=60), min_size=2), method=METHODS, data=st.data())
def test_what_is_whole_in_a_damaged_archive_is_read(folder, members, method, data):
    whole = zipped(members, method)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        damaged = data.draw(st.sampled_from(archive.infolist()))
    start = damaged.header_offset + 30 + len(damaged.filename.encode(whole_encoding(damaged)))
    at = start + data.draw(st.integers(0, damaged.compress_size - 1))
    spoilt = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    _, contents = read_all(folder, spoilt)
    read = Counter(content for content in contents.values() if isinstance(content, bytes))
    others = Counter(members.values()) - Counter([members[damaged.filename]])
    assert others - read == Counter()
    assert read - Counter(members.values()) == Counter()  # what its checksum does not fit is never given


def whole_encoding(info):
    return "utf-8" if info.flag_bits & 0x800 else "cp437"


# --- metadata ---------------------------------------------------------------------------------------------

ENCODER = EncoderSpec("ViT-B-32", "openai", 3, "clip-224")
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
VECTORS = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3)
RECORDS = st.lists(st.tuples(TEXTS, TEXTS, VECTORS), min_size=1, max_size=4, unique_by=lambda record: record[0])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANY_JSON = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)


def image_record(hash_id, path, vector):
    embedding = np.array(vector, dtype=np.float32)
    return ImageRecord(ImageRef(f"/{path}"), hash_id, "p", "PNG", 99, 12, 8, ("cat",), embedding, ENCODER)


def written(folder, records, suffix):
    path = str(folder / f"metadata{suffix}")
    Path(path).unlink(missing_ok=True)  # what was changed may no longer look like a file of ours
    with record_writer([path], ENCODER, tagged=True) as writer:
        for record in records:
            writer.add(image_record(*record))
    return path


def check_metadata(path):
    """It is read, and what it gives can be used; or it is refused in one line that names the file."""
    try:
        encoder, images = read_embeddings(path)
        for image in images:
            assert image.embedding.shape == (encoder.dim,)
            assert image.embedding.dtype == np.float32
            assert np.isfinite(image.embedding).all()
            assert isinstance(image.hash_id, str)
    except (MetadataError, EncoderMismatchError) as error:
        check_refusal(path, str(error))


def check_refusal(path, message):
    assert path in message
    assert "\n" not in message
    assert len(message) < 1000


@EXAMPLES
@pytest.mark.parametrize("suffix", [".json", ".parquet"])
@given(records=RECORDS)
def test_metadata_comes_back_as_it_was_written(folder, suffix, records):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    encoder, images = read_embeddings(written(folder, records, suffix))
    assert encoder.matches(ENCODER)
    assert [(image.hash_id, image.file_path, image.embedding.tolist()) for image in images] == [
        (hash_id, f"/{path}", np.array(vector, np.float32).tolist()) for hash_id, path, vector in records
    ]


@EXAMPLES
@pytest.mark.parametrize("suffix", [".json", ".parquet"])
@given(records=RECORDS, data=st.data())
def test_changed_metadata_is_read_or_refused_in_one_line(folder, suffix, records, data):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = written(folder, records, suffix)
    with open(path, "rb") as file:
        content = file.read()
    with open(path, "wb") as file:
        file.write(data.draw(changed(content)))
    check_metadata(path)


@EXAMPLES
@given(records=RECORDS, data=st.data())
def test_a_record_that_is_something_else_is_refused_in_one_line(folder, records, data):
    content = {hash_id: as_json(image_record(hash_id, path, [0]), tagged=True) for hash_id, path, _ in records}
    for record, (_, _, vector) in zip(content.values(), records):
        record["embeddings_vector"] = vector
    record = content[data.draw(st.sampled_from(sorted(content)))]
    key = data.draw(st.sampled_from(["model", "pretrained", "embeddings_vector", "file_path", "hash_id"]))
    if data.draw(st.booleans()):
        del record[key]
    else:
        record[key] = data.draw(ANY_JSON)
    if data.draw(st.booleans()):
        content[data.draw(TEXTS)] = data.draw(ANY_JSON)
    path = folder / TAGGED_METADATA
    path.write_text(json.dumps(content), encoding="utf-8")
    check_metadata(str(path))


@EXAMPLES
@given(lists=st.dictionaries(TEXTS, st.lists(TEXTS), max_size=4), data=st.data())
def test_changed_tag_lists_are_read_or_refused_in_one_line(folder, lists, data):
    path = folder / "tags.json"
    with json_object(str(path), re.compile(b"")) as writer:
        for tag, hashes in lists.items():
            writer.add(tag, hashes)
    path.write_bytes(data.draw(changed(path.read_bytes())))
    try:
        read = read_tag_lists(str(path))
    except MetadataError as error:
        check_refusal(str(path), str(error))
    else:
        assert all(isinstance(hashes, HashList) for hashes in read.values())


# --- bins -------------------------------------------------------------------------------------------------


@EXAMPLES
@given(bins=st.integers(1, MAX_BINS), data=st.data())
@example(bins=10, data=None)
def test_a_score_beside_an_edge_falls_on_its_own_side(bins, data):
    for k in range(1, bins + 1) if data is None else [data.draw(st.integers(1, bins))]:
        edge = k / bins
        scores = np.array([np.nextafter(edge, 0), edge, min(np.nextafter(edge, 1), 1.0)])
        assert bin_numbers(scores, bins).tolist() == [k, k, min(k + 1, bins)]
        assert abs(float(bin_labels(bins)[k - 1]) - edge) < 1e-4


#: Names that want the same place: numbered ones, other cases, two spellings of one letter.
COLLIDING = st.sampled_from(
    ["x.png", "X.png", "x (2).png", "x (2) (2).png", "x (3).png", "x", "\xe9.png", "e\u0301.png"]
)
IMAGES = st.lists(st.tuples(COLLIDING, st.binary(max_size=2)), max_size=8)


def placed(root, images, how):
    """Place images as a run does, which numbers those of one name; the path of each."""
    placer, numbers, paths = Placer(str(root), how), Counter(), []
    for name, content in images:
        numbers[name.casefold()] += 1
        paths += placer.place(at("svm/cat/1.0"), name, content, number=numbers[name.casefold()])
    return paths


def all_files(root):
    return {
        os.path.join(where, name): open_bytes(os.path.join(where, name))
        for where, _, names in os.walk(root)
        for name in names
    }


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()


@EXAMPLES
@pytest.mark.parametrize("how", ["copy", "hardlink"])
@given(images=IMAGES, before=IMAGES)
def test_no_image_is_placed_over_another(tmp_path_factory, how, images, before):
    root = tmp_path_factory.mktemp("bins")
    placed(root, before, how)
    earlier = all_files(root)
    paths = placed(root, images, how)
    files = all_files(root)
    assert earlier.items() <= files.items()
    for path, (_, content) in zip(paths, images):
        assert files[path] == content
    assert placed(root, images, how) == paths  # a second run finds what the first has placed
    assert all_files(root) == files
