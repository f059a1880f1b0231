"""Tars made to do harm, end to end: the same list as for zips, and what only a tar can do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import pytest

from image_tagging.errors import ReadError
from image_tagging.records import Failure, FoundArchive, FoundImage
from image_tagging.sources.archives import ArchiveLimits
from image_tagging.sources.find import find_images
from image_tagging.sources.read import SourceReader
from raw_tars import END, PACKINGS, add, header, member, padded, pax_record, tarred
from samples import png, written, zipped

CLIMBING = [
    *(b"../../climb.png", b"/absolute.png", b"C:\\windows\\drive.png", b"..\\..\\back.png", b"C:relative.png"),
    *(b"\\\\server\\share\\net.png", b"....//dots.png", b"nul.png\0.exe", b"a/../../../mixed.png"),
    *(b"~/home.png", b"new\nline.png", b"con.png", b"%2e%2e%2fcoded.png", b"caf\xe9.png"),
]


def packed(data: bytes, packing: str) -> bytes:
    """A tar, compressed."""
    compress = {
        "": bytes,
        "gz": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
    }
    return compress[packing](data)


def found_and_read(path, limits=None):
    """What is found, and the bytes of each image by its path inside, or the code why there are none."""
    options = {"limits": limits} if limits else {}
    found = list(find_images(str(path), **options))
    reader = SourceReader(**options)
    contents = {}
    for item in found:
        if isinstance(item, FoundImage):
            try:
                contents["/".join(item.ref.members)] = reader.read(item.ref)
            except ReadError as error:
                contents["/".join(item.ref.members)] = error.code
    reader.close()
    return [item.code for item in found if isinstance(item, Failure)], contents


# End to end ---------------------------------------------------------------------------------------------------


def test_names_that_climb_are_placed_inside_the_bins_only(stage4, tmp_path):
    data = b"".join(member(name, png(number)) for number, name in enumerate(CLIMBING)) + END
    code, placed, _ = stage4(written(tmp_path / "in" / "a.tar.gz", packed(data, "gz")))
    assert code == 0
    assert {path.name for path in placed} >= {f"{name}.png" for name in "absolute climb dots home".split()}
    hidden = CLIMBING.index(b"..\\..\\back.png")  # next to names with slashes it is no path, and begins with a dot
    assert {path.read_bytes() for path in placed} == {
        png(number) for number in range(len(CLIMBING)) if number != hidden
    }
    assert not [path for path in placed if path.is_symlink()]


def test_links_are_reported_and_never_followed(stage4, tmp_path):
    secret = written(tmp_path / "secret.png", png(7))
    data = [
        member(b"sym.png", kind=b"2", link=secret.encode()[-99:]),
        member(b"hard.png", kind=b"1", link=secret.encode()[-99:]),
        member(b"good.png", png(1)),
        member(b"same.png", kind=b"1", link=b"good.png"),
    ]
    code, placed, log = stage4(written(tmp_path / "in" / "a.tar", b"".join(data) + END))
    assert code == 0
    assert {path.name: path.read_bytes() for path in placed} == {"good.png": png(1), "same.png": png(1)}
    assert log.count("links in archives are not followed") == 2


@pytest.mark.parametrize("packing", ["", "gz"])
def test_a_tar_that_was_cut_short_gives_the_images_that_are_whole(stage4, tmp_path, packing):
    data = tarred({f"{number}.png": png(number) for number in range(6)})
    cut = data.index(b"5.png") + 560
    archive = packed(data[:cut], packing) if not packing else packed(data[:cut], packing)[:-8]
    code, placed, log = stage4(written(tmp_path / "in" / f"a.tar.{packing}".rstrip("."), archive))
    assert code == 0
    assert {path.read_bytes() for path in placed} == {png(number) for number in range(5)}
    assert "5 members were found" in log


def test_members_of_one_name_are_all_scored_and_placed(stage4, tmp_path):
    data = b"".join(member(b"cat.png", png(number)) for number in range(3)) + END
    code, placed, _ = stage4(written(tmp_path / "in" / "a.tar.xz", packed(data, "xz")))
    assert code == 0
    assert {path.name: path.read_bytes() for path in placed} == {
        "cat (2).png": png(0),
        "cat (3).png": png(1),
        "cat.png": png(2),
    }


@pytest.mark.parametrize("name", ["mountain.download", "mountain.zip", "mountain"])
def test_a_tar_of_another_suffix_is_classified(stage4, tmp_path, name):
    code, placed, _ = stage4(written(tmp_path / "in" / name, tarred({"1.png": png(1)}, "gz")))
    assert (code, {path.name for path in placed}) == (0, {"1.png"})


def test_one_bad_member_of_each_kind_costs_no_neighbour(stage4, tmp_path):
    data = [
        member(b"good 0.png", png(10)),
        member(b"1.png", kind=b"2", link=b"good 0.png"),
        member(b"2.png", kind=b"3"),
        member(b"3.png", bytes(512), b"S", magic=b"ustar  \0"),
        member(b"p", pax_record(b"GNU.sparse.map", b"0,1"), b"x") + member(b"4.png", b"1"),
        member(b"good 1.png", png(11)),
        bytearray(member(b"5.png", png(1))),
        member(b"good 2.png", png(12)),
    ]
    data[6][0] ^= 1
    code, placed, log = stage4(written(tmp_path / "in" / "a.tar", b"".join(data) + END))
    assert code == 0
    assert {path.name for path in placed} == {"good 0.png", "good 1.png", "good 2.png"}
    for reason in ("link", "not-a-file", "unsupported-archive", "damaged-archive"):
        assert f", {reason})" in log


# Bombs --------------------------------------------------------------------------------------------------------

SMALL = ArchiveLimits(total_bytes=1 << 20, ratio=10, members=1000)


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_a_compressed_tar_of_zeros_without_end_is_refused(tmp_path, packing):
    data = packed(header(b"a.png", 8**11 - 1) + bytes(20 << 20), packing)
    assert len(data) < 30_000
    assert found_and_read(written(tmp_path / "a.tgz", data), SMALL) == (["too-much"], {})


@pytest.mark.parametrize("packing", PACKINGS.values())
def test_images_larger_than_an_image_may_be_are_refused_before_they_are_in_memory(tmp_path, packing):
    path = written(tmp_path / "a.tar", tarred({"a.png": bytes(100_000), "b.png": b"b"}, packing))
    assert found_and_read(path, ArchiveLimits(image_bytes=1000)) == ([], {"a.png": "too-large", "b.png": b"b"})


def test_archives_that_unpack_to_little_each_and_much_together_are_one_failure(tmp_path):
    inner = tarred({"0.png": bytes(300_000)}, "gz")
    path = written(tmp_path / "a.zip", zipped({f"{number}.tgz": inner for number in range(20)}))
    codes, contents = found_and_read(path, SMALL)
    assert codes == ["too-much"]
    assert len(contents) <= 3


def test_hard_links_to_one_large_image_count_each_time(tmp_path):
    data = member(b"a.png", bytes(100_000)) + b"".join(
        member(b"%d.png" % number, kind=b"1", link=b"a.png") for number in range(100)
    )
    for packing in PACKINGS.values():
        codes, contents = found_and_read(written(tmp_path / "a.tar", packed(data + END, packing)), SMALL)
        assert codes == ["too-much"]
        assert 1 <= len(contents) < 30


@pytest.mark.parametrize("kind", [b"g", b"x", b"L", b"S"])
@pytest.mark.parametrize("packing", ["", "gz"])
def test_headers_without_end_are_refused(tmp_path, kind, packing):
    sparse = bytearray(header(b"a", 0, b"S"))
    extension = bytes(504) + b"\1" + bytes(7)
    sparse[482] = 1
    sparse[148:156] = b"%06o\0 " % (sum(sparse) - sum(sparse[148:156]) + 256)
    headers = bytes(sparse) + extension * 4000 if kind == b"S" else member(b"a", b"10 path=ab\n", kind) * 4000
    codes, contents = found_and_read(written(tmp_path / "a.tar", packed(headers, packing)), SMALL)
    assert (codes, contents) in ((["too-many-members"], {}), (["too-much"], {}))


def test_extended_headers_that_are_large_are_not_taken_into_memory(tmp_path):
    for kind in (b"x", b"L", b"K"):
        path = written(tmp_path / "a.tar.gz", packed(header(b"a", 1 << 30, kind) + bytes(1 << 20), "gz"))
        assert found_and_read(path) == (["too-large"], {})


def test_names_longer_than_those_of_files_are_shortened_failures(tmp_path):
    data = b"".join(member(b"L", b"%06d" % number + b"n" * 8000 + b".png", b"L") + member(b"n") for number in range(50))
    inner = packed(data + END, "gz")
    codes, contents = found_and_read(written(tmp_path / "a.zip", zipped({"in.tgz": inner, "b.png": b"b"})))
    assert (codes, contents) == (["long-name"] * 50, {"b.png": b"b"})


def test_xz_that_asks_for_gibibytes_of_memory_is_refused(tmp_path):
    data = bytearray(lzma.compress(tarred({"a.png": b"1"})))
    block = data[12 : 12 + (data[12] + 1) * 4]
    place = block.index(b"\x21\x01") + 2
    block[place] = 40  # a dictionary of 4 GiB
    block[-4:] = zlib.crc32(block[:-4]).to_bytes(4, "little")
    data[12 : 12 + len(block)] = block
    codes, contents = found_and_read(written(tmp_path / "a.txz", data))
    assert (codes, contents) == (["damaged-archive"], {})


@pytest.mark.parametrize("size", [8**11 - 1, 1 << 62])
def test_sizes_that_lead_nowhere_end_the_archive(tmp_path, size):
    digits = b"\x80" + size.to_bytes(11, "big")
    data = member(b"a.png", b"a") + header(b"b.png", digits=digits) + padded(b"b") + member(b"c.png", b"c") + END
    for packing in PACKINGS.values():
        codes, contents = found_and_read(written(tmp_path / "a.tar", packed(data, packing)))
        assert (codes, contents) == (["damaged-archive"], {"a.png": b"a"})


def test_negative_sizes_never_lead_back(tmp_path):
    data = member(b"a.png", b"a") + header(b"b.png", digits=b"\xff" * 10 + b"\xfc\0") + member(b"c.png", b"c") + END
    codes, contents = found_and_read(written(tmp_path / "a.tar", data))
    assert (codes, contents) == (["damaged-archive"], {"a.png": b"a", "c.png": b"c"})


def test_archives_in_each_other_are_followed_to_the_limit_and_no_deeper(tmp_path):
    for name, outer in (("in.tar.gz", "gz"), ("in.tar", "")):
        data = {"a.png": png()}
        for _ in range(3):
            data = {name: tarred(data, outer)}
        path = written(tmp_path / "a.tar", tarred(data))
        assert found_and_read(path, ArchiveLimits(depth=4))[1] == {f"{name}/{name}/{name}/a.png": png()}
        assert found_and_read(path, ArchiveLimits(depth=3)) == (["too-deep"], {})


_MEASURED = """
import sys, time
from collections import Counter
from image_tagging.records import Failure
from image_tagging.sources.find import find_images
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
base = peak()
counts = Counter(item.code if isinstance(item, Failure) else type(item).__name__ for item in find_images(sys.argv[1]))
print(dict(counts), (peak() - base) // 1024, "MiB")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux reports it")
@pytest.mark.parametrize("packing", ["gz", "xz"])
def test_finding_in_a_nested_bomb_ends_and_takes_little_memory(tmp_path, packing):
    data = tarred({"0.png": bytes(1 << 24)}, packing)
    for _ in range(4):
        data = tarred({f"{number:02}.tar.{packing}": data for number in range(16)}, packing)
    path = written(tmp_path / f"bomb.tar.{packing}", data)
    assert os.path.getsize(path) < 500_000
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, path], check=True, capture_output=True, encoding="utf-8", timeout=600
    )
    counts, memory = re.match(r"(.*\}) (\d+) MiB", done.stdout).groups()
    assert "'too-much': 1" in counts
    assert int(memory) < 512


