"""How far archives are followed, and what each file that finding opens may still use of that."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import ReadError

#: What deflate can do at best.
DEFLATE_RATIO = 1032


@dataclass(frozen=True)
class ArchiveLimits:
    """How far archives are followed before they are refused; all sizes are bytes, counted while unpacking.

    ``depth`` counts archives inside each other (1: no nesting) and ``members`` the entries of one file with all
    the archives in it. ``image_bytes`` bounds one image, ``archive_bytes`` one unpacked inner archive, and
    ``held_bytes`` the unpacked inner archives that are in memory at a time, for each thread that reads.
    ``directory_bytes`` bounds the directory of one archive. All that one file unpacks to stays below
    ``total_bytes`` or ``ratio`` times its own size, whichever is more.
    """

    depth: int = 8
    members: int = 2_000_000
    image_bytes: int = 512 * 1024**2
    archive_bytes: int = 2 * 1024**3
    held_bytes: int = 2 * 1024**3
    directory_bytes: int = 512 * 1024**2
    total_bytes: int = 1024**3
    ratio: int = DEFLATE_RATIO  # no honest archive of one layer goes beyond it


DEFAULT_LIMITS = ArchiveLimits()

#: What opening an archive counts for at least, since it takes time as unpacking does. An inner archive takes 100 bytes
#: of the outer one, so that ``ratio`` leaves more than this for each.
OPENING_BYTES = 1 << 16


class Budget:
    """What one file may still use: members, bytes, and bytes held at a time. Inner archives draw on it too."""

    def __init__(self, limits: ArchiveLimits, file_size: int) -> None:
        self.limits = limits
        self._members = limits.members
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
        self._members -= count
        if self._members < 0:
            self.is_spent = True
            raise too_many_members(self.limits)

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
        """Count bytes that stay in memory until they are released (a negative count)."""
        self._held += count


def too_many_members(limits: ArchiveLimits) -> ReadError:
    """Of an archive, or a file with archives in it, that names too many."""
    return ReadError(
        "too-many-members", f"it has more than {limits.members:,} members, those of archives in it included"
    )
