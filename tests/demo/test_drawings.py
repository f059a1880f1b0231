from __future__ import annotations

import io
import os
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_tagging.demo import KINDS, DrawnDataset, draw, draw_dataset
from image_tagging.demo.painting import noise
from image_tagging.errors import OutputError


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DrawnDataset:
    return draw_dataset(str(tmp_path_factory.mktemp("drawn")), images_per_kind=12)


def files_in(folder: str | Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()
    }


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened_archive:
        return {name: opened_archive.read(name) for name in opened_archive.namelist()}


def test_two_folders_get_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        draw_dataset(str(tmp_path / name), images_per_kind=4)
    assert files_in(tmp_path / "first") == files_in(tmp_path / "second")


def test_drawing_again_rewrites_the_same_bytes(tmp_path: Path) -> None:
    first = draw_dataset(str(tmp_path), images_per_kind=2)
    before = files_in(tmp_path)
    assert draw_dataset(str(tmp_path), images_per_kind=2) == first
    assert files_in(tmp_path) == before


def test_an_image_does_not_depend_on_how_many_are_drawn(drawn: DrawnDataset, tmp_path: Path) -> None:
    few = files_in(draw_dataset(str(tmp_path), images_per_kind=2).tagged)
    many = files_in(drawn.tagged)
    assert len(few) == 2 * len(KINDS)
    assert few.items() <= many.items()


def test_the_seed_changes_every_kind() -> None:
    for kind in KINDS:
        assert draw(kind, 0).tobytes() == draw(kind, 0).tobytes()
        assert draw(kind, 0).tobytes() != draw(kind, 0, seed=1).tobytes()


def test_every_kind_has_its_folder_and_its_count(drawn: DrawnDataset) -> None:
    assert sorted(os.listdir(drawn.tagged)) == sorted(KINDS)
    assert Counter(name.split("/")[0] for name in files_in(drawn.tagged)) == dict.fromkeys(KINDS, 12)


def test_every_file_opens_and_is_what_its_suffix_says(drawn: DrawnDataset) -> None:
    formats = {".png": "PNG", ".jpg": "JPEG", ".gif": "GIF", ".webp": "WEBP", ".bmp": "BMP"}
    for name, content in {**files_in(drawn.tagged), **files_in(drawn.untagged)}.items():
        assert opened(content).format == formats[os.path.splitext(name)[1]], name


def test_formats_modes_and_sizes_are_mixed(drawn: DrawnDataset) -> None:
    images = [opened(content) for content in files_in(drawn.tagged).values()]
    assert {image.format for image in images} == {"PNG", "JPEG", "GIF", "WEBP", "BMP"}
    assert {image.mode for image in images} >= {"P", "RGB", "RGBA"}
    assert any(image.mode == "P" and "transparency" in image.info for image in images)
    longest = [max(image.size) for image in images]
    assert min(longest) <= 20
    assert max(longest) >= 240


def test_no_picture_is_drawn_twice() -> None:
    pictures = [draw(kind, number).convert("RGBA") for kind in KINDS for number in range(40)]
    assert len({(picture.size, picture.tobytes()) for picture in pictures}) == len(pictures)


def test_no_picture_is_plain() -> None:
    for kind in KINDS:
        for number in range(40):
            assert len(draw(kind, number).convert("RGBA").getcolors(1 << 16) or range(9)) > 2, (kind, number)


def test_transparent_sprites_stay_so_in_their_files(drawn: DrawnDataset) -> None:
    for name, content in files_in(os.path.join(drawn.tagged, "sprites")).items():
        alpha = np.asarray(opened(content).convert("RGBA"))[..., 3]
        assert alpha.min() == 0, name
        assert alpha.max() == 255, name


def test_untagged_pictures_are_others_of_the_same_kinds(drawn: DrawnDataset) -> None:
    untagged = files_in(drawn.untagged)
    assert untagged.keys() == {name for name in drawn.truth if name.startswith("img-")}
    assert Counter(drawn.truth[name] for name in untagged) == dict.fromkeys(KINDS, 8)
    assert not set(untagged.values()) & set(files_in(drawn.tagged).values())
    in_order = [drawn.truth[name] for name in sorted(untagged)]
    assert in_order != sorted(in_order)


def test_the_archive_holds_pictures_and_an_archive(drawn: DrawnDataset) -> None:
    outer = members(Path(drawn.archive).read_bytes())
    inner = members(outer.pop("more/inner.zip"))
    assert {*outer, *inner} == {name for name in drawn.truth if name.startswith("zip-")}
    assert Counter(drawn.truth[name] for name in inner) == dict.fromkeys(KINDS, 1)
    assert Counter(drawn.truth[name] for name in outer) == dict.fromkeys(KINDS, 2)
    for content in (*outer.values(), *inner.values()):
        opened(content)


def test_the_archive_says_nothing_of_the_clock(drawn: DrawnDataset) -> None:
    with zipfile.ZipFile(drawn.archive) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_nothing_is_written_outside_the_data_set(tmp_path: Path) -> None:
    drawn = draw_dataset(str(tmp_path / "deep" / "set"), images_per_kind=1)
    assert os.listdir(tmp_path) == ["deep"]
    names = ["drawn-by-image-tagging.txt", "tagged", "untagged", "untagged.zip"]
    assert sorted(os.listdir(tmp_path / "deep" / "set")) == names
    assert all(
        path.startswith(str(tmp_path / "deep" / "set")) for path in (drawn.tagged, drawn.untagged, drawn.archive)
    )


def test_the_whole_set_is_drawn_within_seconds(tmp_path: Path) -> None:
    started = time.process_time()
    draw_dataset(str(tmp_path))
    assert time.process_time() - started < 20  # about 2 s on one core; the rest is for slow machines


def test_noise_has_no_seam() -> None:
    field = noise(np.random.default_rng(0), 64, 48, 2.0)
    assert (field.min(), field.max()) == (0.0, 1.0)
    across_the_edge = np.abs(field[0] - field[-1]).mean()
    assert across_the_edge < 2 * np.abs(np.diff(field, axis=0)).mean()


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'cats'.*sprites"):
        draw("cats", 0)


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        draw("maps", -1)
    with pytest.raises(ValueError, match="-2"):
        draw("maps", 0, seed=-2)


def test_a_set_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not 0"):
        draw_dataset(str(tmp_path), images_per_kind=0)
    assert not os.listdir(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    with pytest.raises(OutputError, match="file"):
        draw_dataset(str(in_the_way), images_per_kind=1)
