"""The values that shells complete by the Tab key: words of flags, names of encoders, tags of an output folder.

typer asks for the values of a parameter, prints them for the shell that asks, and has the script that the shell reads.
A shell asks while a person types: nothing heavy is imported, and of an error nothing is said.

Tags are names of strangers. A value is quoted for the shell that takes it as it stands (bash, PowerShell); zsh and fish
quote by themselves. One that the way to a shell would change, or that would be read as a flag, is left out.
"""

# No `from __future__ import annotations` here: on Python 3.9 typer could not read the parameters from strings.

import os
import re
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from typing import Callable, Optional
from urllib.parse import unquote

import typer

from ..encoders import encoder_names
from ..errors import ImageTaggingError
from ..files import user_path
from ..settings import Flag
from ..text import as_tag, escaped

Complete = Callable[[typer.Context, str], list[str]]

#: What typer asks by: ``complete_bash``, ``complete_zsh`` and so on.
_ASKED = "_IMAGE_TAGGING_COMPLETE"

#: How much of the word at the cursor bash holds for words of their own, which it keeps.
_KEPT = "_IMAGE_TAGGING_KEPT"

#: The values of settings that are no closed list.
_KNOWN: dict[str, Callable[[], Iterable[str]]] = {
    "clip_model": encoder_names,
    "device": lambda: ("cpu", "cuda", "mps", "directml", "coreml", "openvino"),
    "scores": lambda: ("all", "tagged"),
    "separator": lambda: ("comma", "newline", "space", "semicolon"),
    "threshold_for": lambda: ("f1", "balanced", "precision=", "recall="),
}

_MODEL_FILE = re.compile(r"model-.+?-tag-(.+)\.pkl", re.DOTALL)

_PLAIN = re.compile(r"[\w%+,./:=@^-]")
_FLAG_IN_FRONT = re.compile(r"\s(--[\w-]+=)")
_POWERSHELL_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


class _Offer(str):
    """A value as a shell takes it. typer drops values that do not begin as what was typed: quoted ones need not."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        return True


def values_of(name: str, flag: Flag) -> Optional[Complete]:
    """Return what completes a setting; ``None`` where its values are unknown, and shells complete files."""
    if flag.choices:
        return among(lambda _: flag.choices)
    if name in _KNOWN:
        return among(lambda _: _KNOWN[name]())
    return None


def among(values: Callable[[typer.Context], Iterable[str]]) -> Complete:
    """Return what completes a parameter by those of its values that begin as what was typed."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        shell = os.environ.get(_ASKED, "").partition("_")[2]
        typed = incomplete.lstrip("'\"") if shell in {"powershell", "pwsh"} else incomplete
        with suppress(ImageTaggingError, OSError):
            found = (value for value in dict.fromkeys(values(ctx)) if value.startswith(typed) and _is_plain(value))
            offered = (_offered(value, shell, incomplete) for value in found)
            return [_Offer(value) for value in offered if value is not None]
        return []

    return complete


def tags_in(parameter: str, models: str = "models", begin: str = "") -> Complete:
    """Return what completes a tag: those with models in the output folder that a flag names.

    ``models`` is their folder in it, and ``begin`` stands in front of each.
    """

    def tags(ctx: typer.Context) -> list[str]:
        folder = ctx.params.get(parameter)  # None of what is no path
        return [begin + tag for tag in tags_of_models(os.path.join(folder, models))] if folder else []

    return among(tags)


def tags_of_argument(parameter: str) -> Complete:
    """Return what completes the tag of a flag: those with models in the folder that an argument names, or one below it.

    The value of the flag is still missing, and click then leaves arguments where they are.
    """

    def tags(ctx: typer.Context) -> list[str]:
        folder = user_path(ctx.args[0]) if ctx.args else ctx.params.get(parameter)
        if not folder:
            return []
        inner = os.path.join(folder, "models")
        return tags_of_models(folder) or (tags_of_models(inner) if os.path.isdir(inner) else [])

    return among(tags)


def tags_of_models(folder: str) -> list[str]:
    """Return the tags of the models in a folder, by their names, as ``tag_models.model_names`` does, without NumPy."""
    names = filter(None, map(_MODEL_FILE.fullmatch, os.listdir(folder)))
    return sorted({as_tag(_unquoted(name[1])) for name in names})


def _unquoted(name: str) -> str:
    try:
        return unquote(name, errors="surrogatepass")
    except UnicodeDecodeError:  # a name made by hand
        return name


def join_words(environ: MutableMapping[str, str]) -> None:
    """Join again what bash has taken apart at ``:`` and ``=`` in the words that it asks about.

    ``--flag=value`` becomes two words, as command lines may have it, and ``tag:name`` one.
    """
    words = environ.get("COMP_WORDS", "").split("\n")
    at = environ.get("COMP_CWORD", "")
    if environ.get(_ASKED) != "complete_bash" or not at.isdecimal() or not 0 < int(at) < len(words):
        return
    joined: list[str] = []
    kept, place = "", 0
    for number, word in enumerate(words[: int(at) + 1]):
        before = words[number - 1] if number else ""
        if word == "=" and before.startswith("--"):
            joined, kept = ([*joined, ""], "") if number == int(at) else (joined, "")
        elif number and (word[:1] == ":" or before[-1:] == ":"):
            kept = joined[-1] + (":" if word == ":" else "")
            joined[-1] += word
        else:
            joined.append(word)
            kept = ""
        place = len(joined) - 1
    environ.update({"COMP_WORDS": "\n".join(joined), "COMP_CWORD": str(place), _KEPT: kept})


def _is_plain(value: str) -> bool:
    """Return whether a value is one line of plain characters that is no flag."""
    return bool(value) and not value.startswith("-") and value == value.strip() and escaped(value) == value


def _offered(value: str, shell: str, incomplete: str) -> Optional[str]:
    """Return a value as a shell takes it; ``None`` where the way to it would change the value."""
    if shell == "bash":
        return _for_bash(value)
    flag = _flag_in_front(incomplete)
    if shell in {"powershell", "pwsh"}:
        plain = all(map(_PLAIN.match, value))
        quoted = value if plain else "'" + _POWERSHELL_QUOTES.sub(lambda found: 2 * found[0], value) + "'"
        return None if ":::" in value else flag + quoted
    if shell == "zsh" and (re.search(r"[\\'\"]", value) or "  " in value):
        return None
    return flag + value


def _for_bash(value: str) -> Optional[str]:
    """Return what stands for a value in place of the word at the cursor, inside its quotes where it has begun some."""
    kept = os.environ.get(_KEPT, "")
    typed = os.environ.get("COMP_WORDS", "").split("\n")[-1][len(kept) :]
    rest = value[len(kept) :]
    if typed.startswith("'"):
        return None if "'" in rest else rest
    if typed.startswith('"'):
        return None if "!" in rest else re.sub(r'([\\"$`])', r"\\\1", rest)
    return "".join(char if _PLAIN.match(char) else f"\\{char}" for char in rest)


def _flag_in_front(incomplete: str) -> str:
    """Return the flag of the word at the cursor, with its ``=``: shells other than bash replace it with the value."""
    asked = os.environ.get("_TYPER_COMPLETE_ARGS", "")
    for found in reversed(list(_FLAG_IN_FRONT.finditer(asked))):
        if _without_quotes(asked[found.end() :]) == _without_quotes(incomplete):
            return found[1]
    return ""


def _without_quotes(text: str) -> str:
    return re.sub(r"[\\'\"]", "", text)
