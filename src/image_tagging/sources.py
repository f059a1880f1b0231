"""Where images come from: folders, zips, zips in zips.

Finding opens no image: a folder is listed, of an archive only its directory is read, and each image is an
address with a stamp that tells whether it has changed. Reading gives the bytes of one address. Nothing is
ever unpacked beside the user's files, and no user file is changed.
"""

from __future__ import annotations

import io
import lzma
import os
import stat
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Optional, Union

from .errors import InputError, ReadError
from .records import Failure, FoundImage, ImageRef

ARCHIVE_SUFFIXES = frozenset({".zip"})

#: What cameras, browsers, games and archives call an image. Documents (PDF, EPS) and data grids are left out.
IMAGE_SUFFIXES = frozenset(
    ".apng .avif .avifs .bmp .cur .dds .dib .gif .heic .heif .hif .ico .icns .j2k .jfif .jp2 .jpe .jpeg .jpg "
    ".mpo .pbm .pcx .pgm .png .pnm .ppm .psd .qoi .sgi .tga .tif .tiff .webp .xbm .xpm".split()
)

#: What a damaged or odd archive raises, on opening or only on reading. RuntimeError: encrypted.
#: NotImplementedError: a compression method that zipfile does not know.
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, RuntimeError, NotImplementedError, ValueError),
)


@dataclass(frozen=True)
class ArchiveLimits:
    """How far an archive is followed before it is refused.

    ``depth`` counts archives inside each other (1: no nesting), ``members`` the entries of one archive;
    ``member_bytes`` bounds what one file or unpacked member may hold, an inner archive included.
    """

    depth: int = 8
    members: int = 2_000_000
    member_bytes: int = 2 * 1024**3


DEFAULT_LIMITS = ArchiveLimits()


@dataclass(frozen=True)
class FoundArchive:
    """An archive that was met while finding, and how many images lie directly in it.

    ``ref`` is its own address; the archives that it holds are counted on their own. ``images`` is ``None``
    where archives were not to be opened.
    """

    ref: ImageRef
    images: Optional[int]


Found = Union[FoundImage, FoundArchive, Failure]


def find_images(
    root: str,
    *,
    open_archives: bool = True,
    leave_out: Iterable[str] = (),
    limits: ArchiveLimits = DEFAULT_LIMITS,
) -> Iterator[Found]:
    """Everything at ``root`` (a folder, an archive or one image), in a stable order.

    Images come as :class:`FoundImage`; after the images of an archive comes its :class:`FoundArchive`; what
    cannot be opened comes as a :class:`Failure`. Files that are neither images nor archives by their suffix
    are passed over, and so are hidden folders (``.git``, ``__MACOSX``), the companions that macOS leaves
    (``._cat.png``), links back to a folder above, and the folders ``leave_out`` (those of results).

    Raises
    ------
    InputError
        There is nothing at ``root``, or it is a file of another kind.
    """
    if not os.path.exists(root):
        raise InputError(f"there is no folder or file at {root}. Check the path.")
    if os.path.isdir(root):
        left_out = frozenset(map(os.path.realpath, (root, *leave_out)))
        return _find_in_folder(root, left_out, limits if open_archives else None)
    if not is_image_name(root) and not is_archive_name(root):
        raise InputError(f"{root} is neither a folder, an image nor a .zip archive.")
    return _find_in_file(root, limits if open_archives else None)


