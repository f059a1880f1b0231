"""Tars for tests: written by ``tarfile``, or block by block so that their headers can say anything."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from typing import Optional, Union

from samples import zipped

#: The compressions of ``tarfile`` by the suffixes of files.
PACKINGS = {".tar": "", ".tar.gz": "gz", ".tar.bz2": "bz2", ".tar.xz": "xz"}

END = bytes(1024)

TarMembers = Mapping[str, Union[bytes, "TarMembers"]]


def tarred(members: TarMembers, packing: str = "", tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    """The bytes of a tar; a member that is itself a mapping becomes an archive as its suffix says."""
    file = io.BytesIO()
    options = {"preset": 0} if packing == "xz" else {}  # random data take long
    with tarfile.open(fileobj=file, mode=f"w:{packing}", format=tar_format, **options) as archive:
        for name, content in members.items():
            add(archive, name, content if isinstance(content, bytes) else archived(name, content))
    return file.getvalue()


def archived(name: str, members: TarMembers) -> bytes:
    """The bytes of a zip or a tar, as the suffix of the name says."""
    if name.endswith(".zip"):
        return zipped(
            {key: value if isinstance(value, bytes) else archived(key, value) for key, value in members.items()}
        )
    return tarred(members, PACKINGS[name[name.index(".tar") :]])


def add(archive: tarfile.TarFile, name: str, data: bytes = b"", **fields: object) -> None:
    """Add a member; ``fields`` are those of ``TarInfo``, such as ``type`` and ``linkname``."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    archive.addfile(info, io.BytesIO(data))


def header(
    name: bytes,
    size: int = 0,
    kind: bytes = b"0",
    *,
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    digits: Optional[bytes] = None,
) -> bytes:
    """One block with the right checksum; ``digits`` are what stands for the size."""
    digits = b"%011o\0" % size if digits is None else digits.ljust(12, b"\0")
    block = bytearray(512)
    block[: len(name)] = name
    block[100:124] = b"0000644\0" * 3
    block[124:136] = digits
    block[136:148] = b"%011o\0" % 1_700_000_000
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = magic
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name: bytes, data: bytes = b"", kind: bytes = b"0", **fields: object) -> bytes:
    """A header and its data, padded to whole blocks."""
    return header(name, len(data), kind, **fields) + padded(data)


def padded(data: bytes) -> bytes:
    """Data, padded to whole blocks."""
    return data + bytes(-len(data) % 512)


def pax_record(key: bytes, value: bytes) -> bytes:
    """One record of an extended header."""
    length = len(key) + len(value) + 3
    length += len(str(length + len(str(length))))
    return b"%d %s=%s\n" % (length, key, value)
