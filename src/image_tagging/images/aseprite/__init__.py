"""Sprites of Aseprite: the first frame as Aseprite shows it, to the pixel, where all layers blend normally.

:mod:`.sprite` reads the file, :mod:`.drawing` blends the layers. What is not drawn is refused with a sentence: other
blend modes than "normal", groups with an opacity of their own, and tiles from another file.

Source: Aseprite File Format Specifications (docs/ase-file-specs.md in Aseprite's repository).
"""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageFile

from .drawing import draw
from .sprite import HEADER_BYTES, read_header, read_sprite

__all__ = ["register"]

_MAGIC = b"\xe0\xa5"  # after the size of the file


class _AsepriteImage(ImageFile.ImageFile):
    """The first frame of a sprite, as an image of Pillow."""

    format = "ASEPRITE"
    format_description = "Aseprite"

    def _open(self) -> None:
        if self.fp is None:
            raise SyntaxError("there is no file")
        begin = self.fp.read(HEADER_BYTES)
        if not _is_aseprite(begin):
            raise SyntaxError("not a sprite of Aseprite")
        header = read_header(begin)
        self._size = header.width, header.height
        self._mode = "RGBA"
        self._data = begin + self.fp.read()

    def load(self) -> Any:
        """Draw the first frame, once."""
        if self._data:
            sprite = read_sprite(self._data)
            self._data = b""
            if sprite.profile:
                self.info["icc_profile"] = sprite.profile
            self.im = draw(sprite).im
        return Image.Image.load(self)


def register() -> None:
    """Register the format with Pillow."""
    Image.register_open(_AsepriteImage.format, _AsepriteImage, _is_aseprite)


def _is_aseprite(prefix: bytes) -> bool:
    return prefix[4:6] == _MAGIC
