"""A storage in a folder: files are written whole, listed in order, and read back."""

import pickle
import threading

import pytest

from image_tagging.errors import StorageError
from image_tagging.storage import storage_at


def test_a_written_file_is_listed_and_read_back(tmp_path):
    storage = storage_at(str(tmp_path / "new"))
    assert list(storage.names()) == []
    storage.write("shards/b.parquet", b"2")
    storage.write("shards/a.parquet", b"1")
    storage.write("_SUCCESS", b"")
    assert list(storage.names()) == ["_SUCCESS"]
    assert list(storage.names("shards")) == ["shards/a.parquet", "shards/b.parquet"]
    assert storage.read("shards/a.parquet") == b"1"


def test_a_file_written_again_replaces_the_earlier_one_whole(tmp_path):
    storage = storage_at(str(tmp_path))
    contents = [bytes([value]) * 100_000 for value in range(20)]
    storage.write("a", contents[0])
    writer = threading.Thread(target=lambda: [storage.write("a", content) for content in contents])
    writer.start()
    while writer.is_alive():
        assert storage.read("a") in contents
    writer.join()
    assert storage.read("a") == contents[-1]
    assert list(storage.names()) == ["a"]


def test_removing_twice_is_as_removing_once(tmp_path):
    storage = storage_at(str(tmp_path))
    storage.write("a", b"1")
    storage.remove("a")
    storage.remove("a")
    assert list(storage.names()) == []


def test_another_process_opens_the_same_files_by_the_pickled_storage(tmp_path):
    storage = storage_at(str(tmp_path))
    storage.write("a", b"1")
    assert pickle.loads(pickle.dumps(storage)).read("a") == b"1"


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(StorageError, match="gone cannot be read: No such file"):
        storage_at(str(tmp_path)).read("gone")


def test_a_folder_that_is_a_file_is_an_error_in_words(tmp_path):
    (tmp_path / "shards").write_bytes(b"")
    storage = storage_at(str(tmp_path))
    with pytest.raises(StorageError, match="cannot be listed"):
        list(storage.names("shards"))
    with pytest.raises(StorageError, match="cannot make the folder"):
        storage.write("shards/a", b"1")
