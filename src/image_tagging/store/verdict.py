"""What a person says of one picture and one tag, and which of several such verdicts are in force."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import NamedTuple, Optional

from ..text import as_tag, encodable

YES, NO, UNSURE = "yes", "no", "unsure"
VERDICTS = (YES, NO, UNSURE)

#: The mode of verdicts that are validation for ever: nothing is trained on them.
CHECK = "check"

#: Characters of a tag, of a hash and of a path; and of the other texts.
LONGEST_NAME, LONGEST_WORD = 65_536, 100

_TEXTS = (
    *((name, LONGEST_NAME) for name in ("tag", "hash_id", "file_path")),
    *((name, LONGEST_WORD) for name in ("verdict", "mode", "before", "model", "id", "time")),
)

#: Numbers that every program can hold: of rows, of places.
MOST = 1 << 53

_TIME = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@dataclass(frozen=True)
class Verdict:
    """What a person says of a picture and a tag: ``yes``, ``no`` or ``unsure``. It never changes; a later one wins.

    ``hash_id`` names the picture, and ``file_path``, for people, is where it was then. ``mode`` says how it was shown
    (``next``, ``check``, …), ``before`` what held before (the verdict in force, else what the caller knows: ``yes``,
    ``no``, ``unsure``, or empty), ``score`` the probability that was shown, ``model`` the SHA-256 of the model that
    gave it, ``position`` the place on the page, from 0. ``id`` is random and in hex, and ``time`` is UTC
    (``2026-11-26T20:32:49.123456Z``): the table gives both where they are empty. ``batch`` is the number of those that
    were given together, and ``undone_by`` the number of what undid them, ``None`` where nothing has.
    """

    tag: str
    hash_id: str
    verdict: str
    mode: str = ""
    file_path: str = ""
    before: str = ""
    score: Optional[float] = None
    model: str = ""
    position: Optional[int] = None
    id: str = ""
    time: str = ""
    batch: int = 0
    undone_by: Optional[int] = None

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it another verdict where it differs: two of one ``id`` have this in common."""
        return self.tag, self.hash_id, self.verdict, self.mode, self.time


class InForce(NamedTuple):
    """The verdict in force of one picture and tag, and the one by which it is validation: of mode ``check``, if any."""

    verdict: Verdict
    check: Optional[Verdict]


def in_force(verdicts: Iterable[Verdict]) -> list[InForce]:
    """Return what holds of each picture and tag, ordered by these: the latest verdict that is not undone.

    Of two of one time the one with the greater ``id`` wins, so that the order in which they are given says nothing. A
    picture that was once checked stays validation of that tag, also when something else is said of it later.
    """
    latest: dict[tuple[str, str], Verdict] = {}
    checks: dict[tuple[str, str], Verdict] = {}
    for verdict in verdicts:
        if verdict.undone_by is None:
            _keep_later(latest, verdict)
            if verdict.mode == CHECK:
                _keep_later(checks, verdict)
    return [InForce(latest[key], checks.get(key)) for key in sorted(latest)]


def _keep_later(kept: dict[tuple[str, str], Verdict], verdict: Verdict) -> None:
    known = kept.setdefault((verdict.tag, verdict.hash_id), verdict)
    if (verdict.time, verdict.id) > (known.time, known.id):
        kept[verdict.tag, verdict.hash_id] = verdict


def time_in_words(moment: datetime) -> str:
    """Return a time as verdicts have it: always as long, so that texts are in the order of time."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """Return the time that a text of ISO 8601 with a zone (``Z`` or ``+01:00``) says; ValueError where it is none."""
    moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
    if moment.tzinfo is None:
        raise ValueError("it has no zone")
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError as error:
        raise ValueError("it lies outside of the calendar") from error


def later(text: str, steps: int) -> str:
    """Return the time so many steps, of a microsecond, after one of :func:`time_in_words`."""
    return time_in_words(parse_time(text) + timedelta(microseconds=steps))


def as_stored(verdict: Verdict) -> Verdict:
    """Return a verdict whose names are texts that a file can hold, its tag spelt as tags are compared."""
    return replace(
        verdict,
        tag=encodable(as_tag(verdict.tag)),
        hash_id=encodable(verdict.hash_id),
        file_path=encodable(verdict.file_path),
    )


def why_malformed(verdict: Verdict) -> str:
    """Return why a verdict, made of the values of a stranger's file, is none; empty where it is one."""
    return _wrong_text(verdict) or _wrong_value(verdict)


def _wrong_text(verdict: Verdict) -> str:
    for name, longest in _TEXTS:
        text = getattr(verdict, name)
        if not isinstance(text, str):
            return f"its {name} is no text"
        if len(text) > longest:
            return f"its {name} is too long"
    if not verdict.tag or not verdict.hash_id:
        return f"its {'hash_id' if verdict.tag else 'tag'} is empty"
    return ""


def _wrong_value(verdict: Verdict) -> str:
    score = verdict.score
    checks = {
        "its verdict is not yes, no or unsure": verdict.verdict in VERDICTS,
        "its before is not yes, no or unsure": verdict.before in {"", *VERDICTS},
        "its time is none": not verdict.time or _TIME.fullmatch(verdict.time),
        "its score is no number from 0 to 1": score is None or (isinstance(score, float) and 0 <= score <= 1),
        "its position is no whole number from 0 up": verdict.position is None or is_number(verdict.position),
        "its batch is no number": is_number(verdict.batch)
        and (verdict.undone_by is None or is_number(verdict.undone_by)),
    }
    return next((why for why, is_right in checks.items() if not is_right), "")


def is_number(value: object) -> bool:
    """Return whether a value is a whole number from 0 up that every program can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST
