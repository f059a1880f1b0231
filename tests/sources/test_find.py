"""Finding opens no image, misses none, and never ends over one that cannot be read."""

from __future__ import annotations

import os
import struct
import sys
import zipfile

import pytest

from drawings import KRA, ORA, zipped_drawing
from image_tagging.addresses import ImageRef
from image_tagging.errors import InputError, ReadError
from image_tagging.records import Failure, FoundArchive, FoundImage, OtherFile
from image_tagging.sources.archives import ArchiveLimits
from image_tagging.sources.find import find_images, is_archive
from image_tagging.sources.read import SourceReader
from samples import drawn, encoded, png, written, zipped

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need rights on Windows")


@pytest.fixture
def reader():
    reader = SourceReader()
    yield reader
    reader.close()


def images(root, **options):
    """The paths of the images found below ``root``, relative to it."""
    found = find_images(str(root), **options)
    return [os.path.relpath(item.ref.path, str(root)) for item in found if isinstance(item, FoundImage)]


def failures(root, **options):
    """(relative path, code) of what could not be opened."""
    found = find_images(str(root), **options)
    return [(os.path.relpath(item.ref.path, str(root)), item.code) for item in found if isinstance(item, Failure)]


def archives(root, **options):
    """(relative path, number of images) of the archives met."""
    found = find_images(str(root), **options)
    return [
        (os.path.relpath(item.ref.path, str(root)), item.images) for item in found if isinstance(item, FoundArchive)
    ]


def passed_over(root, **options):
    """The paths of the files that are told of and not looked into."""
    found = find_images(str(root), **options)
    return [os.path.relpath(item.ref.path, str(root)) for item in found if isinstance(item, OtherFile)]


def code_of(reader, ref):
    """Why the bytes cannot be had, ``None`` where they can."""
    try:
        reader.read(ref)
    except ReadError as error:
        return error.code
    return None


def test_an_image_comes_with_its_size(tmp_path):
    written(tmp_path / "a.png", b"12345")
    written(tmp_path / "b.zip", zipped({"1.png": b"123", "in.zip": {"2.png": b""}}))
    found = [item for item in find_images(str(tmp_path)) if isinstance(item, FoundImage)]
    assert [item.size for item in found] == [5, 3, 0]


# --- folders ----------------------------------------------------------------------------------------------


def test_the_order_is_that_of_the_names_folder_by_folder(tmp_path):
    for name in ("b/2.png", "b/10.png", "a.png", "c.png", "b/sub/1.png", "B/1.png"):
        written(tmp_path / name, b"")
    expected = ["B/1.png", "a.png", "b/10.png", "b/2.png", "b/sub/1.png", "c.png"]
    assert images(tmp_path) == expected
    assert images(tmp_path) == expected


def test_suffixes_count_in_any_case_and_other_files_are_passed_over(tmp_path):
    for name in ("a.PNG", "b.JpEg", "c.WEBP", "notes.txt", "no suffix", "png", "d.pdf", "e.png.bak", ".hidden", "._f"):
        written(tmp_path / name, b"")
    assert images(tmp_path) == ["a.PNG", "b.JpEg", "c.WEBP"]
    assert passed_over(tmp_path) == ["d.pdf", "notes.txt"]
    assert failures(tmp_path) == [(name, "not-an-image") for name in ("e.png.bak", "no suffix", "png")]


def test_every_file_that_is_not_hidden_is_told_of(tmp_path):
    names = ["LICENSE", "a.png", "b.zip", "c.txt", "d.cr2", "e.exr", "f"]
    for name in names:
        written(tmp_path / name, zipped({"1.png": b"", "2.txt": b"", "3.nef": b""}) if name == "b.zip" else b"x")
    told = [os.path.relpath(item.ref.path, str(tmp_path)) for item in find_images(str(tmp_path))]
    assert sorted({name.split("/")[0] for name in told}) == names
    assert {"b.zip/1.png", "b.zip/2.txt", "b.zip/3.nef"} <= set(told)


def test_images_that_nothing_here_decodes_are_told_and_not_opened(tmp_path, monkeypatch):
    for name in ("a.CR2", "b.svg", "c.exr"):
        written(tmp_path / name, b"")
    monkeypatch.setattr("builtins.open", lambda *arguments, **options: pytest.fail("opened"))
    assert failures(tmp_path) == [(name, "unsupported") for name in ("a.CR2", "b.svg", "c.exr")]


