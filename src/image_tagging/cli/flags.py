"""Make the flags of a command from the config of its use-case: names, defaults, choices and help."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any, Callable, get_type_hints

import typer

from ..errors import InputError
from ..files import user_path
from ..settings import Flag
from ..text import did_you_mean
from .completion import values_of

_QUOTES = {"‘": "’", "“": "”", "'": "'", '"': '"'}

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def path(value: str) -> str:
    """Return a path without quotes around it, which are often copied along from web pages, and without ``~``."""
    if not value:
        raise typer.BadParameter("the path is empty; give one")
    if len(value) > 1 and _QUOTES.get(value[0]) == value[-1] and not os.path.exists(value):
        value = value[1:-1]
    return user_path(value)


def parameters(config: type[Any], helps: Mapping[str, str]) -> list[inspect.Parameter]:
    """Return one parameter for each setting of a config that has a flag, its own settings first.

    ``helps`` replaces the help of single settings.
    """
    hints = get_type_hints(config)
    return [
        inspect.Parameter(
            setting.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=_annotation(setting, hints[setting.name], helps.get(setting.name)),
            default=inspect.Parameter.empty if setting.default is MISSING else _default(setting),
        )
        for setting in _own_first(config)
        if "flag" in setting.metadata and not setting.metadata["flag"].only_python
    ]


def _own_first(config: type[Any]) -> Iterator[Field[Any]]:
    """Yield the settings of a config, and then those of the groups that it inherits, the nearest first."""
    by_name = {setting.name: setting for setting in fields(config)}
    for owner in config.__mro__:
        for name in vars(owner).get("__annotations__", ()):
            if name in by_name:
                yield by_name.pop(name)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _default(setting: Field[Any]) -> Any:
    flag: Flag = setting.metadata["flag"]
    if flag.is_list:
        return []  # typer reads lists
    return str(setting.default) if flag.is_word else setting.default


def _annotation(setting: Field[Any], kind: Any, explained: str | None) -> Any:
    flag: Flag = setting.metadata["flag"]
    if flag.is_argument:
        argument = typer.Argument(
            help=flag.help,
            metavar=flag.metavar,
            show_default=False,
            parser=_parser(setting.name, flag),
            autocompletion=values_of(setting.name, flag),
        )
        return Annotated[kind, argument]
    is_switch = kind is bool and not flag.is_word
    names = [_flag(name) for name in (setting.name, *flag.former)] if is_switch or flag.former else []
    option = typer.Option(
        *names,
        help=explained or flag.help,
        metavar="|".join(flag.choices) if flag.choices else flag.metavar,
        min=flag.least,
        max=flag.most,
        parser=_parser(setting.name, flag),
        autocompletion=values_of(setting.name, flag),
    )
    if flag.is_list:
        kind = list[str]
    return Annotated[str if flag.is_word or flag.is_text else kind, option]


def _parser(name: str, flag: Flag) -> Callable[[str], Any] | None:
    if flag.is_path:
        return path
    if flag.check:
        return _checked(flag.check)
    if flag.choices:
        return _one_of(flag.choices)
    if flag.above is not None:
        return _number_above(flag.above)
    return _word(name) if flag.is_word else None


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(choices)}.{did_you_mean(value, choices)}")
        return value

    return parse


def _number_above(bound: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        with suppress(ValueError):
            if bound < float(value) < float("inf"):
                return float(value)
        raise typer.BadParameter(f"{value!r} is not a number above {bound:g}")

    return parse


def _checked(check: Callable[[str], str]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        try:
            return check(value)
        except InputError as error:
            raise typer.BadParameter(str(error)) from error

    return parse


def _word(name: str) -> Callable[[Any], bool]:
    """Return a parser of True or False in any case, for a flag that takes a word."""

    def parse(value: Any) -> bool:
        word = str(value).lower()
        if word not in _WORDS:
            raise typer.BadParameter(f"{value!r} is neither True nor False", param_hint=f"'{_flag(name)}'")
        return _WORDS[word]

    return parse
