"""The pages that find pictures, and make a tag of what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ..pipeline import Review
from . import words
from .given import FormError

_MOST_PICKED = 200


class Searching:
    """Answers what is searched; ``page`` renders a template."""

    def __init__(self, review: Review, page: Callable[..., Response]) -> None:
        self._review = review
        self._page = page

    def search(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Answer the page of a search: by ``words``, or by the picture that one is ``like``."""
        text, like = (request.query_params.get(name, "") for name in ("words", "like"))
        picture = self._review.picture(like) if like else None
        found = None if picture else self._review.search.words(text)
        near = self._review.search.like(like) if picture else ()
        rows = self._review.tags()
        return self._page("search.html", words=text, found=found, picture=picture, near=near, rows=rows)

    def begin(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Go to the first page of a tag that begins with words."""
        given = {name: request.query_params.get(name, "") for name in ("tag", "words")}
        if not all(given.values()):
            raise FormError("a tag and words are needed.")
        return RedirectResponse(words.tag_address(given["tag"], words=given["words"]), 303)

    def give(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Give pictures a tag."""
        tag, picked = form.get("tag"), form.get("hashes")
        if not isinstance(tag, str) or not isinstance(picked, list) or not 0 < len(picked) <= _MOST_PICKED:
            raise FormError(f"a tag and 1 to {_MOST_PICKED} pictures are needed: mark some.")
        if not all(isinstance(hash_id, str) for hash_id in picked):
            raise FormError("a picture is named by a text.")
        name = self._review.make_tag(tag, *dict.fromkeys(picked))
        return JSONResponse({"address": words.tag_address(name)}, 200, {"cache-control": "no-store"})
