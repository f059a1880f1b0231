"""Settings: frozen, keyword-only classes whose fields also describe the flags of the command line.

A setting is defined once, with its default, its bounds and its help, and checked when a config is made; settings that
several use-cases share are a class that their configs inherit from. This module imports nothing heavy, since ``--help``
needs the configs.
"""

from __future__ import annotations

import inspect
import math
import operator
import os
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from functools import cache
from numbers import Real
from typing import Any, Optional, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from typing_extensions import dataclass_transform

from .errors import InputError
from .files import name_or_path, user_path
from .text import did_you_mean, shortened

#: The precisions of an encoder (``auto``: the fastest that gives what ``fp32`` does), and what may compute CLIP.
PRECISIONS, CLIP_BACKENDS = ("auto", "fp32", "bf16", "fp16", "int8"), ("auto", "torch", "onnx")

#: The ways to place an image: by a copy, by a hard link, by a symbolic link, not at all.
PLACES = ("copy", "hardlink", "symlink", "none")

#: Which images are placed in the bins of a tag: all, or those whose probability reaches the threshold.
PLACED = ("all", "tagged")

#: The folder of results with one folder per tag, in which names of images begin with their scores.
BY_TAG = "by-tag"

#: The formats of the metadata file, and of the scores; which of these are written, unless from a probability on.
METADATA_FORMATS, RESULTS_FORMATS = ("json", "parquet", "both"), ("json", "csv", "parquet", "both", "none")
ALL_SCORES, TAGGED_SCORES = "all", "tagged"

#: Which folder of an image is its tag (that which holds it, or the first below the input); how training uses its name.
TAG_LEVELS, PRIORS = ("parent", "top"), ("none", "text")

