"""A folder, a zip and a tar of the same images give the same results, from finding to the last stage."""

from __future__ import annotations

import json
import tarfile

import pytest

from image_tagging import FileCache, ProcessConfig, cli, process_dataset
from image_tagging.records import FoundArchive, FoundImage, OtherFile
from image_tagging.sources import SourceReader, find_images
from raw_tars import PACKINGS, archived, tarred
from samples import png, written, zipped

SUFFIXES = [".zip", *PACKINGS]
PICTURES = {
    f"{tag}/{number}.png": png(10 * index + number) for index, tag in enumerate(("b", "a")) for number in range(4)
}


def images(root):
    return [item for item in find_images(str(root)) if isinstance(item, FoundImage)]


def test_tars_are_found_in_a_folder_and_in_each_other(tmp_path):
    deep = {"z.tar.gz": {"1.png": b"1", "y.zip": {"2.png": b"2", "x.tar.xz": {"3.png": b"3"}}}, "4.png": b"4"}
    written(tmp_path / "a.tar", archived("a.tar", deep))
    written(tmp_path / "b.TAR.GZ", tarred({"5.png": b"5", "notes.txt": b"", "c.7z": b""}, "gz"))
    reader = SourceReader()
    read = {item.ref.path.removeprefix(f"{tmp_path}/"): reader.read(item.ref) for item in images(tmp_path)}
    reader.close()
    assert read == {
        "a.tar/4.png": b"4",
        "a.tar/z.tar.gz/1.png": b"1",
        "a.tar/z.tar.gz/y.zip/2.png": b"2",
        "a.tar/z.tar.gz/y.zip/x.tar.xz/3.png": b"3",
        "b.TAR.GZ/5.png": b"5",
    }
    found = list(find_images(str(tmp_path)))
    assert [item.images for item in found if isinstance(item, FoundArchive)] == [1, 1, 1, 1, 1]
    assert {item.ref.name for item in found if isinstance(item, OtherFile)} == {"notes.txt", "c.7z"}


def test_a_compressed_tar_is_listed_in_its_own_order_and_others_by_name(tmp_path):
    names = ["b.png", "c.png", "a.png"]
    for suffix in SUFFIXES:
        data = archived(f"x{suffix}", dict.fromkeys(names, b""))
        found = [item.ref.name for item in images(written(tmp_path / f"x{suffix}", data))]
        assert found == (sorted(names) if suffix in {".zip", ".tar"} else names)


def test_finding_again_gives_the_same(tmp_path):
    for suffix in SUFFIXES:
        path = written(tmp_path / f"x{suffix}", archived(f"x{suffix}", {**PICTURES, "in.tar.gz": PICTURES}))
        assert list(find_images(path)) == list(find_images(path))


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The same images as a folder and as each kind of archive."""
    root = tmp_path_factory.mktemp("sources")
    for name, data in PICTURES.items():
        written(root / "folder" / name, data)
    made = {"folder": str(root / "folder")}
    for suffix in SUFFIXES:
        made[suffix] = written(root / f"images{suffix}", archived(f"x{suffix}", PICTURES))
    return made


@pytest.fixture(scope="module")
def processed(sources, tmp_path_factory):
    """What stage 1 makes of each source: embeddings by hash, and hashes by tag."""

    def results(source):
        output = tmp_path_factory.mktemp("output")
        process_dataset(ProcessConfig(input_folder=source, output_folder=str(output), clip_model="builtin"))
        records = json.loads((output / "input-metadata.json").read_text(encoding="utf-8"))
        lists = json.loads((output / "input-tag-to-image-hash-list.json").read_text(encoding="utf-8"))
        vectors = {key: record["embeddings_vector"] for key, record in records.items()}
        return vectors, {tag: sorted(hashes) for tag, hashes in lists.items()}

    return {name: results(source) for name, source in sources.items()}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_stage_1_gives_the_same_for_every_source(processed, suffix):
    assert processed[suffix] == processed["folder"]
    assert set(processed[suffix][1]) == {"a", "b"}


@pytest.mark.slow
def test_untagged_images_of_a_compressed_tar_go_into_a_file_of_its_stem(tmp_path, sources):
    process_dataset(
        ProcessConfig(
            input_folder=sources[".tar.gz"], output_folder=str(tmp_path), clip_model="builtin", tagged_dataset=False
        )
    )
    assert list(tmp_path.rglob("images-metadata.json"))


@pytest.mark.slow
def test_a_second_run_over_a_tar_reads_no_image_again(tmp_path, sources):
    for suffix in PACKINGS:
        config = ProcessConfig(input_folder=sources[suffix], output_folder=str(tmp_path / suffix), clip_model="builtin")
        assert process_dataset(config).embedding.computed == len(PICTURES)
        again = process_dataset(config).embedding
        assert (again.computed, again.unchanged) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_stage_4_places_the_images_of_every_kind_of_archive(trained, tmp_path, sources, suffix):
    arguments = [f"--directory={sources[suffix]}", f"--model={trained.models}", f"--output={tmp_path}"]
    assert cli.main(["classify-zip", *arguments]) == 0
    placed = {path.read_bytes() for path in tmp_path.glob("ovr-*/*/*/*.png")}
    assert placed == set(PICTURES.values())


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_cache_takes_every_kind_of_archive(tmp_path, sources, processed, suffix):
    cache = FileCache()
    cache.add_folder_to_file_cache(sources[suffix], tmp_path)
    for hash_id in processed["folder"][0]:
        row = cache.get_img_by_hash(tmp_path / "file_cache.sqlite", hash_id)
        assert row["container_archive"] == sources[suffix]


@pytest.mark.slow
def test_names_in_an_older_encoding_survive_every_stage(trained, tmp_path):
    file = tmp_path / "a.tar.gz"
    with tarfile.open(file, "w:gz", encoding="latin-1", format=tarfile.GNU_FORMAT) as archive:
        source = written(tmp_path / "1.png", png(3))
        archive.add(source, "café/é.png")
    output = tmp_path / "output"
    assert cli.main(["process", f"--input_folder={file}", f"--output_folder={output}", "--clip_model=builtin"]) == 0
    assert cli.main(["classify-zip", f"--directory={file}", f"--model={trained.models}", f"--output={output}"]) == 0
    lists = json.loads((output / "input-tag-to-image-hash-list.json").read_text(encoding="utf-8"))
    assert list(lists) == ["café"]
    assert [path.read_bytes() for path in output.glob("ovr-*/*/*/*.png")]


def test_zips_and_tars_of_one_image_agree_on_its_stamp(tmp_path):
    stamps = {
        images(written(tmp_path / name, data))[0].stamp
        for name, data in (("a.zip", zipped({"1.png": b"1"})), ("b.tgz", tarred({"1.png": b"1"}, "gz")))
    }
    assert len(stamps) == 1
