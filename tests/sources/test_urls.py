"""Finding and reading at URLs gives what a folder with the same files gives, apart from the addresses."""

import io
import tarfile
from contextlib import closing
from dataclasses import replace

import pytest

from buckets import DENIED, SLOW_DOWN, Answer, use_endpoint
from image_tagging.addresses import ImageRef
from image_tagging.errors import InputError, ReadError
from image_tagging.records import Failure, FoundArchive, FoundFolder, FoundImage, LeftOut, OtherFile
from image_tagging.sources import DataSetRules, SourceReader, find_images, sorted_objects
from image_tagging.sources.archives import ArchiveLimits
from samples import png, written, zipped


def photos(folder):
    """A folder with what is met in folders: names around the slash in order, archives in archives, results, trash."""
    files = {
        "cat/1.png": png(1),
        "cat (2)/1.png": png(2),
        "cat.png": png(3),
        "cat/deep/er/2.png": png(4),
        "cat-a/.nomedia": b"",
        "cat-a/1.png": png(5),
        "dog/photos.zip": zipped({"x/1.png": png(6), "inner.zip": zipped({"y/2.png": png(7)})}),
        "dog/é ü.png": png(8),
        "dog/notes.txt": b"words",
        "dog/raw.nef": b"raw",
        "dog/no-suffix": png(9),
        "dog/strange": b"neither",
        ".hidden/1.png": png(10),
        "@eaDir/1.png": png(11),
        "old/output.json": b"{}",
        "old/ovr-svm/cat/0.1/1.png": png(12),
        "old/own/1.png": png(13),
        "wolf/a.tar": tarred({"t/1.png": png(14), "t/2.png": png(15)}),
        "wolf/b.tar.gz": tarred({"t/3.png": png(16)}, "gz"),
        "broken.zip": b"PK no zip",
    }
    for name, data in files.items():
        written(folder / name, data)
    return folder


def tarred(files, packing=""):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode=f"w:{packing}") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return whole.getvalue()


def plainly(found, root, other):
    """What was found with other addresses, and without the stamps of files, which are in those of members of tars."""
    for item in found:
        ref = ImageRef(item.ref.file.replace(str(root), other), item.ref.members)
        if isinstance(item, FoundImage):
            yield replace(item, ref=ref, stamp=item.stamp if ref.file.endswith(".zip") else "")
        else:
            yield replace(item, ref=ref)


@pytest.fixture
def copied(tmp_path, bucket):
    folder = photos(tmp_path / "photos")
    bucket.put_folder(folder, "photos")
    return folder, f"{bucket.url}/photos"


@pytest.mark.parametrize("level", ["parent", "top"])
def test_a_prefix_is_found_as_the_folder_that_was_copied_there(copied, level):
    folder, url = copied
    rules = DataSetRules(["drafts/"], ["ovr-svm"])
    here = list(find_images(str(folder), rules, tag_level=level))
    there = list(find_images(url, rules, tag_level=level))
    assert list(plainly(there, url, "")) == list(plainly(here, folder, ""))
    kinds = {type(item) for item in there}
    assert kinds == {FoundImage, FoundFolder, FoundArchive, LeftOut, OtherFile, Failure}


def test_many_objects_are_sorted_in_files(copied, monkeypatch):
    folder, url = copied
    monkeypatch.setattr(sorted_objects, "_HELD", 3)
    assert list(plainly(find_images(url), url, "")) == list(plainly(find_images(str(folder)), folder, ""))


def test_every_image_is_read_as_in_the_folder(copied):
    folder, url = copied
    images = [item for item in find_images(url) if isinstance(item, FoundImage)]
    assert len(images) > 12
    with closing(SourceReader()) as reader:
        for found in images:
            here = ImageRef(found.ref.file.replace(url, str(folder)), found.ref.members)
            assert reader.read(found.ref, found.stamp) == reader.read(here)
            assert reader.size(found.ref, found.stamp) == reader.size(found.ref) == reader.size(here)
            assert reader.stamp(found.ref) == found.stamp


def test_one_archive_or_image_at_a_url_is_a_source(copied):
    folder, url = copied
    for name in ("dog/photos.zip", "wolf/b.tar.gz", "cat/1.png", "dog/no-suffix"):
        here, there = find_images(str(folder / name)), find_images(f"{url}/{name}")
        assert list(plainly(there, url, "")) == list(plainly(here, folder, ""))


def test_a_bucket_is_a_source(bucket):
    bucket.put("cat/1.png", png(1))
    bucket.put("2.png", png(2))
    found = [item for item in find_images(bucket.url) if isinstance(item, FoundImage)]
    assert [(item.ref.file, item.tag) for item in found] == [
        (f"{bucket.url}/2.png", bucket.name),
        (f"{bucket.url}/cat/1.png", "cat"),
    ]


def test_an_image_costs_one_request(bucket, failing):
    bucket.put("photos/cat/1.png", png(1))
    (found,) = (item for item in find_images(f"{bucket.url}/photos") if isinstance(item, FoundImage))
    failing.requests.clear()
    reader = SourceReader()
    assert reader.size(found.ref, found.stamp) == len(png(1))
    assert reader.read(found.ref, found.stamp) == png(1)
    assert len(failing.requests) == 1


