"""How far archives are followed, and what each file that finding opens may still use of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ...errors import ReadError
from ...text import shortened

#: What deflate can do at best.
DEFLATE_RATIO = 1032


@dataclass(frozen=True)
class ArchiveLimits:
    """How far archives are followed before they are refused; all sizes are bytes, counted while unpacking.

    ``depth`` counts archives inside each other (1: no nesting) and ``members`` the entries of one file with all
    the archives in it. ``image_bytes`` bounds one image, a member of a small file :meth:`member_bytes`,
    ``archive_bytes`` one unpacked inner archive, and
    ``held_bytes`` the unpacked inner archives that are open at a time, for each thread that reads.
    ``directory_bytes`` bounds the directory of one archive. All that one file unpacks to stays below
    ``total_bytes`` or ``ratio`` times its own size, whichever is more.

    Members and their names take memory and disk, even where headers repeat and pack well. So a file may have one member
    for every ``bytes_a_member`` of its own size: one that nothing packs takes 76 bytes in a zip and 512 in a tar; one
    that is packed takes at least what its image cannot be packed to. All names together may take ``names_ratio``
    times the size of the file: a zip that nothing packs has each name twice. Small files, whose headers may be packed
    and hold no image, may have more: one member for every ``packed_member_bytes`` up to ``packed_members``, and names
    of ``packed_names_ratio`` times their size up to ``packed_names_bytes``. ``name_bytes`` bounds one name, since no
    system has longer paths.

    ``encoding`` is that of names of which an archive does not say it; without it, it is chosen for each archive.
    """

    depth: int = 8
    members: int = 2_000_000
    image_bytes: int = 512 * 1024**2
    archive_bytes: int = 2 * 1024**3
    held_bytes: int = 2 * 1024**3
    directory_bytes: int = 512 * 1024**2
    total_bytes: int = 1024**3
    ratio: int = DEFLATE_RATIO  # no honest archive of one layer goes beyond it
    bytes_a_member: int = 16
    packed_member_bytes: int = 4
    packed_members: int = 100_000
    name_bytes: int = 4096
    names_ratio: int = 2
    packed_names_ratio: int = 32
    packed_names_bytes: int = 32 * 1024**2
    packed_image_ratio: int = 16
    packed_image_bytes: int = 128 * 1024**2
    encoding: Optional[str] = None

    def member_bytes(self, file_size: int) -> int:
        """Return how large an image in an archive of ``file_size`` bytes may be.

        Only an image of few colours, kept without packing of its own, packs to less than ``packed_image_ratio``; up to
        ``packed_image_bytes`` it may.
        """
        return min(self.image_bytes, max(self.packed_image_bytes, self.packed_image_ratio * file_size))


DEFAULT_LIMITS = ArchiveLimits()

#: What opening an archive counts for at least, since it takes time as unpacking does. An inner archive takes 100 bytes
#: of the outer one, so that ``ratio`` leaves more than this for each.
OPENING_BYTES = 1 << 16

#: What the smallest file may have: members, and bytes of all their names.
_LEAST_MEMBERS = 1000
_LEAST_NAMES = 1 << 18

#: The kind of members whose names are longer than any; in their place stands a short form.
LONG_NAME = "long-name"

#: How long the short form of a name may be.
_SHORT_NAME = 96

#: What a character beyond ASCII may take in the store, as the escape ``\u1234``.
_ESCAPE_BYTES = 6


class Budget:
    """What one file may still use: members, names, bytes, and bytes held at a time. Inner archives draw on it too."""

    def __init__(self, limits: ArchiveLimits, file_size: int) -> None:
        self.limits = limits
        packed_members = min(limits.packed_members, file_size // limits.packed_member_bytes)
        self._most_members = min(
            limits.members, max(_LEAST_MEMBERS, packed_members, file_size // limits.bytes_a_member)
        )
        self.members_left = self._most_members
        packed_names = min(limits.packed_names_bytes, limits.packed_names_ratio * file_size)
        self._most_names = max(_LEAST_NAMES, packed_names, limits.names_ratio * file_size)
        self.names_left = self._most_names
        self._most = max(limits.total_bytes, limits.ratio * file_size)
        self._bytes = self._most
        self._held = 0
        self.is_spent = False

    @property
    def inner_bytes(self) -> int:
        """How large an inner archive may be that is opened now."""
        return min(self.limits.archive_bytes, self.limits.held_bytes - self._held)

    def take_members(self, count: int) -> None:
        """Count the members of an archive that was opened; ReadError ``too-many-members`` where they are too many."""
        self.members_left -= count
        if self.members_left < 0:
            raise self.too_many_members()

    def too_many_members(self) -> ReadError:
        """Return the error for a file that has more members than it may, and count it as spent."""
        self.is_spent = True
        most = self._most_members
        return ReadError("too-many-members", f"it has more than {most:,} members, those of archives in it included")

    def take_names(self, count: int) -> None:
        """Count what names take (:func:`name_cost`); ReadError ``too-much`` where that is too much."""
        self.names_left -= count
        if self.names_left < 0:
            self.is_spent = True
            raise ReadError(
                "too-much",
                f"the names in it take more than {self._most_names:,} bytes, as only in archives made to do harm: the "
                "rest of it is not used",
            )

    def take_bytes(self, count: int) -> None:
        """Count bytes that are unpacked, now or later; ReadError ``too-much`` where they are too many."""
        self._bytes -= count
        if self._bytes < 0:
            self.is_spent = True
            raise ReadError(
                "too-much",
                f"it unpacks to more than {self._most:,} bytes, as only archives made to do harm do: the rest of it "
                "is not used",
            )

    def hold(self, count: int) -> None:
        """Count bytes that stay unpacked until they are released (a negative count)."""
        self._held += count


def name_cost(name: str) -> int:
    """Return the bytes that one copy of a name takes at most, in memory or in the store."""
    return len(name) if name.isascii() else _ESCAPE_BYTES * len(name)


def is_long_name(name: str, limits: ArchiveLimits) -> bool:
    """Whether a name is longer than that of any file."""
    most = limits.name_bytes
    return len(name) > most // 4 and len(name.encode("utf-8", "surrogatepass")) > most  # a character has four bytes


def short_name(name: str) -> str:
    """Return what stands in place of a name that is too long: its begin and its end."""
    return shortened(name, _SHORT_NAME)


def long_name_error() -> ReadError:
    """Of a member whose name is too long."""
    return ReadError(LONG_NAME, "its name is longer than that of any file (4,096 bytes), and is shortened here")
