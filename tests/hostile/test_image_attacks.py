"""A folder of images that are meant to do harm, through stage 1: each is used or told of, no other suffers."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from image_tagging import ProcessConfig, process_dataset
from samples import drawn, encoded, plain, png, written, zipped

pytestmark = pytest.mark.slow


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, pixels: bytes, bits: int = 1) -> bytes:
    """A grey PNG whose header says what it is told to."""
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def bomb(side: int) -> bytes:
    """A whole white picture of ``side`` x ``side``, a thousandth of its size as a file."""
    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * (side // 8)
    return png_of(side, side, b"".join([*(packer.compress(row) for _ in range(side)), packer.flush()]))


def text_bomb() -> bytes:
    """A picture with a compressed text of 100 MB beside it."""
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "a" * 100_000_000, zip=True)
    return encoded(drawn(), "PNG", pnginfo=info)


def larger_by_its_header(data: bytes, at: int, form: str, side: int) -> bytes:
    size = struct.pack(form, side, side)
    return data[:at] + size + data[at + len(size) :]


HOSTILE = {
    "bomb.png": (lambda: bomb(40_000), "too-large"),
    "header.png": (lambda: png_of(2**31 - 1, 2**31 - 1, b"x"), "too-large"),
    "claims-much.bmp": (lambda: larger_by_its_header(encoded(drawn(), "BMP"), 18, "<ii", 12_000), "truncated"),
    "canvas.gif": (lambda: larger_by_its_header(encoded(drawn(), "GIF"), 6, "<HH", 65_535), "too-large"),
    "cut.png": (lambda: encoded(drawn(size=(200, 200)))[:-3000], "truncated"),
    "cut.jpg": (lambda: encoded(drawn(size=(200, 200)), "JPEG")[:-3000], "truncated"),
    "cut.webp": (lambda: encoded(drawn(size=(200, 200)), "WEBP")[:-300], "truncated"),
    "cut.gif": (lambda: encoded(drawn(size=(200, 200)), "GIF")[:-3000], "truncated"),
    "empty.png": (lambda: b"", "empty"),
    "page.jpg": (lambda: b"<!DOCTYPE html><title>404</title>", "not-an-image"),
    "archive.jpg": (lambda: zipped({"1.png": png()}), "not-an-image"),
    "program.png": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n%%EOF\n", "unsupported"),
    "infinite.tiff": (lambda: encoded(Image.fromarray(np.float32([[np.inf, 1.0]])), "TIFF"), "unsupported"),
    "random.jpg": (lambda: np.random.default_rng(1).bytes(100_000), "not-an-image"),
    "jpeg-then-noise.jpg": (
        lambda: encoded(drawn(size=(64, 64)), "JPEG")[:300] + np.random.default_rng(0).bytes(20_000), "damaged"
    ),
    "LICENSE": (lambda: b"All rights reserved", "not-an-image"),
    "photo.CR2": (lambda: b"II*\0raw", "unsupported"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The hostile files, ten good ones between them, and what is no file."""
    for name, (make, _) in HOSTILE.items():
        written(tmp_path / "in" / "odd" / name, make())
    for number in range(10):
        written(tmp_path / "in" / "good" / f"{number}.png", png(number))
        written(tmp_path / "in" / "odd" / f"good-{number}.png", png(100 + number))
    written(tmp_path / "in" / "odd" / "good-text-bomb.png", text_bomb())
    (tmp_path / "in" / "odd" / "folder.png").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "in" / "odd" / "pipe.png")
    return tmp_path / "in"


def run(folder, out, **settings):
    return process_dataset(
        ProcessConfig(input_folder=str(folder), output_folder=str(out), clip_model="builtin", num_threads=2, **settings)
    )


def codes(summary):
    return {failure.ref.name: failure.code for failure in summary.embedding.failures}


