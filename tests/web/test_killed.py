"""The program is killed while it keeps pages: what it has answered is kept, and never a part of a page."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from image_tagging import export_verdicts
from image_tagging.store import read_verdicts
from web.test_app import page_of

SOURCE = Path(__file__).resolve().parents[2] / "src"


class Program:
    """The program on an output folder, and a browser of it."""

    def __init__(self, output):
        command = [sys.executable, "-m", "image_tagging", "review", str(output), "--port=0"]
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, encoding="utf-8")
        found = next(filter(None, (re.search(r"http://([^/]+)(/\?\S+)", line) for line in self.process.stdout)))
        self.host = found[1]
        with closing(http.client.HTTPConnection(self.host, timeout=60)) as connection:
            connection.request("GET", found[2])
            self._cookie = connection.getresponse().headers["set-cookie"].split(";")[0]

    def ask(self, path, form=None):
        headers = {"cookie": self._cookie, "sec-fetch-site": "same-origin", "content-type": "application/json"}
        body = None if form is None else json.dumps(form)
        with closing(http.client.HTTPConnection(self.host, timeout=60)) as connection:
            connection.request("GET" if body is None else "POST", path, body, headers)
            return connection.getresponse().read().decode()

    def kill(self):
        self.process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self.process.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_program_that_is_killed_loses_the_page_in_hand_at_most(output, tmp_path):
    for name in ("uvicorn", "starlette", "jinja2"):
        pytest.importorskip(name, reason="the extra review is not installed")
    chance, answered, sent = random.Random(0), [], {}
    for begun in range(4):
        program = Program(output)
        text = program.ask("/tag/tiles?mode=all")

        def give(program=program, text=text, begun=begun):
            for number in range(200):
                nonce = f"nonce-{begun}-{number:03}"
                form = {**page_of(text, nonce, mode="all"), "wants_page": False}
                sent[nonce] = len(form["verdicts"])
                try:
                    assert "Kept on tiles" in program.ask("/tag/tiles/verdicts", form)
                except (OSError, http.client.HTTPException):
                    return
                answered.append(nonce)

        giving = threading.Thread(target=give)
        giving.start()
        while not any(nonce.startswith(f"nonce-{begun}") for nonce in answered):
            time.sleep(0.005)
        time.sleep(chance.random() / 5)
        program.kill()
        giving.join()
    verdicts = read_verdicts(str(output / "verdicts.db"))
    sizes = [sum(each.batch == batch for each in verdicts) for batch in sorted({each.batch for each in verdicts})]
    assert set(sizes) == set(sent.values())  # whole pages
    assert len(answered) <= len(sizes) <= len(answered) + 4  # one in hand each time
    program = Program(output)
    assert "Kept on tiles" in program.ask("/tag/tiles/verdicts", page_of(program.ask("/tag/tiles?mode=all")))
    program.kill()
    assert export_verdicts(output, tmp_path / "said.jsonl") == sizes[0]