@pytest.mark.parametrize("name", ["no suffix", "a.png.1", "a.bak", "5f3a"])
def test_a_file_whose_name_says_nothing_is_an_image_if_it_begins_like_one(tmp_path, reader, name):
    """As the caches of browsers and half-finished downloads hold them."""
    for image_format in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "JPEG2000", "QOI"):
        data = encoded(drawn(), image_format)
        written(tmp_path / name, data)
        (found,) = find_images(str(tmp_path))
        assert isinstance(found, FoundImage)
        assert reader.read(found.ref) == data


def test_a_folder_called_like_an_image_is_a_folder(tmp_path):
    written(tmp_path / "x.png" / "a.png", b"")
    written(tmp_path / "x.zip" / "b.png", b"")
    assert images(tmp_path) == ["x.png/a.png", "x.zip/b.png"]
    assert archives(tmp_path) == []


def test_a_hidden_folder_that_was_named_is_searched(tmp_path):
    written(tmp_path / ".photos" / "a.png", b"")
    assert images(tmp_path / ".photos") == ["a.png"]


@needs_links
def test_links_back_to_a_folder_above_end(tmp_path):
    written(tmp_path / "a" / "b" / "1.png", b"")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "root").symlink_to(tmp_path)
    assert images(tmp_path) == ["a/b/1.png"]


@needs_links
def test_a_linked_file_is_an_image_and_a_linked_folder_is_read_once(tmp_path):
    written(tmp_path / "far" / "1.png", b"")
    (tmp_path / "linked").symlink_to(tmp_path / "far")
    (tmp_path / "2.png").symlink_to(tmp_path / "far" / "1.png")
    assert images(tmp_path) == ["2.png", "far/1.png"]


@needs_links
def test_links_that_lead_nowhere_or_to_themselves_are_failures_of_their_own(tmp_path):
    (tmp_path / "broken.png").symlink_to("nowhere.png")
    (tmp_path / "broken.zip").symlink_to("nowhere.zip")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "loop").symlink_to("loop")
    written(tmp_path / "z.png", b"")
    assert images(tmp_path) == ["z.png"]
    assert failures(tmp_path) == [
        *(("broken.png", "missing"), ("broken.zip", "missing")),
        *(("loop", "unreadable"), ("loop.png", "unreadable")),
    ]


@needs_links
def test_a_pipe_called_like_an_image_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.zip")
    assert failures(tmp_path) == [("a.png", "not-a-file"), ("b.zip", "not-a-file")]


@pytest.mark.parametrize("name", ["it's.png", 'say "cheese".png', "猫.png", "🐱.png", "a\\b.png", "; DROP TABLE.png"])
def test_an_odd_name_is_found_and_read(tmp_path, reader, name):
    written(tmp_path / "in" / name, b"bytes")
    written(tmp_path / "in.zip", zipped({name: b"member", "folder/": b""}))
    _, plain, member, _ = find_images(str(tmp_path))
    assert (plain.ref.name, reader.read(plain.ref)) == (name, b"bytes")
    assert (member.ref.path, reader.read(member.ref)) == (str(tmp_path / "in.zip" / name), b"member")


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8 exist on Linux only")
def test_a_name_that_is_no_utf8_is_found_and_read_and_can_be_printed(tmp_path, reader):
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.png"), "wb") as file:
        file.write(b"bytes")
    (found,) = find_images(str(tmp_path))
    assert reader.read(found.ref) == b"bytes"
    assert found.ref.name == "caf\\udce9.png"
    found.ref.path.encode("utf-8")


@needs_links
def test_a_stamp_shows_a_change_within_one_size_and_time(tmp_path):
    names = [written(tmp_path / name, name.encode()) for name in ("a.png", "b.png")]
    for name in names:
        os.utime(name, ns=(0, 1_000))
    stamps = {item.ref.name: item.stamp for item in find_images(str(tmp_path))}
    os.rename(names[0], tmp_path / "x")
    os.rename(names[1], names[0])
    os.rename(tmp_path / "x", names[1])
    swapped = {item.ref.name: item.stamp for item in find_images(str(tmp_path))}
    assert stamps["a.png"] != swapped["a.png"]
    assert stamps["b.png"] != swapped["b.png"]
    written(names[0], b"A.png")
    os.utime(names[0], ns=(0, 1_000))
    assert next(find_images(names[0])).stamp != swapped["a.png"]


