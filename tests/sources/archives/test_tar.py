"""A tar, compressed or not, is read as a zip is: every member by its own name, whatever its headers say."""

from __future__ import annotations

import gzip
import io
import os
import random
import tarfile
import threading
import zlib
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_tagging.errors import ReadError
from image_tagging.sources.archives import ArchiveLimits, Budget, looks_like_archive, open_archive
from image_tagging.sources.archives.tar import headers, stream
from raw_tars import END, PACKINGS, add, header, member, padded, pax_record, tarred
from samples import written, zipped

LIMIT = 10_000_000
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
MEMBERS = {f"{number}.png": bytes([number]) * 300 + os.urandom(300) for number in range(5)}


def contents(archive):
    """What every member holds, by name; the code where it cannot be read."""
    return {name: content(archive, name) for name in archive.members}


def content(archive, name):
    try:
        return archive.read(name, LIMIT)
    except ReadError as error:
        return error.code


def code_of(data, **options):
    with pytest.raises(ReadError) as raised:
        open_archive(data, **options)
    return raised.value.code


# --- what tarfile writes ----------------------------------------------------------------------------------

ANY_TEXT = st.characters(blacklist_characters="\0\\", blacklist_categories=["Cs"])
#: In headers that do not say in which encoding names are, rare characters may be taken for others.
COMMON_TEXT = st.sampled_from("ab/ ._-äéñ猫写真图片圖片사진Кошка")


def names_of(characters):
    return st.text(characters, min_size=1, max_size=120).filter(lambda name: name.strip("/") == name)


@pytest.mark.parametrize(
    ("tar_format", "names"),
    [(tarfile.GNU_FORMAT, names_of(COMMON_TEXT)), (tarfile.PAX_FORMAT, names_of(ANY_TEXT))],
    ids=["gnu", "pax"],
)
@given(data=st.data(), packing=st.sampled_from(list(PACKINGS.values())))
@settings(deadline=None, max_examples=60)
def test_all_that_pythons_own_module_writes_is_read(tar_format, names, data, packing):
    members = data.draw(st.dictionaries(names, st.binary(max_size=2000), max_size=6))
    archive = open_archive(tarred(members, packing, tar_format), name="a.tar")
    assert not archive.damage
    assert contents(archive) == members


@given(
    st.dictionaries(
        st.text("abc/.-", min_size=1, max_size=90).filter(lambda name: name.strip("/") == name), st.binary(max_size=600)
    )
)
@settings(deadline=None, max_examples=50)
def test_names_in_two_parts_are_joined(members):
    assert contents(open_archive(tarred(members, "", tarfile.USTAR_FORMAT), name="a.tar")) == members


@given(st.binary(min_size=512, max_size=512) | st.builds(header, st.binary(max_size=99), st.integers(0, 8**11 - 1)))
@settings(deadline=None, max_examples=200)
def test_a_header_says_what_tarfile_reads_in_it(block):
    found = headers.parse_header(block)
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return
    assert found is not None
    assert (found.size, found.time, found.type) == (info.size, info.mtime, info.type)
    assert found.name.rstrip("/") == info.name.rstrip("/")


@pytest.mark.parametrize("size", [b"\x80" + (9**18).to_bytes(11, "big"), b"777777777777", b" 17 \0", b"0000000000\0\0"])
def test_sizes_of_all_writers_are_understood(size):
    block = header(b"a", digits=size)
    assert headers.parse_header(block).size == tarfile.TarInfo.frombuf(block, "utf-8", "strict").size


def test_a_negative_size_makes_no_header():
    assert headers.parse_header(header(b"a", digits=b"\xff" * 12)) is None


def test_a_checksum_of_signed_bytes_counts():
    block = bytearray(header("ä.png".encode()))
    signed = sum(block[:148] + block[156:]) + 256 - 256 * 2
    block[148:156] = b"%06o\0 " % signed
    assert headers.parse_header(bytes(block)).name == "ä.png"


def test_names_that_are_no_utf8_are_read_in_one_encoding():
    archive = open_archive(member(b"caf\xe9.png", b"1") + member(b"M\xe4dchen/gr\xfcn.png", b"2") + END)
    assert contents(archive) == {"café.png": b"1", "Mädchen/grün.png": b"2"}


