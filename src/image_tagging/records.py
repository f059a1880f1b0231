"""The values that flow through the program: frozen, without input or output.

An image starts as an :class:`ImageRef`, an address that any worker can open. A source finds it as a
:class:`FoundImage`, decoding gives its :class:`ImageFacts`, the encoder makes it an :class:`EmbeddedImage`. The store
returns it as an :class:`ImageRecord`, each tag model gives a :class:`TagScore`, any step a :class:`Failure` instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from .addresses import ImageRef
from .text import counted, escaped, tag_in_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Characters of each text of an encoder.
LONGEST_ENCODER_TEXT = 1000

#: The cosine from which on two embeddings are those of near-duplicates, unless another was measured for their encoder.
NEARLY_THE_SAME = 0.97


@dataclass(frozen=True)
class FoundImage:
    """An image in a source, with a stamp that changes when the image does.

    ``stamp`` is compared, never parsed: size, times and inode of a plain file, size and checksum of an archive member.
    ``tag`` is what its folder stands for, and ``top`` what the first folder on the way to it does; both are empty where
    an image comes back from the store. ``size`` is in bytes, 0 where it is not known.
    """

    ref: ImageRef
    stamp: str
    tag: str = ""
    top: str = ""
    size: int = 0


@dataclass(frozen=True)
class FoundArchive:
    """An archive in a source, its number of direct images (``None``: not opened), its ``input`` of several."""

    ref: ImageRef
    images: Optional[int]
    input: str = ""


@dataclass(frozen=True)
class OtherFile:
    """A file whose name is neither that of an image nor of an archive: text next to images, for example."""

    ref: ImageRef


@dataclass(frozen=True)
class FoundFolder:
    """A folder directly in the folder that was named; ``tag`` is what it stands for. Its images may follow, or none."""

    ref: ImageRef
    tag: str


#: Why files and folders are no part of a data set, in words that follow their number.
LEFT_OUT = {
    "trash": "of trash",
    "thumbnails": "of thumbnails and caches",
    "snapshots": "of snapshots and older versions",
    "system": "of the system",
    "cloud": "kept in a cloud alone",
    "hidden": "hidden by name or by the system",
    "hidden-on-phones": "hidden on phones by .nomedia",
    "results": "of earlier results",
    "link": "to folders that are read where they lie",
    "excluded": "by --exclude",
}


@dataclass(frozen=True)
class LeftOut:
    """A file or folder that is no part of a data set; ``reason`` is a key of ``LEFT_OUT``."""

    ref: ImageRef
    reason: str
    is_folder: bool


@dataclass(frozen=True)
class LeftOutCount:
    """How many files, and folders with all that is in them, were left out for one reason; ``first`` is one of them."""

    reason: str
    folders: int
    files: int
    first: ImageRef

    @property
    def words(self) -> str:
        """The numbers with the reason, and where the first lies: ``2 folders of trash (photos/#recycle)``."""
        file = "link" if self.reason == "link" else "file"
        numbers = [counted(number, what) for number, what in ((self.folders, "folder"), (self.files, file)) if number]
        first = "/".join(re.split(r"[/\\]", self.first.path)[-2:])
        return f"{' and '.join(numbers)} {LEFT_OUT[self.reason]} ({tag_in_words(escaped(first))})"


def count_left_out(counts: dict[str, LeftOutCount], item: LeftOut) -> None:
    """Add what was left out to the counts by reason."""
    known = counts.get(item.reason) or LeftOutCount(item.reason, 0, 0, item.ref)
    folders, files = known.folders + item.is_folder, known.files + (not item.is_folder)
    counts[item.reason] = LeftOutCount(item.reason, folders, files, known.first)


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

    ``hash_id`` is the published hash (pixels of the first frame in the mode of the file), ``picture_hash`` that of what
    a person sees, which differs between palette swaps. ``width`` and ``height`` are pixels of the file.
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
    holds the picture, ``input`` the absolute path of its input, where there are several; ``tags`` are those of all
    ``files``, which a record of the working store has. ``embedding`` is (D,) float32, as the encoder returns it.
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
    input: str = ""
    files: tuple[ListedFile, ...] = ()


@dataclass(frozen=True)
class ListedFile:
    """A listed file, its ordinal among all files of that name (from 1), its ``input`` if there are several."""

    ref: ImageRef
    ordinal: int
    input: str = ""


class TagScore(NamedTuple):
    """The probability of a tag by one kind of model, its bin (1 ... n), and whether it reaches the threshold."""

    tag: str
    kind: str
    probability: float
    bin: int
    tagged: bool


@dataclass(frozen=True)
class Failure:
    """An image that could not be used, the step (read, decode, embed, score, place), a stable code, a sentence."""

    ref: ImageRef
    step: str
    code: str
    reason: str


#: What a source yields, in a stable order.
Found = Union[FoundImage, FoundArchive, FoundFolder, OtherFile, LeftOut, Failure]
