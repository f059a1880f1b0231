"""Google's buckets, by gcsfs and a small server of the JSON API: versions are generations, keys stay what they are."""

import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from buckets import wait_less
from image_tagging.errors import StorageError
from image_tagging.records import FoundImage
from image_tagging.sources import SourceReader, find_images
from image_tagging.storage import object_info, read_object, read_part, remote, storage_at
from samples import png


class Google:
    """Objects of buckets, with their generations; ``failing`` are the statuses of the next answers."""

    def __init__(self):
        self.objects = {}
        self.generation = 1000
        self.failing = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.reply(*((outer.failing.pop(), {}) if outer.failing else outer.ask(self, body)))

            def reply(self, status, content):
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

            do_GET = do_POST = do_DELETE = answer  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def ask(self, request, body):
        """Return the status and the content of the answer to a request."""
        url = urllib.parse.urlsplit(request.path)
        asked = dict(urllib.parse.parse_qsl(url.query))
        key = re.fullmatch(r"(?:/upload|/download)?(?:/storage/v1)?/b/bucket/o(?:/(.*))?", url.path)[1]
        key = key and urllib.parse.unquote(key)
        if request.command == "POST":
            separator = body.split(b"\n", 1)[0].rstrip(b"\r")
            head, content = (re.split(rb"\r?\n\r?\n", part, maxsplit=1)[1] for part in body.split(separator)[1:3])
            return 200, self.put(json.loads(head)["name"], content[: -2 if content.endswith(b"\r\n") else -1])
        if key is None:
            names = sorted(name for name in self.objects if name.startswith(asked.get("prefix", "")))
            return 200, {"items": [self.described(name) for name in names]}
        if asked.get("generation", "") not in {"", str(self.objects.get(key, ("", 0))[1])} or key not in self.objects:
            return 404, {"error": {"code": 404, "message": "No such object"}}
        if request.command == "DELETE":
            del self.objects[key]
            return 204, b""
        if asked.get("alt") != "media":
            return 200, self.described(key)
        data = self.objects[key][0]
        part = re.match(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        return (206, data[int(part[1]) : int(part[2]) + 1 if part[2] else None]) if part else (200, data)

    def put(self, key, content):
        self.generation += 1
        self.objects[key] = (content, self.generation)
        return self.described(key)

    def described(self, key):
        data, generation = self.objects[key]
        times = dict.fromkeys(("updated", "timeCreated"), "2026-01-01T00:00:00.000Z")
        return {"name": key, "bucket": "bucket", "size": str(len(data)), "generation": str(generation), **times}

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def google(monkeypatch):
    pytest.importorskip("gcsfs")
    server = Google()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    monkeypatch.setattr(remote, "_OPEN", {})
    wait_less(monkeypatch)
    yield server
    server.close()


def test_files_are_written_listed_read_and_removed(google):
    storage = storage_at("gs://bucket/out")
    storage.write("shards/1", b"one")
    storage.write("_SUCCESS", b"yes")
    assert list(storage.names()) == ["_SUCCESS"]
    assert list(storage.names("shards")) == ["shards/1"]
    assert storage.read("shards/1") == b"one"
    storage.remove("_SUCCESS")
    storage.remove("_SUCCESS")
    assert list(google.objects) == ["out/shards/1"]


def test_an_object_of_another_generation_is_not_read(google):
    google.put("a", b"one")
    stamp = object_info("gs://bucket/a").stamp
    assert (read_object("gs://bucket/a", 9, stamp), read_part("gs://bucket/a", 1, 1, stamp)) == (b"one", b"n")
    google.put("a", b"two")
    for read in (lambda: read_object("gs://bucket/a", 9, stamp), lambda: read_part("gs://bucket/a", 0, 2, stamp)):
        with pytest.raises(StorageError) as caught:
            read()
        assert caught.value.code == "changed"


def test_pictures_are_found_and_read_by_their_keys(google):
    keys = ["photos/a b/1.png", "photos/a#1/2.png", "photos/p%2Fq/4.png", "photos/q?x/3.png", "photos/é/5.png"]
    for number, key in enumerate(keys):
        google.put(key, png(number))
    found = [item for item in find_images("gs://bucket/photos") if isinstance(item, FoundImage)]
    assert [item.ref.file for item in found] == [f"gs://bucket/{key}" for key in keys]
    assert [SourceReader().read(item.ref, item.stamp) for item in found] == [png(number) for number in range(5)]


def test_a_busy_server_is_asked_again(google):
    google.put("a", b"one")
    google.failing = [503]
    assert read_object("gs://bucket/a", 9) == b"one"
