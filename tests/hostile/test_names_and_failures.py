"""What few bytes can name, and what can fail in them, takes bounded memory and disk."""

from __future__ import annotations

import io
import os
import struct
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from image_tagging import FileCache, ProcessConfig, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.datasets import read_embeddings
from image_tagging.errors import ReadError
from image_tagging.failures import MOST_OF_ONE_FILE, FailureList
from image_tagging.records import Failure, FoundArchive, FoundImage
from image_tagging.sources import ThreadReaders, find_images, read
from image_tagging.sources.archives import ArchiveLimits, unpacked
from raw_tars import END, member, pax_record, tarred
from raw_zips import Member, raw_zip
from samples import png, written, zipped


def directory_zip(names, size=9):
    """A zip of a directory alone: what its members are called, and no data."""
    records = [
        struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, size, size, len(name), *[0] * 6) + name
        for name in names
    ]
    directory, count = b"".join(records), len(records) & 0xFFFF
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), 44, 0)
    return b"PK\3\4" + bytes(40) + directory + end


def process(folder, output):
    """Stage 1 over a folder that holds one good image too."""
    written(Path(folder) / "good.png", png(1))
    config = ProcessConfig(input_folder=str(folder), output_folder=str(output), clip_model="builtin")
    return process_dataset(config)


def codes(root):
    return [item.code for item in find_images(str(root)) if isinstance(item, Failure)]


