"""JPEGs without their end mark: used where nothing else is lacking, refused where anything is."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from image_tagging import FileCache, ProcessConfig, classify_main, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.errors import DecodeError
from image_tagging.images.decode import decode
from samples import drawn, encoded, png, written, zipped

REF = ImageRef("a")
END = b"\xff\xd9"


def smooth(size):
    width, height = size
    down, across = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([across * 4, down * 5, across + down], -1).astype(np.uint8))


PICTURES = {
    "noise": drawn(1, (61, 45)),
    "smooth": smooth((61, 45)),
    "one colour": Image.new("RGB", (40, 24), (200, 90, 30)),
    "small": drawn(2, (7, 5)),
    "grey": drawn(3, (33, 17)).convert("L"),
    "ink": drawn(4, (33, 17)).convert("CMYK"),
}

WAYS = {
    "baseline": {"quality": 75},
    "fine": {"quality": 100, "subsampling": 0},
    "coarse": {"quality": 10, "optimize": True},
    "progressive": {"quality": 85, "progressive": True},
    "restarts": {"quality": 80, "restart_marker_blocks": 2},
    "progressive restarts": {"quality": 80, "restart_marker_rows": 1, "progressive": True},
}

CASES = [pytest.param(picture, way, id=f"{picture} {way}") for picture in PICTURES for way in WAYS]


def jpeg(picture, way):
    return encoded(PICTURES[picture], "JPEG", **WAYS[way])


def outcome(data):
    """The hash of the picture, or the code of the failure."""
    try:
        return decode(REF, data).facts.hash_id
    except DecodeError as error:
        return error.code


@pytest.mark.parametrize(("picture", "way"), CASES)
def test_a_jpeg_that_lacks_nothing_but_its_end_mark_is_used(picture, way):
    data = jpeg(picture, way)
    whole = outcome(data)
    assert len(whole) > 20
    assert data.endswith(END)
    assert [outcome(each) for each in (data[:-2], data[:-1], data[:-2] + b"\xff\xff")] == [whole] * 3


@pytest.mark.parametrize("way", WAYS)
def test_a_jpeg_that_ends_in_zeros_is_whole_or_refused(way):
    """As from a card or a download for which the room was taken before it was filled."""
    data = jpeg("noise", way)
    assert outcome(data[:-2] + bytes(512)) == outcome(data + bytes(512)) == outcome(data)
    cuts = [data[: len(data) - 3 - 20 * number] for number in range(10)]
    assert {outcome(cut + bytes(length)) for cut in cuts for length in (4, 512, 50_000)} == {"truncated"}


@pytest.mark.parametrize(("picture", "way"), CASES)
def test_a_jpeg_that_lacks_more_is_never_half_used(picture, way):
    """Where it is used, what it lacks did not change a pixel."""
    data = jpeg(picture, way)
    whole = outcome(data)
    cuts = {*range(3, 20), *range(20, len(data) - 20, max(1, len(data) // 40))}
    outcomes = {cut: outcome(data[:-cut]) for cut in cuts}
    assert {cut for cut, each in outcomes.items() if each not in {"truncated", "damaged", whole}} == set()
    assert sum(each == whole for each in outcomes.values()) <= 4
    assert {each for cut, each in outcomes.items() if 10 < cut < len(data) - 700} <= {"truncated"}


def test_a_progressive_jpeg_that_lacks_a_whole_scan_is_refused():
    """It ends where a scan does, and each scan that is there is whole."""
    data = jpeg("smooth", "progressive")
    scans = [place for place in range(len(data) - 1) if data[place : place + 2] == b"\xff\xda"]
    assert len(scans) > 5
    for place in scans[1:]:
        start = place  # of the tables before the scan
        while data.rfind(b"\xff\xc4", 0, start) > scans[scans.index(place) - 1]:
            start = data.rfind(b"\xff\xc4", 0, start)
        assert outcome(data[:start]) == "truncated"


def test_a_jpeg_that_lacks_whole_restart_intervals_is_refused():
    data = jpeg("noise", "restarts")
    marks = [place for place in range(len(data) - 1) if data[place] == 0xFF and 0xD0 <= data[place + 1] <= 0xD7]
    assert len(marks) > 3
    assert {outcome(data[:place]) for place in marks} == {"truncated"}
    assert {outcome(data[: place + 2]) for place in marks} == {"truncated"}


def test_a_picture_behind_a_whole_jpeg_is_not_looked_at():
    """As in a photo with a film behind it, or a second view."""
    data = jpeg("noise", "baseline")
    assert outcome(data + jpeg("smooth", "baseline")[:-100]) == outcome(data)


@pytest.mark.parametrize("data", [b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xda\0\2", b"\xff\xd8" + b"\xff" * 99])
def test_headers_that_make_no_sense_have_a_code(data):
    assert outcome(data) in {"truncated", "damaged", "not-an-image"}


def test_stages_and_file_cache_use_a_jpeg_without_its_end(tmp_path, trained):
    one, other = (encoded(drawn(number, (64, 48)), "JPEG")[:-2] for number in (1, 2))
    written(tmp_path / "in" / "a" / "photo.jpg", one)
    written(tmp_path / "in" / "a" / "good.png", png())
    written(tmp_path / "in" / "a" / "more.zip", zipped({"photo.jpg": other, "cut.jpg": other[:-200]}))
    config = ProcessConfig(input_folder=str(tmp_path / "in"), output_folder=str(tmp_path / "out"), clip_model="builtin")
    summary = process_dataset(config)
    assert summary.embedding.images == 3
    assert [failure.ref.path.rpartition("/")[2] for failure in summary.embedding.failures] == ["cut.jpg"]
    classify_main(str(tmp_path / "in" / "a" / "photo.jpg"), str(tmp_path / "one"), None, 10, str(trained.models))
    assert (tmp_path / "one" / "output.json").exists()
    FileCache().add_folder_to_file_cache(tmp_path / "in", tmp_path)
    shutil.rmtree(tmp_path / "in")
    images = {FileCache().get_random_image(tmp_path / "file_cache.sqlite")["hash_id"] for _ in range(60)}
    assert len(images) == 3