# What is left behind ------------------------------------------------------------------------------------------


def test_nothing_is_written_next_to_the_archive_or_left_in_the_temporary_folder(tmp_path, monkeypatch):
    from image_tagging.sources.archives.tar import stream

    monkeypatch.setattr(stream, "BLOCK", 512)
    monkeypatch.setattr(stream, "_WINDOW", 2)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    os.mkdir(tmp_path / "temporary")
    names = [f"{number}.png" for number in range(20)]
    path = written(tmp_path / "in" / "a.tar.xz", tarred({name: os.urandom(900) for name in names}, "xz"))
    before = os.stat(path)
    reader = SourceReader()
    found = [item.ref for item in find_images(path) if isinstance(item, FoundImage)]
    for _ in range(5):
        for ref in reversed(found):
            reader.read(ref)
        assert os.listdir(tmp_path / "temporary") == []
    reader.close()
    assert os.listdir(tmp_path / "in") == ["a.tar.xz"]
    assert (os.stat(path).st_mtime_ns, os.stat(path).st_size) == (before.st_mtime_ns, before.st_size)


def test_a_tar_that_changes_while_it_is_read_says_so_and_is_opened_again(tmp_path):
    for packing in PACKINGS.values():
        path = written(tmp_path / "a.tar", tarred({"1.png": b"1" * 5000, "2.png": b"2" * 5000}, packing))
        os.utime(path, ns=(0, 1_000))
        found = [item.ref for item in find_images(path) if isinstance(item, FoundImage)]
        reader = SourceReader()
        assert reader.read(found[0]) == b"1" * 5000
        written(path, tarred({"1.png": b"3" * 5000, "2.png": b"4" * 5000}, packing))
        os.utime(path, ns=(0, 2_000))
        with pytest.raises(ReadError, match="run again") as raised:
            reader.read(found[1])
        assert raised.value.code == "changed"
        assert reader.read(found[1]) == b"4" * 5000
        reader.close()


def test_files_that_are_compressed_and_hold_no_tar_are_other_files(tmp_path):
    for name in ("a.json.gz", "b.gz", "c.bz2", "d.xz"):
        written(tmp_path / name, packed(b"no tar", {".gz": "gz", ".bz2": "bz2", ".xz": "xz"}[Path(name).suffix]))
    written(tmp_path / "e.tar.gz", packed(b"no tar", "gz"))
    codes, _ = found_and_read(tmp_path)
    assert codes == ["damaged-archive"]
    assert not [item for item in find_images(str(tmp_path)) if isinstance(item, FoundArchive) and item.images]


def test_hidden_members_are_left_out(tmp_path):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in ("__MACOSX/a.png", "cat/._b.png", "./._c.png", "./cat/d.png", ".git/e.png"):
            add(archive, name, b"1")
    assert found_and_read(written(tmp_path / "a.tgz", file.getvalue())) == ([], {"./cat/d.png": b"1"})