def test_duplicate_names_keep_apart():
    data = b"".join(member(b"cat.png", text) for text in (b"first", b"second", b"last")) + member(
        b"cat (2).png", b"own"
    )
    assert contents(open_archive(data + END)) == {
        "cat.png": b"last",
        "cat (2).png": b"own",
        "cat (3).png": b"first",
        "cat (4).png": b"second",
    }


# --- links, folders, devices ------------------------------------------------------------------------------


@pytest.mark.parametrize("packing", PACKINGS.values())
def test_a_hard_link_to_an_earlier_member_is_that_member(packing):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{packing}") as archive:
        add(archive, "./a.png", b"data")
        add(archive, "b.png", b"others")
        add(archive, "c.png", type=tarfile.LNKTYPE, linkname="a.png")
        add(archive, "d.png", type=tarfile.LNKTYPE, linkname="./c.png")
    archive = open_archive(file.getvalue())
    assert contents(archive) == {"./a.png": b"data", "b.png": b"others", "c.png": b"data", "d.png": b"data"}
    assert archive.members["c.png"].stamp == archive.members["./a.png"].stamp


@pytest.mark.parametrize("target", [b"later.png", b"missing.png", b"a.png", b"link.png", b"../../etc/hostname"])
def test_any_other_link_is_none_that_is_followed(target):
    data = [
        member(b"link.png", kind=b"2", link=b"first.png"),
        member(b"a.png", kind=b"1", link=target),
        member(b"later.png", b"x"),
    ]
    assert contents(open_archive(b"".join(data) + END)) == {"link.png": "link", "a.png": "link", "later.png": b"x"}


@pytest.mark.parametrize(
    ("kind", "code"),
    [(b"2", "link"), (b"3", "not-a-file"), (b"4", "not-a-file"), (b"6", "not-a-file"), (b"5", "not-a-file")],
)
def test_what_is_no_file_says_so(kind, code):
    archive = open_archive(member(b"a.png", kind=kind, link=b"b.png") + member(b"b.png", b"2") + END)
    assert contents(archive) == {"a.png": code, "b.png": b"2"}


def test_folders_are_known_by_type_and_by_name():
    data = (
        member(b"a/", kind=b"5") + member(b"b/", kind=b"\0") + member(b"c.png", b"1", b"7") + member(b"d", b"2", b"?")
    )
    archive = open_archive(data + END)
    assert [entry.kind for entry in archive.members.values()] == ["folder", "folder", "file", "other"]
    assert content(archive, "c.png") == b"1"


def test_a_label_is_no_member_and_a_part_of_another_volume_is_refused():
    archive = open_archive(member(b"label.png", kind=b"V") + member(b"a.png", b"1", b"M") + member(b"b", b"2") + END)
    assert contents(archive) == {"a.png": "unsupported-archive", "b": b"2"}


# --- extended headers -------------------------------------------------------------------------------------


def test_the_length_of_a_pax_record_decides_where_it_ends():
    records = pax_record(b"comment", b"x\n9 path=evil\n") + pax_record(b"path", "猫.png".encode())
    data = member(b"pax", records, b"x") + member(b"short", b"1") + member(b"next", b"2") + END
    assert contents(open_archive(data)) == {"猫.png": b"1", "next": b"2"}


@pytest.mark.parametrize("records", [b"no record", b"99999 path=a\n", b"0 path=a\n", b"5 size=\n", b"12 size=-100\n"])
def test_records_that_make_no_sense_are_damage_and_cost_their_own_member_alone(records):
    archive = open_archive(member(b"pax", records, b"x") + member(b"a", b"1") + member(b"b", b"2") + END)
    assert archive.damage
    assert content(archive, "b") == b"2"


def test_a_global_header_changes_no_name():
    data = member(b"pax", pax_record(b"path", b"evil"), b"g") + member(b"a", b"1") + END
    assert contents(open_archive(data)) == {"a": b"1"}


