"""What a page asks for after it is shown: frames of its pictures, other tags of them, and their near-duplicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..pipeline import Review, give_alike, give_pinned, offer_alike, tags_said, take_pinned
from .given import MOST_JUDGED, FormError, names_of
from .words import from_address

#: Near-duplicates that are shown with an offer.
_SHOWN = 12
_NO_STORE = {"cache-control": "no-store"}


class PageDetails:
    """Answers requests about the pictures of a page; ``render`` makes HTML of a template and what is given to it."""

    def __init__(self, review: Review, render: Callable[..., str]) -> None:
        self._review = review
        self._render = render

    def frames(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Answer how many frames each picture has that has several; a picture that cannot be drawn has none."""
        drawn = {hash_id: self._review.draw(hash_id).frames for hash_id in _asked(request)}
        return JSONResponse({hash_id: count for hash_id, count in drawn.items() if count > 1}, 200, _NO_STORE)

    def tags(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Answer which tags a person said yes to of each picture."""
        return JSONResponse(tags_said(self._review, _asked(request)), 200, _NO_STORE)

    def pinned(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Give pictures a tag, or take it back, as a batch that is none of the page that they are on."""
        change = take_pinned if form.get("take") is True else give_pinned
        said = change(self._review, from_address(request.path_params["tag"]), names_of(form))
        return JSONResponse({"said": said}, 200, _NO_STORE)

    def repeats(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Hide repeats in searches and in orders by score, or show them, on all pages."""
        hide = form.get("hide")
        if not isinstance(hide, bool):
            raise FormError("hide is true or false.")
        self._review.hide_repeats(hide)
        return JSONResponse({"hides": self._review.hides_repeats}, 200, _NO_STORE)

    def alike(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Offer the verdicts of pictures to their near-duplicates, which are found here; or give them."""
        tag, names = from_address(request.path_params["tag"]), names_of(form)
        if form.get("give") is True:
            return JSONResponse({"said": give_alike(self._review, tag, names)}, 200, _NO_STORE)
        offer = offer_alike(self._review, tag, names)
        shown = [(each, self._review.picture(each.hash_id)) for each in offer.verdicts[:_SHOWN]]
        html = self._render("alike.html", offer=offer, shown=shown) if shown else ""
        return JSONResponse({"said": offer.sentence, "offer": html}, 200, _NO_STORE)


def _asked(request: Request) -> Sequence[str]:
    """Return the names of the pictures that a request asks about."""
    names: list[str] = request.query_params.getlist("of")
    if len(names) > MOST_JUDGED:
        raise FormError(f"a page has at most {MOST_JUDGED} pictures.")
    return names
