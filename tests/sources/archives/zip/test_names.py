"""Names of a zip's members are text on every system and Python."""

from __future__ import annotations

import struct
import zlib

import pytest

from image_tagging.sources.archives.zip.names import extra_fields, member_name

UTF8 = 0x800


def unicode_path(raw, name):
    """The extra field that gives a name in UTF-8 beside an older one."""
    content = struct.pack("<BL", 1, zlib.crc32(raw)) + name
    return struct.pack("<HH", 0x7075, len(content)) + content


def test_plain_names_are_what_they_are():
    assert member_name(b"a/b c.png", 0, b"") == "a/b c.png"
    assert member_name(b"a/b c.png", UTF8, b"") == "a/b c.png"


@pytest.mark.parametrize("flags", [0, UTF8])
def test_utf8_is_read_whether_or_not_the_archive_says_so(flags):
    assert member_name("Mädchen/猫🐱.png".encode(), flags, b"") == "Mädchen/猫🐱.png"


@pytest.mark.parametrize("flags", [0, UTF8])
def test_what_is_no_utf8_is_code_page_437_even_where_the_archive_says_utf8(flags):
    assert member_name(b"M\x84dchen.png", flags, b"") == "Mädchen.png"
    assert all(member_name(bytes([byte]) + b".png", flags, b"") for byte in range(1, 256))


def test_the_unicode_path_goes_before_an_older_name():
    assert member_name(b"?.png", 0, unicode_path(b"?.png", "猫.png".encode())) == "猫.png"


@pytest.mark.parametrize(
    "extra",
    [
        unicode_path(b"another name.png", "猫.png".encode()),
        unicode_path(b"?.png", b""),
        unicode_path(b"?.png", b"\xff\xfe"),
        unicode_path(b"?.png", "猫.png".encode())[:-2],
        b"up",
        b"\x75\x70\xff\xff",
    ],
)
def test_a_unicode_path_that_is_anothers_empty_or_broken_does_not_count(extra):
    assert member_name(b"?.png", 0, extra) == "?.png"


def test_a_name_ends_at_its_first_nul():
    assert member_name(b"cat.png\0.txt", 0, b"") == "cat.png"
    assert member_name(b"\0", 0, b"") == ""
    assert member_name(b"?", 0, unicode_path(b"?", b"a.png\0x")) == "a.png"


def test_extra_fields_end_where_they_break_off():
    assert list(extra_fields(b"\x01\0\x02\0ab\x02\0\x09\0cd")) == [(1, b"ab")]
    assert list(extra_fields(b"\x01\0")) == []
