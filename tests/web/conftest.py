"""The review app as a browser meets it: behind its checks, on an output folder of its own."""

from __future__ import annotations

import warnings

import pytest

PORT = 8765
TOKEN = "t" * 43
COOKIE = "image-tagging-review-8765"


@pytest.fixture
def guarded(review):
    """The app behind the checks; skips, and says so, without the extra."""
    pytest.importorskip("starlette", reason="the extra review is not installed")
    pytest.importorskip("jinja2", reason="the extra review is not installed")
    from image_tagging.web.access import Guarded, allowed_hosts
    from image_tagging.web.app import review_app

    return Guarded(review_app(review), allowed_hosts(PORT), TOKEN, COOKIE)


@pytest.fixture
def client(guarded):
    """``client(**headers)`` is a browser at our address that sends these headers too."""
    pytest.importorskip("httpx", reason="httpx, the client for tests, is not installed")
    with warnings.catch_warnings():  # later versions would rather have another package, which is none for Python 3.9
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient

    def new(with_cookie=True, base="http://127.0.0.1:8765", **headers):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if with_cookie:
            given.setdefault("cookie", f"{COOKIE}={TOKEN}")
        return TestClient(guarded, base_url=base, headers=given, follow_redirects=False)

    return new


@pytest.fixture
def browser(client):
    """A browser with the cookie, on a page of ours."""
    return client(sec_fetch_site="same-origin")
