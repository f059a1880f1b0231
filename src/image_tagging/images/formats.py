"""The closed list of image formats: the plug-ins of Pillow that may decode the file of a stranger.

Pillow tries every plug-in that it has. Left out are those that

- start another program: EPS (Ghostscript), WMF and EMF (a handler of the system);
- give what is inside to ``Image.open`` again, in any format: IPTC, whose content may be EPS, or a picture of another
  size than the one that the file declares;
- read compound documents of Microsoft with a further library: FPX, MIC;
- recognise a format and cannot decode it: BUFR, GRIB, HDF5, MPEG;
- only write: PALM, PDF.

A plug-in that a later version of Pillow adds is left out too, until it is listed here. Three formats of drawing
programs have readers in this package: :mod:`.zipped_drawings` and :mod:`.aseprite`.
"""

from __future__ import annotations

import functools
import importlib
import sys
from typing import BinaryIO

import PIL
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

#: The plug-ins of the formats that almost all files have, with the names under which Pillow registers them. The order
#: is that in which Pillow tries them, here and below: some recognise each other's files.
_COMMON = {
    "BmpImagePlugin": ("BMP", "DIB"),
    "GifImagePlugin": ("GIF",),
    "JpegImagePlugin": ("JPEG",),
    "PpmImagePlugin": ("PPM",),
    "PngImagePlugin": ("PNG",),
}

#: HEIC comes from an extra, which registers it. AVIF recognises some of its files too, so that it follows.
_HEIF = "HEIF"

#: The other plug-ins, loaded for the first file that is none of the common formats. MPO is a JPEG at first.
_OTHERS = {
    "AvifImagePlugin": ("AVIF",),  # from Pillow 11.3 on
    "BlpImagePlugin": ("BLP",),
    "CurImagePlugin": ("CUR",),
    "PcxImagePlugin": ("PCX",),
    "DcxImagePlugin": ("DCX",),
    "DdsImagePlugin": ("DDS",),
    "FitsImagePlugin": ("FITS",),
    "FliImagePlugin": ("FLI",),
    "FtexImagePlugin": ("FTEX",),
    "GbrImagePlugin": ("GBR",),
    "Jpeg2KImagePlugin": ("JPEG2000",),
    "IcnsImagePlugin": ("ICNS",),
    "IcoImagePlugin": ("ICO",),
    "ImImagePlugin": ("IM",),
    "ImtImagePlugin": ("IMT",),
    "McIdasImagePlugin": ("MCIDAS",),
    "TiffImagePlugin": ("TIFF",),
    "MpoImagePlugin": (),
    "MspImagePlugin": ("MSP",),
    "PcdImagePlugin": ("PCD",),
    "PixarImagePlugin": ("PIXAR",),
    "PsdImagePlugin": ("PSD",),
    "QoiImagePlugin": ("QOI",),
    "SgiImagePlugin": ("SGI",),
    "SpiderImagePlugin": ("SPIDER",),
    "SunImagePlugin": ("SUN",),
    "TgaImagePlugin": ("TGA",),
    "WebPImagePlugin": ("WEBP",),
    "XbmImagePlugin": ("XBM",),
    "XpmImagePlugin": ("XPM",),
    "XVThumbImagePlugin": ("XVTHUMB",),
}

#: The formats that are read by modules next to this one. They are tried before the other plug-ins: TGA has no first
#: bytes to be known by, and takes some files of other formats.
_OWN = ("ASEPRITE", "KRA", "ORA")

_LISTED = {**_COMMON, **_OTHERS}

#: The names of all formats of the list.
FORMATS = frozenset(name for names in _LISTED.values() for name in names) | {_HEIF, *_OWN}


def open_image(file: BinaryIO) -> ImageFile:
    """Return the image in a file in one of the listed formats; raise UnidentifiedImageError where it is in none."""
    try:
        return Image.open(file, formats=common_formats())
    except UnidentifiedImageError:
        return Image.open(file, formats=other_formats())


@functools.cache
def common_formats() -> list[str]:
    """Load the plug-ins of the common formats, and HEIC where its extra is installed; return their formats."""
    return [*_registered(_COMMON), *([_HEIF] if register_heif() else [])]


@functools.cache
def other_formats() -> list[str]:
    """Load the other listed plug-ins; return their formats."""
    from . import aseprite, zipped_drawings

    aseprite.register()
    zipped_drawings.register()
    return [*_OWN, *_registered(_OTHERS)]


@functools.cache
def register_heif() -> bool:
    """Register HEIC with Pillow; return whether its extra is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def close_formats() -> None:
    """Make every plug-in that is not listed unavailable in this process, also to ``Image.open`` within a plug-in.

    Imports of it fail from now on, so that ``Image.init`` cannot load it either.
    """
    common_formats()
    for name in PIL._plugins:
        if name not in _LISTED:
            sys.modules[f"PIL.{name}"] = None  # type: ignore[assignment]  # the import system's own mark for this
    for name in [name for name in Image.OPEN if name not in FORMATS]:
        del Image.OPEN[name]
    Image.ID[:] = [name for name in Image.ID if name in Image.OPEN]


def _registered(plugins: dict[str, tuple[str, ...]]) -> list[str]:
    """Load plug-ins; return those of their formats that this version of Pillow decodes."""
    present = [name for name in plugins if name in PIL._plugins]
    for name in present:
        importlib.import_module(f"PIL.{name}")
    return [name for plugin in present for name in plugins[plugin] if name in Image.OPEN]
