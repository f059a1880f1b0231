"""Buckets for tests: moto's S3 server in a process of its own, and a server in front of it that fails as it is told."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, NamedTuple

import pytest

from image_tagging.storage import objects, remote

#: The connections of each environment: opening them takes a second.
_OPEN: dict[object, dict] = {}

#: What tests of buckets need; they skip without it.
NEEDED = ("s3fs", "boto3", "moto", "flask")


class Bucket(NamedTuple):
    """A bucket: its name, and a client of boto3 for what tests do to it themselves."""

    name: str
    client: object
    port: int

    @property
    def url(self) -> str:
        return f"s3://{self.name}"

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def list_keys(self) -> list[str]:
        found = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [each["Key"] for page in found for each in page.get("Contents", ())]

    def put_folder(self, folder: Path, prefix: str) -> None:
        """Put up the files below a folder, as ``aws s3 cp --recursive`` does."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())


@contextmanager
def s3_server():
    """Give the port of a server of S3 in a process of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # to find a port that is free
    port = server.server_address[1]
    server.server_close()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
                connection.request("GET", "/moto-api/")
                connection.getresponse()
                connection.close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise AssertionError("moto's server did not start")
        yield port
    finally:
        process.kill()
        process.wait()


def new_bucket(port: int) -> Bucket:
    """Make a bucket under a name that no other test has."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    return Bucket(name, client, port)


def use_endpoint(monkeypatch: pytest.MonkeyPatch, port: int, **more: str) -> None:
    """Have the program find S3 at a port of this machine, with credentials as a user has them."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
        monkeypatch.delenv(name)
    values = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **more,
    }
    for name, value in values.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(remote, "_OPEN", _OPEN.setdefault(tuple(values.items()), {}))


def wait_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have requests sent again at once."""
    monkeypatch.setattr(objects, "WAITS", (0.001,) * len(objects.WAITS))


class Answer(NamedTuple):
    """What the failing server sends in place of the real answer; ``cut`` ends the connection after so many bytes."""

    status: int = 200
    body: bytes = b""
    cut: int = -1


#: Decides on a request (method, path) whether it fails: with ``cut`` the real answer is cut, ``None`` lets it pass.
Plan = Callable[[str, str], "Answer | None"]


class FailingServer:
    """A server in front of another on this machine; it notes each request, and fails as ``plan`` says."""

    def __init__(self, port: int) -> None:
        self.requests: list[tuple[str, str]] = []
        self.sent = 0  # bytes of content
        self.plan: Plan = lambda method, path: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((self.command, self.path))
                fault = outer.plan(self.command, self.path)
                if fault is not None and fault.cut < 0:
                    self.send(fault.status, {}, fault.body)
                    return
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request(self.command, self.path, body, dict(self.headers))
                real = connection.getresponse()
                data = real.read()
                connection.close()
                self.send(real.status, dict(real.headers), data, cut=-1 if fault is None else fault.cut)

            def send(self, status: int, headers: dict, data: bytes, cut: int = -1) -> None:
                self.send_response(status)
                size = headers.pop("Content-Length", headers.pop("content-length", len(data)))
                for name, value in headers.items():
                    if name.lower() not in {"transfer-encoding", "connection", "date", "server"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(size))
                self.end_headers()
                if self.command != "HEAD":
                    try:
                        self.wfile.write(data if cut < 0 else data[:cut])
                    except OSError:  # the program has closed the connection
                        return
                    outer.sent += len(data)
                if cut >= 0:
                    self.close_connection = True

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def fail_first(self, count: int, answer: Answer, method: str = "GET", part: str = "") -> None:
        """Fail the first requests of a method whose path has this part."""
        left = deque([answer] * count)
        self.plan = lambda asked, path: left.popleft() if left and asked == method and part in path else None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


SLOW_DOWN = Answer(503, b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
DENIED = Answer(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
BROKEN = Answer(500, b"<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>")