def test_the_stamp_tells_a_change_of_size_or_time(tmp_path):
    path = written(tmp_path / "a.png", b"1")
    os.utime(path, ns=(0, 1_000))
    (first,) = find_images(path)
    os.utime(path, ns=(0, 2_000))
    (later,) = find_images(path)
    written(path, b"12")
    os.utime(path, ns=(0, 1_000))
    (longer,) = find_images(path)
    assert len({first.stamp, later.stamp, longer.stamp}) == 3
    assert first.ref == later.ref == longer.ref


def test_one_image_or_archive_may_be_named(tmp_path):
    path = written(tmp_path / "a.png", png())
    assert [item.ref for item in find_images(path)] == [ImageRef(path)]
    path = written(tmp_path / "a.zip", zipped({"b.png": png()}))
    assert [item.ref for item in find_images(path)] == [ImageRef(path, ("b.png",)), ImageRef(path)]


def test_a_path_that_is_nothing_or_of_another_kind_is_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="there is no folder or file at"):
        find_images(str(tmp_path / "gone"))
    with pytest.raises(InputError, match="neither a folder, an image nor"):
        find_images(written(tmp_path / "notes.txt", b""))


@pytest.mark.skipif(os.name == "nt", reason="the rights of Windows are others")
def test_a_folder_that_the_user_may_not_enter_is_not_called_missing(tmp_path):
    (tmp_path / "locked" / "photos").mkdir(parents=True)
    (tmp_path / "locked").chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)  # for root no folder is locked
    try:
        with pytest.raises(InputError, match="photos cannot be looked at: Permission denied"):
            find_images(str(tmp_path / "locked" / "photos"))
    finally:
        if is_root:
            os.seteuid(0)
        (tmp_path / "locked").chmod(0o700)


def test_an_empty_folder_holds_nothing(tmp_path):
    assert list(find_images(str(tmp_path))) == []


# --- archives ---------------------------------------------------------------------------------------------


def test_archives_are_searched_through_in_any_case_of_their_suffix(tmp_path):
    inner = {"deep.png": b"3"}
    written(tmp_path / "A.ZIP", zipped({"b.png": b"2", "a.PNG": b"1", "notes.txt": b"", "inner.Zip": inner, "e/": b""}))
    assert images(tmp_path) == ["A.ZIP/a.PNG", "A.ZIP/b.png", "A.ZIP/inner.Zip/deep.png"]
    assert archives(tmp_path) == [("A.ZIP/inner.Zip", 1), ("A.ZIP", 2)]


def test_an_archive_of_nothing_has_no_images(tmp_path):
    written(tmp_path / "a.zip", zipped({}))
    assert archives(tmp_path) == [("a.zip", 0)]
    assert failures(tmp_path) == []


def test_archives_may_be_left_closed(tmp_path):
    written(tmp_path / "a.zip", b"never looked at")
    written(tmp_path / "b.png", b"")
    assert images(tmp_path, open_archives=False) == ["b.png"]
    assert archives(tmp_path, open_archives=False) == [("a.zip", None)]
    assert failures(tmp_path, open_archives=False) == []


def nested(depth):
    """A picture within ``depth`` archives."""
    members = {"a.png": png()}
    for _ in range(depth - 1):
        members = {"a.zip": members}
    return zipped(members)


def test_archives_in_archives_are_followed_to_the_limit_and_no_deeper(tmp_path, reader):
    limits = ArchiveLimits(depth=3)
    path = written(tmp_path / "a.zip", nested(3))
    found = next(item for item in find_images(path, limits=limits) if isinstance(item, FoundImage))
    assert found.ref.members == ("a.zip", "a.zip", "a.png")
    assert reader.read(found.ref) == png()
    written(path, nested(4))
    assert images(tmp_path, limits=limits) == []
    assert failures(tmp_path, limits=limits) == [("a.zip/a.zip/a.zip/a.zip", "too-deep")]


def test_by_default_eight_archives_may_lie_in_each_other(tmp_path):
    written(tmp_path / "8.zip", nested(8))
    written(tmp_path / "9.zip", nested(9))
    assert images(tmp_path) == ["8.zip/" + "a.zip/" * 7 + "a.png"]
    assert [code for _, code in failures(tmp_path)] == ["too-deep"]


def test_an_archive_of_too_many_members_is_refused(tmp_path):
    written(tmp_path / "a.zip", zipped({"1.png": b"", "2.png": b"", "3.png": b""}))
    assert failures(tmp_path, limits=ArchiveLimits(members=2)) == [("a.zip", "too-many-members")]


