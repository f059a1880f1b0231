"""The metadata as a Parquet table: the same pictures as in JSON, and the same complaints."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.datasets import metadata_parquet, parquet_reading
from image_tagging.datasets.metadata import as_json, metadata_paths, read_embeddings, record_writer
from image_tagging.errors import EncoderMismatchError, InputError, MetadataError, OutputError
from image_tagging.records import EncoderSpec, ImageRecord

pa = pytest.importorskip("pyarrow", reason="needs the parquet extra")
pq = pytest.importorskip("pyarrow.parquet")

CLIP = EncoderSpec("ViT-B-32", "openai", 4, "bicubic")


def record(number, encoder=CLIP):
    vector = np.random.default_rng(number).normal(size=encoder.dim).astype(np.float32)
    ref = ImageRef("/data/it's.zip", (f"cat/{number} 猫.png",))
    return ImageRecord(ref, f"h{number}", "p", "PNG", 99 + number, 12, 8, ("cat", "pet"), vector, encoder)


def written(path, count=5, *, encoder=CLIP, tagged=True):
    with record_writer([str(path)], encoder, tagged=tagged) as writer:
        for number in range(count):
            writer.add(record(number, encoder))
    return str(path)


def read(path):
    encoder, images = read_embeddings(str(path))
    return encoder, [(image.hash_id, image.file_path, image.embedding.tolist()) for image in images]


def columns(**changes):
    """The columns that reading needs, of two pictures."""
    values = {
        "hash_id": ["h1", "h2"],
        "file_path": ["/1.png", "/2.png"],
        "model": ["ViT-B-32", "ViT-B-32"],
        "pretrained": ["openai", "openai"],
        "embeddings_vector": [[1.0, 2.5], [3.0, 4.0]],
    }
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def table(path, **changes):
    pq.write_table(pa.table(columns(**changes)), str(path))
    return str(path)


# --- writing ----------------------------------------------------------------------------------------------


def test_one_pass_writes_both_files_with_the_same_pictures(tmp_path):
    paths = metadata_paths(str(tmp_path), "input-metadata.json", "both")
    assert [os.path.basename(path) for path in paths] == ["input-metadata.json", "input-metadata.parquet"]
    with record_writer(paths, CLIP, tagged=True) as writer:
        for number in range(5):
            writer.add(record(number))
    assert sorted(os.listdir(tmp_path)) == ["input-metadata.json", "input-metadata.parquet"]
    assert read(paths[0]) == read(paths[1])
    assert len(read(paths[0])[1]) == 5


@pytest.mark.parametrize("tagged", [True, False])
def test_the_columns_are_the_keys_of_the_json_record(tmp_path, tagged):
    path = written(tmp_path / "m.parquet", 1, tagged=tagged)
    (row,) = pq.read_table(path).to_pylist()
    expected = as_json(record(0), tagged=tagged)
    assert list(row) == list(expected)
    assert row == {**expected, "embeddings_vector": expected["embeddings_vector"].tolist()}


def test_embeddings_are_lists_of_one_size_and_the_file_names_its_encoder(tmp_path):
    schema = pq.read_schema(written(tmp_path / "m.parquet"))
    vector = schema.field("embeddings_vector").type
    assert (vector.list_size, vector.value_type) == (4, pa.float32())
    assert json.loads(schema.metadata[b"image_tagging.encoder"]) == {
        **{"name": "ViT-B-32", "pretrained": "openai", "dim": 4, "preprocess": "bicubic"}
    }


def test_row_groups_are_bounded_and_lose_no_row(tmp_path, monkeypatch):
    monkeypatch.setattr(metadata_parquet, "_GROUP_BYTES", 3 * 4 * CLIP.dim)
    monkeypatch.setattr(parquet_reading, "_BATCH", 2)
    path = written(tmp_path / "m.parquet", 8)
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(number).num_rows for number in range(groups.num_row_groups)] == [3, 3, 2]
    assert [image[0] for image in read(path)[1]] == [f"h{number}" for number in range(8)]


def test_the_same_records_give_the_same_bytes(tmp_path):
    paths = [written(tmp_path / name) for name in ("a.parquet", "b.parquet")]
    one, other = ((tmp_path / path).read_bytes() for path in paths)
    assert one == other


def test_an_interrupted_writing_leaves_both_earlier_files_whole(tmp_path):
    paths = [str(tmp_path / "m.json"), str(tmp_path / "m.parquet")]

    def run(interrupted):
        with record_writer(paths, CLIP, tagged=True) as writer:
            writer.add(record(1))
            if interrupted:
                raise KeyboardInterrupt

    run(False)
    before = [(tmp_path / path).read_bytes() for path in paths]
    with pytest.raises(KeyboardInterrupt):
        run(True)
    assert [(tmp_path / path).read_bytes() for path in paths] == before
    assert sorted(os.listdir(tmp_path)) == ["m.json", "m.parquet"]


def test_a_file_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "m.parquet").mkdir()
    with pytest.raises(OutputError, match=r"m\.parquet"):
        written(tmp_path / "m.parquet")


# --- reading ----------------------------------------------------------------------------------------------


def test_the_suffix_counts_in_any_case(tmp_path):
    path = tmp_path / "M.PARQUET"
    os.rename(written(tmp_path / "m.parquet"), path)
    assert read(path)[0].matches(CLIP)


@pytest.mark.parametrize(
    "vectors",
    [
        pa.array([[1.0, 2.5], [3.0, 4.0]], pa.list_(pa.float64())),
        pa.array([[1.0, 2.5], [3.0, 4.0]], pa.large_list(pa.float32())),
        pa.array([[1.0, 2.5], [3.0, 4.0]], pa.list_(pa.float64(), 2)),
        pa.array(np.array([1, 2.5, 3, 4], np.float16)).cast(pa.float32()).cast(pa.float16()),
    ],
    ids=["list of doubles", "large list", "doubles of one size", "halves"],
)
def test_what_other_programs_write_is_read(tmp_path, vectors):
    if not hasattr(vectors, "flatten") or vectors.type == pa.float16():
        vectors = pa.FixedSizeListArray.from_arrays(vectors, 2)
    texts = {"hash_id": pa.array(["h1", "h2"], pa.large_string()), "model": pa.array(["m", "m"]).dictionary_encode()}
    encoder, images = read(table(tmp_path / "m.parquet", embeddings_vector=vectors, **texts))
    assert encoder == EncoderSpec("m", "openai", 2, "")
    assert images == [("h1", "/1.png", [1, 2.5]), ("h2", "/2.png", [3, 4])]


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="names are text there")
def test_a_file_in_a_folder_whose_name_is_no_text_is_read(tmp_path):
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    path = written(folder / "m.parquet")
    assert len(read(path)[1]) == 5


@pytest.mark.parametrize("name", ["caf\udce9.png", r"caf\udce9.png", "猫.png"])
def test_the_exact_address_comes_back_for_odd_names(tmp_path, name):
    ref = ImageRef(f"/data/{name}.zip", ("inner.zip", f"cat/{name}"))
    path = str(tmp_path / "m.parquet")
    with record_writer([path], CLIP, tagged=True) as writer:
        writer.add(dataclasses.replace(record(1), ref=ref))
    assert [image.address for image in read_embeddings(path)[1]] == [ref]


@pytest.mark.parametrize(
    "addresses", [None, pa.array([["/1.png"], None], pa.large_list(pa.large_string())), [["/1.png"], None]]
)
def test_addresses_are_not_needed(tmp_path, addresses):
    images = list(read_embeddings(table(tmp_path / "m.parquet", address=addresses))[1])
    assert [image.address for image in images] == [addresses and ImageRef("/1.png"), None]


def test_a_path_is_not_needed(tmp_path):
    assert [image[1] for image in read(table(tmp_path / "m.parquet", file_path=None))[1]] == ["", ""]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": None, "pretrained": None}, "lacks the column model and pretrained"),
        ({"embeddings_vector": None}, "lacks the column embeddings_vector"),
        ({"hash_id": None}, "lacks the column hash_id"),
        ({"hash_id": ["h1", None]}, "not text in every row"),
        ({"hash_id": [1, 2]}, "not text in every row"),
        ({"model": [None, None]}, "not text in every row"),
        ({"embeddings_vector": [1.0, 2.0]}, "no list of numbers"),
        ({"embeddings_vector": [["a"], ["b"]]}, "no list of numbers"),
        ({"embeddings_vector": [[[1.0]], [[2.0]]]}, "no list of numbers"),
        ({"embeddings_vector": pa.array([[], []], pa.list_(pa.float32()))}, "is empty"),
        ({"address": ["/1.png", "/2.png"]}, "its address is no list of texts"),
        ({"address": [["/1.png"], [None]]}, "address of h2… is no list of texts"),
        ({"address": [["/1.png"], []]}, "address of h2… lacks a name"),
        ({"address": [[1], [2]]}, "its address is no list of texts"),
        ({"embeddings_vector": [[1.0, 2.0], None]}, "embedding of h2… is not a list of finite numbers"),
        ({"embeddings_vector": [[1.0, 2.0], [None, 1.0]]}, "embedding of h2… is not a list of finite numbers"),
        ({"embeddings_vector": [[float("nan"), 2.0], [1.0, 1.0]]}, "embedding of h1… is not a list of finite"),
        ({"embeddings_vector": [[1.0, 2.0], [float("inf"), 1.0]]}, "embedding of h2… is not a list of finite"),
        ({"embeddings_vector": [[1.0, 2.0], [1e300, 1.0]]}, "embedding of h2… is not a list of finite numbers"),
    ],
)
def test_a_table_that_is_no_metadata_is_named_in_one_line(tmp_path, changes, words):
    path = table(tmp_path / "m.parquet", **changes)
    with pytest.raises(MetadataError, match=words) as raised:
        read(path)
    assert path in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": ["ViT-B-32", "ViT-L-14"]},
        {"pretrained": ["openai", "laion2b"]},
        {"embeddings_vector": [[1.0, 2.0], [1.0, 2.0, 3.0]]},
    ],
)
@pytest.mark.parametrize("batch", [1, 2])
def test_embeddings_of_several_encoders_in_one_file_are_refused(tmp_path, monkeypatch, changes, batch):
    monkeypatch.setattr(parquet_reading, "_BATCH", batch)
    path = table(tmp_path / "m.parquet", **changes)
    with pytest.raises(EncoderMismatchError, match=r"mixes encoders|with 2 values and with 3") as raised:
        read(path)
    assert path in str(raised.value)


def test_a_table_without_a_row_holds_no_image(tmp_path):
    with pytest.raises(MetadataError, match="holds no image"):
        read(written(tmp_path / "m.parquet", 0))


def test_what_is_no_parquet_file_is_refused(tmp_path):
    whole = (tmp_path / written(tmp_path / "whole.parquet", 50)).read_bytes()
    contents = [b"", b"PAR1", b"hello, world", b"PAR1" * 20, whole[:-1], whole[: len(whole) // 2], whole[10:]]
    path = tmp_path / "m.parquet"
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(MetadataError, match="no Parquet file that can be read") as raised:
            read(path)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)


def test_damage_anywhere_is_a_named_error_or_harmless(tmp_path):
    whole = (tmp_path / written(tmp_path / "whole.parquet", 20)).read_bytes()
    path = tmp_path / "m.parquet"
    random = np.random.default_rng(0)
    for position in random.integers(len(whole), size=150).tolist():
        damaged = bytearray(whole)
        damaged[position] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            read(path)
        except (MetadataError, EncoderMismatchError) as error:
            assert "\n" not in str(error)  # noqa: PT017  not every damage is seen


def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path):
    with pytest.raises(MetadataError, match=r"cannot read .*gone\.parquet: No such file"):
        read(tmp_path / "gone.parquet")
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(MetadataError, match="cannot read"):
        read(tmp_path / "folder.parquet")


# --- what is not installed --------------------------------------------------------------------------------


@pytest.fixture
def no_pyarrow(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)


@pytest.mark.usefixtures("no_pyarrow")
def test_without_pyarrow_the_extra_is_named_before_anything_is_done(tmp_path):
    for ask in (
        lambda: metadata_paths(str(tmp_path), "input-metadata.json", "both"),
        lambda: read_embeddings(str(tmp_path / "m.parquet")),
        lambda: written(tmp_path / "m.parquet"),
    ):
        with pytest.raises(MetadataError, match=r"pip install 'image-tagging-tools\[parquet\]'") as raised:
            ask()
        assert "\n" not in str(raised.value)
    assert os.listdir(tmp_path) == []
    assert metadata_paths("out", "my.photos-metadata.json", "json") == (os.path.join("out", "my.photos-metadata.json"),)


def test_a_format_that_does_not_exist_is_named():
    with pytest.raises(InputError, match="metadata_format is 'csv'; choose one of json, parquet, both"):
        metadata_paths("out", "input-metadata.json", "csv")


def test_pyarrow_is_imported_for_parquet_alone():
    program = (
        "import sys, image_tagging, image_tagging.datasets.metadata as m, image_tagging.pipeline.classify; "
        "m.metadata_paths('', 'm.json', 'json'); print('pyarrow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, encoding="utf-8")
    assert done.stdout == "False\n"
