"""The address of an image: a file, and the way through the archives in it. A pure value: nothing is opened here."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .files import below, file_name, is_url, parts_of
from .text import encodable, escape_surrogates, unescape_surrogates

#: The most names in one address, characters of all of them, and of a path for people.
MOST_NAMES, LONGEST_ADDRESS, LONGEST_PATH = 64, 1 << 20, 1 << 16

_TEXTS = frozenset({str})


@dataclass(frozen=True)
class ImageRef:
    """The address of an image: a file, and the chain of members inside it where the file is an archive.

    ``ImageRef("photos.zip", ("inner.zip", "cat/7.png"))`` is the image ``cat/7.png`` of the archive ``inner.zip`` in
    ``photos.zip``. The image need not exist.
    """

    file: str
    members: tuple[str, ...] = ()

    @classmethod
    def of(cls, address: object, *, may_lack_names: bool = False) -> ImageRef:
        """Return what ``address`` gave as a list; ValueError says in words what is wrong with anything else.

        An image has a name at each step; another file in an archive of a stranger may have none (``may_lack_names``).
        """
        if not isinstance(address, list) or not _TEXTS.issuperset(map(type, address)):
            raise ValueError("is no list of texts")
        if not address or not (all(address) or (may_lack_names and address[0])):
            raise ValueError("lacks a name")
        if len(address) > MOST_NAMES or sum(map(len, address)) > LONGEST_ADDRESS:
            raise ValueError("is longer than an address can be")
        file, *members = map(unescape_surrogates, address)
        return cls(file, tuple(members))

    @classmethod
    def of_key(cls, key: str, *, may_lack_names: bool = False) -> ImageRef:
        """Return what ``key`` gave as a text; ValueError says in words what is wrong with anything else."""
        import orjson  # here, and not for --help

        return cls.of(orjson.loads(key), may_lack_names=may_lack_names)

    @property
    def address(self) -> list[str]:
        """The file and each member, as results hold them: valid Unicode, and :meth:`of` gives exactly this back."""
        return [escape_surrogates(name) for name in (self.file, *self.members)]

    @property
    def key(self) -> str:
        """The address as JSON on one line, to look an image up by: two images never share it, as they may a path."""
        import orjson

        return orjson.dumps(self.address).decode()

    @property
    def path(self) -> str:
        """The path through the archives, for people: ``photos.zip/inner.zip/cat/7.png``. Two images may share it."""
        return encodable("/".join((self.file, *self.members)))

    @property
    def name(self) -> str:
        """The image's own file name: ``7.png``."""
        return encodable(_last_part(self.members[-1]) if self.members else file_name(self.file))

    @property
    def suffix(self) -> str:
        """The suffix of the name in lower case, with its dot: ``.png``."""
        return os.path.splitext(self.name)[1].lower()

    @property
    def is_plain_file(self) -> bool:
        """Whether it is a file of this machine: no member of an archive, and no object at a URL."""
        return not self.members and not is_url(self.file)

    @property
    def archive(self) -> str | None:
        """The path of the archive that holds the image, ``None`` for a plain file."""
        return ImageRef(self.file, self.members[:-1]).path if self.members else None

    def path_in(self, source: str) -> str:
        """Return the path below a folder or in an archive: ``cat/7.png``; the whole path where it leads to neither."""
        if self.file == source:
            return encodable("/".join(self.members) or file_name(self.file))
        folder = below(source)
        if not self.file.startswith(folder):
            return self.path
        return encodable("/".join((*parts_of(self.file[len(folder) :], source), *self.members)))


def member_parts(name: str) -> list[str]:
    """Return the folders in the name of an archive's member, and last its file; those that lead nowhere are dropped."""
    return [part for part in name.split("/") if part not in {"", ".", ".."}]


def _last_part(member: str) -> str:
    return member.rstrip("/").rpartition("/")[2]