def test_a_nested_archive_larger_than_the_limit_is_refused(tmp_path):
    written(tmp_path / "a.zip", zipped({"b.zip": {"big.png": os.urandom(2000)}, "c.png": b""}))
    limits = ArchiveLimits(archive_bytes=1000)
    assert failures(tmp_path, limits=limits) == [("a.zip/b.zip", "too-large")]
    assert images(tmp_path, limits=limits) == ["a.zip/c.png"]


@pytest.mark.parametrize(
    "data",
    [b"", b"no zip at all", b"PK\x03\x04 half of one", nested(1)[:60]],
    ids=["empty", "text", "half a header", "cut short"],
)
def test_a_damaged_archive_is_a_failure_and_its_neighbours_are_found(tmp_path, data):
    written(tmp_path / "a.zip", data)
    written(tmp_path / "b.zip", zipped({"inner.zip": data, "1.png": b""}))
    assert images(tmp_path) == ["b.zip/1.png"]
    assert failures(tmp_path) == [("a.zip", "damaged-archive"), ("b.zip/inner.zip", "damaged-archive")]


def encrypted(data):
    """The archive with the mark of encryption on every member."""
    data = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(signature, place + 1)
    return bytes(data)


def test_encrypted_members_are_found_and_say_so_when_they_are_read(tmp_path, reader):
    path = written(tmp_path / "a.zip", encrypted(zipped({"1.png": b"", "inner.zip": {}})))
    assert images(tmp_path) == ["a.zip/1.png"]
    assert failures(tmp_path) == [("a.zip/inner.zip", "encrypted")]
    with pytest.raises(ReadError) as raised:
        reader.read(ImageRef(path, ("1.png",)))
    assert raised.value.code == "encrypted"


def with_method(data, method):
    """The archive of one member with another number for its compression."""
    data = bytearray(data)
    data[8:10] = struct.pack("<H", method)
    central = data.find(b"PK\x01\x02")
    data[central + 10 : central + 12] = struct.pack("<H", method)
    return bytes(data)


def test_an_unknown_compression_is_a_failure_of_the_member(tmp_path, reader):
    path = written(tmp_path / "a.zip", with_method(zipped({"1.png": b"content"}), 97))
    with pytest.raises(ReadError) as raised:
        reader.read(ImageRef(path, ("1.png",)))
    assert raised.value.code == "unsupported-archive"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_compression_is_read_and_damage_in_it_is_a_failure(tmp_path, reader, method):
    content = os.urandom(50) * 40
    data = bytearray(zipped({"1.png": content}, method))
    path = written(tmp_path / "a.zip", data)
    assert reader.read(ImageRef(path, ("1.png",))) == content
    data[45:75] = b"\xff" * 30
    path = written(tmp_path / "b.zip", data)
    with pytest.raises(ReadError) as raised:
        reader.read(ImageRef(path, ("1.png",)))
    assert raised.value.code == "damaged-member"


def test_zips_of_two_bytes_flipped_anywhere_are_found_and_read_or_refused(tmp_path):
    known = {None, "damaged-archive", "damaged-member", "overlapping", "encrypted", "unsupported-archive", "too-large"}
    whole = zipped({"a.png": png(), "inner.zip": {"b.png": png(1)}})
    for place in range(0, len(whole) - 1):
        data = bytearray(whole)
        data[place] ^= 0xFF
        data[place + 1] ^= 0x55
        path = written(tmp_path / "a.zip", data)
        reader = SourceReader()
        codes = {item.code for item in find_images(path) if isinstance(item, Failure)}
        codes |= {code_of(reader, item.ref) for item in find_images(path) if isinstance(item, FoundImage)}
        assert codes <= known
        reader.close()


def test_the_tag_at_the_top_of_an_archive_is_its_stem(tmp_path):
    written(tmp_path / "pets" / "cats.zip", zipped({"1.png": b"", "dogs/2.png": b"", "birds.zip": {"3.png": b""}}))
    found = [item.tag for item in find_images(str(tmp_path)) if isinstance(item, FoundImage)]
    assert found == ["cats", "birds", "dogs"]


def test_the_stamp_of_a_member_is_its_content_not_its_archives_time(tmp_path):
    path = written(tmp_path / "a.zip", zipped({"1.png": b"one"}))
    first = next(find_images(path))
    os.utime(path, (0, 0))
    assert next(find_images(path)) == first
    written(path, zipped({"1.png": b"two"}))
    assert next(find_images(path)).stamp != first.stamp


