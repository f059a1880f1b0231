"""A list of paths or URLs is a source: a line an image, in the order of the list, whatever else is in it."""

from __future__ import annotations

import os
import sys

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.errors import InputError
from image_tagging.records import Failure, FoundArchive, FoundImage, LeftOut, OtherFile
from image_tagging.sources import DataSetRules, find_images
from samples import png, written, zipped


def listed(tmp_path, *lines, name="list.txt", end="\n"):
    return written(tmp_path / name, b"".join(os.fsencode(line) + end.encode() for line in lines))


def found(path, **options):
    return list(find_images(str(path), **options))


def images(path, **options):
    """The path in the folder of the list, and the tag, of each image."""
    here = os.path.dirname(path) + os.sep
    items = (item for item in found(path, **options) if isinstance(item, FoundImage))
    return [(item.ref.path.replace(here, "", 1).replace(os.sep, "/"), item.tag) for item in items]


def failures(path):
    return [(item.code, item.reason) for item in found(path) if isinstance(item, Failure)]


def test_paths_come_in_the_order_of_the_list_tagged_by_their_folders(tmp_path):
    for name in ("dog/b.png", "cat/a.png", "c.png", "cat/red/d.png"):
        written(tmp_path / "in" / name, png(1))
    path = listed(tmp_path / "in", "dog/b.png", "c.png", "./cat/a.png", str(tmp_path / "in" / "cat/red/d.png"))
    expected = [("dog/b.png", "dog"), ("c.png", "in"), ("cat/a.png", "cat"), ("cat/red/d.png", "red")]
    assert images(path) == expected
    assert [tag for _, tag in images(path, tag_level="top")] == ["dog", "in", "cat", "cat"]
    assert [item.size for item in found(path)] == [len(png(1))] * 4


def test_paths_outside_of_its_folder_are_tagged_by_their_own(tmp_path):
    file = written(tmp_path / "else" / "bird" / "1.png", png(1))
    path = listed(tmp_path / "in", file, os.path.join("..", "else", "bird", "1.png"))
    assert [(item.tag, item.top) for item in found(path, tag_level="top")] == [("bird", "bird")] * 2


def test_urls_are_images_that_are_not_looked_up(tmp_path):
    lines = ["https://example.org/a/cat/7.jpg?size=1/2", "s3://bucket/dog/1.png", "https://example.org/x"]
    items = found(listed(tmp_path, *lines))
    assert [item.ref.file for item in items] == lines
    assert [(item.tag, item.stamp, item.size) for item in items] == [
        ("cat", "", 0),
        ("dog", "", 0),
        ("example.org", "", 0),
    ]


def test_archives_in_a_list_are_looked_into(tmp_path):
    written(tmp_path / "pack.zip", zipped({"bird/1.png": png(1)}))
    items = found(listed(tmp_path, "pack.zip"))
    assert [type(item) for item in items] == [FoundImage, FoundArchive]
    assert items[0].tag == "bird"
    assert found(listed(tmp_path, "pack.zip"), open_archives=False) == [FoundArchive(items[1].ref, None)]