def test_a_size_in_a_record_counts():
    data = member(b"pax", pax_record(b"size", b"600"), b"x") + header(b"a", 1) + padded(b"1" * 600) + member(b"b", b"2")
    assert contents(open_archive(data + END)) == {"a": b"1" * 600, "b": b"2"}


@pytest.mark.parametrize("kind", [b"x", b"L", b"K"])
def test_an_extended_header_of_two_gibibytes_is_refused_before_it_is_read(tmp_path, kind):
    path = written(tmp_path / "a.tar", member(b"a.png", b"1") + header(b"long", 1 << 31, kind))
    os.truncate(path, 1 << 32)
    assert code_of(path) == "too-large"


def test_names_longer_than_any_system_has_cost_their_member():
    long = member(b"L", b"n" * 4097, b"L") + member(b"n", b"1")
    assert set(contents(open_archive(long + member(b"b.png", b"2") + END)).values()) == {"long-name", b"2"}
    assert len(next(iter(open_archive(long.replace(b"n" * 4097, b"n" * 4096 + b"\0") + END).members))) == 4096


def test_long_names_are_bounded_together():
    data = b"".join(member(b"L", b"%04d" % number + b"n" * 3000, b"L") + member(b"n") for number in range(100))
    few = ArchiveLimits(names_ratio=0, packed_names_ratio=0)
    assert code_of(data + END, limits=few) == "too-much"
    assert len(open_archive(data + END).members) == 100


# --- sparse files -----------------------------------------------------------------------------------------


def old_sparse(more):
    block = bytearray(header(b"a.png", 512, b"S", magic=b"ustar  \0"))
    block[482] = 1 if more else 0
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    extension = bytearray(512)
    extension[504] = 1
    return bytes(block) + (bytes(extension) * 2 + bytes(512) if more else b"") + bytes(512)


@pytest.mark.parametrize(
    "data",
    [
        old_sparse(False),
        old_sparse(True),
        member(b"p", pax_record(b"GNU.sparse.size", b"9" * 15) + pax_record(b"GNU.sparse.offset", b"0"), b"x")
        + member(b"a.png", b"1"),
        member(b"p", pax_record(b"GNU.sparse.map", b"0,1,99999999999,1"), b"x") + member(b"a.png", b"1"),
        member(
            b"p",
            pax_record(b"GNU.sparse.major", b"1")
            + pax_record(b"GNU.sparse.name", b"a.png")
            + pax_record(b"path", b"GNUSparseFile.0/a.png"),
            b"x",
        )
        + member(b"mangled", b"1\n0\n99999999999\n"),
    ],
)
def test_a_sparse_file_is_refused_and_costs_no_neighbour(data):
    archive = open_archive(data + member(b"b.png", b"2") + END)
    assert contents(archive) == {"a.png": "unsupported-archive", "b.png": b"2"}
    assert not archive.damage


# --- damage -----------------------------------------------------------------------------------------------


