"""The values that flow through the program: frozen, without input or output.

An image starts as an :class:`ImageRef`, an address that any worker can open. A source finds it as a
:class:`FoundImage`, decoding gives its :class:`ImageFacts`, the encoder makes it an :class:`EmbeddedImage`. The store
returns it as an :class:`ImageRecord`, and each tag model turns its embedding into a :class:`TagScore`. Any step may
return a :class:`Failure` in its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from .text import encodable, escape_surrogates, escaped, unescape_surrogates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The most names in one address, characters of all of them, of a path for people and of each text of an encoder.
MOST_NAMES, LONGEST_ADDRESS, LONGEST_PATH, LONGEST_ENCODER_TEXT = 64, 1 << 20, 1 << 16, 1000


@dataclass(frozen=True)
class ImageRef:
    """The address of an image: a file, and the chain of members inside it where the file is an archive.

    ``ImageRef("photos.zip", ("inner.zip", "cat/7.png"))`` is the image ``cat/7.png`` of the archive ``inner.zip`` in
    ``photos.zip``. The image need not exist.
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
        if len(address) > MOST_NAMES or sum(map(len, address)) > LONGEST_ADDRESS:
            raise ValueError("is longer than an address can be")
        file, *members = map(unescape_surrogates, address)
        return cls(file, tuple(members))

    @property
    def address(self) -> list[str]:
        """The file and each member, as results hold them: valid Unicode, and :meth:`of` gives exactly this back."""
        return [escape_surrogates(name) for name in (self.file, *self.members)]

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
        return encodable(os.path.splitext(_last_part(holder))[0].removesuffix(".tar"))


def _last_part(member: str) -> str:
    return member.replace("\\", "/").rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class FoundImage:
    """An image in a source, with a stamp that changes when the image does.

    ``stamp`` is compared, never parsed: size, times and inode of a plain file, size and checksum of an archive member.
    """

    ref: ImageRef
    stamp: str


@dataclass(frozen=True)
class FoundArchive:
    """An archive in a source, and the number of images directly in it, ``None`` where archives are not opened."""

    ref: ImageRef
    images: Optional[int]


@dataclass(frozen=True)
class OtherFile:
    """A file whose name is neither that of an image nor of an archive: text next to images, for example."""

    ref: ImageRef


# Encoders that are no model of open_clip: name -> family, and whether it reads text.
_FAMILIES: dict[str, tuple[str, bool]] = {"builtin": ("builtin", False)}


def declare_family(family: str, names: Iterable[str], *, reads_text: bool) -> None:
    """Add the names of a family of encoders, for specs to know it by. ``encoders.register_encoder`` calls this."""
    _FAMILIES.update(dict.fromkeys(names, (family, reads_text)))


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

    @property
    def family(self) -> str:
        """What metadata has as ``embeddings_type``: ``CLIP`` for the models of open_clip, else the declared family."""
        return _FAMILIES.get(self.name, ("CLIP", True))[0]

    @property
    def reads_text(self) -> bool:
        """Whether the encoder can embed texts in the space of its pictures."""
        return _FAMILIES.get(self.name, ("CLIP", True))[1]

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
class EmbeddedImage:
    """An image for the store; ``embedding`` (D,) float32 is ``None`` where the store has it already."""

    facts: ImageFacts
    embedding: Optional[NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class ImportedEmbedding:
    """One picture of a metadata file: its embedding (D,) float32, and the address of its first file if known."""

    hash_id: str
    file_path: str
    embedding: NDArray[np.float32]
    address: Optional[ImageRef] = None


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
    ordinal: int


class TagScore(NamedTuple):
    """The probability of a tag by one kind of model, its bin (1 ... n), and whether it reaches the threshold."""

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
