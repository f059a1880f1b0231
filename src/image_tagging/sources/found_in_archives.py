"""What archives hold, and archives in them: every member by its name alone, within one budget for a whole file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Union

from ..addresses import ImageRef, member_parts
from ..errors import ReadError
from ..records import Failure, Found, FoundArchive, OtherFile
from .archives import LONG_NAME, OPENING_BYTES, Archive, Budget, long_name_error, name_cost
from .lists import ListTags
from .long_paths import found_image
from .read import as_read_error
from .rules import DataSetRules, MemberRules
from .single_files import unread
from .suffixes import is_archive_name, is_image_name, is_unread_name
from .tags import Tags


class ArchiveFinder:
    """Finds the images in open archives by the rules and the tags of one run."""

    def __init__(self, rules: DataSetRules, tags: Union[Tags, ListTags]) -> None:
        self._rules = rules
        self._tags = tags

    def in_open(self, ref: ImageRef, archive: Archive, budget: Budget, above: Sequence[str]) -> Iterator[Found]:
        """Yield what is in an open archive, and close it; ``above`` are the parts of its path in the input."""
        images = 0
        try:
            with closing(archive):
                budget.take_members(len(archive.members))
                budget.take_names(len(archive.members) * sum(map(name_cost, ref.members)))  # each address has them all
                for code, fault in (("damaged-archive", archive.damage), ("name-encoding", archive.misnamed)):
                    if fault:
                        yield Failure(ref, "read", code, fault)
                files = [name for name, member in archive.members.items() if member.kind != "folder"]
                rules = MemberRules(self._rules, ref, above, files)
                for name in archive.members if archive.is_sequential else sorted(archive.members):
                    if budget.is_spent:
                        break
                    member = archive.members[name]
                    inner = ImageRef(ref.file, (*ref.members, name))
                    if member.kind == LONG_NAME:
                        yield unreadable(inner, long_name_error())
                        continue
                    left_out = rules.left_out(name, is_folder=member.kind == "folder")
                    if left_out is not None:
                        yield from left_out
                    elif member.kind == "folder":
                        continue
                    elif is_image_name(name.rstrip("/")):  # what is called like a folder and has content is none
                        if member.size <= budget.limits.image_bytes:  # else it is refused before a byte is unpacked
                            budget.take_bytes(member.most_bytes)
                        images += 1
                        yield found_image(inner, member.stamp, self._tags.of(inner), member.size)
                    elif is_archive_name(name):
                        yield from self._in_nested(archive, inner, budget, (*above, *member_parts(name)))
                    else:
                        yield unread(inner) if is_unread_name(name) else OtherFile(inner)
        except (ReadError, OSError) as error:
            yield unreadable(ImageRef(ref.file) if budget.is_spent else ref, error)
        yield FoundArchive(ref, images)

    def _in_nested(self, archive: Archive, inner: ImageRef, budget: Budget, above: Sequence[str]) -> Iterator[Found]:
        try:
            if len(inner.members) >= budget.limits.depth:
                raise ReadError("too-deep", f"archives lie more than {budget.limits.depth} deep in each other")
            budget.take_bytes(OPENING_BYTES)
            opened = archive.inner(inner.members[-1], budget)
        except (ReadError, OSError) as error:
            yield unreadable(ImageRef(inner.file) if budget.is_spent else inner, error)
            yield FoundArchive(inner, 0)
            return
        budget.hold(opened.held_bytes)
        yield from self.in_open(inner, opened, budget, above)
        budget.hold(-opened.held_bytes)


def unreadable(ref: ImageRef, error: Exception) -> Failure:
    """Return the failure of what cannot be opened."""
    read_error = error if isinstance(error, ReadError) else as_read_error(error)
    return Failure(ref, "read", read_error.code, str(read_error))
