"""The headers of a tar: the block in front of each member, and the extended headers that carry longer names.

``tarfile`` of the standard library reads the same, but takes as much memory for an extended header as the block says,
ends at a damaged block, and needs several times as long; its versions differ in which hostile archives they end on.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from typing import NamedTuple, Optional

BLOCK = 512

#: Types (POSIX and GNU) whose members are plain files, and those that have no data.
_FILES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})
_WITHOUT_DATA = frozenset(
    {tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, b"V"}
)
_KINDS = {
    **dict.fromkeys(_FILES, "file"),
    **{tarfile.LNKTYPE: "hard link", tarfile.SYMTYPE: "link", tarfile.DIRTYPE: "folder", b"D": "folder"},
    **{tarfile.GNUTYPE_SPARSE: "sparse", b"M": "part", b"V": "label"},
}
_PAX, _GLOBAL_PAX = frozenset({tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE}), tarfile.XGLTYPE
_LONG_NAME, _LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK

_POSIX = b"ustar\0"  # only there a prefix of the name lies in the block
_SPARSE_KEY = b"GNU.sparse."
_TIME = re.compile(rb"-?[0-9.]{1,40}")


class Header(NamedTuple):
    """One block: what it says of a member, or of an extended header for the next member.

    ``size`` counts the bytes that follow in the archive.
    """

    type: bytes
    name: str
    link: str
    size: int
    time: int

    @property
    def is_extension(self) -> bool:
        """Whether it is no member, and belongs to the next one."""
        return self.type in _PAX or self.type in {_GLOBAL_PAX, _LONG_NAME, _LONG_LINK}

    @property
    def is_used(self) -> bool:
        """Whether the content of an extended header is needed: a global one only has comments and defaults."""
        return self.type != _GLOBAL_PAX

    @property
    def kind(self) -> str:
        """``file``, ``folder``, ``link``, ``hard link``, ``sparse``, ``part``, ``label``, or ``other`` (devices)."""
        return _KINDS.get(self.type, "other")

    @property
    def data_bytes(self) -> int:
        """How many bytes of data follow; types that nobody knows are like files (POSIX)."""
        return 0 if self.type in _WITHOUT_DATA else self.size


def parse_header(block: bytes) -> Optional[Header]:
    """Return what a block of 512 bytes says, ``None`` where its checksum or its numbers are wrong, or it is zeros."""
    stated, size = _number(block[148:156]), _number(block[124:136])
    if len(block) != BLOCK or stated is None or size is None or size < 0 or not _is_checksum(stated, block):
        return None
    name, header_type = block[:100].partition(b"\0")[0], block[156:157]
    if block.startswith(_POSIX, 257) and (prefix := block[345:500].partition(b"\0")[0]):
        name = prefix + b"/" + name
    if header_type == tarfile.AREGTYPE and name.endswith(b"/"):  # older than the type of folders
        header_type = tarfile.DIRTYPE
    return Header(header_type, _text(name), _text(block[157:257]), size, _number(block[136:148]) or 0)


def _number(digits: bytes) -> Optional[int]:
    """Return the value of a field: octal digits, or for large numbers 256-based ones behind a mark (GNU)."""
    if digits[:1] in {b"\x80", b"\xff"}:
        return int.from_bytes(digits[1:], "big", signed=digits[:1] == b"\xff")
    try:
        return int(digits.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        return None


def _is_checksum(stated: int, block: bytes) -> bool:
    """Whether the sum of all bytes is as stated, the field of the sum itself taken as spaces.

    Some old systems added bytes as signed ones.
    """
    total = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    if total == stated:
        return True
    return total - 256 * sum(byte > 127 for byte in block[:148] + block[156:]) == stated


@dataclass
class Extensions:
    """What extended headers say of the next member."""

    name: str = ""
    is_utf8: bool = False  # what pax says of the name; bytes that are none stay escapes
    link: str = ""
    size: Optional[int] = None
    time: str = ""
    is_sparse: bool = False
    is_damaged: bool = False

    def add(self, header_type: bytes, data: bytes) -> None:
        """Take the content of an extended header."""
        if header_type == _LONG_NAME:
            self.name, self.is_utf8 = _text(data), False
        elif header_type == _LONG_LINK:
            self.link = _text(data)
        else:
            self._add_records(data)

    def _add_records(self, data: bytes) -> None:
        """Take pax records (``length key=value``, POSIX), as far as they make sense."""
        place = 0
        while place < len(data) and data[place]:  # some writers end with zeros
            space = data.find(b" ", place, place + 20)
            length = data[place:space] if space > 0 else b""
            end = place + int(length) if length.isdigit() else 0
            if not place < space < end <= len(data):
                self.is_damaged = True
                return
            key, _, value = data[space + 1 : end - 1].partition(b"=")
            self._add_record(key, value)
            place = end

    def _add_record(self, key: bytes, value: bytes) -> None:
        if key == b"GNU.sparse.name" or (key == b"path" and not self.is_sparse):
            self.name, self.is_utf8 = _text(value), True
        elif key == b"linkpath":
            self.link = _text(value)
        elif key == b"mtime" and _TIME.fullmatch(value):
            self.time = value.decode("ascii")
        elif key == b"size" and value.isdigit() and len(value) < 20:
            self.size = int(value)
        elif key == b"size":
            self.is_damaged = True
        self.is_sparse = self.is_sparse or key.startswith(_SPARSE_KEY)


def has_sparse_block(block: bytes, *, is_header: bool) -> bool:
    """Whether another block of the map of a sparse file (old GNU) follows this one."""
    return len(block) == BLOCK and block[482 if is_header else 504] != 0


def _text(raw: bytes) -> str:
    """Return a name as if it were UTF-8; other bytes become what Python makes of them in names of files (PEP 383)."""
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
