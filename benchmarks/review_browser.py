"""The program and a browser of it, for ``review_speed.py``: a process, a cookie, and the times of each question."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional

import numpy as np

SOURCE = str(Path(__file__).resolve().parents[1] / "src")
CELL = re.compile(r'data-hash="([^"]+)" data-score="([^"]*)" data-verdict="([^"]+)"')
DATA = re.compile(r'data-(mode|model|after)="([^"]*)"')

#: Connections of a browser to one server.
IN_BROWSER = 6


class Server:
    """The program, started on an output folder: it has printed its address, after ``seconds``."""

    def __init__(self, output: Path) -> None:
        self._started = time.perf_counter()
        command = [sys.executable, "-m", "image_tagging", "review", str(output), "--port=0"]
        environment = {**os.environ, "PYTHONPATH": SOURCE, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, encoding="utf-8")
        assert self.process.stdout
        found = next(filter(None, (re.search(r"http://([^/]+)(/\?\S+)", line) for line in self.process.stdout)))
        self.seconds = self.age()
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.host = found[1]
        connection = http.client.HTTPConnection(self.host)
        connection.request("GET", found[2])
        self.cookie = str(connection.getresponse().headers["set-cookie"]).split(";")[0]

    def age(self) -> float:
        """Return the seconds since it was started."""
        return time.perf_counter() - self._started

    def memory(self) -> tuple[float, float]:
        """Return the MiB that the process held at most, and what it holds now that no file is mapped for."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        sizes = {
            name: int(rest.split()[0]) / 1024
            for name, _, rest in (line.partition(":") for line in lines)
            if "kB" in rest
        }
        return sizes["VmHWM"], sizes["RssAnon"]


@contextmanager
def started(output: Path) -> Iterator[Server]:
    server = Server(output)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


class Browser:
    """A browser with the cookie; ``times`` has the milliseconds of each sort of question."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.times: dict[str, list[float]] = {}
        self._connection = http.client.HTTPConnection(server.host)
        self._nonce = 0

    def ask(self, name: str, path: str, form: Optional[Mapping[str, Any]] = None) -> str:
        headers = {"cookie": self.server.cookie, "sec-fetch-site": "same-origin", "content-type": "application/json"}
        self._connection.close()  # the server does so after some seconds without a question
        begun = time.perf_counter()
        body = None if form is None else json.dumps(form)
        self._connection.request("GET" if body is None else "POST", path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]}")
        self.times.setdefault(name, []).append((time.perf_counter() - begun) * 1000)
        return text

    def look(self, tag: str, page: str, flips: int, pause: float) -> dict[str, Any]:
        """Look at a page as a person does, who marks some pictures; return the form that gives it."""
        form = self.form(page, 0)
        self.ask("strip", f"/tag/{tag}/strip")
        self.tell(tag, form)
        if pause:
            time.sleep(pause / 2)
        if flips:
            form = self.form(page, flips)
        if pause:
            if flips:
                self.tell(tag, form)
            time.sleep(pause / 2)
        return form

    def tell(self, tag: str, form: Mapping[str, Any]) -> None:
        """Say how the pictures are marked; the page does not wait for the answer."""
        told = threading.Thread(target=Browser(self.server).ask, args=("marks", f"/tag/{tag}/soon", form), daemon=True)
        told.start()

    def form(self, page: str, flips: int) -> dict[str, Any]:
        self._nonce += 1
        data, cells = dict(DATA.findall(page)), CELL.findall(page)
        flipped = set(np.linspace(0, len(cells) - 1, flips, dtype=int).tolist()) if flips else set()
        words = [("no" if word == "yes" else "yes") if at in flipped else word for at, (*_, word) in enumerate(cells)]
        verdicts = [
            {"hash": name, "verdict": word, "position": at, "score": float(score) if score else None}
            for at, ((name, score, _), word) in enumerate(zip(cells, words))
        ]
        return {**data, "nonce": f"nonce-{id(self)}-{self._nonce:06}", "verdicts": verdicts, "wants_page": True}

    def turn(self, name: str, tag: str, form: Mapping[str, Any]) -> str:
        return str(json.loads(self.ask(name, f"/tag/{tag}/verdicts", form))["page"])

    def thumbnails(self, name: str, hashes: list[str]) -> None:
        """Take the thumbnails of a page over as many connections as browsers have."""
        begun = time.perf_counter()
        with ThreadPoolExecutor(IN_BROWSER) as threads:
            each = [threads.submit(Browser(self.server).ask, "", f"/thumb/{hash_id}") for hash_id in hashes]
            for one in each:
                one.result()
        self.times.setdefault(name, []).append((time.perf_counter() - begun) * 1000)
