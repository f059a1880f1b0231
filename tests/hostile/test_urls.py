"""Buckets and servers of strangers: odd keys, huge objects, wrong sizes; nothing leads to a file of this machine."""

import http.server
import json
import os
import threading
from contextlib import suppress

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.errors import InputError, NoImagesError, ReadError, StorageError
from image_tagging.records import FoundImage
from image_tagging.sources import SourceReader, find_images, may_be_opened
from image_tagging.sources.archives import ArchiveLimits
from image_tagging.storage import object_info, objects, read_object
from samples import png, zipped

ODD = (
    *("a//b/1.png", "a/../../b/2.png", "a/../b/3.png", "./4.png", "..", "a b/c%2Fd/5.png", "é/ü/6.png"),
    *("s3://other/7.png", "http://host/8.png", "file:///etc/passwd/9.png", "x?versionId=1/10.png", "#/11.png"),
    *(
        "*/12.png",
        "[a]/13.png",
        "~/14.png",
        "C:\\15.png",
        "\u202egnp.16.png",
        "a\tb/17.png",
        "zip://a::s3://b/18.png",
    ),
)


def test_odd_keys_are_pictures_like_others_and_no_file_here(bucket, tmp_path):
    for number, key in enumerate(ODD):
        bucket.put(f"photos/{key}", png(number))
    config = ProcessConfig(input_folder=f"{bucket.url}/photos", output=str(tmp_path / "out"), clip_model="builtin")
    summary = process_dataset(config)
    assert summary.embedding.failures == ()
    known = json.loads((tmp_path / "out" / "input-metadata.json").read_text())
    assert len(known) == len(ODD) - 1  # ".." is hidden, by its dot
    assert all(each["file_path"].startswith(f"{bucket.url}/photos/") for each in known.values())
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_a_key_that_ends_in_a_slash_and_has_content_is_said(bucket):
    bucket.put("photos/x.png/", png(1))
    bucket.put("photos/1.png", png(2))
    failed = [item for item in find_images(f"{bucket.url}/photos") if not isinstance(item, FoundImage)]
    assert [getattr(item, "code", "") for item in failed if hasattr(item, "code")] == ["odd-name"]


def test_metadata_of_a_stranger_lead_to_no_request(failing):
    url = f"http://127.0.0.1:{failing.port}/1.png"
    for address in (url, "s3://bucket/1.png", "gs://bucket/1.png", "memory://bucket/1.png", "file:///etc/passwd"):
        assert not may_be_opened(ImageRef(address))
        assert not may_be_opened(ImageRef(address, ("1.png",)))
    assert failing.requests == []


def test_an_archive_at_a_url_is_held_to_the_same_limits(bucket):
    bucket.put("bomb.zip", zipped({"big.png": bytes(64 << 20)}))
    reader = SourceReader(limits=ArchiveLimits(image_bytes=1 << 20))
    with pytest.raises(ReadError, match="more than") as caught:
        reader.read(ImageRef(f"{bucket.url}/bomb.zip", ("big.png",)))
    assert caught.value.code == "too-large"
    reader.close()


@pytest.mark.parametrize(
    "root", ["file:///etc", "s3::file:///etc", "zip://x.zip::file:///etc", "local://etc", "s3:///etc"]
)
def test_no_url_is_a_way_to_a_file_here(root):
    with pytest.raises(InputError):
        find_images(root)
    with pytest.raises(InputError):
        read_object(root, 100)


class Web:
    """A server of the web whose answers a test decides on."""

    def __init__(self):
        self.asked = []
        self.answer = lambda handler: handler.send_error(404)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.command, self.path, dict(self.headers)))
                with suppress(OSError):  # the program hung up
                    outer.answer(self)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve(self, files, *, ranges=True, head=True):
        """Serve these files, by their paths."""

        def answer(handler):
            if handler.command == "HEAD" and not head:
                handler.send_error(405)
                return
            data = files.get(handler.path)
            if data is None:
                handler.send_error(404)
                return
            wanted = handler.headers.get("Range")
            if wanted and ranges:
                first, last = map(int, wanted.removeprefix("bytes=").split("-"))
                handler.send_response(206)
                handler.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
                part = data[first : last + 1]
            else:
                handler.send_response(200)
                part = data
            handler.send_header("Content-Length", str(len(part)))
            handler.send_header("ETag", f'"{hash(data)}"')
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(part)

        self.answer = answer

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def web(monkeypatch):
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(objects, "WAITS", (0.001,) * 3)
    server = Web()
    yield server
    server.close()


