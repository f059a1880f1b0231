"""What a browser sends: JSON of a known form, or one line that says what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from starlette.requests import Request

from ..pipeline import MODES, Judged

#: Pictures of a page, at most.
MOST_JUDGED = 200
_VERDICTS = ("yes", "no", "unsure")
_MODEL = re.compile(r"(?:[0-9a-f]{64})?")
_NONCE = re.compile(r"[0-9A-Za-z-]{8,64}")


class FormError(Exception):
    """A request is not of the form that the pages of this app send; the message is for people."""


@dataclass(frozen=True)
class GivenPage:
    """A page that a person has judged: ``nonce`` is its own, so that it is kept once however often it is sent."""

    nonce: str
    mode: str
    model: str
    judged: Sequence[Judged]
    wants_page: bool
    after: str


async def read_form(request: Request) -> Mapping[str, Any]:
    """Return the object in the body of a request.

    Raises
    ------
    FormError
        It is no JSON object.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise FormError("the body of a request is JSON.")
    body = await request.body()
    try:
        form = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise FormError("the body of the request is no JSON.") from error
    if not isinstance(form, dict):
        raise FormError("the body of the request is no object.")
    return form


def judged_of(form: Mapping[str, Any]) -> GivenPage:
    """Return the page in a form.

    Raises
    ------
    FormError
        It is malformed.
    """
    nonce, mode, model = (_text(form, name) for name in ("nonce", "mode", "model"))
    verdicts = form.get("verdicts")
    if not _NONCE.fullmatch(nonce) or mode not in MODES or not _MODEL.fullmatch(model):
        raise FormError("the page has no number, mode or model as this app gives them: reload it.")
    if not isinstance(verdicts, list) or not 0 < len(verdicts) <= MOST_JUDGED:
        raise FormError(f"a page has 1 to {MOST_JUDGED} verdicts.")
    judged = [_judged(each) for each in verdicts]
    return GivenPage(nonce, mode, model, judged, form.get("wants_page") is not False, _text(form, "after"))


def names_of(form: Mapping[str, Any]) -> Sequence[str]:
    """Return the names of pictures in a form.

    Raises
    ------
    FormError
        There are none, or too many, or one is no text.
    """
    names = form.get("hashes")
    if not isinstance(names, list) or not 0 < len(names) <= MOST_JUDGED:
        raise FormError(f"1 to {MOST_JUDGED} pictures are needed.")
    if not all(isinstance(name, str) for name in names):
        raise FormError("the name of a picture is a text.")
    return names


def _text(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name, "")
    if not isinstance(value, str):
        raise FormError(f"{name} is no text.")
    return value


def _judged(each: object) -> Judged:
    if not isinstance(each, dict):
        raise FormError("a verdict is an object.")
    hash_id, verdict, position = each.get("hash"), each.get("verdict"), each.get("position")
    if not isinstance(hash_id, str) or verdict not in _VERDICTS:
        raise FormError("a verdict is yes, no or unsure, on a picture by its name.")
    if not isinstance(position, int) or isinstance(position, bool) or not 0 <= position < MOST_JUDGED:
        raise FormError("a verdict has a place on its page.")
    return Judged(hash_id, verdict, position, _score(each.get("score")))


def _score(value: object) -> Optional[float]:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise FormError("a score is a number from 0 to 1.")
    return float(value)
