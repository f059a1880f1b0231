"""The values that flow through the program: frozen, without input or output.

An image starts as an :class:`ImageRef`, an address that any worker can open. A source finds it as a
:class:`FoundImage`, decoding makes it a :class:`DecodedImage`, the encoder an :class:`EmbeddedImage`. The store
returns it as an :class:`ImageRecord`, and each tag model turns its embedding into a :class:`TagScore`. Any step
may return a :class:`Failure` in its place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from .text import encodable, escaped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image


@dataclass(frozen=True)
class ImageRef:
    """The address of an image: a file, and the chain of members inside it where the file is an archive.

    ``ImageRef("photos.zip", ("inner.zip", "cat/7.png"))`` is the picture ``cat/7.png`` of the archive
    ``inner.zip`` that lies in ``photos.zip``. The image need not exist.
    """

    file: str
    members: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path through the archives, for people: ``photos.zip/inner.zip/cat/7.png``."""
        return encodable("/".join((self.file, *self.members)))

    @property
    def name(self) -> str:
        """The image's own file name: ``7.png``."""
        return encodable(_last_part(self.members[-1]) if self.members else os.path.basename(self.file))

    @property
    def suffix(self) -> str:
        """The suffix of the name in lower case, with its dot: ``.png``."""
        return os.path.splitext(self.name)[1].lower()

    @property
    def archive(self) -> str | None:
        """The path of the archive that holds the image, ``None`` for a plain file."""
        return ImageRef(self.file, self.members[:-1]).path if self.members else None

    @property
    def tag(self) -> str:
        """The name of the folder that holds the image; at the top of an archive, the stem of the archive's name."""
        if not self.members:
            return encodable(os.path.basename(os.path.dirname(os.path.abspath(self.file))))
        folders = self.members[-1].replace("\\", "/").split("/")[:-1]
        if named := [folder for folder in folders if folder not in {"", ".", ".."}]:
            return encodable(named[-1])
        holder = self.members[-2] if len(self.members) > 1 else self.file
        return encodable(os.path.splitext(_last_part(holder))[0])


def _last_part(member: str) -> str:
    return member.replace("\\", "/").rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class FoundImage:
    """An image in a source, with a stamp that changes when the image does.

    ``stamp`` is compared, never parsed: size and time of a plain file, size and checksum of an archive member.
    """

    ref: ImageRef
    stamp: str


@dataclass(frozen=True)
class FoundArchive:
    """An archive in a source, and the number of images directly in it.

    ``ref`` is the address of the archive; the archives inside it are counted separately. ``images`` is ``None`` where
    archives are not opened.
    """

    ref: ImageRef
    images: Optional[int]


@dataclass(frozen=True)
class OtherFile:
    """A file whose name is neither that of an image nor of an archive: text next to images, for example."""

    ref: ImageRef


@dataclass(frozen=True)
class EncoderSpec:
    """The identity of an encoder, stamped on every embedding and every tag model.

    ``name`` and ``pretrained`` are as the user gave them (``ViT-B-32`` and ``openai``), ``dim`` is the length of its
    embeddings and ``preprocess`` a short name of how pictures are prepared. Embeddings whose specs differ in ``name``,
    ``pretrained`` or ``dim`` are never used in one computation.
    """

    name: str
    pretrained: str
    dim: int
    preprocess: str

    @property
    def label(self) -> str:
        """The name for people, always on one line: ``ViT-B-32/openai``."""
        return escaped(f"{self.name}/{self.pretrained}")

    def matches(self, other: EncoderSpec) -> bool:
        """Return whether embeddings of both may be compared."""
        return (self.name, self.pretrained, self.dim) == (other.name, other.pretrained, other.dim)


@dataclass(frozen=True)
class ImageFacts:
    """What decoding finds out about an image file, without the picture.

    ``hash_id`` is the published hash (pixels of the first frame in the mode of the file). ``picture_hash`` is the hash
    of the picture that a person sees, so it differs between palette-swapped sprites. ``width`` and ``height`` are
    those of the file, in pixels.
    """

    ref: ImageRef
    hash_id: str
    picture_hash: str
    format: str
    size_bytes: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """An image in memory. ``picture`` is RGB, as a person sees it: first frame, upright, transparency over white."""

    facts: ImageFacts
    picture: Image.Image


@dataclass(frozen=True, eq=False)
class EmbeddedImage:
    """An image for the store; ``embedding`` (D,) float32 is ``None`` where the store has it already."""

    facts: ImageFacts
    embedding: Optional[NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class ImportedEmbedding:
    """The embedding (D,) float32 of one picture, as a metadata file has it."""

    hash_id: str
    file_path: str
    embedding: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ImageRecord:
    """A picture with all that stage 1 knows about it; results are written from it.

    ``hash_id`` identifies the picture in results. It is the hash of its pixels, except where an earlier image with
    that hash shows something else (a palette swap): then it is the ``picture_hash``. ``ref`` is the first file that
    holds the picture, ``tags`` are the tags of all files that do. ``embedding`` is (D,) float32 as the encoder returns
    it, not normalised.
    """

    ref: ImageRef
    hash_id: str
    picture_hash: str
    format: str
    size_bytes: int
    width: int
    height: int
    tags: tuple[str, ...]
    embedding: NDArray[np.float32]
    encoder: EncoderSpec


@dataclass(frozen=True)
class ListedFile:
    """A file of the run, and its ordinal among the files of that name in all folders, from 1."""

    ref: ImageRef
    number: int


class TagScore(NamedTuple):
    """The probability that an image has a tag, by one kind of model, and its bin (1 ... n).

    ``tagged`` is true where the probability reaches the model's threshold: the image counts as having the tag.
    """

    tag: str
    kind: str
    probability: float
    bin: int
    tagged: bool


@dataclass(frozen=True)
class Failure:
    """An image that could not be used, the step that failed, a stable reason code and a sentence.

    ``step`` is one of ``read``, ``decode``, ``embed``, ``score``, ``place``.
    """

    ref: ImageRef
    step: str
    code: str
    reason: str


#: What a source yields, in a stable order.
Found = Union[FoundImage, FoundArchive, OtherFile, Failure]
