"""What every form of export takes and gives: pictures with their tags, and the two protocols of formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Optional, Protocol

from ..addresses import ImageRef

#: Who said that a picture has a tag: a model, the folder of an example, or a person in the review.
MODEL, EXAMPLE, VERDICT = "model", "example", "verdict"

COPY, HARDLINK, SYMLINK = "copy", "hardlink", "symlink"


class ExportedTag(NamedTuple):
    """A tag of a picture: its ``probability`` is 1 or 0 where a person said so, in ``said_by`` is who said it."""

    tag: str
    probability: float
    said_by: str


@dataclass(frozen=True)
class ExportedPicture:
    """A picture with the tags that it has, and all files that hold it, the first file first.

    ``tags`` are those that a person or an example says, and those whose probability reaches the threshold; never one
    that a person denied. ``scores`` are the answers for all tags, also for those that the picture has not. Both have
    the most probable tag first, ties by name. ``width`` and ``height`` are pixels, before the image is turned upright.
    """

    hash_id: str
    files: tuple[ImageRef, ...]
    format: str
    width: int
    height: int
    tags: tuple[ExportedTag, ...]
    scores: tuple[ExportedTag, ...] = ()


@dataclass(frozen=True)
class ExportOptions:
    """How the formats write.

    ``separator`` stands between tags of a text file, ``prefix`` is its first tag, unless it is empty. ``spaces`` says
    what becomes of spaces and underscores in tags: ``keep``, ``space`` or ``underscore``. ``sidecar_name`` is ``full``
    (``a.jpg.xmp``), ``stem`` (``a.xmp``) or empty, where a format has its own. ``place`` says how images come into a
    data set (``copy``, also where it is empty, ``hardlink``, ``symlink``, or ``none`` where they stay where they are),
    ``by_tag`` that each tag has a folder of them, ``shard_size`` how many go into one archive.
    """

    separator: str = ", "
    prefix: str = ""
    spaces: str = "keep"
    sidecar_name: str = ""
    place: str = ""
    by_tag: bool = False
    shard_size: int = 1000


class ExportedPictures(Protocol):
    """The pictures of an export: a stream in the order of their hashes, which can be read as often as wanted."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag that a picture may have here, by name."""
        ...

    def __iter__(self) -> Iterator[ExportedPicture]:
        """Yield every picture once, from the beginning."""
        ...


class SidecarFormat(Protocol):
    """A format of one small file for each image file. ``merges`` says that it keeps what is in a file of others."""

    merges: bool

    def is_wanted(self, picture: ExportedPicture) -> bool:
        """Return whether a picture gets a file: one without tags may have nothing to say."""
        ...

    def changed_tags(self, tags: Iterable[str]) -> list[str]:
        """Return the tags that the format cannot hold as they are, and gives in another spelling."""
        ...

    def name_of(self, name: str) -> str:
        """Return the name of the file of an image, which is called ``name``: ``a.txt`` for ``a.png``."""
        ...

    def content(self, picture: ExportedPicture, ref: ImageRef, before: Optional[bytes]) -> bytes:
        """Return what the file of an image holds; ``before`` is what others have in it, if they have.

        Raises
        ------
        InputError
            What is in it now is not of this format, in words that follow the path of the file.
        """
        ...


class ExportFolder(Protocol):
    """Where an export is written; what another program or a person put there is never replaced."""

    def name_of(self, ref: ImageRef) -> str:
        """Return the name of an image file below the folder, parts joined by ``/``: ``photos.zip/cat/7.png``.

        It has the folders of the image below its input; no two images of the export share it.
        """
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file below the folder; raise OutputError."""
        ...

    def new_file(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Give a file below the folder to write to in a ``with`` block; raise OutputError."""
        ...

    def read(self, ref: ImageRef) -> Optional[bytes]:
        """Return the bytes of an image; ``None`` where it cannot be read any more, which is counted and reported."""
        ...

    def copy(self, ref: ImageRef, name: str, place: str) -> bool:
        """Place an image below the folder by ``copy``, ``hardlink`` or ``symlink``; a member of an archive is copied.

        Return whether it could be read; otherwise it is counted and reported. Raise OutputError.
        """
        ...


class FolderFormat(Protocol):
    """A format of files that each hold many pictures, or of a folder that holds images."""

    def write(self, pictures: ExportedPictures, folder: ExportFolder) -> None:
        """Write all pictures below the folder; raise OutputError."""
        ...
