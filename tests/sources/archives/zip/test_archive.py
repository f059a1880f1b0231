"""One zip, open: by name, on every Python alike, whatever its headers say."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_tagging.errors import ReadError
from image_tagging.sources.archives import ArchiveLimits, Budget, looks_like_archive, open_archive
from image_tagging.sources.archives.content import FileContent
from raw_zips import Member, overlapping_bomb, raw_zip
from samples import written, zipped

LIMIT = 10_000_000


def contents(data):
    """What every member holds, by name; the code where it cannot be had."""
    archive = open_archive(data)
    return {name: content(archive, name) for name in archive.members}


def content(archive, name):
    try:
        return bytes(archive.read(name, LIMIT))
    except ReadError as error:
        return error.code


@given(
    st.dictionaries(st.text("abc/ä猫 .", min_size=1, max_size=8), st.binary(max_size=2000), max_size=8),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
    st.binary(max_size=50),
)
@settings(deadline=None, max_examples=150)
def test_whatever_pythons_own_module_writes_is_read(members, method, comment):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for name, data in members.items():
            archive.writestr(name, data)
    data = file.getvalue()
    if b"PK" in comment:
        return
    archive = open_archive(data)
    assert not archive.damage
    assert set(archive.members) == set(members)
    for name, expected in members.items():
        assert archive.members[name].kind == "folder" or archive.read(name, LIMIT) == expected


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_bytes_changed_anywhere_give_other_members_or_a_read_error(data):
    whole = bytearray(zipped({"a.png": b"some bytes" * 9, "in.zip": {"b.png": b"x" * 99}, "c": os.urandom(5)}))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for broken in (bytes(whole), bytes(whole[:cut]), bytes(whole[cut:])):
        try:
            contents(broken)
        except ReadError as error:
            assert error.code in {"damaged-archive", "too-many-members"}  # noqa: PT017  any other error fails


def test_a_file_is_read_as_memory_is(tmp_path):
    data = zipped({"a.png": os.urandom(1_000_000), "b.png": b"2" * 3_000_000})
    archive = open_archive(written(tmp_path / "a.zip", data))
    assert {name: content(archive, name) for name in archive.members} == contents(data)
    archive.close()


def test_duplicate_names_keep_apart():
    data = raw_zip(
        *(Member(b"cat.png", text) for text in (b"first", b"second", b"last")), Member(b"cat (2).png", b"own")
    )
    assert contents(data) == {
        "cat.png": b"last",
        "cat (2).png": b"own",
        "cat (3).png": b"first",
        "cat (4).png": b"second",
    }


@pytest.mark.parametrize(
    ("before", "behind"), [(b"", b"trailing" * 9), (b"MZ" + bytes(5000), b""), (b"#!/bin/sh\n", bytes(70_000))]
)
def test_bytes_before_and_behind_an_archive_do_no_harm(before, behind):
    members = {"a.png": b"1" * 500, "b.png": b"2"}
    assert contents(before + zipped(members) + behind) == members


@pytest.mark.parametrize("size", [0, 5, 50, 65535])
def test_a_comment_of_another_length_than_stated_does_no_harm(size):
    data = raw_zip(Member(b"a.png", b"1"), comment=b"a comment of 29 bytes, no PK!", comment_size=size)
    assert contents(data) == {"a.png": b"1"}


def test_an_archive_in_the_comment_of_an_archive_is_a_comment_or_the_archive():
    data = raw_zip(Member(b"a.png", b"1"), comment=raw_zip(Member(b"b.png", b"2")))
    assert contents(data) in ({"a.png": b"1"}, {"b.png": b"2"})


def test_zip64_is_read():
    def wide(*values):
        return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)

    first = Member(b"a.png", b"1" * 70)
    unknown = 0xFFFFFFFF
    packed = len(first.packed)
    first = Member(b"a.png", b"1" * 70, extra=wide(70, packed, 0), size=unknown, packed_size=unknown, offset=unknown)
    first.local = {"size": 70, "packed_size": packed}
    local = first.local_part()
    record = first.record(0)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(record), len(local))
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(local) + len(record), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, unknown, unknown, 0)
    data = local + record + end64 + locator + end
    assert contents(data) == {"a.png": b"1" * 70}
    assert contents(b"junk before it" * 3 + data) == {"a.png": b"1" * 70}


def test_more_members_than_sixteen_bits_count_are_all_there():
    data = raw_zip(*(Member(b"%d" % number, method=0) for number in range(66_000)), count=66_000 - 65_536)
    assert len(open_archive(data).members) == 66_000


@pytest.mark.parametrize(
    ("mode", "code"),
    [(0o120777, "link"), (0o100644, b"target"), (0o010644, b"target"), (0o040755, b"target"), (0, b"target")],
)
def test_a_link_is_refused_and_what_else_has_content_is_a_file(mode, code):
    """zip marks what it read from its input as a pipe."""
    assert contents(raw_zip(Member(b"a.png", b"target", attributes=mode << 16))) == {"a.png": code}


def test_attributes_of_systems_without_links_are_no_links():
    assert contents(raw_zip(Member(b"a.png", b"x", made_by=0, attributes=0o120777 << 16))) == {"a.png": b"x"}


def test_folders_are_known_by_name_and_attribute_and_have_no_content():
    members = [Member(b"a.png/"), Member(b"c", made_by=0, attributes=0x10), Member(b"d.png/", b"1")]
    archive = open_archive(raw_zip(*members))
    assert [entry.kind for entry in archive.members.values()] == ["folder", "folder", "file"]
    by_backslash = open_archive(raw_zip(Member(b"a\\"), Member(b"a\\b.png", b"1")))
    assert [entry.kind for entry in by_backslash.members.values()] == ["folder", "file"]
    assert content(archive, "a.png/") == "not-a-file"
    assert content(archive, "d.png/") == b"1"


def test_local_headers_that_contradict_the_directory_are_passed_over():
    wrong = [{"crc": 1}, {"size": 1}, {"packed_size": 1}, {"method": 0}]
    members = [Member(b"%d.png" % number, b"1" * 50, local=local) for number, local in enumerate(wrong)]
    assert set(contents(raw_zip(*members)).values()) == {b"1" * 50}


@pytest.mark.parametrize(
    "wrong", [{"crc": 1}, {"size": 3}, {"size": 500}, {"packed_size": 3}, {"packed_size": 10**9}, {"offset": 10**9}]
)
def test_a_directory_that_lies_costs_its_member_and_no_neighbour(wrong):
    found = contents(raw_zip(Member(b"1", b"1" * 50), Member(b"2", b"2" * 50, **wrong), Member(b"3", b"3")))
    assert found.pop("2") in {"damaged-member", "overlapping"}
    assert found == {"1": b"1" * 50, "3": b"3"}


@pytest.mark.parametrize("method", [1, 6, 9, 12, 14, 93, 95, 97, 98, 99, 12345])
def test_odd_methods_are_told_and_cost_no_neighbour(method):
    found = contents(raw_zip(Member(b"1", b"1"), Member(b"2", b"\x05" * 30, method=method), Member(b"3", b"3")))
    assert found.pop("2") == {12: "damaged-member", 14: "damaged-member", 99: "encrypted"}.get(
        method, "unsupported-archive"
    )
    assert found == {"1": b"1", "3": b"3"}


@pytest.mark.parametrize("flags", [0x1, 0x41])
def test_encryption_is_told_and_costs_no_neighbour(flags):
    data = raw_zip(Member(b"1", b"1"), Member(b"2", b"2" * 40, flags=flags))
    assert contents(data) == {"1": b"1", "2": "encrypted"}


def test_of_a_split_archive_what_is_here_is_read():
    data = raw_zip(Member(b"1", b"1", disk=0, offset=77), Member(b"2", b"2", disk=1), disk=1)
    assert contents(data) == {"1": "unsupported-archive", "2": b"2"}


def test_of_members_that_share_their_bytes_the_last_is_read():
    names = [b"%d.png" % number for number in range(50)]
    bomb = overlapping_bomb(names, 1_000_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert zipfile.ZipFile(io.BytesIO(bomb)).infolist()[0].file_size > 1_000_000  # it is made as the paper says
    found = contents(bomb)
    assert found.pop("49.png") == bytes(1_000_000)
    assert set(found.values()) == {"overlapping"}
    assert len(found) == 49


def test_members_at_one_place_are_one_members_data():
    data = raw_zip(Member(b"1.png", b"1" * 50), Member(b"2.png", b"1" * 50, offset=0), Member(b"3.png", b"3"))
    assert contents(data) == {"1.png": "overlapping", "2.png": b"1" * 50, "3.png": b"3"}


def test_no_warning_is_given_for_odd_names():
    content = struct.pack("<BL", 1, 0)
    extra = struct.pack("<HH", 0x7075, len(content)) + content
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert contents(raw_zip(Member(b"", b"1", extra=extra), Member(b"a", b"2", extra=extra))) == {
            "": b"1",
            "a": b"2",
        }


def test_opening_reads_the_directory_only(tmp_path, monkeypatch):
    path = written(tmp_path / "a.zip", zipped({f"{n}.png": os.urandom(10_000) for n in range(20)}))
    read = []
    at = FileContent.at

    def counted(self, offset, count):
        data = at(self, offset, count)
        read.append(len(data))
        return data

    monkeypatch.setattr("image_tagging.sources.archives.content.FileContent.at", counted)
    open_archive(path).close()
    assert sum(read) < 20 * 100
    assert len(read) < 6


def test_inner_archives_outlive_the_one_they_lie_in(tmp_path):
    path = written(tmp_path / "a.zip", zipped({"in.zip": zipped({"1": b"deep"})}, zipfile.ZIP_STORED))
    outer = open_archive(path)
    inner = outer.inner("in.zip", Budget(ArchiveLimits(archive_bytes=0), 0))
    outer.close()
    assert inner.held_bytes == 0
    assert inner.read("1", LIMIT) == b"deep"
    inner.close()


def test_what_is_no_archive_says_so():
    for data in (b"", b"Rar!\x1a\x07\x00" + bytes(5000), b"<html>not found</html>"):
        with pytest.raises(ReadError) as raised:
            open_archive(data)
        assert raised.value.code == "damaged-archive"
    with pytest.raises(ReadError, match="no such member"):
        open_archive(zipped({})).read("1", LIMIT)


def test_an_archive_is_known_by_how_it_begins_or_where_it_ends(tmp_path):
    assert looks_like_archive(written(tmp_path / "a", zipped({"1": b""})))
    assert looks_like_archive(written(tmp_path / "b", zipped({})))
    behind = written(tmp_path / "c", b"MZ" + bytes(99) + zipped({"1": b""}))
    assert not looks_like_archive(behind)
    assert looks_like_archive(behind, anywhere=True)
    assert not looks_like_archive(written(tmp_path / "d", b"P"), anywhere=True)