def test_of_a_large_zip_only_what_is_read_is_sent(bucket, failing):
    bucket.put("big.zip", zipped({f"{number}.png": png(number) + bytes(1 << 20) for number in range(8)}, compression=0))
    url = f"{bucket.url}/big.zip"
    assert sum(isinstance(item, FoundImage) for item in find_images(url)) == 8
    sent = failing.sent
    assert len(SourceReader().read(ImageRef(url, ("5.png",)))) > 1 << 20
    assert failing.sent - sent < 3 << 20


def test_an_image_that_changed_after_the_listing_is_a_failure(bucket):
    bucket.put("cat/1.png", png(1))
    (found,) = (item for item in find_images(bucket.url) if isinstance(item, FoundImage))
    bucket.put("cat/1.png", png(2))
    with pytest.raises(ReadError, match="it was changed after it was listed") as caught:
        SourceReader().read(found.ref, found.stamp)
    assert caught.value.code == "changed"


def test_an_archive_that_changes_while_it_is_read_is_changed_and_then_read_again(bucket):
    bucket.put("a.zip", zipped({f"{number}.png": png(number) + bytes(200_000) for number in range(3)}, compression=0))
    reader, url = SourceReader(), f"{bucket.url}/a.zip"
    reader.read(ImageRef(url, ("0.png",)))
    bucket.put("a.zip", zipped({"1.png": png(7)}))
    with pytest.raises(ReadError) as caught:
        reader.read(ImageRef(url, ("2.png",)))
    assert caught.value.code == "changed"
    assert reader.read(ImageRef(url, ("1.png",))) == png(7)


def test_an_image_that_is_gone_or_denied_is_a_failure_with_a_reason(bucket, failing):
    with pytest.raises(ReadError, match="it is not there") as caught:
        SourceReader().read(ImageRef(f"{bucket.url}/gone.png"))
    assert caught.value.code == "missing"
    failing.plan = lambda method, path: DENIED
    with pytest.raises(ReadError, match=r"access to the bucket .* is denied") as caught:
        SourceReader().read(ImageRef(f"{bucket.url}/gone.png"))
    assert caught.value.code == "no-permission"


def test_a_connection_that_breaks_in_an_archive_is_no_damage_of_it(bucket, failing):
    bucket.put("a.zip", zipped({"1.png": png(1)}))
    bucket.put("a.tar.gz", tarred({"1.png": png(1)}, "gz"))
    for name in ("a.zip", "a.tar.gz"):
        failing.plan = lambda method, path: Answer(cut=10) if method == "GET" else None
        with pytest.raises(ReadError) as caught:
            SourceReader().read(ImageRef(f"{bucket.url}/{name}", ("1.png",)))
        assert caught.value.code == "unreachable"
        failing.fail_first(2, Answer(cut=10))
        assert SourceReader().read(ImageRef(f"{bucket.url}/{name}", ("1.png",))) == png(1)


def test_an_image_over_the_limit_is_refused_before_it_is_sent(bucket, failing):
    bucket.put("huge.png", bytes(32 << 20))
    sent = failing.sent
    reader = SourceReader(limits=ArchiveLimits(image_bytes=1 << 20))
    for stamp in ("", next(find_images(f"{bucket.url}/huge.png")).stamp):
        with pytest.raises(ReadError, match="more than 1,048,576 bytes") as caught:
            reader.read(ImageRef(f"{bucket.url}/huge.png"), stamp)
        assert caught.value.code == "too-large"
    assert failing.sent - sent < 32 << 20


def test_what_is_not_there_is_said_before_anything_else(bucket, monkeypatch):
    with pytest.raises(InputError, match=f"there is no folder or file at {bucket.url}/none"):
        find_images(f"{bucket.url}/none")
    with pytest.raises(InputError, match="there is no bucket no-such-bucket"):
        find_images("s3://no-such-bucket/photos")
    use_endpoint(monkeypatch, bucket.port, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    with pytest.raises(InputError, match="no credentials"):
        find_images(f"{bucket.url}/photos")
    with pytest.raises(InputError, match="give its path"):
        find_images("file:///etc")


def test_a_listing_that_is_throttled_goes_on(bucket, failing):
    bucket.put("cat/1.png", png(1))
    failing.fail_first(4, SLOW_DOWN)
    assert [type(item) for item in find_images(bucket.url)] == [FoundFolder, FoundImage]


def test_an_empty_folder_of_a_bucket_is_a_tag_without_images(bucket):
    bucket.put("photos/", b"")
    bucket.put("photos/cat/", b"")
    bucket.put("photos/dog/1.png", png(1))
    found = list(find_images(f"{bucket.url}/photos"))
    assert [item.tag for item in found if isinstance(item, FoundFolder)] == ["cat", "dog"]
    assert sum(isinstance(item, FoundImage) for item in found) == 1


def test_the_memory_of_the_process_is_a_source(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    folder = photos(tmp_path / "photos")
    memory = fsspec.filesystem("memory")
    try:
        for path in folder.rglob("*"):
            if path.is_file():
                memory.pipe_file(f"/data/photos/{path.relative_to(folder).as_posix()}", path.read_bytes())
        url = "memory://data/photos"
        assert list(plainly(find_images(url), url, "")) == list(plainly(find_images(str(folder)), folder, ""))
        reader = SourceReader()
        for item in find_images(url):
            if isinstance(item, FoundImage):
                assert reader.read(item.ref, item.stamp)
    finally:
        memory.store.clear()
