"""What flows through the program: frozen values, no input or output.

An image starts as an :class:`ImageRef`, an address that any worker can open. Found on disk it is a
:class:`FoundImage`, decoded a :class:`DecodedImage`, embedded an :class:`EmbeddedImage`; out of the store it
comes as an :class:`ImageRecord`, and tag models turn its embedding into a :class:`TagScore` each. At any step
it may turn into a :class:`Failure` instead, which travels the same way and keeps its place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from .text import encodable, escape_surrogates, escaped, unescape_surrogates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

#: Names in one address, and characters of all of them, at most: far more than archives can hold inside each other.
_MOST_NAMES = 64
_LONGEST_ADDRESS = 1 << 20


@dataclass(frozen=True)
class ImageRef:
    """The address of an image: a file, and the chain of members inside it where the file is an archive.

    ``ImageRef("photos.zip", ("inner.zip", "cat/7.png"))`` is the picture ``cat/7.png`` of the archive
    ``inner.zip`` that lies in ``photos.zip``. It says nothing about whether the image exists.
    """

    file: str
    members: tuple[str, ...] = ()

    @classmethod
    def of(cls, address: object) -> ImageRef:
        """Return what ``address`` gave as a list; ValueError says in words what is wrong with anything else."""
        if not isinstance(address, list) or not all(isinstance(name, str) for name in address):
            raise ValueError("is no list of texts")
        if not address or not all(address):
            raise ValueError("lacks a name")
        if len(address) > _MOST_NAMES or sum(map(len, address)) > _LONGEST_ADDRESS:
            raise ValueError("is longer than an address can be")
        file, *members = map(unescape_surrogates, address)
        return cls(file, tuple(members))

    @property
    def address(self) -> list[str]:
        """The file and each member, as results hold them: valid Unicode, and :meth:`of` gives exactly this back."""
        return [escape_surrogates(name) for name in (self.file, *self.members)]

    @property
    def path(self) -> str:
        """One readable path, through the archives: ``photos.zip/inner.zip/cat/7.png``."""
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
        """The name of the folder that holds the image; at the top of an archive, the archive's stem."""
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
    """An image that a source holds, with a cheap stamp that changes when it does.

    ``stamp`` is compared, never read: size and time of a plain file, size and checksum of an archive member.
    """

    ref: ImageRef
    stamp: str


@dataclass(frozen=True)
class FoundArchive:
    """An archive that finding met, and how many images lie directly in it.

    ``ref`` is its own address; the archives inside it are counted separately. ``images`` is ``None`` where archives
    were not to be opened.
    """

    ref: ImageRef
    images: Optional[int]


@dataclass(frozen=True)
class OtherFile:
    """A file that is neither an image nor an archive by its name: text next to images, for example."""

    ref: ImageRef


@dataclass(frozen=True)
class EncoderSpec:
    """The identity of an encoder, stamped on every embedding and every tag model.

    ``name`` and ``pretrained`` are what the user asked for (``ViT-B-32`` and ``openai``), ``dim`` the length
    of its embeddings and ``preprocess`` a short name of how pictures reach it. Two specs that differ in
    ``name``, ``pretrained`` or ``dim`` never meet in one computation.
    """

    name: str
    pretrained: str
    dim: int
    preprocess: str

    @property
    def label(self) -> str:
        """The encoder in words, on one line however a file spells it: ``ViT-B-32/openai``."""
        return escaped(f"{self.name}/{self.pretrained}")

    def matches(self, other: EncoderSpec) -> bool:
        """Return whether embeddings of both may be compared."""
        return (self.name, self.pretrained, self.dim) == (other.name, other.pretrained, other.dim)


@dataclass(frozen=True)
class ImageFacts:
    """What decoding finds out of an image file, without the picture.

    ``hash_id`` is the published one (pixels of the first frame in their own mode). ``picture_hash`` is that of
    the picture that a person sees, so that palette-swapped sprites differ in it. ``width`` and ``height`` are
    those of the file.
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
    """An image in memory. ``picture`` is RGB and what a person sees: first frame, upright, transparency over white."""

    facts: ImageFacts
    picture: Image.Image


@dataclass(frozen=True, eq=False)
class EmbeddedImage:
    """An image on its way into the store; ``embedding`` (D,) is ``None`` where the store has it already."""

    facts: ImageFacts
    embedding: Optional[NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class ImportedEmbedding:
    """What a metadata file says of one picture: ``embedding`` is (D,) float32.

    ``address`` is that of the first file that holds the picture, ``None`` where the metadata names none: it is older.
    """

    hash_id: str
    file_path: str
    embedding: NDArray[np.float32]
    address: Optional[ImageRef] = None


@dataclass(frozen=True, eq=False)
class ImageRecord:
    """A picture with all that stage 1 knows of it, as results are written from it.

    ``hash_id`` is what results call the picture. It is the hash of its pixels, except where an earlier image
    with that hash shows something else (a palette swap): then it is this one's ``picture_hash``.
    ``ref`` is the first file that holds it, ``tags`` are those of all files that do. ``embedding`` is (D,)
    float32 as the encoder gives it, not normalised.
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
    """A file of the run, and its ordinal among the files of that name in any folder: 1 for the first."""

    ref: ImageRef
    ordinal: int


class TagScore(NamedTuple):
    """The probability that an image has a tag, by one kind of model, and the bin (1 ... n) it falls into.

    ``tagged`` says whether the probability reaches the model's threshold: the image counts as having the tag.
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


#: What finding gives, in a stable order.
Found = Union[FoundImage, FoundArchive, OtherFile, Failure]
