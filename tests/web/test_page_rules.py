"""What a person can do on the pages is there for everyone: axe on each state of a page, and narrow windows."""

from __future__ import annotations

import shutil

import pytest
from PIL import Image

from image_tagging import ClassifyConfig, classify_images
from review_pages import shown, told

pytestmark = pytest.mark.slow


@pytest.fixture
def output(tmp_path, trained, drawing):
    """An output folder with near-duplicates, scores, and more pictures than a column shows."""
    out, mountain = shutil.copytree(trained.output, tmp_path / "out"), tmp_path / "mountain"
    for kind in ("tiles", "sprites"):
        for number in range(20):
            drawing(mountain / f"{kind}-{number}.png", kind, 200 + number)
    for path in sorted(mountain.iterdir())[::4]:
        with Image.open(path) as image:
            image.putpixel((0, 0), (1, 2, 3))
            image.save(mountain / f"copy-of-{path.name}")
    classify_images(ClassifyConfig(directory=str(mountain), output=str(out), model=str(out / "models"), place="none"))
    return out


def opened(page, address):
    """A page of a tag on which a page was judged, tags are pinned, and near-duplicates are offered."""
    base = address.split("?")[0]
    page.goto(address)
    page.click("button[data-pin=sprites]")
    page.goto(base + "tag/tiles")
    shown(page)
    page.keyboard.press("1")
    told(page, "sprites: yes")
    page.keyboard.press("Enter")
    told(page, "Press d.")
    page.wait_for_selector("#threshold:not([hidden])")
    page.wait_for_selector("#alike img")
    return base


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state_of_a_page(app, chromium, review, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    scored = next(each.hash_id for each in review._collected.pictures if not each.tags)
    _, address = app("--port", "0")
    context = chromium.new_context(color_scheme=scheme, bypass_csp=True)  # axe is a script of another origin
    page = context.new_page()

    def require_none():
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()

    base = opened(page, address)
    require_none()
    page.keyboard.press("z")
    page.wait_for_function("() => document.querySelector('#zoom img').style.width")
    require_none()
    for path in ("", "tag/tiles?mode=bins", "tag/sprites/one?mode=all", f"image/{scored}"):
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        require_none()
    page.keyboard.press("z")
    page.wait_for_function("() => document.querySelector('#zoom img').style.width")
    require_none()
    context.close()


@pytest.mark.parametrize("width", [320, 640])
def test_a_narrow_window_never_scrolls_sideways(app, chromium, review, width):
    """320 CSS pixels are a window of 1280 at 400 %, and 640 at 200 %."""
    scored = next(each.hash_id for each in review._collected.pictures if not each.tags)
    _, address = app("--port", "0")
    context = chromium.new_context(viewport={"width": width, "height": 800}, device_scale_factor=1280 / width)
    page = context.new_page()
    base = opened(page, address)
    wide = "document.documentElement.scrollWidth - window.innerWidth"
    assert page.evaluate(wide) <= 0
    for path in ("", "tag/tiles?mode=bins", "tag/tiles/one?mode=all", f"image/{scored}"):
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate(wide) <= 0, path
    context.close()
