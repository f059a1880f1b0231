"""JPEGs that lack nothing but their end mark, as some cameras, cards and downloads leave them.

Every viewer shows them; Pillow reports them as it does those that lack half of their picture. Whether a picture is
whole is found in two steps. The headers say whether all components, all coefficients with all their bits, and all
restart intervals are there. Then the last scan may still be cut: its decoder fills up what is missing with zeros, so
the picture is complete if it is the same with any bits after the data.

Source: ITU-T T.81, B.1 and B.2 (markers, frame and scan headers), A.2.3 and A.2.4 (units of interleaved and other
scans), G.1.1 (spectral selection and successive approximation).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import Optional

_START, _END = b"\xff\xd8", b"\xff\xd9"

#: What may follow an incomplete scan: ones, and the two patterns that begin with other codes than ones and zeros do.
_BITS = tuple(pattern * 64 for pattern in (b"\xff\x00", b"\xaa\xaa", b"\x55\x55"))

#: A marker after the data of a scan; restarts, and bytes of 0xff in the data, are none.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")

#: Frames of Huffman codes: baseline, extended, progressive.
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_SCAN, _RESTARTS = 0xDA, 0xDD

#: A file that is padded with zeros ends in more of them than data of a picture does.
_PADDING = b"\0" * 4


@dataclass
class _Frame:
    """What the headers say: the size, and of each component the sampling and the bits that each coefficient lacks."""

    width: int = 0
    height: int = 0
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)
    lacking: dict[int, list[int]] = field(default_factory=dict)
    interval: int = 0

    def units(self, components: list[int]) -> int:
        """Return how many units a scan of these components has."""
        most = [max(factors) for factors in zip(*self.sampling.values())]
        across, down = (8 * most[0], 8 * most[1])
        if len(components) > 1:
            return _parts(self.width, across) * _parts(self.height, down)
        own = self.sampling[components[0]]
        return _parts(self.width * own[0], across) * _parts(self.height * own[1], down)


def completions(data: bytes) -> Optional[list[bytes]]:
    """Return a JPEG with its end mark, and with other bits before that; ``None`` for a file that has the mark.

    If the picture is the same in all of them, the first is the whole JPEG. None of them is, and there are none, where
    it lacks more.
    """
    if not data.startswith(_START) or data.endswith(_END):
        return None
    try:
        is_ready = _lacks_only_the_last_scan(data)
    except (struct.error, IndexError, KeyError, ValueError):  # a header that makes no sense, or is cut
        return None
    if is_ready is None:
        return None
    if not is_ready:
        return []
    if data.endswith(_PADDING):
        body = data.rstrip(b"\0")
        body += b"\0" if body.endswith(b"\xff") else b""  # the two are eight bits of data; more than needed do no harm
    else:
        body = data.rstrip(b"\xff")
    return [body + bits + _END for bits in (b"", *_BITS)]


def _lacks_only_the_last_scan(data: bytes) -> Optional[bool]:
    """Return whether the headers say that the scan at the end of a file is the last; ``None`` where it has an end."""
    frame, place = _Frame(), len(_START)
    while True:
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if marker == _END[1]:
            return None
        (length,) = struct.unpack_from(">H", data, place + 2)
        header = data[place + 4 : place + 2 + length]
        place += 2 + length
        if marker in _FRAMES:
            _read_frame(frame, header)
        elif marker == _RESTARTS:
            (frame.interval,) = struct.unpack(">H", header)
        elif marker == _SCAN:
            components = _read_scan(frame, header)
            found = _MARKER.search(data, place)
            if found is None:
                return not any(map(any, frame.lacking.values())) and _has_all_restarts(frame, components, data, place)
            place = found.start()


def _read_frame(frame: _Frame, header: bytes) -> None:
    _, frame.height, frame.width, count = struct.unpack_from(">BHHB", header)
    for number in range(count):
        name, factors, _ = struct.unpack_from(">3B", header, 6 + 3 * number)
        frame.sampling[name] = (factors >> 4, factors & 15)
        frame.lacking[name] = [1] * 64
    if not frame.height or not all(map(all, frame.sampling.values())):
        raise ValueError("the size is not in the header")


def _read_scan(frame: _Frame, header: bytes) -> list[int]:
    """Take what a scan holds from what is lacking; return its components."""
    components = [header[1 + 2 * number] for number in range(header[0])]
    first, last, bits = struct.unpack_from(">3B", header, 1 + 2 * header[0])
    for name in components:
        frame.lacking[name][first : last + 1] = [bits & 15] * (last + 1 - first)
    return components


def _has_all_restarts(frame: _Frame, components: list[int], data: bytes, place: int) -> bool:
    """Return whether the last scan has as many restarts as its units need."""
    needed = _parts(frame.units(components), frame.interval) - 1 if frame.interval else 0
    return sum(1 for _ in _RESTART.finditer(data, place)) == needed


def _parts(whole: int, part: int) -> int:
    return -(-whole // part)
