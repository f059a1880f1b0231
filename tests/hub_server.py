"""A hub on this machine: a few files of repositories over HTTP, with the headers that the hub's client needs."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class HubServer(ThreadingHTTPServer):
    """``files`` are the bytes by ``owner/name/file``; ``asked`` has each request.

    ``breaks_at`` are numbers of bytes after which the next answers end too early; ``wrong`` files have the digest of
    other content.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.breaks_at: list[int] = []
        self.wrong: set[str] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """Say nothing of connections that a test breaks."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def _answer(self, with_content: bool) -> None:
        name = self.path.lstrip("/").replace("/resolve/main/", "/").replace(f"/resolve/{_COMMIT}/", "/")
        wanted = self.headers.get("Range")
        self.server.asked.append(f"{self.command} {name}" + (f" {wanted}" if wanted else ""))
        if name not in self.server.files:
            of_repository = any(file.startswith(f"{name}/") for file in self.server.files)
            self.send_response(200 if of_repository else 404)
            self.send_header("Content-Length", "0")
            if not of_repository:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            return
        content = self.server.files[name]
        begin = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        said = b"other content" if name in self.server.wrong else content
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        if wanted:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", f'"{hashlib.sha256(said).hexdigest()}"')
        self.send_header("X-Repo-Commit", _COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if with_content:
            breaks_at = self.server.breaks_at.pop(0) if self.server.breaks_at else len(content)
            self.wfile.write(content[begin : begin + breaks_at])
            self.close_connection = breaks_at < len(content) - begin


_COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def local_hub(monkeypatch: pytest.MonkeyPatch, cache: str) -> Iterator[HubServer]:
    """Let the hub's client know no other hub than one here, with an empty cache in the folder ``cache``."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="the hub's client is not installed")
    file_download = pytest.importorskip("huggingface_hub.file_download")
    with HubServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setattr("urllib.request.getproxies", dict)
        for name in "HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy".split():
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", cache)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        template = f"{server.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        for module in (constants, file_download):  # the client's first versions have it in both
            monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
        yield server
        server.shutdown()