def test_an_image_and_an_archive_of_the_web_are_sources(web):
    web.serve({"/1.png?size=2": png(1), "/a%20b.zip": zipped({"x/2.png": png(2)})})
    (found,) = find_images(f"{web.url}/1.png?size=2")
    assert (found.ref.name, found.ref.suffix) == ("1.png", ".png")
    reader = SourceReader()
    assert reader.read(found.ref, found.stamp) == png(1)
    images = [item for item in find_images(f"{web.url}/a%20b.zip") if isinstance(item, FoundImage)]
    assert [reader.read(item.ref) for item in images] == [png(2)]
    reader.close()


def test_a_server_without_head_or_parts_is_enough_for_images(web):
    web.serve({"/1.png": png(1), "/a.zip": zipped({"2.png": png(2)})}, ranges=False, head=False)
    (found,) = find_images(f"{web.url}/1.png")
    assert SourceReader().read(found.ref, found.stamp) == png(1)
    with pytest.raises(ReadError, match="download the archive"):
        SourceReader().read(ImageRef(f"{web.url}/a.zip", ("2.png",)))


def test_an_image_of_the_web_that_changed_is_a_failure(web):
    web.serve({"/1.png": png(1)})
    (found,) = find_images(f"{web.url}/1.png")
    web.serve({"/1.png": png(2)})
    with pytest.raises(ReadError) as caught:
        SourceReader().read(found.ref, found.stamp)
    assert caught.value.code == "changed"


def test_a_folder_of_the_web_is_refused_in_words(web):
    web.serve({"/": b"a page"})
    for url in (f"{web.url}/", f"{web.url}/none/"):
        with pytest.raises(InputError):
            list(find_images(url))


def test_a_body_without_end_is_cut_at_the_limit(web):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(1 << 16))

    web.answer = endless
    with pytest.raises(StorageError) as caught:
        read_object(f"{web.url}/1.png", 1 << 20)
    assert caught.value.code == "too-large"


def test_a_redirect_leads_to_no_file_here(web):
    def redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", "file:///etc/passwd")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    web.answer = redirect
    with pytest.raises(StorageError):
        read_object(f"{web.url}/1.png", 1 << 20)
    with pytest.raises(StorageError):
        object_info(f"{web.url}/1.png")


@pytest.mark.parametrize(
    ("status", "code"), [(404, "missing"), (403, "no-permission"), (401, "no-permission"), (418, "unreadable")]
)
def test_what_a_server_refuses_is_a_reason(web, status, code):
    web.answer = lambda handler: handler.send_error(status)
    with pytest.raises(StorageError) as caught:
        read_object(f"{web.url}/1.png", 1 << 20)
    assert caught.value.code == code
    assert len(web.asked) == 1


def test_a_busy_server_is_asked_again(web):
    answers = iter((503, 429, 500))

    def busy(handler):
        status = next(answers, None)
        if status:
            handler.send_error(status)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", "3")
        handler.end_headers()
        handler.wfile.write(b"all")

    web.answer = busy
    assert read_object(f"{web.url}/1.png", 1 << 20) == b"all"


def test_a_body_shorter_than_stated_is_no_image(web):
    def short(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"short")

    web.answer = short
    with pytest.raises(StorageError) as caught:
        read_object(f"{web.url}/1.png", 1 << 20)
    assert caught.value.code == "unreachable"


def test_credentials_of_a_bucket_are_not_sent_to_the_web(web, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "secret-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-word")
    web.serve({"/1.png": png(1)})
    read_object(f"{web.url}/1.png", 1 << 20)
    assert "secret" not in str(web.asked)


def test_an_input_without_an_image_in_a_bucket_is_said(bucket, tmp_path):
    bucket.put("photos/notes.txt", b"words")
    with pytest.raises(NoImagesError, match="no image was found"):
        process_dataset(ProcessConfig(input_folder=f"{bucket.url}/photos", output=str(tmp_path / "out")))
    assert os.listdir(tmp_path) == ["out"]