def test_nothing_is_written_beside_the_archive(tmp_path, reader):
    path = written(tmp_path / "a.zip", zipped({"../../evil.png": b"1", "/abs.png": b"2", "in.zip": {"3.png": b"3"}}))
    before = os.stat(path)
    for item in list(find_images(path)):
        if isinstance(item, FoundImage):
            reader.read(item.ref)
    assert os.listdir(tmp_path) == ["a.zip"]
    assert (os.stat(path).st_mtime_ns, os.stat(path).st_size) == (before.st_mtime_ns, before.st_size)


# --- names and contents that disagree ---------------------------------------------------------------------


def test_a_file_that_was_named_is_an_archive_whatever_its_name(tmp_path):
    data = zipped({"1.png": b""})
    for name in ("mountain.dat", "no suffix", "photo.jpg", "a.zip.part", "report.docx"):
        path = written(tmp_path / name, data)
        assert is_archive(path)
        assert images(path) == ["1.png"]
    setup = written(tmp_path / "setup.exe", b"MZ" + bytes(300) + data)
    assert images(setup) == ["1.png"]
    assert not is_archive(written(tmp_path / "notes", b"PK is not enough"))
    assert not is_archive(str(tmp_path / "gone"))
    assert not is_archive(str(tmp_path))


def test_in_a_folder_a_file_of_unknown_suffix_that_begins_like_an_archive_is_one(tmp_path):
    data = zipped({"1.png": b""})
    for name in ("a.zip.part", "b", "c.CBZ", "d.zip.1"):
        written(tmp_path / name, data)
    written(tmp_path / "e", b"something else")
    written(tmp_path / "f.part", b"")
    assert images(tmp_path) == ["a.zip.part/1.png", "b/1.png", "c.CBZ/1.png", "d.zip.1/1.png"]
    assert archives(tmp_path, open_archives=False) == [(name, None) for name in ("a.zip.part", "b", "c.CBZ", "d.zip.1")]
    assert failures(tmp_path) == [("e", "not-an-image"), ("f.part", "not-an-image")]


def test_side_cars_and_documents_are_not_even_opened(tmp_path, monkeypatch):
    names = ("1.json", "1.txt", "2.CSV", "a.docx", "b.jar", "c.epub", "d.apk")
    for name in (*names, ".DS_Store"):
        written(tmp_path / name, zipped({"1.png": b""}))
    monkeypatch.setattr("builtins.open", lambda *arguments, **options: pytest.fail("opened"))
    assert passed_over(tmp_path) == list(names)
    assert images(tmp_path) == archives(tmp_path) == failures(tmp_path) == []


def test_an_image_that_is_an_archive_is_found_as_an_image_since_finding_opens_none(tmp_path, monkeypatch):
    written(tmp_path / "photo.jpg", zipped({"1.png": b""}))
    monkeypatch.setattr("builtins.open", lambda *arguments, **options: pytest.fail("opened"))
    assert images(tmp_path) == ["photo.jpg"]


@needs_links
def test_a_pipe_of_unknown_suffix_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to("gone")
    assert failures(tmp_path) == [("nowhere", "missing"), ("pipe", "not-a-file")]


def test_members_whose_names_begin_at_a_dot_or_climb_are_no_hidden_ones(tmp_path):
    written(tmp_path / "a.zip", zipped(dict.fromkeys(["./1.png", "../../2.png", "a/./3.png"], b"")))
    assert archives(tmp_path) == [("a.zip", 3)]


# --- limits -----------------------------------------------------------------------------------------------


def test_members_are_counted_over_all_archives_in_a_file(tmp_path):
    written(tmp_path / "a.zip", zipped({f"{n}.zip": {"1.png": b"", "2.png": b""} for n in range(5)}))
    written(tmp_path / "b.zip", zipped({"1.png": b""}))
    limits = ArchiveLimits(members=10)
    assert failures(tmp_path, limits=limits) == [("a.zip", "too-many-members")]
    assert images(tmp_path, limits=limits) == [
        *("a.zip/0.zip/1.png", "a.zip/0.zip/2.png", "a.zip/1.zip/1.png", "a.zip/1.zip/2.png"),
        "b.zip/1.png",
    ]