def disk(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


# Long names ---------------------------------------------------------------------------------------------------

LONG = b"n" * 5000 + b".png"
LONG_RECORD = pax_record(b"path", b"x/" * 2100 + b"a.png")


@pytest.mark.parametrize(
    "data",
    [
        raw_zip(Member(LONG, b"1"), Member(b"a.png", b"2")),
        raw_zip(Member("漢".encode() * 1400 + b".png", b"1"), Member(b"a.png", b"2")),
        raw_zip(Member(LONG, b"1"), Member(b"a.png", b"2"))[:-30],
        member(b"L", LONG, b"L") + member(b"n", b"1") + member(b"a.png", b"2") + END,
        member(b"p", LONG_RECORD, b"x") + member(b"n", b"1") + member(b"a.png", b"2") + END,
    ],
    ids=["zip", "zip, not ascii", "zip without its end", "tar", "pax"],
)
def test_a_name_that_no_system_has_costs_its_member(tmp_path, data):
    found = list(find_images(written(tmp_path / "a.zip", data)))
    (failure,) = [item for item in found if isinstance(item, Failure) and item.code == "long-name"]
    assert len(failure.ref.path) < len(str(tmp_path)) + 120
    assert failure.ref.name.endswith(".png")
    assert [item.ref.members for item in found if isinstance(item, FoundImage)] == [("a.png",)]


def nested_tars(*names):
    """An image in tars that lie in each other, the innermost name first."""
    data = png(2)
    for name in names:
        data = member(b"h", pax_record(b"path", name), kind=b"x") + member(b"x", data) + END
    return data


@pytest.mark.parametrize(
    "names",
    [
        (b"\xff" * 1363 + b".png", *[b"\xff" * 1363 + b".tar"] * 7),
        (b"\xe9" * 1363 + b"/1.gif", *[b"\xe9" * 1363 + b".tar"] * 7),
        (b"\xfe" * 1362 + b"/1.png", *[b"/" + b"\x80" * 1363 + b".tar"] * 7),
    ],
)
def test_an_image_of_a_longer_path_than_metadata_takes_is_a_failure(tmp_path, names):
    written(tmp_path / "in" / ("d" * 100) / "a.tar", nested_tars(*names))
    summary = process(tmp_path / "in", tmp_path / "out")
    (failure,) = summary.embedding.failures
    assert (failure.code, len(failure.ref.members)) == ("long-name", 8)
    assert "65,536 characters" in failure.reason
    _, records = read_embeddings(str(tmp_path / "out" / "input-metadata.json"))
    assert [os.path.basename(record.file_path) for record in records] == ["good.png"]


def test_an_image_of_a_path_that_metadata_takes_is_embedded(tmp_path):
    names = (b"1.png", *[b"\xff" * 1363 + b".tar"] * 7)
    written(tmp_path / "in" / "a.tar", nested_tars(*names))
    assert not process(tmp_path / "in", tmp_path / "out").embedding.failures
    _, records = read_embeddings(str(tmp_path / "out" / "input-metadata.json"))
    assert max(len(record.file_path) for record in records) > 50_000


def test_shortened_names_that_are_the_same_are_failures_each(tmp_path):
    names = [b"a" * 2000 + b"%d" % number + b"b" * 3000 for number in range(5)]
    found = list(find_images(written(tmp_path / "a.zip", directory_zip(names))))
    assert len({item.ref for item in found if isinstance(item, Failure)}) == 5


def test_a_member_of_a_shortened_name_is_not_read(tmp_path):
    path = written(tmp_path / "a.zip", raw_zip(Member(LONG, b"1")))
    (failure,) = [item for item in find_images(path) if isinstance(item, Failure)]
    readers = ThreadReaders()
    with pytest.raises(ReadError, match="longer than that of any file"):
        readers.read(failure.ref)
    readers.close()


@pytest.mark.slow
@pytest.mark.parametrize("length", [3900, 8000])
def test_sixty_thousand_long_names_take_little(tmp_path, measured, length):
    names = [b"%06d" % number + b"n" * length + b".png" for number in range(60_000)]
    data = zipped({"in.zip": directory_zip(names)})
    assert len(data) < 1 << 20
    written(tmp_path / "in" / "a.zip", data)
    written(tmp_path / "in" / "good.png", png(1))
    flags = [f"--input_folder={tmp_path / 'in'}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin"]
    code, _, mebibytes = measured(sys.executable, "-m", "image_tagging", "process", *flags)
    assert code == 0
    assert mebibytes < 400
    assert disk(tmp_path / "out") < 50 << 20


def test_names_repeated_through_archives_add_up(tmp_path):
    inner = zipped({f"{number}.png": b"" for number in range(3000)})
    for _ in range(3):
        inner = zipped({"n" * 4000 + ".zip": inner})
    assert codes(written(tmp_path / "a.zip", inner)) == ["too-much"]


def test_an_honest_archive_of_many_files_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(30_000):
            archive.writestr(f"a folder of photos/holiday {number:06}.png", b"")
    found = list(find_images(str(tmp_path / "a.zip")))
    assert found[-1] == FoundArchive(ImageRef(str(tmp_path / "a.zip")), 30_000)
    assert len(found) == 30_001


# Members ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_millions_of_members_from_one_megabyte_are_refused(tmp_path, measured):
    record = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, *[0] * 14)
    count = 11_000_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(record) * count, 44, 0)
    path = written(tmp_path / "a.zip", zipped({"in.zip": b"PK\3\4" + bytes(40) + record * count + end}))
    assert os.path.getsize(path) < 2 << 20
    program = (
        "import sys; from image_tagging.sources import find_images\n"
        "assert 'too-many-members' in [getattr(item, 'code', '') for item in find_images(sys.argv[1])]"
    )
    code, said, mebibytes = measured(sys.executable, "-c", program, path)
    assert (code, said) == (0, "")
    assert mebibytes < 300


# Failures -----------------------------------------------------------------------------------------------------


def test_failures_beyond_the_bound_are_counted():
    failures = FailureList()
    for number in range(MOST_OF_ONE_FILE + 5):
        failures.add(Failure(ImageRef("a.zip", (f"{number}.png",)), "read", "link", "no"))
    assert failures.add(Failure(ImageRef("b.zip", ("1.png",)), "read", "damaged-member", "no"))
    assert len(failures.held) == MOST_OF_ONE_FILE + 1
    assert failures.codes == {"link": MOST_OF_ONE_FILE + 5, "damaged-member": 1}
    assert failures.more == 5


