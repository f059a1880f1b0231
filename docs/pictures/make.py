"""Draw the pictures of the README: what the demo leaves, as a person sees it (``make pictures``).

The demo is run in a folder of its own, so that every picture shows drawn data: a folder of a tag as a file browser
shows it, the report, and the review at work.
"""

from __future__ import annotations

import argparse
import html
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent

#: Of these names is Chromium, where it is installed.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")

TAG, SHOWN = "sprites", 16

FOLDER = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; font: 13px/1.3 system-ui, sans-serif; background: #fff; color: #222; }}
header {{ background: #ececec; border-bottom: 1px solid #ccc; padding: 10px 18px; font-weight: 600; }}
ul {{ list-style: none; margin: 0; padding: 16px 12px; }}
ul {{ display: grid; grid-template-columns: repeat(8, 1fr); gap: 14px 6px; }}
li {{ text-align: center; overflow-wrap: anywhere; }}
span {{ display: grid; place-items: center; height: 84px; }}
img {{ max-width: 80px; max-height: 80px; min-width: 56px; image-rendering: pixelated; }}
</style><header>{path}</header><ul>{items}</ul>"""


def main() -> None:
    """Draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=HERE, help="the folder of the pictures (default: this one)")
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.exit("there is no Chromium here: make browser installs it.")
    with tempfile.TemporaryDirectory() as work:
        program = [sys.executable, "-m", "image_tagging"]
        subprocess.run([*program, "demo", "--output", "demo"], cwd=work, check=True)
        output = Path(work, "demo", "sorted")
        with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium) as browser:
            folder = Path(work, "folder.html")
            folder.write_text(_folder(output / "by-tag" / TAG), encoding="utf-8")
            _save(browser, folder.as_uri(), given.to / "sorted-folder.webp", (1120, 330))
            _save(browser, (output / "reports" / "index.html").as_uri(), given.to / "report.webp", (1120, 640))
            with _review(program, output) as address:
                _save(browser, f"{address}", given.to / "review.webp", (1120, 720), then=f"/tag/{TAG}")


def _folder(folder: Path) -> str:
    """Return a folder as a page: its first files by name, as a file browser shows them."""
    items = "".join(
        f'<li><span><img src="{path.as_uri()}"></span>{html.escape(path.name)}</li>'
        for path in sorted(folder.iterdir())[:SHOWN]
    )
    return FOLDER.format(path=f"sorted / by-tag / {folder.name}", items=items)


@contextmanager
def _review(program: list[str], output: Path) -> Iterator[str]:
    """Start the review; give the address that it prints."""
    command = [*program, "review", str(output), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8") as review:
        assert review.stdout is not None
        said = ""
        for line in review.stdout:
            said += line
            if address := re.search(r"http://\S+", line):
                yield address[0]
                review.send_signal(signal.SIGINT)
                return
        sys.exit(f"the review did not start: {said}")


def _save(browser: Browser, address: str, path: Path, size: tuple[int, int], then: str = "") -> None:
    """Open an address, and from it another one on its site; save what a screen of ``size`` shows."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, device_scale_factor=1)
    page.goto(address)
    if then:
        page.goto(re.sub(r"(//[^/]+).*", rf"\1{then}", address))
    page.wait_for_load_state("networkidle")
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(path, "WEBP", quality=82, method=6)
    print(f"{path}: {os.path.getsize(path) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