def test_what_a_file_unpacks_to_is_bounded_by_its_size_and_one_failure_tells(tmp_path):
    """Ten images of 100,000 bytes in a file of less than 2,000."""
    inner = zipped({f"{n}.png": bytes(100_000) for n in range(10)})
    written(tmp_path / "a.zip", zipped({"in.zip": inner, "z.png": b""}))
    limits = ArchiveLimits(total_bytes=420_000, ratio=20)
    assert failures(tmp_path, limits=limits) == [("a.zip", "too-much")]
    assert len(images(tmp_path, limits=limits)) == 3
    assert len(images(tmp_path)) == 11


def test_images_that_are_refused_for_their_size_use_up_nothing(tmp_path):
    written(tmp_path / "a.zip", zipped({"1.png": bytes(10_000), "2.png": bytes(500)}))
    limits = ArchiveLimits(total_bytes=600, ratio=1, image_bytes=1000)
    assert images(tmp_path, limits=limits) == ["a.zip/1.png", "a.zip/2.png"]
    assert failures(tmp_path, limits=limits) == []


def test_archives_open_in_each_other_share_what_memory_they_may_take(tmp_path):
    deep = {"in.zip": {"fill": os.urandom(5000), "in.zip": {"fill": os.urandom(5000), "1.png": b""}}}
    written(tmp_path / "a.zip", zipped(deep))
    assert failures(tmp_path, limits=ArchiveLimits(held_bytes=17_000)) == []
    assert failures(tmp_path, limits=ArchiveLimits(held_bytes=12_000)) == [("a.zip/in.zip/in.zip", "too-large")]


def test_what_is_in_a_cut_off_archive_is_found_and_the_damage_told(tmp_path):
    whole = zipped({"1.png": os.urandom(500), "2.png": os.urandom(500), "in.zip": {"3.png": b""}})
    written(tmp_path / "a.zip", whole[: whole.index(b"PK\x01\x02", 1200)])
    assert images(tmp_path) == ["a.zip/1.png", "a.zip/2.png", "a.zip/in.zip/3.png"]
    assert failures(tmp_path) == [("a.zip", "damaged-archive")]


def test_an_archive_that_goes_between_listing_and_opening_is_missing(tmp_path):
    written(tmp_path / "a.png", b"")
    written(tmp_path / "b.zip", zipped({}))
    found = find_images(str(tmp_path))
    assert isinstance(next(found), FoundImage)
    os.remove(tmp_path / "b.zip")
    assert [item.code for item in found] == ["missing"]


# --- drawings that are zips inside --------------------------------------------------------------------------

LAYERS = [("preview.png", png(1)), ("data/layer0.png", png(2))]


@pytest.mark.parametrize("name", ["a.kra", "a.ORA"])
@pytest.mark.parametrize("mimetype", [KRA, "unknown"])
def test_a_drawing_that_is_a_zip_is_one_image_and_its_layers_are_none(tmp_path, reader, name, mimetype):
    data = zipped_drawing(mimetype, png(), LAYERS)
    loose = written(tmp_path / "loose" / name, data)
    archive = written(tmp_path / "in" / "b.zip", zipped({f"cat/{name}": data}))
    assert images(tmp_path) == [f"in/b.zip/cat/{name}", f"loose/{name}"]
    assert archives(tmp_path) == [("in/b.zip", 1)]
    assert failures(tmp_path) == passed_over(tmp_path) == []
    assert not is_archive(loose)
    assert images(loose) == ["."]
    assert reader.read(ImageRef(archive, (f"cat/{name}",))) == data


@pytest.mark.parametrize("name", ["download", "a.krz", "b.kra.part"])
@pytest.mark.parametrize("mimetype", [KRA, ORA])
def test_a_drawing_under_any_name_is_what_it_begins_like(tmp_path, name, mimetype):
    path = written(tmp_path / name, zipped_drawing(mimetype, png(), LAYERS))
    assert images(tmp_path) == [name]
    assert archives(tmp_path) == []
    assert not is_archive(path)
    assert images(path) == ["."]


@pytest.mark.parametrize("name", ["a.pyxel", "b.xcf"])
def test_a_drawing_without_a_picture_is_reported_and_not_looked_into(tmp_path, name):
    data = zipped({"docData.json": b"{}", "layer0.png": png()})
    written(tmp_path / name, data)
    written(tmp_path / "z.zip", zipped({name: data}))
    found = [item for item in find_images(str(tmp_path)) if isinstance(item, Failure)]
    assert [item.code for item in found] == ["unsupported"] * 2
    assert {item.reason for item in found} == {f"drawings of this kind ({name[1:]}) cannot be read: export it as a PNG"}
    assert images(tmp_path) == []
    assert archives(tmp_path) == [("z.zip", 0)]
