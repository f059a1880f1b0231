"""The review as a web app on this machine: HTTP, templates, and a few modules for the browser; nothing else.

:func:`serve_review` runs it. :mod:`.access` decides who may ask what before anything else sees a request,
:mod:`.app` has the addresses, :mod:`.page_details` and :mod:`.thresholds` answer what a page asks for later, and
:mod:`.words` makes texts and addresses for the templates. What is shown, and what a verdict means, is
``pipeline.Review``. Starlette, uvicorn and Jinja2 are the extra ``review``.
"""

from __future__ import annotations

from .. import lazy_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .config import ReviewConfig
    from .serve import serve_review

__all__ = ["ReviewConfig", "serve_review"]

__getattr__ = lazy_names(__name__, config="ReviewConfig", serve="serve_review")
