"""The bytes of one address, through archives in archives, or why they cannot be had."""

from __future__ import annotations

import io
import os
import struct
import zipfile

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import ReadError
from image_tagging.records import FoundImage
from image_tagging.sources.archives import ArchiveLimits
from image_tagging.sources.find import find_images
from image_tagging.sources.read import SourceReader
from samples import written, zipped


@pytest.fixture
def reader():
    reader = SourceReader()
    yield reader
    reader.close()


def code_of(reader, *address):
    """Why the bytes cannot be had, ``None`` where they can."""
    try:
        reader.read(ImageRef(address[0], address[1:]))
    except ReadError as error:
        return error.code
    return None


def test_bytes_are_read_through_archives(tmp_path, reader):
    path = written(tmp_path / "a.zip", zipped({"b.zip": {"c.zip": {"cat/1.png": b"deep"}}, "2.png": b"top"}))
    assert reader.read(ImageRef(path, ("b.zip", "c.zip", "cat/1.png"))) == b"deep"
    assert reader.read(ImageRef(path, ("2.png",))) == b"top"


def test_a_file_that_is_gone_when_it_is_read_says_so(tmp_path, reader):
    path = written(tmp_path / "a.png", b"1")
    archive = written(tmp_path / "b.zip", zipped({"1.png": b"1"}))
    found = [item for item in find_images(str(tmp_path)) if isinstance(item, FoundImage)]
    os.remove(path)
    os.remove(archive)
    for item in found:
        with pytest.raises(ReadError, match="no longer there") as raised:
            reader.read(item.ref)
        assert raised.value.code == "missing"


def test_a_member_that_is_gone_says_so(tmp_path, reader):
    path = written(tmp_path / "a.zip", zipped({"1.png": b"1"}))
    with pytest.raises(ReadError, match="no such member any more") as raised:
        reader.read(ImageRef(path, ("2.png",)))
    assert raised.value.code == "missing"


def test_a_file_that_became_a_folder_is_unreadable(tmp_path, reader):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ReadError) as raised:
        reader.read(ImageRef(str(tmp_path / "a.png")))
    assert raised.value.code == "unreadable"


def test_what_is_larger_than_the_limit_is_refused(tmp_path):
    path = written(tmp_path / "a.zip", zipped({"1.png": bytes(1000), "2.png": bytes(1001)}))
    plain = written(tmp_path / "a.png", bytes(1001))
    reader = SourceReader(limits=ArchiveLimits(image_bytes=1000))
    assert len(reader.read(ImageRef(path, ("1.png",)))) == 1000
    for ref in (ImageRef(path, ("2.png",)), ImageRef(plain)):
        with pytest.raises(ReadError, match="more than 1,000 bytes") as raised:
            reader.read(ref)
        assert raised.value.code == "too-large"
    reader.close()


def test_a_member_is_cut_off_at_the_size_that_it_says(tmp_path, reader):
    """A directory that tells of fewer bytes than there are gives no more than those, or a failure."""
    data = bytearray(zipped({"1.png": bytes(100_000)}))
    central = data.find(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<I", 10)
    path = written(tmp_path / "a.zip", data)
    with pytest.raises(ReadError) as raised:
        reader.read(ImageRef(path, ("1.png",)))
    assert raised.value.code == "damaged-member"


def test_only_the_last_few_archives_stay_open(tmp_path):
    reader = SourceReader(keep_open=2)
    refs = [ImageRef(written(tmp_path / f"{n}.zip", zipped({"1.png": b"%d" % n})), ("1.png",)) for n in range(5)]
    for _ in range(2):
        assert [reader.read(ref) for ref in refs] == [b"0", b"1", b"2", b"3", b"4"]
    assert len(reader._archives) == 2
    reader.close()
    assert reader.read(refs[0]) == b"0"
    reader.close()


def test_an_archive_that_is_not_packed_is_read_where_it_lies(tmp_path):
    inner = zipped({"1.png": b"deep", "b.zip": {"2.png": b"deeper"}}, zipfile.ZIP_STORED)
    path = written(tmp_path / "a.zip", zipped({"in.zip": inner}, zipfile.ZIP_STORED))
    reader = SourceReader(limits=ArchiveLimits(archive_bytes=0, held_bytes=0))
    assert reader.read(ImageRef(path, ("in.zip", "1.png"))) == b"deep"
    assert reader._held_bytes() == 0
    reader.close()


def test_unpacked_archives_in_memory_stay_below_the_limit(tmp_path):
    members = {f"{n}.zip": {"1.png": b"%d" % n, "fill": os.urandom(50_000)} for n in range(6)}
    path = written(tmp_path / "a.zip", zipped(members))
    reader = SourceReader(limits=ArchiveLimits(held_bytes=120_000), keep_open=10)
    for n in range(6):
        assert reader.read(ImageRef(path, (f"{n}.zip", "1.png"))) == b"%d" % n
        assert reader._held_bytes() <= 120_000
    assert len(reader._archives) > 1
    reader.close()


def test_an_archive_that_was_written_over_since_it_was_opened_says_so_and_is_opened_anew(tmp_path, reader):
    path = written(tmp_path / "a.zip", zipped({"1.png": os.urandom(5000), "2.png": os.urandom(5000)}))
    assert code_of(reader, path, "1.png") is None
    written(path, zipped({"0.png": b"short", "2.png": b"new"}))
    with pytest.raises(ReadError, match="changed while it was read: run again") as raised:
        reader.read(ImageRef(path, ("2.png",)))
    assert raised.value.code == "changed"
    assert reader.read(ImageRef(path, ("2.png",))) == b"new"
    assert code_of(reader, path, "1.png") == "missing"


def test_an_archive_that_is_removed_while_it_is_open_is_still_read(tmp_path, reader):
    path = written(tmp_path / "a.zip", zipped({"1.png": b"1", "2.png": b"2"}))
    assert code_of(reader, path, "1.png") is None
    os.remove(path)
    assert code_of(reader, path, "2.png") is None


def test_a_file_that_grows_while_it_is_read_says_so(tmp_path, reader, monkeypatch):
    path = written(tmp_path / "a.png", b"half of a download")
    status = os.stat(path)
    written(path, b"half of a download and more")
    monkeypatch.setattr("image_tagging.sources.read.os.fstat", lambda number: status)
    assert code_of(reader, path) == "changed"


def test_an_image_may_hold_half_a_gibibyte_and_an_archive_in_an_archive_two(tmp_path):
    limits = ArchiveLimits()
    assert (limits.image_bytes, limits.archive_bytes, limits.held_bytes) == (2**29, 2**31, 2**31)


def test_members_of_one_name_are_each_read(tmp_path, reader):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("1.png", b"first")
        archive.writestr("1 (2).png", b"another")
        for data in (b"second", b"last"):
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr("1.png", data)
    path = written(tmp_path / "a.zip", file.getvalue())
    found = [item.ref for item in find_images(path) if isinstance(item, FoundImage)]
    assert {ref.members[0]: reader.read(ref) for ref in found} == {
        "1.png": b"last",
        "1 (2).png": b"another",
        "1 (3).png": b"first",
        "1 (4).png": b"second",
    }