@pytest.mark.slow
def test_a_zip_of_bad_members_is_counted_and_named_in_part(tmp_path, caplog):
    names = [b"%05d.cr2" % number for number in range(20_000)]
    written(tmp_path / "in" / "a.zip", directory_zip(names))
    summary = process(tmp_path / "in", tmp_path / "out").embedding
    assert summary.failure_codes == {"unsupported": 20_000}
    assert len(summary.failures) == MOST_OF_ONE_FILE
    lines = [record.getMessage() for record in caplog.records if "skipped" in record.getMessage()]
    assert len(lines) == MOST_OF_ONE_FILE + 1
    assert lines[-1] == "skipped 10,000 more, which are not named; all of them by code: 20,000 unsupported"
    assert disk(tmp_path / "out") < 20 << 20


def test_the_file_cache_counts_failures_it_does_not_name(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("image_tagging.failures.MOST_OF_ONE_FILE", 3)
    written(tmp_path / "in" / "a.zip", directory_zip([b"%d.cr2" % number for number in range(10)]))
    written(tmp_path / "in" / "good.png", png(1))
    caplog.set_level("INFO")
    FileCache().add_folder_to_file_cache(tmp_path / "in", tmp_path / "out")
    said = [record.getMessage() for record in caplog.records]
    assert sum("cannot be read" in line for line in said) == 3
    assert "skipped 7 more, which are not named" in said
    assert "10 failed" in said[-1]


def test_suffixes_without_end_are_counted_together(tmp_path):
    names = [b"a.%05d" % number for number in range(3000)] + [b"a." + b"x" * 3000]
    written(tmp_path / "in" / "a.zip", directory_zip(names))
    passed_over = process(tmp_path / "in", tmp_path / "out").embedding.passed_over
    assert sum(passed_over.values()) == 3001
    assert len(passed_over) <= 1001
    assert max(map(len, passed_over)) <= 20


# What unpacks to much -----------------------------------------------------------------------------------------


def large_archive(size):
    """A zip of four small images, with so many zeros behind them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.png", b"image %d" % number)
        archive.writestr("zeros.bin", bytes(size))
    return file.getvalue()


@pytest.fixture
def readers():
    readers = ThreadReaders()
    yield readers
    readers.close()


@pytest.mark.parametrize("name", ["in.zip", "mid.tar.gz/in.zip"])
def test_a_large_inner_archive_is_unpacked_once_for_all_threads(tmp_path, readers, monkeypatch, name):
    monkeypatch.setattr(unpacked, "IN_MEMORY", 1 << 16)
    fills = []
    fill = unpacked._Unpacked.fill
    monkeypatch.setattr(unpacked._Unpacked, "fill", lambda self, *given: fills.append(1) or fill(self, *given))
    inner = large_archive(1 << 20)
    first, _, rest = name.partition("/")
    content = tarred({rest: inner}, "gz") if rest else inner
    path = written(tmp_path / "a.zip", zipped({first: content}))
    refs = [item.ref for item in find_images(path) if isinstance(item, FoundImage)]
    fills.clear()
    together, got = threading.Barrier(4), {}

    def take(ref):
        together.wait()
        got[ref.name] = readers.read(ref)
        together.wait()

    threads = [threading.Thread(target=take, args=(ref,)) for ref in refs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {f"{number}.png": b"image %d" % number for number in range(4)}
    assert len(fills) == len(name.split("/"))


@pytest.mark.slow
def test_a_gibibyte_from_one_megabyte_stays_out_of_memory(tmp_path, measured):
    written(tmp_path / "in" / "a.zip", zipped({"in.zip": large_archive(900 << 20)}))
    written(tmp_path / "in" / "good.png", png(1))
    flags = [f"--input_folder={tmp_path / 'in'}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin"]
    code, _, mebibytes = measured(sys.executable, "-m", "image_tagging", "process", *flags)
    assert code == 0
    assert mebibytes < 400


def test_an_archive_that_is_unpacked_and_unusable_is_charged(tmp_path):
    """Else one that is no archive could be unpacked for each of its names."""
    path = written(tmp_path / "a.zip", zipped({f"{number:03}.zip": bytes(200_000) for number in range(60)}))
    limits = ArchiveLimits(total_bytes=5 << 20, ratio=1)
    found = [item.code for item in find_images(path, limits=limits) if isinstance(item, Failure)]
    assert found[-1] == "too-much"
    assert len(found) < 30


def test_no_room_for_temporary_files_is_one_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacked, "IN_MEMORY", 1000)
    monkeypatch.setattr(unpacked.shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    path = written(tmp_path / "a.zip", zipped({"in.zip": large_archive(5000), "b.png": b"b"}))
    assert codes(path) == ["too-large"]


def test_large_images_wait_for_each_other(tmp_path, readers, monkeypatch):
    monkeypatch.setattr(read, "_LARGE", 1000)
    readers._room = 5000
    path = written(tmp_path / "a.zip", zipped({f"{number}.png": bytes(3000) for number in range(4)}))
    refs = [ImageRef(path, (f"{number}.png",)) for number in range(4)]
    lock, most, now = threading.Lock(), [0], [0]

    def take(ref):
        with readers.reading(ref) as data:
            with lock:
                now[0] += len(data)
                most[0] = max(most[0], now[0])
            threading.Event().wait(0.02)
            with lock:
                now[0] -= len(data)

    threads = [threading.Thread(target=take, args=(ref,)) for ref in refs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [3000]
    assert readers._room == 5000


def test_a_large_image_that_fails_leaves_its_room(tmp_path, readers, monkeypatch):
    monkeypatch.setattr(read, "_LARGE", 1000)
    data = bytearray(zipped({"a.png": os.urandom(3000)}))
    data[100] ^= 1
    room = readers._room
    with pytest.raises(ReadError), readers.reading(ImageRef(written(tmp_path / "a.zip", data), ("a.png",))):
        pass
    assert readers._room == room


def test_an_image_in_a_small_archive_may_not_unpack_to_hundreds_of_megabytes(tmp_path, readers):
    path = written(tmp_path / "a.zip", zipped({"a.png": bytes(130 << 20), "b.png": bytes(120 << 20)}))
    with pytest.raises(ReadError, match="holds more than 134,217,728 bytes"):
        readers.read(ImageRef(path, ("a.png",)))
    assert len(readers.read(ImageRef(path, ("b.png",)))) == 120 << 20
    assert ArchiveLimits().member_bytes(100 << 20) == ArchiveLimits().image_bytes


def test_lzma_that_asks_for_much_memory_is_refused(tmp_path, readers):
    data = bytearray(zipped({"a.png": bytes(1000)}, zipfile.ZIP_LZMA))
    place = data.index(b"a.png") + 5 + 5
    data[place : place + 4] = struct.pack("<L", 1 << 30)
    central = data.index(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<L", (1 << 26) + 1)
    with pytest.raises(ReadError, match="bytes of memory") as raised:
        readers.read(ImageRef(written(tmp_path / "a.zip", data), ("a.png",)))
    assert raised.value.code == "unsupported-archive"


def test_many_small_archives_of_long_names_add_up_to_little(tmp_path):
    names = [b"%06d" % number + b"n" * 3900 + b".png" for number in range(6000)]
    data = zipped({"in.zip": directory_zip(names)})
    assert len(data) < 100_000
    for number in range(8):
        written(tmp_path / "in" / f"{number}.zip", data)
    assert process(tmp_path / "in", tmp_path / "out").embedding.failure_codes == {"too-much": 8}
    assert disk(tmp_path / "out") < 10 << 20
