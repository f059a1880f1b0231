"""What a page asks for once it is shown."""

from __future__ import annotations

import shutil

import pytest
from PIL import Image

from image_tagging import ProcessConfig, process_dataset
from samples import drawn


@pytest.fixture
def output(tmp_path, trained):
    """An output folder with an animation and a transparent picture."""
    images = shutil.copytree(trained.images, tmp_path / "images")
    drawn(0, (32, 32)).save(images / "tiles" / "moves.gif", save_all=True, append_images=[drawn(1, (32, 32))])
    sprite = drawn(2, (32, 32), "RGBA")
    sprite.paste((0, 0, 0, 0), (0, 0, 16, 16))
    sprite.save(images / "tiles" / "clear.png")
    config = ProcessConfig(input_folder=str(images), output_folder=str(tmp_path / "out"), clip_model="builtin")
    process_dataset(config)
    return tmp_path / "out"


def hash_of(review, name):
    return next(each.hash_id for each in review._collected.pictures if each.files[0].name == name)


def test_animations_are_counted_and_other_pictures_are_left_out(browser, review):
    moves, clear = hash_of(review, "moves.gif"), hash_of(review, "clear.png")
    assert browser.get(f"/frames?of={moves}&of={clear}").json() == {moves: 2}
    assert browser.get("/frames").json() == {}


def test_frames_of_what_is_no_picture_are_refused(browser):
    assert browser.get("/frames?of=../../etc/passwd").status_code == 404
    assert browser.get("/frames?" + "&".join(["of=a"] * 201)).status_code == 400


@pytest.mark.parametrize("kind", ["thumb", "picture"])
def test_a_transparent_picture_is_drawn_transparent(browser, review, tmp_path, kind):
    (tmp_path / "drawn").write_bytes(browser.get(f"/{kind}/{hash_of(review, 'clear.png')}").content)
    with Image.open(tmp_path / "drawn") as found:
        assert found.mode == "RGBA"
        assert found.getpixel((3, 3))[3] == 0
        assert found.getpixel((20, 20))[:3] == drawn(2, (32, 32)).getpixel((20, 20))
