"""Who may ask what: decided before a request reaches any address of the app.

A page of the web that a person has open can send requests to this machine, and make a name of its own mean 127.0.0.1
(DNS rebinding). So the ``Host`` must be ours, everything needs the cookie of this run, and a change needs to come from
a page of ours. See ``docs/security.md``.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Optional
from urllib.parse import parse_qsl, urlencode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Bytes of the body of a request, at most.
MOST_BODY = 64 * 1024

_TOKEN = "token"  # noqa: S105  the name of a parameter

#: What every answer says to the browser.
HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]

_STARTED_AGAIN = (
    "This page needs the address that image-tagging review printed when it started. If it was started again, open the "
    "new address, then reload this page, or press Enter here again: what is marked on it is still there."
)
_FOREIGN_HOST = "This server does not answer to that name."
_FOREIGN_PAGE = "Changes are taken from pages of this app alone."
_TOO_LARGE = "The request is too large."
_METHOD = "This server takes GET, HEAD and POST alone."


def allowed_hosts(port: int, names: Iterable[str] = ()) -> frozenset[str]:
    """Return the values of ``Host`` that are ours: this machine, and further names, at a port."""
    every = ["127.0.0.1", "localhost", "[::1]", *(_bracketed(name.strip().lower()) for name in names)]
    return frozenset(f"{name}:{port}" for name in every) | (frozenset(every) if port == 80 else frozenset())


def new_token() -> str:
    """Return the secret of one run, of 256 bits."""
    return secrets.token_urlsafe(32)


class Guarded:
    """An app behind the checks: ``hosts`` are ours, ``token`` is the secret of this run, ``cookie`` its name."""

    def __init__(self, app: App, hosts: frozenset[str], token: str, cookie: str) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            return  # no WebSocket; uvicorn closes what is not accepted
        send = _with_headers(send)
        headers = _Headers(scope["headers"])
        refusal = self._refusal(scope, headers)
        if refusal is None:
            body = await _body(receive) if scope["method"] == "POST" else b""
            if body is None:
                await _Answer(413, _TOO_LARGE)(send, wants_page=False)
            else:
                await self._app(scope, _replayed(body, receive), send)
        else:
            await refusal(send, wants_page=scope["method"] in {"GET", "HEAD"} and headers.wants_page)

    def _refusal(self, scope: Scope, headers: _Headers) -> Optional[_Answer]:
        host = headers.one("host").lower()
        if host not in self._hosts:
            return _Answer(403, _FOREIGN_HOST)
        if scope["method"] not in {"GET", "HEAD", "POST"}:
            return _Answer(405, _METHOD)
        if scope["method"] != "POST" and (given := self._given_token(scope)) is not None:
            return given
        if not self._has_cookie(headers):
            return _Answer(403, _STARTED_AGAIN)
        return _refused_change(headers, host) if scope["method"] == "POST" else None

    def _given_token(self, scope: Scope) -> Optional[_Answer]:
        """Return the answer that takes the token out of the address and into the cookie, where it is the right one."""
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == _TOKEN]
        if not given:
            return None
        if len(given) != 1 or not _is_same(given[0], self._token):
            return _Answer(403, _STARTED_AGAIN)
        path = scope.get("raw_path") or scope["path"].encode()
        path = b"/" + path.decode("latin-1").split("?")[0].lstrip("/\\").encode("latin-1")  # no address of another host
        rest = urlencode([pair for pair in query if pair[0] != _TOKEN])
        cookie = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        location = path + (f"?{rest}".encode() if rest else b"")
        return _Answer(303, "", [(b"location", location), (b"set-cookie", cookie.encode())])

    def _has_cookie(self, headers: _Headers) -> bool:
        try:
            cookies = SimpleCookie("; ".join(headers.every("cookie")))
        except CookieError:
            return False
        return self._cookie in cookies and _is_same(cookies[self._cookie].value, self._token)


class _Headers:
    """The headers of a request."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs]

    def every(self, name: str) -> list[str]:
        return [value for each, value in self._pairs if each == name]

    def one(self, name: str) -> str:
        """Return the value of a header, empty where it is missing or there are several."""
        found = self.every(name)
        return found[0].strip() if len(found) == 1 else ""

    @property
    def wants_page(self) -> bool:
        return "text/html" in self.one("accept")


class _Answer:
    """An answer that needs no app: a status, a sentence, headers."""

    def __init__(self, status: int, sentence: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._status = status
        self._sentence = sentence
        self._headers = list(headers)

    async def __call__(self, send: Send, *, wants_page: bool) -> None:
        kind, body = b"text/plain; charset=utf-8", self._sentence.encode()
        if wants_page and self._sentence:
            kind = b"text/html; charset=utf-8"
            page = f'<!doctype html><html lang="en"><title>Image tagging</title><p>{self._sentence}</p></html>'
            body = page.encode()
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        headers.append((b"cache-control", b"no-store"))
        await send({"type": "http.response.start", "status": self._status, "headers": headers + self._headers})
        await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> Optional[bytes]:
    """Return the body of a request, ``None`` where it is too large, no matter what its header said."""
    parts, length = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        parts.append(part)
        length += len(part)
        if length > MOST_BODY:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was received, and then what comes after it."""
    is_given = False

    async def replayed() -> MutableMapping[str, Any]:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _with_headers(send: Send) -> Send:
    async def with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *HEADERS]}
        await send(message)

    return with_headers


def _refused_change(headers: _Headers, host: str) -> Optional[_Answer]:
    if not _is_of_ours(headers, host):
        return _Answer(403, _FOREIGN_PAGE)
    length = headers.one("content-length") or "0"
    if not length.isdigit() or int(length) > MOST_BODY:
        return _Answer(413, _TOO_LARGE)
    return None


def _is_of_ours(headers: _Headers, host: str) -> bool:
    """Return whether a page of this app sent a request: browsers say so, and pages cannot change what they say."""
    if site := headers.every("sec-fetch-site"):
        return site == ["same-origin"]
    return headers.one("origin").lower() == f"http://{host}"


def _is_same(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name