#: The most bins that the scores of a model can fall into.
MAX_BINS = 1000

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Flag:
    """What the command line says about a setting.

    ``choices`` are the allowed words, ``least`` and ``most`` the bounds of a number, and ``above`` one that it must
    exceed. ``is_path`` marks the path of a file or folder, ``may_be_path`` a name in whose place a path may stand,
    ``is_word`` a truth value that is written as a word (``--name=True``), ``is_list`` several values, one for each
    time that the flag is given, ``is_argument`` a value that stands in its place on the command line, without a
    flag, ``is_text`` one that is a text there, and in Python may be something else, and ``only_python`` a setting
    without a flag. ``former`` are names that it had, which stay accepted. ``check`` returns a value that is given,
    or raises InputError; without one the value must have the type of its field.
    """

    help: str
    metavar: Optional[str] = None
    choices: tuple[str, ...] = ()
    least: Optional[float] = None
    most: Optional[float] = None
    above: Optional[float] = None
    is_path: bool = False
    may_be_path: bool = False
    is_word: bool = False
    is_list: bool = False
    is_argument: bool = False
    is_text: bool = False
    only_python: bool = False
    former: tuple[str, ...] = ()
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

    Every value is checked when one is made, by ``dataclasses.replace`` too. Paths may be given as ``pathlib.Path`` or
    with ``~``, and are held as :func:`.files.user_path` returns them.
    """
    made: Any = dataclass(frozen=True, init=False)(cls)
    made.__init__ = _init
    made.__signature__ = inspect.Signature([_parameter(each) for each in fields(made)])  # for help() and notebooks
    return cast("type[Settings]", made)


def _parameter(each: Field[Any]) -> inspect.Parameter:
    default = inspect.Parameter.empty if each.default is MISSING else each.default
    return inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=default)


def _init(self: Any, **given: Any) -> None:
    """Set the fields of settings to the values that are given, checked, and to their defaults."""
    names = [each.name for each in fields(self)]
    is_replacing = set(names) <= given.keys()
    for each in fields(self):
        _take_former_names(each, given, is_replacing=is_replacing)
    for name in given:
        if name not in names:
            raise TypeError(f"{type(self).__name__}() takes no argument {name!r}.{did_you_mean(name, names)}")
    for each in fields(self):
        if each.name not in given and each.default is MISSING:
            raise TypeError(f"{type(self).__name__}() lacks the argument {each.name!r}")
        object.__setattr__(self, each.name, _checked(each, given.get(each.name, each.default), type(self)))
    if hasattr(self, "__post_init__"):
        self.__post_init__()


def _take_former_names(each: Field[Any], given: dict[str, Any], *, is_replacing: bool) -> None:
    """Put the value of a setting that was given by a former name under its name.

    ``dataclasses.replace``, which gives every setting, gives the one before under its name.
    """
    flag: Flag = each.metadata.get("flag") or Flag("")
    for name in given.keys() & set(flag.former):
        if each.name in given and not is_replacing:
            raise InputError(f"{each.name} and {name} are one setting: give {each.name} alone.")
        given[each.name] = given.pop(name)


def _checked(each: Field[Any], value: Any, config: Any) -> Any:
    """Return a value as the config holds it; raise InputError where the setting cannot have it."""
    flag: Flag = each.metadata.get("flag") or Flag("")
    kind, may_be_none = _kinds(config)[each.name]
    if value is None and (may_be_none or each.default is None):
        return None
    if not flag.is_list:
        return _one(flag, value, each.name, kind)
    if isinstance(value, (str, bytes, os.PathLike)) or not isinstance(value, Iterable):
        raise InputError(f"{each.name} is {str(value)!r}; give a list: [{str(value)!r}].")
    return tuple(_one(flag, one, each.name, None) for one in value)


@cache
def _kinds(config: Any) -> dict[str, tuple[Any, bool]]:
    """Return the type of each setting, and whether it may be ``None``."""
    kinds = {}
    for name, hint in get_type_hints(config).items():
        choices = [kind for kind in get_args(hint) if kind is not type(None)] if get_origin(hint) is Union else [hint]
        kinds[name] = (choices[0] if len(choices) == 1 else None, type(None) in get_args(hint))
    return kinds


def _one(flag: Flag, value: Any, name: str, kind: Any) -> Any:
    """Return one value as the config holds it."""
    if flag.check:
        value = flag.check(value)
    if flag.is_path:
        return user_path(value, name)
    if flag.may_be_path:
        return name_or_path(value, name)
    if not flag.check:
        value = _of_kind(value, name, kind)
    if flag.choices and value not in flag.choices:
        raise _wrong(name, value, f"must be one of {', '.join(flag.choices)}", did_you_mean(value, flag.choices))
    if isinstance(value, (int, float)) and (bounds := _bounds(flag)) and not _lies_in(value, flag):
        raise _wrong(name, value, bounds)
    return value


def _of_kind(value: Any, name: str, kind: Any) -> Any:
    """Return a value of one of the simple types, also where it was given as one of NumPy's."""
    is_truth = isinstance(value, bool) or getattr(value, "dtype", None) == "bool"
    if kind is bool:
        if not is_truth:
            raise _wrong(name, value, "must be True or False")
        return bool(value)
    if kind is int:
        if is_truth or not hasattr(value, "__index__"):
            raise _wrong(name, value, "must be a whole number")
        return operator.index(value)
    if kind is float:
        if is_truth or not isinstance(value, Real) or not math.isfinite(value):
            raise _wrong(name, value, "must be a number")
        return float(value)
    if kind is str and not (isinstance(value, str) and value):
        raise _wrong(name, value, "must be a text that is not empty")
    return value


def _lies_in(value: float, flag: Flag) -> bool:
    if flag.above is not None and value <= flag.above:
        return False
    return (flag.least is None or value >= flag.least) and (flag.most is None or value <= flag.most)


def _bounds(flag: Flag) -> str:
    if flag.above is not None:
        return f"must be a number above {flag.above:g}"
    if flag.least is None:
        return ""
    return f"must lie between {flag.least:g} and {flag.most:g}" if flag.most else f"must be {flag.least:g} or more"


def _wrong(name: str, value: Any, rule: str, hint: str = "") -> InputError:
    return InputError(f"{name} is {shortened(repr(value), 100)}; it {rule}.{hint}")


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
        above=0.0,
    )
    image_seconds: float = setting(
        default=60.0, help="Skip images that take more seconds than this.", metavar="NUMBER", above=0.0
    )
    use_truncated: bool = setting(
        default=False, help="Use the existing part of images that are cut short, instead of skipping them."
    )

    @property
    def max_pixels(self) -> int:
        """The most pixels that an image may have."""
        return int(self.max_megapixels * 1e6)

    @property
    def limits(self) -> ImageLimits:
        """These limits without the other settings of a config that inherits them."""
        return ImageLimits(**{each.name: getattr(self, each.name) for each in fields(ImageLimits)})


DEFAULT_LIMITS = ImageLimits()
