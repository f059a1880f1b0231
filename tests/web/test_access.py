"""Who may ask what: other sites, other names of this machine, and whoever lacks the secret of the run get nothing."""

from __future__ import annotations

import re

import pytest

from web.conftest import COOKIE, TOKEN

#: Where something is changed.
CHANGES = [
    "/undo",
    "/redo",
    "/training",
    "/tags",
    *(f"/tag/tiles/{what}" for what in ("verdicts", "pinned", "alike", "threshold")),
]
ADDRESSES = ["/", "/history", "/tag/tiles", "/tag/tiles/one", "/tag/tiles/page", "/static/review.js", "/training"]


def a_hash(review):
    return review.page("tiles", "all").cells[0].hash_id


# The name that the server is called by (DNS rebinding) --------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8765.evil.example",
        "localhost",
        "[::1]",
        "[::2]:8765",
        "0.0.0.0:8765",
        "",
        "127.0.0.1:8765, evil",
        "::1:8765",
        "user@127.0.0.1:8765",
        "LOCALHOST:87650",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_host_is_refused_before_anything_else(client, host, method):
    answer = client(sec_fetch_site="same-origin").request(method, f"/?token={TOKEN}", headers={"host": host})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "tiles" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LocalHost:8765"])
def test_our_own_names_are_answered(client, host):
    assert client().get("/", headers={"host": host}).status_code == 200


def test_two_hosts_at_once_are_refused(client):
    from image_tagging.web.access import _Headers

    assert _Headers([(b"host", b"127.0.0.1:8765"), (b"host", b"evil.example")]).one("host") == ""


def test_further_names_and_ipv6_are_as_browsers_write_them():
    from image_tagging.web.access import allowed_hosts

    assert {"nas.local:9000", "[fe80::1]:9000"} < allowed_hosts(9000, ["NAS.local", "fe80::1"])
    assert {"127.0.0.1", "[::1]", "127.0.0.1:80"} < allowed_hosts(80)


# The secret of the run ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_given_without_the_cookie(client, address):
    for cookie in ("", f"{COOKIE}=", f"{COOKIE}={TOKEN}x", f"other={TOKEN}", f"{COOKIE}={'u' * 43}"):
        answer = client(with_cookie=False, cookie=cookie).get(address)
        assert answer.status_code == 403, cookie
        assert "started again" in answer.text
        assert "tiles" not in answer.text


def test_pictures_need_the_cookie_too(client, review):
    assert client(with_cookie=False).get(f"/thumb/{a_hash(review)}").status_code == 403
    assert client().get(f"/thumb/{a_hash(review)}").status_code == 200


def test_the_token_leaves_the_address_for_a_cookie_that_scripts_and_other_sites_do_not_get(client):
    answer = client(with_cookie=False).get(f"/tag/tiles?mode=all&token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/tag/tiles?mode=all"
    name, *attributes = re.split(r"; ?", answer.headers["set-cookie"])
    assert name == f"{COOKIE}={TOKEN}"
    assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Strict"}


@pytest.mark.parametrize("query", ["token=wrong", "token=", f"token={TOKEN}&token={TOKEN}", f"token={TOKEN}%00"])
def test_a_wrong_token_gives_no_cookie(client, query):
    answer = client(with_cookie=False).get(f"/?{query}")
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "///evil.example"])
def test_the_redirect_never_leads_to_another_machine(guarded, path):
    from image_tagging.web.access import Guarded

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": f"token={TOKEN}".encode(),
        "headers": [(b"host", b"127.0.0.1:8765")],
    }
    sent = []

    async def send(message):
        sent.append(message)

    assert isinstance(guarded, Guarded)
    with pytest.raises(StopIteration):
        guarded(scope, None, send).send(None)
    location = dict(sent[0]["headers"])[b"location"]
    assert re.match(rb"/[^/\\]|/$", location)


def test_tokens_are_of_128_bits_or_more_and_differ():
    from image_tagging.web.access import new_token

    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43  # 6 bits a character


# Changes come from pages of ours ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:8765"},
        {"origin": "http://127.0.0.1:8766"},
        {"origin": "http://localhost:8765"},
        {"sec_fetch_site": "cross-site", "origin": "http://127.0.0.1:8765"},
    ],
)
@pytest.mark.parametrize("address", CHANGES)
def test_a_change_from_elsewhere_is_refused(client, review, headers, address):
    assert client(**headers).post(address, json={}).status_code == 403
    assert review.history(1) == []
    assert review.retraining.state.state == "idle"


@pytest.mark.parametrize("headers", [{"sec_fetch_site": "same-origin"}, {"origin": "http://127.0.0.1:8765"}])
def test_a_change_from_a_page_of_ours_is_made(client, review, headers):
    answer = client(**headers).post("/tags", json={"tag": "new", "hash": a_hash(review)})
    assert answer.json() == {"address": "/tag/new"}


def test_a_change_needs_the_cookie_too(client):
    assert client(with_cookie=False, sec_fetch_site="same-origin").post("/undo", json={}).status_code == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client, method):
    answer = client(sec_fetch_site="same-origin").request(method, "/undo")
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_reading_never_changes_anything(client):
    for address in CHANGES:
        if address == "/training":
            continue  # reading it says how far it is
        assert client().get(address).status_code == 405


@pytest.mark.parametrize("length", [64 * 1024 + 1, 10_000_000])
def test_a_large_body_is_refused_whatever_its_header_says(browser, length):
    assert browser.post("/undo", content=b" " * length, headers={"content-type": "application/json"}).status_code == 413

    def pieces():
        yield from (b" " * 1024 for _ in range(length // 1024 + 1))

    assert browser.post("/undo", content=pieces(), headers={"content-type": "application/json"}).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_of_another_site_could_send_is_refused(browser, kind):
    assert browser.post("/undo", content=b"{}", headers={"content-type": kind}).status_code == 400


# What every answer says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*ADDRESSES, "/nowhere", "/thumb/nothing", "/tag/tiles?mode=sideways"])
@pytest.mark.parametrize("with_cookie", [True, False])
def test_every_answer_keeps_the_page_to_itself(client, address, with_cookie):
    headers = client(with_cookie=with_cookie).get(address).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("address", ["/", "/tag/tiles", "/tag/tiles/one", "/history", "/tag/tiles/strip"])
def test_pages_hold_no_script_and_no_style_of_their_own(browser, address):
    text = browser.get(address).text
    assert not re.search(
        r"<script(?! type=\"module\" src=\"/static/)|<style|\sstyle=|\son[a-z]+=|javascript:|https?://", text
    )
