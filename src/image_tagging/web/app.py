"""The addresses of the review app, and what each answers."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ..errors import ImageTaggingError, InputError, OutputError
from ..pipeline import Review, picture_scores
from . import words
from .given import FormError, judged_of, read_form
from .page_details import PageDetails
from .rendering import rendered
from .searching import Searching
from .static_files import static_file
from .thresholds import Thresholds

log = logging.getLogger(__name__)

#: Answers to pages that were given, so that one that is sent twice is kept once.
_MOST_ANSWERS = 256
_HISTORY = 100
_NO_STORE = {"cache-control": "no-store"}


def review_app(review: Review) -> Starlette:
    """Return the app of a review; nothing in it asks who calls (:mod:`.access` does)."""
    pages = _Pages(review)
    details, thresholds = PageDetails(review, pages.render), Thresholds(review)
    searching = Searching(review, pages.page_of)
    routes = [
        Route("/", pages.answer(pages.tags)),
        Route("/favicon.ico", _nothing),
        Route("/static/{name}", pages.answer(pages.static)),
        Route("/thumb/{hash_id}", pages.answer(pages.thumbnail)),
        Route("/picture/{hash_id}", pages.answer(pages.whole)),
        Route("/frames", pages.answer(details.frames)),
        Route("/repeats", pages.answer(details.repeats), methods=["POST"]),
        Route("/said", pages.answer(details.tags)),
        Route("/tag/{tag}/thresholds", pages.answer(thresholds.figures)),
        Route("/tag/{tag}/threshold", pages.answer(thresholds.keep), methods=["POST"]),
        Route("/tag/{tag}/alike", pages.answer(details.alike), methods=["POST"]),
        Route("/tag/{tag}/pinned", pages.answer(details.pinned), methods=["POST"]),
        Route("/why/{hash_id}", pages.answer(pages.why)),
        Route("/image/{hash_id}", pages.answer(pages.image)),
        Route("/history", pages.answer(pages.history)),
        Route("/search", pages.answer(searching.search)),
        Route("/search/begin", pages.answer(searching.begin)),
        Route("/search/tag", pages.answer(searching.give), methods=["POST"]),
        Route("/training", pages.answer(pages.training)),
        Route("/training", pages.answer(pages.train), methods=["POST"]),
        Route("/undo", pages.answer(pages.undo), methods=["POST"]),
        Route("/redo", pages.answer(pages.redo), methods=["POST"]),
        Route("/tags", pages.answer(pages.make_tag), methods=["POST"]),
        Route("/tag/{tag}", pages.answer(pages.tag)),
        Route("/tag/{tag}/one", pages.answer(pages.one)),
        Route("/tag/{tag}/page", pages.answer(pages.page)),
        Route("/tag/{tag}/strip", pages.answer(pages.strip)),
        Route("/tag/{tag}/soon", pages.answer(pages.soon), methods=["POST"]),
        Route("/tag/{tag}/verdicts", pages.answer(pages.judge), methods=["POST"]),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # an address is one of these, or none
    return app


Handler = Callable[[Request, Mapping[str, Any]], Response]


class _Pages:
    """Answers requests about one review; handlers run on threads."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self._answers: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._keeping = threading.Lock()  # held while a page is kept: one that is sent twice at once is kept once

    def answer(self, handler: Handler) -> Callable[[Request], Any]:
        """Return what answers a request by a handler; errors that are for people become one line."""

        @wraps(handler)
        async def answer(request: Request) -> Response:
            if why := "" if handler == self.static else self._review.why_not_open():
                return self._refuse(request, why, 503)
            try:
                form = await read_form(request) if request.method == "POST" else {}
                return await run_in_threadpool(handler, request, form)
            except (InputError, FormError) as error:
                return self._refuse(request, str(error), 404 if isinstance(error, InputError) else 400)
            except OutputError as error:
                return self._refuse(request, str(error), 409)
            except ImageTaggingError as error:
                log.warning("%s", error)
                return self._refuse(request, str(error), 500)

        return answer

    def _refuse(self, request: Request, sentence: str, status: int) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return self.page_of("waiting.html" if status == 503 else "problem.html", status=status, sentence=sentence)
        return JSONResponse({"problem": sentence}, status, _NO_STORE)

    def page_of(self, template: str, status: int = 200, **given: Any) -> Response:
        return HTMLResponse(self.render(template, **given), status, _NO_STORE)

    def render(self, template: str, **given: Any) -> str:
        """Return HTML of a template."""
        return rendered(template, review=self._review, **given)

    def _grid(self, **given: Any) -> str:
        return self.render("grid.html", **given)

    # Pages

    def tags(self, request: Request, form: Mapping[str, Any]) -> Response:
        return self.page_of("tags.html", rows=self._review.tags())

    def tag(self, request: Request, form: Mapping[str, Any]) -> Response:
        return self._tag_page(request, "tag.html", parts=(), other=("one",), other_name="one at a time")

    def one(self, request: Request, form: Mapping[str, Any]) -> Response:
        return self._tag_page(request, "one.html", parts=("one",), other=(), other_name="as a grid")

    def _tag_page(self, request: Request, template: str, **given: Any) -> Response:
        tag, mode = _tag_of(request), request.query_params.get("mode", "next")
        if begun := request.query_params.get("words", ""):
            self._review.begin(tag, begun)
        page = self._review.page(tag, mode, request.query_params.get("after", ""))
        return self.page_of(template, tag=tag, page=page, rows=self._review.tags(), **given)

    def page(self, request: Request, form: Mapping[str, Any]) -> Response:
        mode, after = request.query_params.get("mode", "next"), request.query_params.get("after", "")
        return JSONResponse({"page": self._grid(page=self._review.page(_tag_of(request), mode, after))}, 200, _NO_STORE)

    def strip(self, request: Request, form: Mapping[str, Any]) -> Response:
        return self.page_of("strip.html", strip=self._review.strip(_tag_of(request)))

    def soon(self, request: Request, form: Mapping[str, Any]) -> Response:
        given = judged_of(form)
        soon = self._review.soon(_tag_of(request), given.mode, given.judged, given.after)
        return JSONResponse({"soon": soon}, 200, _NO_STORE)

    def image(self, request: Request, form: Mapping[str, Any]) -> Response:
        hash_id = request.path_params["hash_id"]
        picture = self._review.picture(hash_id)
        near, said = self._review.neighbours(hash_id), self._review.verdicts_of(hash_id)
        given: dict[str, Any] = {"scores": picture_scores(self._review, hash_id), "rows": self._review.tags()}
        return self.page_of("image.html", picture=picture, near=near, said=said, **given)

    def history(self, request: Request, form: Mapping[str, Any]) -> Response:
        verdicts = self._review.history(_HISTORY, request.query_params.get("before", ""))
        return self.page_of("history.html", verdicts=verdicts, is_more=len(verdicts) == _HISTORY)

    def static(self, request: Request, form: Mapping[str, Any]) -> Response:
        return static_file(request.path_params["name"])

    # Pictures

    def thumbnail(self, request: Request, form: Mapping[str, Any]) -> Response:
        return _picture(self._review.draw(request.path_params["hash_id"]))

    def whole(self, request: Request, form: Mapping[str, Any]) -> Response:
        return _picture(self._review.draw(request.path_params["hash_id"], 2048))

    def why(self, request: Request, form: Mapping[str, Any]) -> Response:
        return JSONResponse({"why": self._review.draw(request.path_params["hash_id"]).why}, 200, _NO_STORE)

    # What a person does

    def judge(self, request: Request, form: Mapping[str, Any]) -> Response:
        tag = _tag_of(request)
        given = judged_of(form)
        with self._keeping:
            if given.nonce not in self._answers:
                said = self._review.judge(tag, given.mode, given.judged, given.model)
                self._answers[given.nonce] = {"said": said}
                while len(self._answers) > _MOST_ANSWERS:
                    self._answers.popitem(last=False)
            answer = dict(self._answers[given.nonce])
        if given.wants_page:
            answer["page"] = self._grid(page=self._review.page(tag, given.mode, given.after))
        return JSONResponse(answer, 200, _NO_STORE)

    def undo(self, request: Request, form: Mapping[str, Any]) -> Response:
        batch = form.get("batch")
        said, page = self._review.undo(batch if isinstance(batch, int) and not isinstance(batch, bool) else None)
        answer: dict[str, Any] = {"said": said}
        if page is not None:
            answer.update(page=self._grid(page=page), tag=page.tag, address=words.tag_address(page.tag))
        return JSONResponse(answer, 200, _NO_STORE)

    def redo(self, request: Request, form: Mapping[str, Any]) -> Response:
        batch = form.get("batch")
        said, tag = self._review.redo(batch if isinstance(batch, int) and not isinstance(batch, bool) else None)
        return JSONResponse({"said": said, "tag": tag}, 200, _NO_STORE)

    def make_tag(self, request: Request, form: Mapping[str, Any]) -> Response:
        tag, hash_id = form.get("tag"), form.get("hash")
        if not isinstance(tag, str) or not isinstance(hash_id, str):
            raise FormError("a tag and a picture are needed.")
        return JSONResponse({"address": words.tag_address(self._review.make_tag(tag, hash_id))}, 200, _NO_STORE)

    def train(self, request: Request, form: Mapping[str, Any]) -> Response:
        self._review.retrain()
        return self.training(request, form)

    def training(self, request: Request, form: Mapping[str, Any]) -> Response:
        state = self._review.retraining.state
        return JSONResponse({"state": state.state, "said": state.said, "share": state.share}, 200, _NO_STORE)


async def _nothing(request: Request) -> Response:
    return Response(status_code=204)


def _tag_of(request: Request) -> str:
    return words.from_address(request.path_params["tag"])


def _picture(drawn: Any) -> Response:
    if drawn.why:
        return JSONResponse({"problem": drawn.why}, 404, _NO_STORE)
    return Response(drawn.data, 200, {"cache-control": "private, max-age=86400"}, drawn.media_type)
