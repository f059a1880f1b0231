"""The slider of the threshold: precision and recall at each of its places, and the place that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..pipeline import Review, keep_threshold, threshold_figures
from ..reports import interval_bar
from .given import FormError
from .words import between, from_address

_NO_STORE = {"cache-control": "no-store"}


class Thresholds:
    """Answers requests about thresholds of a tag."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def figures(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Answer the figures at every place of the slider at once."""
        figures = [
            {"threshold": threshold, "shown": each.shown, **_words(precision=each.precision, recall=each.recall)}
            for threshold, each in threshold_figures(self._review, from_address(request.path_params["tag"]))
        ]
        return JSONResponse({"figures": figures}, 200, _NO_STORE)

    def keep(self, request: Request, form: Mapping[str, Any]) -> Response:
        """Keep a threshold for the models of the tag."""
        threshold = form.get("threshold")
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not 0 < threshold < 1:
            raise FormError("a threshold is a number between 0 and 1.")
        kept = keep_threshold(self._review, from_address(request.path_params["tag"]), float(threshold))
        return JSONResponse({"said": kept.said, "command": kept.command}, 200, _NO_STORE)


def _words(**intervals: Any) -> dict[str, Any]:
    """Return intervals as the page draws them: the median, from where to where, and the bar."""
    return {
        name: [f"{each.median:.2f}", between(each), interval_bar(each.median, each.low, each.high)]
        for name, each in intervals.items()
    }
