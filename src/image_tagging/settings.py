"""Settings: frozen, keyword-only classes whose fields also describe the flags of the command line.

A setting is defined once, with its default, its choices and its help; settings that several use-cases share are a
class that their configs inherit from. This module imports nothing heavy, since ``--help`` needs the configs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Optional, TypeVar

from typing_extensions import dataclass_transform

from .errors import InputError
from .files import name_or_path, user_path

#: The precisions of an encoder; ``auto`` is the fastest with the results of ``fp32``.
PRECISIONS = ("auto", "fp32", "bf16", "fp16")

#: The ways to place an image: by a copy, by a hard link, by a symbolic link, not at all.
PLACES = ("copy", "hardlink", "symlink", "none")

#: Which images are placed in the bins of a tag: all, or those whose probability reaches the threshold.
PLACED = ("all", "tagged")

#: The folder of results that holds one folder per tag, in which names of images begin with their scores.
BY_TAG = "by-tag"

#: The formats of the metadata file.
METADATA_FORMATS = ("json", "parquet", "both")

#: Which folder of an image is its tag: the one that holds it, or the first below the input.
TAG_LEVELS = ("parent", "top")

#: How training uses the name of a tag: not at all, or its text embedding as a prior.
PRIORS = ("none", "text")

#: The most bins that the scores of a model can fall into.
MAX_BINS = 1000

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Flag:
    """What the command line says about a setting.

    ``choices`` are the allowed words, ``least`` and ``most`` the bounds of a number. ``is_path`` marks the path of a
    file or folder, ``may_be_path`` a name in whose place a path may stand, ``is_word`` a truth value that is written as
    a word (``--name=True``), ``is_list`` several values, one for each time that the flag is given, ``is_argument`` a
    value that stands in its place on the command line, without a flag; ``is_text`` one that is a text there, and in
    Python may be something else. ``check`` returns a value that is given, or raises InputError.
    """

    help: str
    metavar: Optional[str] = None
    choices: tuple[str, ...] = ()
    least: Optional[float] = None
    most: Optional[float] = None
    is_path: bool = False
    may_be_path: bool = False
    is_word: bool = False
    is_list: bool = False
    is_argument: bool = False
    is_text: bool = False
    check: Optional[Callable[[Any], Any]] = None


def setting(*, help: str, default: Any = MISSING, **flag: Any) -> Any:
    """Return a dataclass field with a :class:`Flag`; without a default the setting is required."""
    return field(default=default, metadata={"flag": Flag(help, **flag)})


def same_setting(config: type[Any], name: str, *, default: Any, **flag: Any) -> Any:
    """Return a setting of another config once more, with this default, and other words where they are given."""
    (known,) = (each for each in fields(config) if each.name == name)
    return field(default=default, metadata={"flag": replace(known.metadata["flag"], **flag)})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting, same_setting, field))
def settings(cls: type[Settings]) -> type[Settings]:
    """Make a frozen, keyword-only dataclass, also on Python 3.9, whose dataclasses lack ``kw_only``.

    Its paths may be given as ``pathlib.Path`` or with ``~``, and are held as :func:`.files.user_path` returns them.
    """
    check = getattr(cls, "__post_init__", None)

    def prepare(self: Any) -> None:
        _convert(self)
        if check:
            check(self)

    cls.__post_init__ = prepare  # type: ignore[attr-defined]  # what a dataclass calls once its fields are set
    if sys.version_info >= (3, 10):
        return dataclass(frozen=True, kw_only=True)(cls)
    made = dataclass(frozen=True, init=False)(cls)
    made.__init__ = _init
    return made


def _convert(config: Any) -> None:
    """Check the settings that have a check, and replace paths by the texts that stand for them."""
    for each in fields(config):
        flag, value = each.metadata.get("flag"), getattr(config, each.name)
        if flag is None or (value is None and each.default is None):
            continue
        object.__setattr__(
            config, each.name, _values(flag, value, each.name) if flag.is_list else _one(flag, value, each.name)
        )


def _values(flag: Flag, values: Any, name: str) -> tuple[Any, ...]:
    """Return the values of a setting that is a list."""
    if isinstance(values, (str, bytes, os.PathLike)) or not isinstance(values, Iterable):
        raise InputError(f"{name} is {str(values)!r}; give a list: [{str(values)!r}].")
    return tuple(_one(flag, value, name) for value in values)


def _one(flag: Flag, value: Any, name: str) -> Any:
    """Return a value as the config holds it."""
    value = flag.check(value) if flag.check else value
    if flag.is_path:
        return user_path(value, name)
    return name_or_path(value, name) if flag.may_be_path else value


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
    """The limits of one image; images beyond them are skipped.

    ``max_megapixels`` (millions of pixels) is checked before the pixels are allocated: a file of 42 kB can declare
    40 GB. ``image_seconds`` bounds the decoding and, separately, the preparation for the encoder. ``use_truncated``
    uses the existing part of truncated pictures instead of skipping them.
    """

    max_megapixels: float = setting(
        default=180.0,
        help="Skip images of more millions of pixels, before memory is allocated.",
        metavar="NUMBER",
        least=0.001,
    )
    image_seconds: float = setting(
        default=60.0, help="Skip images that take more seconds than this.", metavar="NUMBER", least=0.001
    )
    use_truncated: bool = setting(
        default=False, help="Use the existing part of images that are cut short, instead of skipping them."
    )

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
        """These limits without the other settings of a config that inherits them."""
        return ImageLimits(**{each.name: getattr(self, each.name) for each in fields(ImageLimits)})


DEFAULT_LIMITS = ImageLimits()
