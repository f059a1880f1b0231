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


def named(raw, flags=0, extra=b""):
    """The name, where the zip says in which encoding it is."""
    name, is_text = member_name(raw, flags, extra)
    assert is_text
    return name


def test_plain_names_are_what_they_are():
    assert named(b"a/b c.png") == named(b"a/b c.png", UTF8) == "a/b c.png"


def test_names_with_the_flag_are_utf8():
    assert named("Mädchen/猫🐱.png".encode(), UTF8) == "Mädchen/猫🐱.png"


@pytest.mark.parametrize(("raw", "flags"), [("Mädchen".encode(), 0), (b"M\x84dchen", 0), (b"M\x84dchen", UTF8)])
def test_other_names_keep_their_bytes_until_all_are_known(raw, flags):
    name, is_text = member_name(raw, flags, b"")
    assert not is_text
    assert name.encode("utf-8", "surrogateescape") == raw


def test_the_unicode_path_goes_before_an_older_name():
    assert named(b"?.png", 0, unicode_path(b"?.png", "猫.png".encode())) == "猫.png"


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
    assert named(b"?.png", 0, extra) == "?.png"


def test_a_name_ends_at_its_first_nul():
    assert named(b"cat.png\0.txt") == "cat.png"
    assert named(b"\0") == ""
    assert named(b"?", 0, unicode_path(b"?", b"a.png\0x")) == "a.png"


def test_extra_fields_end_where_they_break_off():
    assert list(extra_fields(b"\x01\0\x02\0ab\x02\0\x09\0cd")) == [(1, b"ab")]
    assert list(extra_fields(b"\x01\0")) == []
