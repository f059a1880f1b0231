"""The review app as a browser meets it: behind its checks, on an output folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
PROGRAM = "import sys; from image_tagging.__main__ import main; sys.exit(main())"
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


@pytest.fixture
def app(output):
    """``app(*flags)`` starts the program on the output folder and returns it and the address that it prints."""
    for name in ("uvicorn", "starlette", "jinja2"):
        pytest.importorskip(name, reason="the extra review is not installed")
    running = []

    def start(*flags):
        command = [sys.executable, "-c", PROGRAM, "review", str(output), *flags]
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"}
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, encoding="utf-8"))
        for line in running[-1].stdout:
            if found := re.search(r"http://\S+", line):
                return running[-1], found[0]
        raise AssertionError("the program ended before it printed an address")

    yield start
    for process in running:
        process.kill()
        process.communicate(timeout=60)


@pytest.fixture
def page(chromium):
    context = chromium.new_context()
    opened = context.new_page()
    problems = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    context.close()
    assert problems == []
