"""Archives made to do harm, end to end: nothing is written outside the output folder, and good members are used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging.records import Failure, FoundArchive, FoundImage
from image_tagging.sources.find import find_images
from image_tagging.sources.read import SourceReader
from raw_zips import Member, overlapping_bomb, raw_zip
from samples import png, written, zipped

CLIMBING = [
    *(b"../../climb.png", b"/absolute.png", b"C:\\windows\\drive.png", b"..\\..\\back.png", b"C:relative.png"),
    *(b"\\\\server\\share\\net.png", b"....//dots.png", b"nul.png\0.exe", b"a/../../../mixed.png", b"folder.png/"),
    *(b"~/home.png", b"new\nline.png", b"con.png", b"%2e%2e%2fcoded.png"),
]


@pytest.mark.slow
def test_names_that_climb_are_placed_inside_the_bins_only(stage4, tmp_path):
    members = [Member(name, png(number)) for number, name in enumerate(CLIMBING)]
    archive = written(tmp_path / "in" / "a.zip", raw_zip(*members))
    code, placed, _ = stage4(archive)
    assert code == 0
    expected = "absolute climb coded dots folder home mixed nul".replace("coded", "%2e%2e%2fcoded")
    assert {path.name for path in placed} >= {f"{name}.png" for name in expected.split()}
    hidden = CLIMBING.index(b"..\\..\\back.png")  # next to names with slashes it is no path, and begins with a dot
    assert {path.read_bytes() for path in placed} == {
        png(number) for number in range(len(CLIMBING)) if number != hidden
    }
    assert not [path for path in placed if path.is_symlink()]


@pytest.mark.slow
def test_names_that_climb_by_backslashes_are_placed_inside_the_bins_only(stage4, tmp_path):
    names = [name for name in CLIMBING if b"/" not in name]
    archive = written(tmp_path / "in" / "a.zip", raw_zip(*(Member(name, png(at)) for at, name in enumerate(names))))
    code, placed, _ = stage4(archive)
    assert code == 0
    assert {path.name for path in placed} >= {"back.png", "drive.png", "net.png"}
    assert {path.read_bytes() for path in placed} == {png(number) for number in range(len(names))}


@pytest.mark.slow
def test_links_are_reported_and_never_followed(stage4, tmp_path):
    secret = written(tmp_path / "secret.png", png(7))
    link = Member(b"link.png", secret.encode(), attributes=0o120777 << 16)
    code, placed, log = stage4(written(tmp_path / "in" / "a.zip", raw_zip(link, Member(b"good.png", png(1)))))
    assert code == 0
    assert {path.name for path in placed} == {"good.png"}
    assert "links in archives are not followed" in log


def test_a_zip_that_was_cut_short_gives_the_images_that_are_whole(stage4, tmp_path):
    data = zipped({f"{number}.png": png(number) for number in range(6)})
    cut = [match.start() for match in re.finditer(b"PK\x03\x04", data)][5] + 60
    code, placed, log = stage4(written(tmp_path / "in" / "a.zip", data[:cut]))
    assert code == 0
    assert {path.read_bytes() for path in placed} == {png(number) for number in range(5)}
    assert "5 members were found" in log


def test_members_of_one_name_are_all_scored_and_placed(stage4, tmp_path):
    archive = written(tmp_path / "in" / "a.zip", raw_zip(*(Member(b"cat.png", png(number)) for number in range(3))))
    code, placed, _ = stage4(archive)
    assert code == 0
    assert {path.name: path.read_bytes() for path in placed} == {
        "cat (2).png": png(0),
        "cat (3).png": png(1),
        "cat.png": png(2),
    }
    output = json.loads((tmp_path / "deep" / "er" / "output" / "output.json").read_text(encoding="utf-8"))
    assert len(output) == 3


def test_an_archive_of_another_suffix_is_classified(stage4, tmp_path):
    code, placed, _ = stage4(written(tmp_path / "in" / "mountain.download", zipped({"1.png": png(1)})))
    assert (code, {path.name for path in placed}) == (0, {"1.png"})


def test_one_bad_member_of_each_kind_costs_no_neighbour(stage4, tmp_path):
    bad = {
        "encrypted": Member(b"1.png", png(1), flags=1),
        "unsupported-archive": Member(b"2.png", png(1), method=9),
        "damaged-member": Member(b"3.png", png(1), crc=1),
        "link": Member(b"4.png", b"good.png", attributes=0o120777 << 16),
        "too-large": Member(b"5.png", png(1), size=2**31),
        "overlapping": Member(b"6.png", png(1), offset=0),
    }
    good = [Member(b"good %d.png" % number, png(10 + number)) for number in range(3)]
    archive = written(tmp_path / "in" / "a.zip", raw_zip(good[0], *bad.values(), *good[1:]))
    # 6.png says to lie where good 0.png does: the last of the two has that place, and its checksum is another
    code, placed, log = stage4(archive)
    assert code == 0
    assert {path.name for path in placed} >= {"good 1.png", "good 2.png"}
    assert not [code for code in bad if code not in log]


# Bombs --------------------------------------------------------------------------------------------------------

_MEASURED = """
import sys, time
from collections import Counter
from image_tagging.records import Failure, FoundArchive, FoundImage
from image_tagging.sources.find import find_images
def peak():  # of this program alone: what resource tells is inherited
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
started, base = time.perf_counter(), peak()
counts = Counter(item.code if isinstance(item, Failure) else type(item).__name__ for item in find_images(sys.argv[1]))
print(dict(counts), (peak() - base) // 1024, "MiB", round(time.perf_counter() - started, 1), "s")
"""


def nested_bomb(levels: int, copies: int, leaf: int, name: str = "0.png") -> bytes:
    """``copies`` archives in each archive, ``levels`` deep, each last one with ``leaf`` bytes of zeros (42.zip)."""
    data = zipped({name: bytes(leaf)})
    for _ in range(levels):
        data = zipped({f"{number:02}.zip": data for number in range(copies)})
    return data


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
@pytest.mark.parametrize(("leaf", "name"), [(1 << 20, "0.png"), (600 << 20, "0.png"), (1 << 20, "0.dll")])
def test_finding_in_a_nested_bomb_ends_and_takes_little_memory(tmp_path, leaf, name):
    path = written(tmp_path / "bomb.zip", nested_bomb(5, 16, leaf, name))
    assert os.path.getsize(path) < 100_000
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, path], check=True, capture_output=True, encoding="utf-8", timeout=600
    )
    counts, memory = re.match(r"(.*\}) (\d+) MiB", done.stdout).groups()
    assert re.search("'too-much': 1|'too-many-members': 1", counts)
    assert int(memory) < 256
    assert int(re.search(r"'FoundArchive': (\d+)", counts)[1]) < 20_000


@pytest.mark.slow
def test_an_overlapping_bomb_gives_its_last_member_and_unpacks_none_of_the_others(tmp_path):
    names = [b"%d.png" % number for number in range(200)]
    path = written(tmp_path / "bomb.zip", overlapping_bomb(names, 20_000_000))
    assert os.path.getsize(path) < 50_000
    codes = {}
    reader = SourceReader()
    for item in find_images(path):
        if isinstance(item, FoundImage):
            try:
                reader.read(item.ref)
            except Exception as error:  # noqa: BLE001  its code is compared
                codes.setdefault(getattr(error, "code", repr(error)), []).append(item.ref.name)
        elif isinstance(item, Failure):
            assert item.code == "too-much"
    reader.close()
    assert set(codes) == {"overlapping"}


@pytest.mark.slow
def test_a_bomb_of_images_is_refused_at_the_image_limit_without_unpacking_it(tmp_path):
    written(tmp_path / "a.zip", zipped({"a.png": bytes(600 << 20)}))
    found = list(find_images(str(tmp_path / "a.zip")))
    assert [type(item) for item in found] == [FoundImage, FoundArchive]
    reader = SourceReader()
    with pytest.raises(Exception, match="more than 134,217,728 bytes") as raised:
        reader.read(found[0].ref)
    assert raised.value.code == "too-large"
    reader.close()


# The table of codes -------------------------------------------------------------------------------------------


def test_every_code_of_reading_is_explained():
    checkout = Path(__file__).resolve().parents[2]
    modules = (checkout / "src" / "image_tagging" / "sources").rglob("*.py")
    text = "".join(module.read_text(encoding="utf-8") for module in modules)
    codes = set(re.findall(r'ReadError\(\s*"([a-z-]+)"', text)) | set(re.findall(r'"read", "([a-z-]+)"', text))
    page = (checkout / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    assert codes == set(re.findall(r"^\| `([a-z-]+)` \|", page.partition("could not be read\n")[2], re.M)) & codes
    assert len(codes) > 12
