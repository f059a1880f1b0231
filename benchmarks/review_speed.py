"""How fast are the pages of `image-tagging review`, as HTTP, of a hundred thousand pictures and of a million?

    python benchmarks/review_speed.py [--pictures 1e5 1e6] [--folder DIR] [--tags 8] [--pause 2]

A real output folder is made for each number (``review_files.py``), the program is started on it as a process of its
own, and one browser, with the cookie, asks what the pages ask (``review_browser.py``): the page of a tag, its strip,
and what comes next, and it says which pictures are marked while the person looks, ``--pause`` seconds a page. Then it
gives the page and takes the next one: that is a page turn. "At once" turns follow without a pause, so that nothing can
be prepared. Figures are the least, the median and the most of several, in milliseconds at the browser. The mapped file
is in the page cache.

A million take 8 GB of disk and, to make the folder, some minutes; with ``--folder`` it is kept for the next run.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from review_browser import DATA, Browser, started
from review_files import make_output

from image_tagging.store import EMBEDDINGS_NAME, GROUPS_NAME, STORE_NAME, VERDICTS_NAME

FLIPS = (1, 3, 8)
AT_ONCE = "page turn at once, 8 marks changed (refit, scores)"
DEEP = "all by score, further pages"
SLIDER = "slider of the threshold, figures of all its places"
MOST, WITHOUT = "memory at most, with the mapped file (MiB)", "memory without it (MiB)"

#: Goals in milliseconds (the last two in MiB), for a hundred thousand pictures and for a million.
FIRST, TURN, REFIT, MEMORY = (200, 1000), (100, 200), (1000, 3000), (4096, 4096)
GOALS = {
    "first page of a tag, right after the start": FIRST,
    "first page of a tag": FIRST,
    "all by score, the first page": FIRST,
    **{f"page turn, {flips} marks changed": TURN for flips in ("no", *FLIPS)},
    DEEP: TURN,
    SLIDER: (200, 200),
    AT_ONCE: REFIT,
    MOST: MEMORY,
    WITHOUT: MEMORY,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", nargs="+", type=float, default=[1e5])
    parser.add_argument("--folder", type=Path, help="where the folders are made, and kept for the next run")
    parser.add_argument("--tags", type=int, default=8)
    parser.add_argument("--examples", type=int, default=48, help="of each tag")
    parser.add_argument("--pause", type=float, default=2, help="seconds that a person looks at a page")
    parser.add_argument("--again", action="store_true", help="leave out the first start, and use what it made")
    parser.add_argument("--pages", type=int, default=50, help="pages of the order of all scores")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for count in map(int, options.pictures):
            folder = (options.folder or Path(temporary)) / str(count)
            folder.mkdir(parents=True, exist_ok=True)
            output = make_output(folder, count, options.tags, options.examples)
            for name in (VERDICTS_NAME,) if options.again else (VERDICTS_NAME, EMBEDDINGS_NAME, GROUPS_NAME):
                (output / name).unlink(missing_ok=True)
            report(count, measure(output, options))


def measure(output: Path, options: argparse.Namespace) -> Mapping[str, list[float]]:
    """Return the milliseconds of each sort of question, and the MiB of memory."""
    times: dict[str, list[float]] = {}
    if not options.again:
        with started(output) as server:
            times["start, the first"] = [server.seconds * 1000]
            Browser(server).ask("", "/tag/tag-0")
            while not (output / GROUPS_NAME).exists():
                time.sleep(0.1)
            times["start, the first, until near-duplicates are known"] = [server.age() * 1000]
    with started(output) as server:
        times["start, the second"] = [server.seconds * 1000]
        browser = Browser(server)
        browser.ask("first page of the list", "/")
        browser.ask("first page of a tag, right after the start", "/tag/tag-0")
        time.sleep(options.pause)
        for number in range(1, options.tags):
            review(browser, f"tag-{number}", options.pause)
        of_all(browser, options)
        thumbnails(browser, output)
        most, anonymous = server.memory()
        browser.times[MOST] = [most]
        browser.times[WITHOUT] = [anonymous]
        return {**times, **browser.times}


def review(browser: Browser, tag: str, pause: float) -> None:
    """Review one tag for some pages."""
    page = browser.ask("first page of a tag", f"/tag/{tag}")
    for flips in (0, *FLIPS):
        form = browser.look(tag, page, flips, pause)
        page = browser.turn(f"page turn, {flips or 'no'} marks changed", tag, form)
        form = browser.look(tag, page, flips, pause)
        browser.turn(f"page turn, {flips or 'no'} marks changed", tag, form)
        page = str(json.loads(browser.ask("undo", "/undo", {}))["page"])
    for _ in range(2):
        page = browser.turn(AT_ONCE, tag, browser.form(page, FLIPS[-1]))
    browser.ask("strip", f"/tag/{tag}/strip")
    browser.ask(SLIDER, f"/tag/{tag}/thresholds")
    browser.ask("check page", f"/tag/{tag}?mode=check")


def of_all(browser: Browser, options: argparse.Namespace) -> None:
    """Page through all pictures by score, from the first page down."""
    after = ""
    for number in range(options.pages):
        name = DEEP if number else "all by score, the first page"
        page = browser.ask(name, f"/tag/tag-1/page?{urlencode({'mode': 'all', 'after': after})}")
        after = dict(DATA.findall(json.loads(page)["page"])).get("after", "")
        if not after:
            break


def thumbnails(browser: Browser, output: Path) -> None:
    """Take the thumbnails of photos, which the examples are, 24 at a time."""
    query = "SELECT hash_id FROM image WHERE format = 'JPEG' LIMIT 96"
    with closing(sqlite3.connect(output / STORE_NAME)) as store:
        hashes = [name for (name,) in store.execute(query)]
    for name in ("24 thumbnails of photos, never drawn", "24 thumbnails of photos, drawn before"):
        for start in range(0, len(hashes), 24):
            browser.thumbnails(name, hashes[start : start + 24])


def report(count: int, times: Mapping[str, list[float]]) -> None:
    """Print what was measured, and whether the goals for so many pictures are met by the least and by the median."""
    at = int(count > 100_000)
    print(f"{count:,} pictures{'least':>52}{'median':>10}{'most':>10}{'goal':>8}")
    for name, found in times.items():
        if not name:
            continue
        low, middle, high = min(found), float(np.median(found)), max(found)
        goal = GOALS.get(name, (0, 0))[at]
        verdict = "met" if middle <= goal else "met at best" if low <= goal else "missed"
        said = f"{goal:8,}   {verdict}" if goal else ""
        print(f"{name:60}{low:10,.1f}{middle:10,.1f}{high:10,.1f}{said}", flush=True)


if __name__ == "__main__":
    main()