def test_a_line_that_is_no_path_is_a_failure_with_its_number(tmp_path):
    written(tmp_path / "a.png", png(1))
    (tmp_path / "folder").mkdir()
    path = listed(tmp_path, "a.png", "", "gone.png", "folder", "x" * 70_000, "gone", "  ", "a.png")
    said = failures(path)
    assert [code for code, _ in said] == ["missing", "not-a-file", "long-name", "missing"]
    assert [reason for _, reason in said if "line" not in reason] == []
    assert "(line 3 of the list)" in said[0][1]
    assert "give the folder itself" in said[1][1]
    assert said[2][1].startswith("line 5 is no path: it is longer")
    assert len(images(path)) == 2


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks_of_windows_are_no_part_of_paths(tmp_path, end, mark):
    written(tmp_path / "a.png", png(1))
    written(tmp_path / "ü.png", png(1))
    path = written(tmp_path / "l.txt", mark + f"a.png{end}ü.png".encode())
    assert [name for name, _ in images(path)] == ["a.png", "ü.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="only there may names be no text")
def test_a_name_that_is_no_text_is_found_if_it_is_there(tmp_path):
    written(os.fsencode(tmp_path) + b"/\xff.png", png(1))
    path = written(tmp_path / "l.txt", b"\xff.png\n\xfe.png\n")
    assert [type(item) for item in found(path)] == [FoundImage, Failure]


def test_another_encoding_is_refused_in_words(tmp_path):
    with pytest.raises(InputError, match="save it as UTF-8"):
        found(written(tmp_path / "l.txt", "a.png\nb.png\n".encode("utf-16")))


def test_comments_are_paths(tmp_path):
    written(tmp_path / "# not a comment.png", png(1))
    assert [name for name, _ in images(listed(tmp_path, "# not a comment.png"))] == ["# not a comment.png"]


def test_patterns_leave_out_paths_of_a_list(tmp_path):
    written(tmp_path / "cat" / "a.png", png(1))
    written(tmp_path / "dog" / "b.png", png(1))
    items = found(listed(tmp_path, "cat/a.png", "dog/b.png"), rules=DataSetRules(["dog/*.png"]))
    assert [type(item) for item in items] == [FoundImage, LeftOut]


def test_other_files_are_counted_as_in_folders(tmp_path):
    written(tmp_path / "notes.md", b"x")
    assert [type(item) for item in found(listed(tmp_path, "notes.md"))] == [OtherFile]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folders")
def test_what_the_system_shows_of_itself_is_not_read(tmp_path):
    said = failures(listed(tmp_path, "/proc/self/environ", "/dev/zero", "/proc/self/a.png"))
    assert [code for code, _ in said] == ["system-folder"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_in_a_list_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.png")
    assert [code for code, _ in failures(listed(tmp_path, "p.png"))] == ["not-a-file"]


def test_a_picture_that_is_called_like_a_list_is_a_picture(tmp_path):
    path = written(tmp_path / "a.txt", png(1))
    (item,) = found(path)
    assert item.ref.file == path


def test_a_text_without_a_path_is_no_list(tmp_path):
    with pytest.raises(InputError, match="neither a folder, an image nor an archive"):
        found(listed(tmp_path, "Dear reader,", "", "this is a letter."))


def test_an_image_that_is_listed_twice_is_one(tmp_path):
    written(tmp_path / "cat" / "1.png", png(1))
    written(tmp_path / "cat" / "2.png", png(2))
    path = listed(tmp_path, "cat/1.png", "cat/2.png", "cat/1.png", "./cat/1.png")
    config = ProcessConfig(input_folder=path, output=str(tmp_path / "out"), clip_model="builtin")
    summary = process_dataset(config)
    assert (summary.embedding.images, summary.tags) == (2, {"cat": 2})
    assert process_dataset(config).embedding.unchanged


def test_a_folder_and_a_list_of_its_images_give_the_same_records(tmp_path):
    for number in range(4):
        written(tmp_path / "in" / f"t{number % 2}" / f"{number}.png", png(number))
    paths = [item.ref.file for item in find_images(str(tmp_path / "in")) if isinstance(item, FoundImage)]
    of_list = listed(tmp_path, *paths)
    for source, name in ((tmp_path / "in", "a"), (of_list, "b")):
        process_dataset(ProcessConfig(input_folder=source, output=str(tmp_path / name), clip_model="builtin"))
    assert (tmp_path / "a" / "input-metadata.json").read_bytes() == (
        tmp_path / "b" / "input-metadata.json"
    ).read_bytes()


# --- Parquet ----------------------------------------------------------------------------------------------


def table(tmp_path, columns, name="list.parquet"):
    pa = pytest.importorskip("pyarrow", reason="needs the parquet extra")
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), tmp_path / name)
    return str(tmp_path / name)


@pytest.mark.parametrize("column", ["path", "file_path", "image_path", "url"])
def test_a_table_has_a_path_in_each_row(tmp_path, column):
    for name in ("a.png", "b.png"):
        written(tmp_path / "cat" / name, png(1))
    path = table(tmp_path, {"n": [1, 2, 3], column: ["cat/a.png", None, "cat/b.png"]})
    assert images(path) == [("cat/a.png", "cat"), ("cat/b.png", "cat")]
    assert failures(path) == [("not-a-path", "line 2 is no path: it holds no path")]


def test_words_of_a_dictionary_are_paths_too(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="needs the parquet extra")
    written(tmp_path / "a.png", png(1))
    path = table(tmp_path, {"path": pa.array(["a.png"] * 3).dictionary_encode()})
    assert len(images(path)) == 3


def test_a_table_without_paths_is_refused_in_words(tmp_path):
    with pytest.raises(
        InputError, match=r"no column of paths, and none of images\. Give a table with a column path or"
    ):
        found(table(tmp_path, {"n": [1], "path": [["a.png"]]}))


def test_a_damaged_table_is_refused_in_words(tmp_path):
    with pytest.raises(InputError, match=r"list\.parquet is no Parquet file that can be read"):
        found(written(tmp_path / "list.parquet", b"PAR1 and nothing else PAR1"))


def test_a_manifest_is_no_list(tmp_path):
    pytest.importorskip("pyarrow", reason="needs the parquet extra")
    from image_tagging.sources import ListedBy, write_manifest

    write_manifest(str(tmp_path / "m.parquet"), ListedBy("/d"), [])
    with pytest.raises(InputError, match="is a manifest: give it as --manifest"):
        found(tmp_path / "m.parquet")
