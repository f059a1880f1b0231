"""Parquet tables of strangers with images in them: damaged, or made to take far more than their size."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.errors import ReadError
from image_tagging.records import Failure, FoundArchive, FoundImage
from image_tagging.sources import SourceReader, find_images
from samples import png, written

pa = pytest.importorskip("pyarrow", reason="needs the parquet extra")
pq = pytest.importorskip("pyarrow.parquet")

#: Finds and reads all images of a file; prints the codes of failures and the peak memory in MiB.
_READING = """
import json, sys
from image_tagging.errors import ReadError
from image_tagging.records import Failure, FoundImage
from image_tagging.sources import SourceReader, find_images
codes, reader = [], SourceReader()
for item in find_images(sys.argv[1]):
    if isinstance(item, Failure):
        codes.append(item.code)
    elif isinstance(item, FoundImage):
        try:
            codes.append(len(reader.read(item.ref)))
        except ReadError as error:
            codes.append(error.code)
status = open("/proc/self/status").read()
print(json.dumps([codes, int(status.partition("VmHWM:")[2].split()[0]) >> 10]))
"""

needs_memory = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the peak memory of one program")


def parquet(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return str(path)


def read_apart(path):
    """The codes or sizes of all images, and the peak memory in MiB, of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _READING, path], check=False, capture_output=True, encoding="utf-8", timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def codes(path):
    """What finding and reading say of a file: a code, or the bytes of an image."""
    reader, said = SourceReader(), []
    for item in find_images(str(path)):
        if isinstance(item, Failure):
            said.append(item.code)
        elif isinstance(item, FoundImage):
            try:
                said.append(len(reader.read(item.ref)))
            except ReadError as error:
                said.append(error.code)
    reader.close()
    return said


@pytest.mark.slow
@needs_memory
def test_a_value_that_unpacks_to_gigabytes_is_refused_before_it_is_in_memory(tmp_path):
    value = b"\0" * (300 << 20)
    path = parquet(tmp_path / "a.parquet", {"image": [value]}, compression="zstd", use_dictionary=False)
    assert os.path.getsize(path) < 1 << 20
    said, memory = read_apart(path)
    assert said == ["too-large"]
    assert memory < 250


@pytest.mark.slow
@needs_memory
def test_a_row_of_a_dictionary_that_is_repeated_takes_the_memory_of_one(tmp_path):
    image = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), [os.urandom(4 << 20)])
    path = parquet(tmp_path / "a.parquet", {"image": image.cast(pa.binary())}, row_group_size=300)
    said, memory = read_apart(path)
    assert said == [4 << 20] * 300
    assert memory < 700


def test_rows_that_the_size_does_not_allow_are_refused(tmp_path):
    image = pa.DictionaryArray.from_arrays(pa.array([0] * 3_000_000, pa.int32()), [b"x"])
    path = parquet(tmp_path / "a.parquet", {"image": image})
    assert os.path.getsize(path) < 50_000
    started = time.process_time()
    assert codes(path) == ["too-many-members"]
    assert time.process_time() - started < 5


def test_names_that_take_far_more_than_the_file_are_refused(tmp_path):
    path = parquet(tmp_path / "a.parquet", {"image": [b"x"] * 1000, "path": ["n" * 60_000] * 1000})
    assert os.path.getsize(path) < 100_000
    assert codes(path) == ["too-much"]


def test_odd_names_are_names(tmp_path):
    names = ["../../etc/a.png", "/etc/b.png", "a\0b.png", "x" * 5000, "\n\x1b[31m.png", "c/", "C:\\d.png"]
    path = parquet(tmp_path / "a.parquet", {"image": [png(0)] * 7, "path": names})
    assert codes(path)[:3] == [len(png(0))] * 3
    summary = process_dataset(ProcessConfig(input_folder=path, output=str(tmp_path / "out"), clip_model="builtin"))
    assert summary.embedding.images == 6
    assert summary.embedding.failure_codes == {"long-name": 1}


@pytest.mark.parametrize("at", [10, 200, 900])
def test_damaged_pages_are_failures_of_their_rows(tmp_path, at):
    column = [png(number) for number in range(20)]
    path = parquet(tmp_path / "a.parquet", {"image": column}, row_group_size=10, use_dictionary=False)
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(os.urandom(40))
    said = codes(path)
    assert said[10:] == [len(each) for each in column[10:]]
    assert len(said) == 20


def test_a_group_that_breaks_off_is_not_read_again_for_each_row(tmp_path):
    path = parquet(
        tmp_path / "a.parquet", {"image": [os.urandom(2000)] * 20_000}, use_dictionary=False, compression="none"
    )
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    started = time.process_time()
    assert len(codes(path)) == 20_000
    assert time.process_time() - started < 30


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_table_that_is_cut_short_is_a_file_like_others(tmp_path, share):
    path = parquet(tmp_path / "a.parquet", {"image": [png(number) for number in range(20)]})
    with open(path, "r+b") as file:
        file.truncate(int(os.path.getsize(path) * share))
    assert codes(tmp_path) == []


@pytest.mark.parametrize("seed", range(60))
def test_any_damage_is_a_failure_in_words(tmp_path, seed):
    import random

    path = parquet(
        tmp_path / "a.parquet",
        {"image": [png(number) for number in range(5)], "path": [f"{number}.png" for number in range(5)]},
    )
    draw = random.Random(seed)
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        for _ in range(draw.randint(1, 4)):
            file.seek(draw.randrange(4, size - 8))
            file.write(bytes([draw.randrange(256)]))
    assert len(codes(tmp_path)) <= 5


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_to_a_table_outside_is_not_followed(tmp_path):
    parquet(tmp_path / "a.parquet", {"image": [png(0)]})
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.parquet").symlink_to(tmp_path / "a.parquet")
    assert codes(tmp_path / "in") == ["link-out"]
    assert not [item for item in find_images(str(tmp_path / "in")) if isinstance(item, FoundArchive)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_that_is_called_like_a_table_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.parquet")
    assert codes(tmp_path) == []


def test_a_footer_of_nothing_is_no_table(tmp_path):
    written(tmp_path / "a.parquet", b"PAR1" + b"\x15\x02" * 50 + (100).to_bytes(4, "little") + b"PAR1")
    assert codes(tmp_path) == []
