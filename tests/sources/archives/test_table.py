"""Parquet tables with images in them are archives, whose rows are members; any other table is a file like others."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import threading

import pytest

from image_tagging import ProcessConfig, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.errors import InputError, ReadError
from image_tagging.records import Failure, FoundArchive, FoundImage, OtherFile
from image_tagging.sources import SourceReader, find_images
from samples import png, written, zipped

pa = pytest.importorskip("pyarrow", reason="needs the parquet extra")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def reader():
    reader = SourceReader()
    yield reader
    reader.close()


def parquet(path, columns, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, **options)
    return str(path)


def structs(*rows):
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.array([None if row is None else {"bytes": row[0], "path": row[1]} for row in rows], kind)


def images(path):
    return [item for item in find_images(str(path)) if isinstance(item, FoundImage)]


def names(path):
    return [item.ref.members[-1] for item in images(path)]


def code_of(reader, ref):
    try:
        reader.read(ref)
    except ReadError as error:
        return error.code
    return None


@pytest.mark.parametrize("column", ["image", "img", "jpg", "png", "bytes", "image_bytes"])
def test_a_column_of_bytes_holds_images(tmp_path, reader, column):
    path = parquet(tmp_path / "cat.parquet", {"n": [0, 1], column: [png(0), png(1)]})
    items = images(path)
    assert [item.ref.members for item in items] == [("00000000.png",), ("00000001.png",)]
    assert [reader.read(item.ref) for item in items] == [png(0), png(1)]
    assert {item.tag for item in items} == {"cat"}


def test_structs_of_hugging_face_have_their_names(tmp_path, reader):
    column = structs((png(0), "cat/a.png"), (png(1), None), None, (png(2), "b"), (None, "gone.png"))
    path = parquet(tmp_path / "in" / "train.parquet", {"image": column, "label": [0, 1, 2, 3, 4]})
    items = images(tmp_path / "in")
    assert [item.ref.members[-1] for item in items] == [
        "cat/a.png",
        "00000001.png",
        "00000002.png",
        "b.png",
        "gone.png",
    ]
    assert [item.tag for item in items] == ["cat", "train", "train", "train", "train"]
    assert [code_of(reader, item.ref) for item in items] == [None, None, "missing", None, "missing"]
    assert find_images(path)
    assert FoundArchive(ImageRef(path), 5) in list(find_images(path))


@pytest.mark.parametrize("key", ["path", "file_name", "__key__", "key"])
def test_rows_are_named_by_their_column_and_twice_by_numbers(tmp_path, key):
    path = parquet(tmp_path / "a.parquet", {"jpg": [png(0)] * 4, key: ["x/a.jpg", "x/a.jpg", "", "b"]})
    assert names(path) == ["x/a (2).jpg", "x/a.jpg", "00000002.png", "b.png"]


def test_a_table_without_images_is_a_file_like_others(tmp_path):
    parquet(tmp_path / "a.parquet", {"image": ["a.png"], "n": [1]})
    parquet(tmp_path / "b.parquet", {"image": [[png(0)]]})
    parquet(tmp_path / "c.parquet", {"thumb": [png(0)]})
    written(tmp_path / "d.parquet", b"PAR1 cut short")
    written(tmp_path / "e.parquet", b"")
    assert [type(item) for item in find_images(str(tmp_path))] == [OtherFile] * 5


def test_a_table_in_an_archive_is_a_file_like_others(tmp_path):
    path = parquet(tmp_path / "a.parquet", {"image": [png(0)]})
    with open(path, "rb") as file:
        archive = written(tmp_path / "z.zip", zipped({"a.parquet": file.read()}))
    assert [type(item) for item in find_images(archive)] == [OtherFile, FoundArchive]


@pytest.mark.parametrize("options", [{}, {"compression": "none"}, {"compression": "zstd"}, {"use_dictionary": False}])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_every_way_of_writing_is_read(tmp_path, reader, options, version):
    column = [png(number) for number in range(40)]
    path = parquet(tmp_path / "a.parquet", {"image": column}, row_group_size=7, data_page_version=version, **options)
    assert [reader.read(item.ref) for item in images(path)] == column


def test_rows_are_read_in_any_order(tmp_path, reader):
    column = [png(number) for number in range(30)]
    refs = [item.ref for item in images(parquet(tmp_path / "a.parquet", {"image": column}, row_group_size=8))]
    for row in (29, 0, 13, 12, 28, 1, 29):
        assert reader.read(refs[row]) == column[row]


def test_threads_read_one_table_together(tmp_path):
    column = [png(number) for number in range(60)]
    refs = [item.ref for item in images(parquet(tmp_path / "a.parquet", {"image": column}, row_group_size=25))]
    wrong = []

    def read(first):
        reader = SourceReader()
        wrong.extend(row for row in range(first, 60, 3) if reader.read(refs[row]) != column[row])
        reader.close()

    threads = [threading.Thread(target=read, args=(first,)) for first in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_table_that_has_changed_is_listed_anew(tmp_path, reader):
    path = parquet(tmp_path / "a.parquet", {"image": [png(0), png(1)]})
    before = [item.stamp for item in images(path)]
    parquet(tmp_path / "a.parquet", {"image": [png(2), png(1)]})
    after = images(path)
    assert not {item.stamp for item in after}.intersection(before)
    assert reader.read(after[0].ref) == png(2)


def test_all_stages_take_a_table(tmp_path):
    column = structs(*((png(number), f"t{number % 2}/{number}.png") for number in range(6)))
    path = parquet(tmp_path / "a.parquet", {"image": column})
    summary = process_dataset(ProcessConfig(input_folder=path, output=str(tmp_path / "out"), clip_model="builtin"))
    assert summary.tags == {"t0": 3, "t1": 3}
    assert not summary.embedding.failures


def test_a_named_table_without_images_and_paths_is_refused(tmp_path):
    with pytest.raises(InputError, match="no column of paths, and none of images"):
        find_images(parquet(tmp_path / "a.parquet", {"n": [1]}))


@pytest.mark.slow
def test_without_pyarrow_the_table_fails_in_words(tmp_path):
    path = parquet(tmp_path / "in" / "a.parquet", {"image": [png(0)]})
    code = (
        "import sys, importlib.util\nfind = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'pyarrow' else find(name, *more)\n"
        "sys.modules['pyarrow'] = None\nfrom image_tagging.sources import find_images\n"
        f"print([(type(i).__name__, getattr(i, 'reason', '')) for i in find_images({str(tmp_path / 'in')!r})])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8")
    assert path
    assert "pip install 'image-tagging-tools[parquet]'" in done.stdout
    assert "FoundArchive" in done.stdout


def test_folders_without_tables_import_no_pyarrow(tmp_path):
    written(tmp_path / "a.png", png(0))
    code = (
        "import sys\nfrom image_tagging.sources import find_images\n"
        f"assert len(list(find_images({str(tmp_path)!r}))) == 1\nassert 'pyarrow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- WebDataset -------------------------------------------------------------------------------------------


def test_shards_of_webdataset_are_tars_of_images(tmp_path, reader):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for number in range(3):
            key = f"{number:06d}"
            for suffix, data in (("jpg", png(number)), ("json", b"{}"), ("cls", b"7"), ("txt", b"a cat")):
                info = tarfile.TarInfo(f"{key}.{suffix}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    path = written(tmp_path / "shards" / "00000.tar", buffer.getvalue())
    items = list(find_images(str(tmp_path / "shards")))
    found = [item for item in items if isinstance(item, FoundImage)]
    assert [item.ref.members[-1] for item in found] == ["000000.jpg", "000001.jpg", "000002.jpg"]
    assert {item.tag for item in found} == {"00000"}
    assert [reader.read(item.ref) for item in found] == [png(0), png(1), png(2)]
    assert not [item for item in items if isinstance(item, Failure) and item.code != "not-an-image"]
    assert FoundArchive(ImageRef(path), 3) in items
