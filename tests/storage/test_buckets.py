"""A storage in a bucket, and objects by their URLs: the same as a folder, by requests that may fail by the way."""

import os
import pickle

import pytest

from buckets import BROKEN, DENIED, SLOW_DOWN, Answer, new_bucket, use_endpoint
from image_tagging.errors import InputError, LibraryMissingError, StorageError
from image_tagging.storage import list_objects, object_info, objects, read_object, read_part, remote, storage_at

_MOST = 1 << 20


@pytest.fixture(params=["s3", "memory"])
def storage(request, monkeypatch):
    if request.param == "s3":
        yield storage_at(f"{request.getfixturevalue('bucket').url}/results/")
        return
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setattr(remote, "_OPEN", {})
    yield storage_at("memory://results/out")
    fsspec.filesystem("memory").store.clear()


def test_a_written_file_is_listed_and_read_back(storage):
    assert list(storage.names()) == []
    storage.write("shards/b.parquet", b"2")
    storage.write("shards/a.parquet", b"1")
    storage.write("_SUCCESS", b"")
    assert list(storage.names()) == ["_SUCCESS"]
    assert list(storage.names("shards")) == ["shards/a.parquet", "shards/b.parquet"]
    assert storage.read("shards/a.parquet") == b"1"
    assert storage.read("_SUCCESS") == b""


def test_a_file_written_again_is_replaced(storage):
    storage.write("a", b"first")
    storage.write("a", b"second")
    assert storage.read("a") == b"second"


def test_a_removed_file_is_gone_and_removing_it_again_is_nothing(storage):
    storage.write("a", b"1")
    storage.remove("a")
    storage.remove("a")
    assert list(storage.names()) == []
    with pytest.raises(StorageError, match="a cannot be read: it is not there") as caught:
        storage.read("a")
    assert caught.value.code == "missing"


def test_a_pickled_storage_is_the_same(storage):
    storage.write("a", b"1")
    assert pickle.loads(pickle.dumps(storage)).read("a") == b"1"


def test_the_stamp_of_an_object_changes_with_its_content(storage):
    storage.write("a", b"one")
    first = object_info(f"{storage.root}/a")
    storage.write("a", b"two")
    second = object_info(f"{storage.root}/a")
    assert (first.size, second.size) == (3, 3)
    assert first.stamp != second.stamp
    assert [each.stamp for each in list_objects(storage.root)] == [second.stamp]


def test_an_object_of_another_stamp_is_not_read(storage):
    storage.write("a", b"one")
    stamp = object_info(f"{storage.root}/a").stamp
    assert read_object(f"{storage.root}/a", _MOST, stamp) == b"one"
    assert read_part(f"{storage.root}/a", 1, 1, stamp) == b"n"
    storage.write("a", b"two")
    for read in (
        lambda: read_object(f"{storage.root}/a", _MOST, stamp),
        lambda: read_part(f"{storage.root}/a", 0, 2, stamp),
    ):
        with pytest.raises(StorageError, match="it was changed") as caught:
            read()
        assert caught.value.code == "changed"


def test_an_object_over_the_limit_is_refused(storage):
    storage.write("a", bytes(1000))
    with pytest.raises(StorageError, match="more than 999 bytes") as caught:
        read_object(f"{storage.root}/a", 999)
    assert caught.value.code == "too-large"


def test_no_object_is_no_error_to_ask_for(storage):
    assert object_info(f"{storage.root}/none") is None


def test_a_listing_goes_on_over_pages(bucket, monkeypatch):
    monkeypatch.setattr(objects, "_PAGE", 3)
    for number in range(10):
        bucket.put(f"many/{number}", b"x")
    assert len(list(list_objects(f"{bucket.url}/many"))) == 10
    assert len(list(list_objects(f"{bucket.url}/many", 4))) == 4
    assert list(list_objects(f"{bucket.url}/man")) == []


@pytest.mark.parametrize("fault", [SLOW_DOWN, BROKEN, Answer(429), Answer(cut=3), Answer(cut=0)])
def test_a_request_that_fails_by_the_way_is_sent_again(bucket, failing, fault):
    bucket.put("a.bin", bytes(range(256)) * 100)
    failing.fail_first(3, fault, part="a.bin")
    assert read_object(f"{bucket.url}/a.bin", _MOST) == bytes(range(256)) * 100
    assert len(failing.requests) == 4


def test_a_listing_that_is_throttled_is_asked_for_again(bucket, failing):
    bucket.put("a", b"1")
    failing.fail_first(3, SLOW_DOWN)
    assert [each.url for each in list_objects(bucket.url)] == [f"{bucket.url}/a"]