def test_each_is_told_of_with_its_code_and_the_good_ones_are_all_embedded(folder, tmp_path):
    summary = run(folder, tmp_path / "out")
    assert codes(summary).pop("pipe.png", "not-a-file") == "not-a-file"
    assert {name: code for name, code in codes(summary).items() if name != "pipe.png"} == {
        name: code for name, (_, code) in HOSTILE.items()
    }
    assert summary.embedding.images == 21
    assert all(re.fullmatch(r"[^\n]{10,400}", failure.reason) for failure in summary.embedding.failures)


def test_the_good_ones_get_what_they_would_get_alone(folder, tmp_path):
    run(folder, tmp_path / "out")
    alone = tmp_path / "alone"
    for path in sorted(folder.rglob("*good*/*.png")) + sorted(folder.rglob("good-*.png")):
        written(alone / path.relative_to(folder), path.read_bytes())
    run(alone, tmp_path / "out-alone")
    texts = [(tmp_path / name / "input-metadata.json").read_text(encoding="utf-8") for name in ("out", "out-alone")]
    assert texts[0].replace(str(folder), "X") == texts[1].replace(str(alone), "X")


def test_nothing_reaches_the_screen_and_memory_stays_small(folder, tmp_path, measured):
    command = [sys.executable, "-m", "image_tagging", "process", f"--input_folder={folder}", "--clip_model=builtin"]
    code, said, mebibytes = measured(*command, f"--output_folder={tmp_path / 'out'}")
    assert (code, said) == (0, "")
    assert mebibytes < 1024


def test_what_failed_is_not_tried_again_until_the_limits_change(tmp_path):
    written(tmp_path / "in" / "a" / "large.png", bomb(4_000))
    written(tmp_path / "in" / "a" / "good.png", png())
    out = tmp_path / "out"
    assert codes(run(tmp_path / "in", out, max_megapixels=10)) == {"large.png": "too-large"}
    assert codes(run(tmp_path / "in", out, max_megapixels=10)) == {"large.png": "too-large"}
    assert codes(run(tmp_path / "in", out)) == {}


def test_an_image_that_takes_too_long_is_given_up_and_used_when_it_may_take_longer(tmp_path):
    written(tmp_path / "in" / "a" / "slow.png", bomb(13_000))
    written(tmp_path / "in" / "a" / "good.png", png())
    out = tmp_path / "out"
    assert codes(run(tmp_path / "in", out, image_seconds=0.5)) == {"slow.png": "timeout"}
    assert codes(run(tmp_path / "in", out)) == {}


def test_what_is_cut_short_is_used_where_that_is_asked_for(tmp_path):
    written(tmp_path / "in" / "a" / "cut.png", encoded(drawn(size=(200, 200)))[:-3000])
    written(tmp_path / "in" / "a" / "good.png", png())
    out = tmp_path / "out"
    assert codes(run(tmp_path / "in", out)) == {"cut.png": "truncated"}
    assert run(tmp_path / "in", out, use_truncated=True).embedding.images == 2
    assert run(tmp_path / "in", out, use_truncated=True).embedding.computed == 0


def test_a_large_picture_within_the_limit_is_used(tmp_path):
    written(tmp_path / "in" / "a" / "large.png", encoded(plain((1, 2, 3), (6000, 4000))))
    assert run(tmp_path / "in", tmp_path / "out").embedding.images == 1


@pytest.mark.parametrize("name", ["json", "PIL", "sitecustomize", "pickle", "image_tagging", "numpy", "pillow_heif"])
def test_no_module_in_the_current_folder_is_run(tmp_path, name):
    """As the command does, which is a script in another folder: Python puts that one first, and not the current one."""
    entry = written(tmp_path / "bin" / "entry.py", b"from image_tagging.cli import main\nraise SystemExit(main())\n")
    written(tmp_path / "set" / f"{name}.py", f"open({str(tmp_path / 'ran')!r}, 'w').close()\n".encode())
    written(tmp_path / "set" / "a" / "a.png", png())
    command = [sys.executable, entry, "process", "--input_folder=.", "--output_folder=out", "--clip_model=builtin"]
    done = subprocess.run(command, cwd=tmp_path / "set", capture_output=True, text=True, check=False)
    assert not (tmp_path / "ran").exists()
    assert done.returncode == 0, done.stderr
