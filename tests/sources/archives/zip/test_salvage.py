"""What a zip without its directory still holds is found by the headers in front of each member."""

from __future__ import annotations

import io
import os
import re
import struct
import zipfile

import pytest

from image_tagging.errors import ReadError
from image_tagging.sources.archives import ArchiveLimits, open_archive
from raw_zips import STREAMED, Member, raw_zip
from samples import zipped

LIMIT = 10_000_000


def read(archive):
    return {name: bytes(archive.read(name, LIMIT)) for name in archive.members}


def streamed(members):
    """A zip whose headers tell no sizes: it was written to something that cannot go back."""

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def tell(self):
            raise OSError("a pipe")

    file = Pipe()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    data = file.getvalue()
    assert data[6] & STREAMED
    return data


MEMBERS = {f"{number}.png": bytes([number]) * 300 + os.urandom(300) for number in range(5)}


@pytest.mark.parametrize("make", [zipped, lambda members: zipped(members, zipfile.ZIP_STORED), streamed])
def test_a_download_that_was_cut_short_anywhere_gives_the_members_that_are_whole(make):
    data = make(MEMBERS)
    starts = [match.start() for match in re.finditer(b"PK\x03\x04", data)]
    ends = [*starts[1:], data.index(b"PK\x01\x02")]
    for cut in range(40, len(data) - 1, 37):
        whole = sum(end <= cut for end in ends)
        try:
            archive = open_archive(data[:cut])
        except ReadError as error:
            assert (error.code, whole) == ("damaged-archive", 0)  # noqa: PT017
            continue
        assert archive.damage
        found = read(archive)
        assert found.items() <= MEMBERS.items()
        assert len(found) >= whole


def test_the_damage_is_told_with_how_many_members_were_found():
    data = zipped(MEMBERS)
    assert "5 members were found" in open_archive(data[: data.index(b"PK\x01\x02")]).damage
    assert "1 member was found" in open_archive(data[: data.index(b"PK\x03\x04", 4)]).damage
    assert open_archive(data).damage == ""


@pytest.mark.parametrize("record", range(5))
def test_a_directory_that_is_damaged_in_any_record_loses_no_member(record):
    data = bytearray(zipped(MEMBERS))
    place = [match.start() for match in re.finditer(b"PK\x01\x02", data)][record]
    data[place : place + 4] = b"XXXX"
    archive = open_archive(bytes(data))
    assert archive.damage
    assert read(archive) == MEMBERS


def test_an_end_that_is_damaged_or_far_from_the_end_loses_no_member():
    data = zipped(MEMBERS)
    assert read(open_archive(data.replace(b"PK\x05\x06", b"XXXX"))) == MEMBERS
    assert read(open_archive(data + bytes(200_000))) == MEMBERS


def test_bytes_that_are_missing_in_the_middle_cost_only_the_member_that_they_belong_to():
    data = zipped(MEMBERS)
    place = data.index(b"PK\x03\x04", 4) + 100
    archive = open_archive(data[:place] + data[place + 50 :])
    assert archive.damage
    rest = {name: archive.read(name, LIMIT) for name in archive.members if name != "1.png"}
    assert rest == {name: content for name, content in MEMBERS.items() if name != "1.png"}


def test_a_header_that_is_destroyed_costs_its_own_member():
    data = bytearray(zipped(MEMBERS)[:-30])
    place = data.index(b"PK\x03\x04", 4)
    data[place : place + 30] = bytes(30)
    found = {name: content for name, content in MEMBERS.items() if name != "1.png"}
    archive = open_archive(bytes(data[: data.index(b"PK\x01\x02")]))
    assert read(archive) == found


def test_a_length_that_leads_astray_hides_no_member_behind_it():
    first = Member(b"1", b"1" * 50, method=0, local={"packed_size": 200})
    data = raw_zip(first, *(Member(b"%d" % number, b"x" * 50, method=0) for number in range(2, 6)))
    archive = open_archive(data[: data.index(b"PK\x01\x02")])
    assert {"2", "3", "4", "5"} <= set(archive.members)


def test_images_of_an_inner_archive_that_was_cut_short_are_found_too():
    inner = zipped({"1.png": b"1" * 500, "2.png": os.urandom(900)}, zipfile.ZIP_STORED)
    data = zipped({"0.png": b"0", "in.zip": inner}, zipfile.ZIP_STORED)
    archive = open_archive(data[: data.index(b"2.png")])
    assert read(archive) == {"0.png": b"0", "1.png": b"1" * 500}


def test_what_the_directory_still_tells_is_used():
    """A link is known as one by the directory alone."""
    members = [Member(b"1", b"target", attributes=0o120777 << 16), Member(b"2", b"2")]
    data = raw_zip(*members, count=9)
    archive = open_archive(data)
    assert [entry.kind for entry in archive.members.values()] == ["link", "file"]
    archive = open_archive(data.replace(b"PK\x05\x06", b"XXXX"))
    assert [entry.kind for entry in archive.members.values()] == ["link", "file"]


def test_a_streamed_member_whose_checksum_is_wrong_is_left_out():
    data = raw_zip(Member(b"1", b"1" * 50, flags=STREAMED, crc=1), Member(b"2", b"2" * 50, flags=STREAMED))
    assert read(open_archive(data[: data.index(b"PK\x01\x02")])) == {"2": b"2" * 50}


def test_members_are_counted_while_they_are_salvaged():
    data = raw_zip(*(Member(b"%d" % number, b"x") for number in range(20)))
    with pytest.raises(ReadError) as raised:
        open_archive(data[: data.index(b"PK\x01\x02")], ArchiveLimits(members=10))
    assert raised.value.code == "too-many-members"


def test_headers_made_to_cost_much_for_nothing_cost_little():
    """Every header claims a stream that unpacks to the end of the file and is never whole."""
    endless = b"\0" + struct.pack("<HH", 31, 31 ^ 0xFFFF)
    header = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, STREAMED, 8, 0, 33, 0, 0, 0, 1, 0) + b"x"
    with pytest.raises(ReadError):
        open_archive((header + endless) * 40_000)