def test_a_tar_that_was_cut_short_anywhere_gives_the_members_that_are_whole():
    data = tarred(MEMBERS)
    for cut in range(0, 5 * 1536 + 512, 97):
        whole = cut // 1536 + (cut % 1536 >= 512 + 600)
        if not whole:
            assert code_of(data[:cut]) == "damaged-archive"
            continue
        archive = open_archive(data[:cut])
        assert archive.damage
        assert contents(archive) == dict(list(MEMBERS.items())[: min(whole, 5)])


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_a_compressed_tar_that_was_cut_short_anywhere_gives_the_members_before(packing):
    size = 60_000 if packing == "bz2" else 6_000  # its blocks hold 900,000 bytes
    members = {f"{number}.png": random.Random(number).randbytes(size) for number in range(20)}
    data = tarred(members, packing)
    least = 20
    for cut in range(len(data) - 100, 1, -len(data) // 13):
        try:
            archive = open_archive(data[:cut], name="a.tar.gz")
        except ReadError as error:
            assert error.code == "damaged-archive"  # noqa: PT017
            continue
        assert archive.damage
        found = contents(archive)
        assert found.items() <= members.items()
        assert len(found) <= least
        least = len(found)
        if packing == "gz":
            assert len(found) >= cut // 6_700 - 2


def test_a_header_that_is_damaged_costs_its_own_member():
    data = bytearray(tarred(MEMBERS))
    data[2 * 1536 + 5] ^= 1
    archive = open_archive(bytes(data))
    assert "4 members were found" in archive.damage
    assert contents(archive) == {name: value for name, value in MEMBERS.items() if name != "2.png"}


def test_bytes_that_are_missing_cost_the_members_around_them_alone():
    data = tarred(MEMBERS)
    archive = open_archive(data[:1000] + data[1700:])
    assert archive.damage
    assert {"3.png": MEMBERS["3.png"], "4.png": MEMBERS["4.png"]}.items() <= contents(archive).items()


def test_archives_joined_by_cat_are_one():
    first, second = tarred({"a": b"1"}), tarred({"b": b"2"})
    assert contents(open_archive(first + second)) == {"a": b"1", "b": b"2"}
    packed = gzip.compress(first) + bytes(700) + gzip.compress(second)
    archive = open_archive(packed)
    assert (contents(archive), archive.damage) == ({"a": b"1", "b": b"2"}, "")


@pytest.mark.parametrize("behind", [b"junk" * 999, bytes(100_000), bytes(512) + b"ustar" * 99])
def test_bytes_behind_the_end_do_no_harm(behind):
    for data in (tarred(MEMBERS) + behind, gzip.compress(tarred(MEMBERS)) + behind):
        archive = open_archive(data)
        assert (contents(archive), archive.damage) == (MEMBERS, "")


def test_a_wrong_checksum_at_the_end_of_gzip_is_damage():
    data = bytearray(tarred({**MEMBERS, "last": os.urandom(500_000)}, "gz"))
    data[-8] ^= 1
    archive = open_archive(bytes(data))
    assert "incorrect data check" in archive.damage
    assert MEMBERS.items() <= contents(archive).items()


WHOLE = [
    tarred({"a.png": b"some bytes" * 9, "in.zip": {"b.png": b"x" * 99}, "c" * 150: b"12345"}, packing)
    for packing in PACKINGS.values()
]


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_bytes_changed_anywhere_give_other_members_or_a_read_error(data):
    whole = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for broken in (bytes(whole), bytes(whole[:cut]), bytes(whole[cut:])):
        try:
            contents(open_archive(broken, name="a.tar"))
        except ReadError as error:
            assert error.code in {"damaged-archive", "too-many-members", "too-large"}  # noqa: PT017  others fail


def test_an_empty_tar_holds_nothing_and_no_tar_says_so():
    for packing in PACKINGS.values():
        archive = open_archive(tarred({}, packing), name="a.tar")
        assert (dict(archive.members), archive.damage) == ({}, "")
    assert code_of(b"", name="a.tar") == "damaged-archive"
    assert code_of(b"text " * 999, name="a.tar") == "damaged-archive"
    assert code_of(gzip.compress(b"text " * 999), name="a.tar.gz") == "damaged-archive"


# --- formats and nesting ----------------------------------------------------------------------------------


def test_what_it_begins_like_goes_before_the_suffix(tmp_path):
    for name in ("a.zip", "b.cbz", "c.jpg", "d"):
        for packing in PACKINGS.values():
            path = written(tmp_path / name, tarred({"1.png": b"1"}, packing))
            archive = open_archive(path)
            assert contents(archive) == {"1.png": b"1"}
            archive.close()
            assert looks_like_archive(path)
    assert contents(open_archive(zipped({"1.png": b"1"}), name="a.tar.gz")) == {"1.png": b"1"}
    assert not looks_like_archive(written(tmp_path / "e.gz", gzip.compress(b"no tar")))


@pytest.mark.parametrize("inner", ["in.zip", "in.tar", "in.tar.gz", "in.tar.xz"])
@pytest.mark.parametrize("outer", ["out.zip", "out.tar", "out.tar.bz2", "out.tar.gz"])
def test_archives_lie_in_each_other(outer, inner):
    from raw_tars import archived

    data = archived(outer, {"0.png": b"0", inner: {"1.png": b"deep"}})
    archive = open_archive(data)
    opened = archive.inner(inner, Budget(ArchiveLimits(), len(data)))
    archive.close()
    assert contents(opened) == {"1.png": b"deep"}
    opened.close()


def test_an_archive_in_a_plain_tar_is_read_in_place(tmp_path):
    archive = open_archive(written(tmp_path / "a.tar", tarred({"in.tar": {"1.png": b"deep"}})))
    inner = archive.inner("in.tar", Budget(ArchiveLimits(archive_bytes=0), 0))
    archive.close()
    assert inner.held_bytes == 0
    assert inner.read("1.png", LIMIT) == b"deep"
    inner.close()


def test_opening_a_plain_tar_reads_headers_only(tmp_path, monkeypatch):
    from image_tagging.sources.archives.content import FileContent

    path = written(tmp_path / "a.tar", tarred({f"{n}.png": os.urandom(10_000) for n in range(20)}))
    read = []
    at = FileContent.at
    monkeypatch.setattr(FileContent, "at", lambda self, *what: read.append(len(data := at(self, *what))) or data)
    open_archive(path).close()
    assert sum(read) < 20 * 1024 + 12_000


# --- stamps -----------------------------------------------------------------------------------------------


def stamps(source):
    archive = open_archive(source)
    found = {name: entry.stamp for name, entry in archive.members.items()}
    archive.close()
    return found


def test_the_stamp_of_a_compressed_member_is_its_content(tmp_path):
    one = written(tmp_path / "a.tar.gz", tarred({"1": b"one", "2": b"two"}, "gz"))
    other = written(tmp_path / "b.tar.xz", tarred({"2": b"two", "1": b"One"}, "xz"))
    assert stamps(one)["2"] == stamps(other)["2"] == f"3:{zlib.crc32(b'two'):08x}"
    assert stamps(one)["1"] != stamps(other)["1"]


def test_the_stamp_of_a_plain_member_changes_with_the_file(tmp_path):
    path = written(tmp_path / "a.tar", tarred({"1": b"one"}))
    os.utime(path, ns=(0, 1_000))
    first = stamps(path)
    assert stamps(path) == first
    written(path, tarred({"1": b"two"}))
    os.utime(path, ns=(0, 2_000))
    assert stamps(path) != first


def test_a_tar_that_is_written_over_while_it_is_open_is_changed(tmp_path):
    path = written(tmp_path / "a.tar", tarred({"1.png": b"one"}))
    os.utime(path, ns=(0, 1_000))
    archive = open_archive(path)
    assert archive.read("1.png", LIMIT) == b"one"
    written(path, tarred({"1.png": b"two"}))
    assert content(archive, "1.png") == "changed"
    archive.close()


# --- limits -----------------------------------------------------------------------------------------------


def test_members_and_headers_are_counted(tmp_path):
    data = b"".join(member(b"%d" % number) for number in range(30))
    assert code_of(data + END, limits=ArchiveLimits(members=20)) == "too-many-members"
    extended = member(b"g", pax_record(b"comment", b"x"), b"g") * 70
    assert code_of(extended + END, limits=ArchiveLimits(members=20)) == "too-many-members"
    assert code_of(b"ustar" * 5000, limits=ArchiveLimits(members=20), name="a.tar") == "too-many-members"


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_what_unpacks_to_too_much_ends_there(packing):
    data = tarred({"a.png": bytes(3_000_000)}, packing)
    limits = ArchiveLimits(total_bytes=1_000_000, ratio=1)
    assert code_of(data, limits=limits) == "too-much"
    budget = Budget(limits, len(data))
    assert code_of(data, budget=budget) == "too-much"
    assert budget.is_spent


def test_a_member_larger_than_the_limit_is_refused():
    archive = open_archive(tarred({"a": b"12345"}, "gz"))
    with pytest.raises(ReadError, match="more than 4 bytes"):
        archive.read("a", 4)


# --- unpacking once ---------------------------------------------------------------------------------------


class Counted:
    """How many bytes all streams have unpacked."""

    def __init__(self, monkeypatch):
        self.blocks = 0
        advance = stream.Stream._advance

        def counted(*arguments):
            self.blocks += 1
            return advance(*arguments)

        monkeypatch.setattr(stream.Stream, "_advance", counted)


PICTURES = {f"{number}.png": random.Random(number).randbytes(1_500) for number in range(60)}
BLOCKS = -(-60 * 2_048 // 4_096) + 3  # the end of a tar takes 10,240 bytes


@pytest.fixture
def _small(monkeypatch):
    """Blocks of 4 kB, four of them in the window."""
    monkeypatch.setattr(stream, "BLOCK", 4_096)
    monkeypatch.setattr(stream, "_WINDOW", 4)
    monkeypatch.setattr(stream, "_SPACING", 2)


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_four_threads_unpack_it_once_to_list_and_once_to_read(tmp_path, monkeypatch, packing):
    path = written(tmp_path / f"a.tar.{packing}", tarred(PICTURES, packing))
    monkeypatch.setattr(stream, "_WINDOW", 64)  # a thread may be slow
    unpacked = Counted(monkeypatch)
    names = iter(PICTURES)
    lock = threading.Lock()
    read = {}

    def work():
        archive = open_archive(path)
        while True:
            with lock:
                name = next(names, None)
            if name is None:
                break
            read[name] = archive.read(name, LIMIT)
        archive.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == PICTURES
    assert unpacked.blocks <= 2 * BLOCKS + 2


@pytest.mark.parametrize(("size", "passes"), [(1_500, 1), (6_000, 2)])
def test_what_fits_into_the_window_is_unpacked_once(tmp_path, monkeypatch, size, passes):
    monkeypatch.setattr(stream, "BLOCK", 4_096)
    monkeypatch.setattr(stream, "_WINDOW", 50)
    pictures = {f"{number}.png": random.Random(number).randbytes(size) for number in range(60)}
    path = written(tmp_path / "a.tar.xz", tarred(pictures, "xz"))
    unpacked = Counted(monkeypatch)
    open_archive(path).close()
    once = unpacked.blocks
    archive = open_archive(path)
    assert contents(archive) == pictures
    assert abs(unpacked.blocks - passes * once) <= 3
    held = archive._stream
    archive.close()
    assert not held._window


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_members_in_any_order_are_read_without_starting_over_each_time(tmp_path, monkeypatch, packing):
    archive = open_archive(written(tmp_path / "a", tarred(PICTURES, packing)))
    unpacked = Counted(monkeypatch)
    names = list(PICTURES) * 2
    random.Random(1).shuffle(names)
    for name in names:
        assert archive.read(name, LIMIT) == PICTURES[name]
    assert archive.held_bytes == 4 * stream.BLOCK
    archive.close()
    assert unpacked.blocks <= (120 * 3 if packing == "gz" else 5 * BLOCKS)


@pytest.mark.usefixtures("_small")
def test_where_there_is_no_room_for_a_file_reading_in_any_order_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(stream.shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    archive = open_archive(written(tmp_path / "a", tarred(PICTURES, "xz")))
    codes = [content(archive, f"{58 - number % 3 * 29}.png") for number in range(200)]
    assert "too-much" in codes
    assert codes.index("too-much") > 60
    archive.close()
    archive = open_archive(str(tmp_path / "a"))
    assert content(archive, "0.png") == PICTURES["0.png"]
    archive.close()


@pytest.mark.usefixtures("_small")
def test_a_full_disk_costs_time_and_no_image(tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(stream.tempfile, "TemporaryFile", lambda **options: Full())
    archive = open_archive(written(tmp_path / "a", tarred(PICTURES, "bz2")))
    for number in (45, 0, 59, 3, 30, 7):
        assert archive.read(f"{number}.png", LIMIT) == PICTURES[f"{number}.png"]
    archive.close()


@pytest.mark.usefixtures("_small")
def test_marks_stay_few(monkeypatch):
    monkeypatch.setattr(stream, "_MOST_MARKS", 4)
    archive = open_archive(tarred(PICTURES, "gz"))
    assert 2 <= len(archive._stream._marks) <= 4
    assert archive.read("59.png", LIMIT) == PICTURES["59.png"]
    assert archive.read("0.png", LIMIT) == PICTURES["0.png"]
