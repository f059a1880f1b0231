"""Verdicts as JSON Lines, to move them from one output folder to another, or to read and write them by other programs.

A line is a JSON object with ``id``, ``time``, ``tag``, ``hash_id``, ``file_path``, ``verdict`` and ``mode``, and with
``before``, ``score``, ``model`` and ``position`` where they are known. Only ``time``, ``tag``, ``hash_id`` and
``verdict`` are needed: a line without ``id`` gets one that is made of what it says.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import IO

import orjson

from ..errors import VerdictsError
from ..text import escaped
from .verdict import InForce, Verdict, as_stored, parse_time, time_in_words, why_malformed

#: Bytes of a line; more than the longest names, each character escaped.
LONGEST_LINE = 1 << 20

_FIELDS = ("id", "time", "tag", "hash_id", "file_path", "verdict", "mode", "before", "score", "model", "position")
_NEEDED = ("time", "tag", "hash_id", "verdict")

#: A clock that is further ahead than this is wrong: its verdicts would win over all that follow.
_AHEAD = timedelta(days=1)

_BOM = b"\xef\xbb\xbf"
_REMEDY = "Give the JSON Lines that image-tagging verdicts export wrote; nothing of this file was taken"


def verdict_lines(held: Iterable[InForce]) -> Iterator[bytes]:
    """Yield a line, with its end, of each verdict in force, and of the one by which it is validation where another."""
    for verdict, check in held:
        for each in (verdict, check) if check and check.id != verdict.id else (verdict,):
            values = {name: getattr(each, name) for name in _FIELDS}
            kept = {name: value for name, value in values.items() if value not in (None, "") or name in _FIELDS[:7]}
            yield orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE)


class VerdictLines:
    """The verdicts in a file of JSON Lines, in its order; ``number`` is that of the line that was read last.

    Raises
    ------
    VerdictsError
        The file cannot be read, or a line is malformed: its number is in the message. Raised while it is iterated.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.number = 0

    def error(self, why: str) -> VerdictsError:
        """Return the error for the line that was read last."""
        return VerdictsError(f"{self.path}, line {self.number:,}: {why}. {_REMEDY}.")

    def __iter__(self) -> Iterator[Verdict]:
        self.number, latest = 0, datetime.now(timezone.utc) + _AHEAD
        try:
            if not stat.S_ISREG(os.stat(self.path).st_mode) and not os.path.isdir(self.path):  # it may never end
                raise VerdictsError(f"cannot read {self.path}: it is a pipe or a device, not a file. Give a file.")
            with open(self.path, "rb") as file:
                for line in self._lines(file):
                    yield self._verdict(line, latest)
        except OSError as error:
            raise VerdictsError(f"cannot read {self.path}: {error.strerror or error}. Check the path.") from error

    def _lines(self, file: IO[bytes]) -> Iterator[bytes]:
        """Yield the lines that hold something; a longer one than a verdict can be is not read to its end."""
        while line := file.readline(LONGEST_LINE + 1):
            self.number += 1
            if len(line) > LONGEST_LINE:
                raise self.error(f"it is longer than {LONGEST_LINE:,} bytes")
            if self.number == 1:
                line = line.removeprefix(_BOM)
            if line.strip():
                yield line

    def _verdict(self, line: bytes, latest: datetime) -> Verdict:
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise self.error(f"it is no JSON ({escaped(str(error))[:100]})") from error
        if not isinstance(values, dict):
            raise self.error("it is no JSON object")
        if missing := [name for name in _NEEDED if name not in values]:
            raise self.error(f"it has no {missing[0]}")
        given = {name: values[name] for name in _FIELDS if values.get(name) is not None}
        if isinstance(given.get("score"), int) and not isinstance(given["score"], bool):
            given["score"] = float(given["score"])
        if isinstance(given.get("time"), str):
            given["time"] = self._time(given["time"], latest)
        verdict = Verdict(**{**dict.fromkeys(_NEEDED), **given})  # of any types
        if why := why_malformed(verdict):
            raise self.error(why)
        stored = as_stored(verdict)
        return stored if stored.id else replace(stored, id=_id_of(stored))

    def _time(self, text: str, latest: datetime) -> str:
        try:
            moment = parse_time(text)
        except ValueError as error:
            raise self.error(f"its time {text[:50]!r} is none: write 2026-11-26T20:32:49Z") from error
        if moment > latest:
            raise self.error(f"its time {text[:50]!r} lies in the future")
        return time_in_words(moment)


def _id_of(verdict: Verdict) -> str:
    """Return an ``id`` made of what a verdict says: the same line twice is one verdict."""
    return hashlib.blake2b("\0".join(verdict.identity).encode(), digest_size=16).hexdigest()
