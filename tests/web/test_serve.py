"""Starting the app: what is in the way is told in one line before anything is done."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from image_tagging.errors import InputError, LibraryMissingError
from image_tagging.web import ReviewConfig, serve_review


def test_without_the_extra_the_command_says_what_to_install(monkeypatch, output):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.setitem(sys.modules, "starlette", None)
    with pytest.raises(LibraryMissingError, match=r"pip install 'image-tagging-tools\[review\]'"):
        serve_review(ReviewConfig(output=str(output)))


@pytest.fixture
def extra():
    for name in ("uvicorn", "starlette", "jinja2"):
        pytest.importorskip(name, reason="the extra review is not installed")


def test_a_port_in_use_is_one_line(extra, output):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}.*--port 0") as raised:
            serve_review(ReviewConfig(output=str(output), port=port))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_other_machines_are_let_in_only_by_a_name(extra, output, host):
    with pytest.raises(InputError, match="--allow-host"):
        serve_review(ReviewConfig(output=str(output), host=host, port=0))


def test_an_address_of_another_machine_is_one_line(extra, output):
    with pytest.raises(InputError, match=r"192\.0\.2\.7"):
        serve_review(ReviewConfig(output=str(output), host="192.0.2.7", allow_host=["nas"], port=0))


def test_it_answers_at_the_address_that_it_prints_and_listens_nowhere_else(extra, output, monkeypatch):
    import uvicorn

    said, servers = [], []
    started = threading.Event()

    class Noted(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            servers.append((self, sockets))
            started.set()

    monkeypatch.setattr(uvicorn, "Server", Noted)
    config = ReviewConfig(output=str(output), port=0, read_only=True)
    running = threading.Thread(target=serve_review, args=(config, said.append))
    running.start()
    try:
        assert started.wait(60)
        address = next(word for line in said for word in line.split() if word.startswith("http://127.0.0.1:"))
        assert [each.getsockname()[0] for each in servers[0][1]] == ["127.0.0.1"]
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address, timeout=30) as answer:
            assert "tiles" in answer.read().decode()
            assert "server" not in answer.headers
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address.split("?")[0], timeout=30)
        assert any("Read-only" in line for line in said)
    finally:
        for server, _ in servers:
            server.should_exit = True
        running.join(60)
    assert not running.is_alive()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that is Ctrl-C for one process")
def test_ctrl_c_is_how_it_ends(extra, output):
    command = [sys.executable, "-m", "image_tagging", "review", str(output), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            while "Open http" not in (line := process.stdout.readline()):
                assert line, "it ended before it served"
            with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(line.split()[1], timeout=30):
                process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=60)[0].endswith("Ended. What was judged is kept.\n")
        finally:
            process.kill()
    assert process.returncode == 0


_INTERRUPTED_AT_ONCE = """
import signal, sys
from image_tagging.web import ReviewConfig, serve_review

class Freed:
    def __del__(self):  # Python prints what is raised here, and goes on
        signal.raise_signal(signal.SIGINT)

def say(sentence):
    print(sentence)
    if "Open http" in sentence:
        Freed()

signal.signal(signal.SIGINT, signal.default_int_handler)
serve_review(ReviewConfig(output=sys.argv[1], port=0), say)
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("Ctrl-C is what it was before.")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that is Ctrl-C for one process")
def test_ctrl_c_before_the_server_runs_ends_it_even_where_an_exception_would_be_lost(extra, output):
    command = [sys.executable, "-c", _INTERRUPTED_AT_ONCE, str(output)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert ended.stdout.splitlines()[-2:] == ["Ended. What was judged is kept.", "Ctrl-C is what it was before."]
    assert ended.stderr == ""
