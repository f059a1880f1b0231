"""A real browser for the tests of pages: Chromium without a window, driven as its own developer tools drive it."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any, Optional

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 60.0

#: The protocol is spoken on files 3 and 4.
START = """import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execvp(sys.argv[3], sys.argv[3:])"""


def find_browser() -> Optional[str]:
    """The command of a Chromium that is installed, ``None`` where there is none, or none that is driven by pipes."""
    if sys.platform == "win32":
        return None
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One tab. ``events`` are what it told of since it was last emptied: requests, errors, what pages log."""

    def __init__(self, command: str) -> None:
        import fcntl  # not on Windows

        self.events: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True) if _cleans_up() else None
        profile = self._profile.name if self._profile else tempfile.mkdtemp()
        reads, self._write = os.pipe()
        self._read, writes = os.pipe()
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (reads, writes)]

        self._process = subprocess.Popen(
            [
                sys.executable, "-c", START, *map(str, theirs),
                command, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--remote-debugging-pipe", f"--user-data-dir={profile}", "--hide-scrollbars", "about:blank",
            ],
            pass_fds=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for end in (reads, writes, *theirs):
            os.close(end)
        self._buffer = b""
        self._messages: deque[dict[str, Any]] = deque()
        self._session: Optional[str] = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)
        if self._profile:
            self._profile.cleanup()

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What it answers; AssertionError where it says that it cannot."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        for address in ("about:blank", url):  # a page opens anew even where only the fragment differs
            self._go(address)

    def _go(self, url: str) -> None:
        self.events.clear()
        self.ask("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        done = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def press(self, key: str) -> None:
        """Press and let go of a key."""
        typed = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        down = {"text": typed} if typed else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, **_codes(key), **down)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, **_codes(key))

    def look(self, width: int, height: int = 900, theme: str = "light", whole: bool = False) -> bytes:
        """A screenshot (PNG)."""
        self.size(width, height)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])

    def size(self, width: int, height: int = 900) -> None:
        """The size of the page in pixels of CSS; below 600 it is a phone."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for since the page was opened, but for what the page holds in itself."""
        sent = (event["params"] for event in self.events if event["method"] == "Network.requestWillBeSent")
        return [url for one in sent if not (url := one["request"]["url"]).startswith("data:")]

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings, of the page and of the browser about it."""
        told = []
        for event in self.events:
            is_log = event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] in {"error", "warning"}
            is_console = event["method"] == "Runtime.consoleAPICalled"
            if is_log or is_console or event["method"] == "Runtime.exceptionThrown":
                told.append(json.dumps(event["params"]))
        return told

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while not self._messages:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser does not answer")
            data = os.read(self._read, 1 << 16)
            if not data:
                raise EOFError("the browser has ended")
            *whole, self._buffer = (self._buffer + data).split(b"\0")
            self._messages.extend(map(json.loads, whole))
        return self._messages.popleft()


def _cleans_up() -> bool:
    """Python 3.9 cannot ignore what a browser that ends still writes into its profile."""
    return sys.version_info >= (3, 10)


def _codes(key: str) -> dict[str, int]:
    codes = {"Escape": 27, "Enter": 13, "Tab": 9, "ArrowLeft": 37, "ArrowRight": 39, "/": 191}
    return {"windowsVirtualKeyCode": codes[key]} if key in codes else {}


def as_url(path: str) -> str:
    """The address of a file."""
    return Path(path).resolve().as_uri()