def test_a_write_that_is_throttled_is_sent_again(bucket, failing):
    failing.fail_first(3, SLOW_DOWN, "PUT")
    storage_at(bucket.url).write("a", b"content")
    assert bucket.get("a") == b"content"


def test_a_server_that_never_answers_well_is_given_up(bucket, failing):
    failing.plan = lambda method, path: SLOW_DOWN
    with pytest.raises(StorageError, match="after several tries") as caught:
        read_object(f"{bucket.url}/a", _MOST)
    assert caught.value.code == "unreachable"
    assert len(failing.requests) == len(objects.WAITS) + 1


def test_what_is_denied_is_not_asked_for_again(bucket, failing):
    failing.plan = lambda method, path: DENIED
    with pytest.raises(StorageError, match=f"access to the bucket {bucket.name} is denied") as caught:
        read_object(f"{bucket.url}/a", _MOST)
    assert caught.value.code == "no-permission"
    assert len(failing.requests) == 1


def test_no_bucket_is_said(bucket):
    with pytest.raises(StorageError, match="there is no bucket no-such-bucket") as caught:
        list(list_objects("s3://no-such-bucket/photos"))
    assert caught.value.code == "no-bucket"


def test_no_credentials_are_said_with_how_to_get_them(bucket, monkeypatch, tmp_path):
    use_endpoint(monkeypatch, bucket.port, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StorageError, match=r"no credentials were found.*AWS_PROFILE.*aws sso login") as caught:
        read_object(f"{bucket.url}/a", _MOST)
    assert caught.value.code == "no-credentials"


def test_a_server_that_is_not_there_is_said(bucket, monkeypatch):
    use_endpoint(monkeypatch, 1)
    monkeypatch.setattr(objects, "WAITS", (0.001,))
    with pytest.raises(StorageError, match="the server did not answer"):
        read_object(f"{bucket.url}/a", _MOST)


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(remote, "_OPEN", {})
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(LibraryMissingError, match=r"s3:// needs s3fs.*pip install 'image-tagging-tools\[s3\]'"):
        read_object("s3://bucket/a", _MOST)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "give its path, without file://"),
        ("FILE:///etc/passwd", "give its path, without file://"),
        ("zip://a.zip::s3://bucket/b", "zip:// is not read"),
        ("simplecache::s3://bucket/b", "leads through several addresses"),
        ("s3::file:///etc/passwd", "leads through several addresses"),
        ("ftp://host/a", "ftp:// is not read"),
        ("local:///etc/passwd", "local:// is not read"),
        ("s3:///etc/passwd", "names no bucket"),
        ("s3://../etc/passwd", "names no bucket"),
        ("s3://user:word@bucket/a", "holds a password"),
        ("https://user:word@host/a", "holds a password"),
        ("https:///a", "names no host"),
        ("s3://bucket/a\0b", "no URL has"),
        ("s3://bucket/a\ud800b", "no URL has"),
    ],
)
def test_a_url_that_leads_elsewhere_is_refused(url, words):
    with pytest.raises(InputError, match=words):
        storage_at(url)


def test_nothing_is_written_to_the_web():
    with pytest.raises(StorageError, match="nothing is written to addresses of the web"):
        storage_at("https://example.org/results")


@pytest.mark.parametrize(
    "key", ["a//b", "a/../b", "..", "a/", "a b%2Fc", "é/ü.png", "s3://other/x", "?versionId=1", "#1"]
)
def test_an_odd_key_is_read_as_it_is(bucket, key):
    bucket.put(key, key.encode())
    assert [each.url for each in list_objects(bucket.url)] == [f"{bucket.url}/{key}"]
    assert object_info(f"{bucket.url}/{key}").size == len(key.encode())
    assert read_object(f"{bucket.url}/{key}", _MOST) == key.encode()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_opens_its_own_connections(bucket):
    bucket.put("a", b"content")
    assert read_object(f"{bucket.url}/a", _MOST) == b"content"
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, read_object(f"{bucket.url}/a", _MOST))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"content"
    os.waitpid(child, 0)
    assert read_object(f"{bucket.url}/a", _MOST) == b"content"


def test_two_buckets_are_reached_by_one_process(bucket):
    other = new_bucket(bucket.port)
    bucket.put("a", b"1")
    other.put("a", b"2")
    assert (read_object(f"{bucket.url}/a", 9), read_object(f"{other.url}/a", 9)) == (b"1", b"2")