def is_image_name(name: str) -> bool:
    """Whether a file of this name is taken for an image, in any case of the suffix."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def is_archive_name(name: str) -> bool:
    """Whether a file of this name is taken for an archive, in any case of the suffix."""
    return os.path.splitext(name)[1].lower() in ARCHIVE_SUFFIXES


def _is_hidden_folder(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_hidden_member(name: str) -> bool:
    *folders, last = name.replace("\\", "/").split("/")
    return last.startswith("._") or any(_is_hidden_folder(folder) for folder in folders)


def _find_in_folder(folder: str, left_out: frozenset[str], limits: Optional[ArchiveLimits]) -> Iterator[Found]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield _unreadable(ImageRef(folder), error)
        return
    for entry in listed:
        if _is_folder(entry):
            real = os.path.realpath(entry.path)
            if real not in left_out and not _is_hidden_folder(entry.name):
                yield from _find_in_folder(entry.path, left_out | {real}, limits)
        elif not entry.name.startswith("._"):
            yield from _find_in_file(entry.path, limits)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _find_in_file(file: str, limits: Optional[ArchiveLimits]) -> Iterator[Found]:
    """``limits`` is ``None`` where archives are not to be opened."""
    if not is_archive_name(file) and not is_image_name(file):
        return
    ref = ImageRef(file)
    try:
        status = os.stat(file)
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
            raise ReadError("not-a-file", "it is a pipe or a device, not a file")
    except (ReadError, OSError) as error:
        yield _unreadable(ref, error)
        return
    if is_image_name(file):
        yield FoundImage(ref, f"{status.st_size}:{status.st_mtime_ns}")
    elif limits:
        yield from _find_in_archive(ref, file, limits)
    else:
        yield FoundArchive(ref, None)


def _find_in_archive(ref: ImageRef, opened: Union[str, io.BytesIO], limits: ArchiveLimits) -> Iterator[Found]:
    images = 0
    try:
        with zipfile.ZipFile(opened) as archive:
            _check_members(archive, limits)
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                inner = ImageRef(ref.file, (*ref.members, info.filename))
                if info.filename.endswith("/") or _is_hidden_member(info.filename):
                    continue
                if is_image_name(info.filename):
                    images += 1
                    yield FoundImage(inner, f"{info.file_size}:{info.CRC:08x}")
                elif is_archive_name(info.filename):
                    yield from _find_in_nested(archive, info, inner, limits)
    except (ReadError, *_ZIP_ERRORS) as error:
        yield _unreadable(ref, error)
    yield FoundArchive(ref, images)


def _check_members(archive: zipfile.ZipFile, limits: ArchiveLimits) -> None:
    count = len(archive.infolist())
    if count > limits.members:
        raise ReadError("too-many-members", f"the archive has {count:,} members; the limit is {limits.members:,}")


def _find_in_nested(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, inner: ImageRef, limits: ArchiveLimits
) -> Iterator[Found]:
    try:
        if len(inner.members) >= limits.depth:
            raise ReadError("too-deep", f"archives lie more than {limits.depth} deep in each other")
        content = io.BytesIO(_read_member(archive, info.filename, limits))
    except (ReadError, *_ZIP_ERRORS) as error:
        yield _unreadable(inner, error)
        return
    yield from _find_in_archive(inner, content, limits)


def _unreadable(ref: ImageRef, error: Exception) -> Failure:
    read_error = error if isinstance(error, ReadError) else as_read_error(error)
    return Failure(ref, "read", read_error.code, str(read_error))


def as_read_error(error: Exception) -> ReadError:
    """What a file system or an archive raised, as a reason code and a sentence."""
    if isinstance(error, FileNotFoundError):
        return ReadError("missing", "the file is no longer there")
    if isinstance(error, PermissionError):
        return ReadError("no-permission", "the file may not be read")
    if isinstance(error, NotImplementedError):
        return ReadError("unsupported-archive", f"the archive uses a compression that cannot be read ({error})")
    if isinstance(error, RuntimeError) and "encrypted" in str(error):
        return ReadError("encrypted", "the archive is encrypted")
    if isinstance(error, (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError)):
        return ReadError("damaged-archive", f"the archive is damaged or not a zip ({error})")
    return ReadError("unreadable", f"the file cannot be read ({error})")


class SourceReader:
    """Reads the bytes of images; keeps the last few archives open.

    One reader belongs to one thread: zip handles must not be shared, and opening an archive of 80,000 members
    anew for every image would cost seconds each.
    """

    def __init__(self, *, limits: ArchiveLimits = DEFAULT_LIMITS, keep_open: int = 4) -> None:
        self._limits = limits
        self._keep_open = keep_open
        self._archives: OrderedDict[ImageRef, zipfile.ZipFile] = OrderedDict()

    def read(self, ref: ImageRef) -> bytes:
        """The bytes of the image at ``ref``.

        Raises
        ------
        ReadError
            It is gone, may not be read, is encrypted, damaged or larger than the limits.
        """
        try:
            if not ref.members:
                return _read_file(ref.file, self._limits)
            return _read_member(self._archive(_holder(ref)), ref.members[-1], self._limits)
        except KeyError as error:
            raise ReadError("missing", "the archive has no such member any more") from error
        except _ZIP_ERRORS as error:
            raise as_read_error(error) from error

    def close(self) -> None:
        """Close every archive that is still open."""
        for archive in self._archives.values():
            archive.close()
        self._archives.clear()

    def _archive(self, ref: ImageRef) -> zipfile.ZipFile:
        if ref in self._archives:
            self._archives.move_to_end(ref)
            return self._archives[ref]
        archive = zipfile.ZipFile(io.BytesIO(self.read(ref)) if ref.members else ref.file)
        self._archives[ref] = archive
        while len(self._archives) > self._keep_open:
            self._archives.popitem(last=False)[1].close()
        return archive


def _holder(ref: ImageRef) -> ImageRef:
    return ImageRef(ref.file, ref.members[:-1])


def _read_file(path: str, limits: ArchiveLimits) -> bytes:
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > limits.member_bytes:
            raise ReadError("too-large", f"the file holds more than {limits.member_bytes:,} bytes")
        return file.read()


def _read_member(archive: zipfile.ZipFile, name: str, limits: ArchiveLimits) -> bytes:
    """The member's bytes, counted while they are unpacked: the size in the archive's directory may lie."""
    with closing(archive.open(name)) as member:
        data = member.read(limits.member_bytes + 1)
    if len(data) > limits.member_bytes:
        raise ReadError("too-large", f"the member holds more than {limits.member_bytes:,} bytes")
    return data
