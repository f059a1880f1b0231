"""Zips made byte by byte, so that their headers can say anything: what no honest program writes."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Optional

STREAMED = 0x8
UTF8 = 0x800


@dataclass
class Member:
    """One member; what is ``None`` is as it should be."""

    name: bytes
    data: bytes = b""
    method: int = 8
    flags: int = 0
    extra: bytes = b""
    local_extra: bytes = b""
    made_by: int = 3
    attributes: int = 0
    disk: int = 0
    size: Optional[int] = None
    packed_size: Optional[int] = None
    crc: Optional[int] = None
    offset: Optional[int] = None
    local: dict[str, int] = field(default_factory=dict)  # what the local header says differently

    @property
    def packed(self) -> bytes:
        if self.method != 8:
            return self.data
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(self.data) + packer.flush()

    def fields(self) -> dict[str, int]:
        values = {"crc": self.crc, "packed_size": self.packed_size, "size": self.size}
        right = {"crc": zlib.crc32(self.data), "packed_size": len(self.packed), "size": len(self.data)}
        return {key: right[key] if value is None else value for key, value in values.items()}

    def local_part(self) -> bytes:
        values = {**self.fields(), **(dict.fromkeys(self.fields(), 0) if self.flags & STREAMED else {}), **self.local}
        head = struct.pack("<4s5H", b"PK\x03\x04", 20, self.flags, values.get("method", self.method), 0, 33)
        sizes = struct.pack(
            "<3L2H", values["crc"], values["packed_size"], values["size"], len(self.name), len(self.local_extra)
        )
        end = b""
        if self.flags & STREAMED:
            end = b"PK\x07\x08" + struct.pack("<3L", *self.fields().values())
        return head + sizes + self.name + self.local_extra + self.packed + end

    def record(self, offset: int) -> bytes:
        values = self.fields()
        head = struct.pack("<4s6H", b"PK\x01\x02", self.made_by << 8 | 20, 20, self.flags, self.method, 0, 33)
        sizes = struct.pack("<3L3H", *values.values(), len(self.name), len(self.extra), 0)
        where = struct.pack("<2H2L", self.disk, 0, self.attributes, offset if self.offset is None else self.offset)
        return head + sizes + where + self.name + self.extra


def raw_zip(*members: Member, comment: bytes = b"", **end: int) -> bytes:
    """The bytes of a zip; ``end`` changes what its end says: disk, count, size, offset, comment_size."""
    parts, records, place = [], [], 0
    for member in members:
        records.append(member.record(place))
        parts.append(member.local_part())
        place += len(parts[-1])
    data, directory = b"".join(parts), b"".join(records)
    says = {"disk": 0, "count": len(members), "size": len(directory), "offset": len(data), "comment_size": len(comment)}
    says.update(end)
    disk, count = says["disk"], says["count"]
    sizes = (says["size"], says["offset"], says["comment_size"])
    return data + directory + struct.pack("<4s4H2LH", b"PK\x05\x06", disk, disk, count, count, *sizes) + comment


def overlapping_bomb(names: list[bytes], size: int) -> bytes:
    """All members share one kernel of ``size`` zeros, each quoting the headers of those behind it (Fifield 2019)."""
    kernel = Member(names[-1], bytes(size))
    content, stream = kernel.data, kernel.packed
    parts, records = [kernel.local_part()], [(kernel.name, len(stream), len(content), zlib.crc32(content))]
    for name in reversed(names[:-1]):
        header = parts[0][: 30 + len(records[0][0])]
        stream = b"\0" + struct.pack("<HH", len(header), len(header) ^ 0xFFFF) + header + stream
        content = header + content
        crc = zlib.crc32(content)
        local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, crc, len(stream), len(content), len(name), 0)
        parts.insert(0, local + name + stream[:5])
        records.insert(0, (name, len(stream), len(content), crc))
    data, directory = b"", b""
    for part, (name, packed_size, size_, crc) in zip(parts, records):
        directory += Member(name, packed_size=packed_size, size=size_, crc=crc).record(len(data))
        data += part
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(names), len(names), len(directory), len(data), 0)
    return data + directory + end
