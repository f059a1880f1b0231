"""Settings: frozen, keyword-only classes whose fields also describe the flags of the command line.

A setting has one home, with its default, its choices and its help; fields that several use-cases share are one group, a
class that their configs inherit from. This module is light, so that ``--help`` can read the configs.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Optional, TypeVar

from typing_extensions import dataclass_transform

from .errors import InputError

#: The precisions that an encoder may compute in; ``auto`` is the fastest that gives what ``fp32`` gives.
PRECISIONS = ("auto", "fp32", "bf16", "fp16")

#: The ways to place an image: by a copy, by a hard link, by a symbolic link, not at all.
PLACES = ("copy", "hardlink", "symlink", "none")

#: The formats of the metadata file.
METADATA_FORMATS = ("json", "parquet", "both")

#: What the name of a tag may be used for in training: nothing, or as a prior of its text embedding.
PRIORS = ("none", "text")

#: The most bins that the scores of a model can fall into.
MAX_BINS = 1000

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Flag:
    """What the command line says about a setting.

    ``choices`` are the words that it takes, ``least`` and ``most`` the bounds of a number. ``is_path`` marks the path
    of a file or folder, ``is_word`` a truth value that is written as a word (``--name=True``).
    """

    help: str
    metavar: Optional[str] = None
    choices: tuple[str, ...] = ()
    least: Optional[float] = None
    most: Optional[float] = None
    is_path: bool = False
    is_word: bool = False


def setting(*, help: str, default: Any = MISSING, **flag: Any) -> Any:
    """Return a dataclass field with a :class:`Flag`; without a default the setting is required."""
    return field(default=default, metadata={"flag": Flag(help, **flag)})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting, field))
def settings(cls: type[Settings]) -> type[Settings]:
    """Make a frozen dataclass that takes keywords only, also on Python 3.9, where dataclasses have no such option."""
    if sys.version_info >= (3, 10):
        return dataclass(frozen=True, kw_only=True)(cls)
    made = dataclass(frozen=True, init=False)(cls)
    made.__init__ = _init
    return made


def _init(self: Any, **given: Any) -> None:
    """Set the fields of a keyword-only dataclass, as ``dataclass(kw_only=True)`` does from Python 3.10 on."""
    for each in fields(self):
        if each.name in given:
            value = given.pop(each.name)
        elif each.default_factory is not MISSING:
            value = each.default_factory()
        elif each.default is not MISSING:
            value = each.default
        else:
            raise TypeError(f"{type(self).__name__}() lacks the argument {each.name!r}")
        object.__setattr__(self, each.name, value)
    if given:
        raise TypeError(f"{type(self).__name__}() takes no argument {next(iter(given))!r}")
    if hasattr(self, "__post_init__"):
        self.__post_init__()


@settings
class ImageLimits:
    """How much one image may take before it is given up.

    ``max_megapixels`` (millions of pixels) is asked before the pixels are allocated: a bomb of 42 kB can ask for
    40 GB. ``image_seconds`` bounds its decoding and, once more, its preparation for the encoder.
    ``use_truncated`` takes pictures that are cut short as far as they go, instead of leaving them out.
    """

    max_megapixels: float = setting(
        default=180.0,
        help="Images of more millions of pixels are skipped, before memory is taken.",
        metavar="NUMBER",
        least=0.001,
    )
    image_seconds: float = setting(
        default=60.0, help="Seconds that one image may take, else it is skipped.", metavar="NUMBER", least=0.001
    )
    use_truncated: bool = setting(default=False, help="Use images that are cut short as far as they go, else skipped.")

    def __post_init__(self) -> None:
        for name in ("max_megapixels", "image_seconds"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InputError(f"{name} is {getattr(self, name)}; it must be a number above 0.")

    @property
    def max_pixels(self) -> int:
        """The most pixels that an image may have."""
        return int(self.max_megapixels * 1e6)

    @property
    def limits(self) -> ImageLimits:
        """These limits alone, without the further settings of a config that inherits them."""
        return ImageLimits(**{each.name: getattr(self, each.name) for each in fields(ImageLimits)})


DEFAULT_LIMITS = ImageLimits()
