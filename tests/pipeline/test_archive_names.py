"""Names in archives that do not say in which encoding they are, through all stages, Python and the file cache."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
from contextlib import closing

import pytest

from image_tagging import ClassifyConfig, FileCache, ImageTaggingError, ProcessConfig, classify_images, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.cli import app as cli
from image_tagging.records import FoundImage
from image_tagging.sources import SourceReader, find_images
from raw_zips import UTF8, Member, raw_zip
from samples import png, written, zipped

OLDER = {
    "cp932": ["犬/01.png", "犬/表紙.png", "犬/ソファ.png", "猫/01.png", "猫/能.png"],
    "gbk": ["狗/图片.png", "狗/背影.png", "猫/照片.png", "猫/新建文件夹.png"],
    "big5": ["狗/功能.png", "狗/許願.png", "貓/照片.png", "貓/餐廳.png"],
    "cp949": ["개/사진.png", "개/표지.png", "고양이/그림.png", "고양이/뷁.png"],
    "cp437": ["Vögel/grün.png", "Vögel/weiß.png", "Bären/über.png", "niño/01.png"],
    "utf-8": ["Vögel/grün.png", "猫/能.png", "개/표지.png"],
}


def older_zip(names, encoding):
    return raw_zip(*(Member(name.encode(encoding), png(seed), made_by=0) for seed, name in enumerate(names)))


def older_tar(names, encoding, mode="w"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=tarfile.GNU_FORMAT, encoding=encoding) as archive:
        for seed, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.size = len(png(seed))
            archive.addfile(info, io.BytesIO(png(seed)))
    return file.getvalue()


def members(path, **options):
    """The names of the images of an archive."""
    return sorted(item.ref.members[-1] for item in find_images(str(path), **options) if isinstance(item, FoundImage))


def tags(source, output, **settings):
    config = ProcessConfig(input_folder=source, output_folder=output, clip_model="builtin", **settings)
    return process_dataset(config).tags


@pytest.mark.parametrize("encoding", OLDER)
def test_tags_of_a_zip_without_the_flag_are_its_folders(tmp_path, encoding):
    names = OLDER[encoding]
    found = tags(written(tmp_path / "a.zip", older_zip(names, encoding)), str(tmp_path / "out"))
    assert found == {tag: sum(name.startswith(f"{tag}/") for name in names) for tag in {n.split("/")[0] for n in names}}


@pytest.mark.parametrize("encoding", OLDER)
@pytest.mark.parametrize("mode", ["w", "w:gz"], ids=["plain", "gzip"])
def test_names_of_a_tar_are_in_one_encoding_too(tmp_path, encoding, mode):
    path = written(tmp_path / "a.tar", older_tar(OLDER[encoding], encoding, mode))
    assert members(path) == sorted(OLDER[encoding])


@pytest.mark.parametrize("encoding", OLDER)
def test_the_file_cache_reads_such_an_archive(tmp_path, encoding):
    written(tmp_path / "in" / "a.zip", older_zip(OLDER[encoding], encoding))
    FileCache().add_folder_to_file_cache(tmp_path / "in", tmp_path)
    with closing(sqlite3.connect(tmp_path / "file_cache.sqlite")) as db:
        rows = db.execute("SELECT path FROM file_cache WHERE is_archive IS NULL").fetchall()
    assert {path for (path,) in rows} == {str(tmp_path / "in" / "a.zip" / name) for name in OLDER[encoding]}


def test_a_zip_that_was_cut_short_has_the_same_names(tmp_path):
    whole = older_zip(OLDER["cp932"], "cp932")
    path = written(tmp_path / "a.zip", whole[: whole.index(b"PK\x01\x02")])
    assert members(path) == sorted(OLDER["cp932"])


def test_archives_in_each_other_have_an_encoding_each(tmp_path):
    inner = {"cp932.zip": "cp932", "gbk.zip": "gbk", "cp949.zip": "cp949"}
    path = written(tmp_path / "a.zip", zipped({name: older_zip(OLDER[e], e) for name, e in inner.items()}))
    assert members(path) == sorted(name for encoding in inner.values() for name in OLDER[encoding])


def test_names_with_the_flag_and_names_without_are_read_apart(tmp_path):
    older = [Member(name.encode("cp932"), png(seed)) for seed, name in enumerate(OLDER["cp932"])]
    path = written(tmp_path / "a.zip", raw_zip(Member("개/표지.png".encode(), png(9), flags=UTF8), *older))
    assert members(path) == sorted([*OLDER["cp932"], "개/표지.png"])


def test_a_name_that_lies_about_its_flag_is_one_without(tmp_path):
    lying = [Member(name.encode("cp932"), png(seed), flags=UTF8) for seed, name in enumerate(OLDER["cp932"])]
    assert members(written(tmp_path / "a.zip", raw_zip(*lying))) == sorted(OLDER["cp932"])


# --- backslashes ------------------------------------------------------------------------------------------


def test_backslashes_part_folders_where_no_name_has_a_slash(tmp_path):
    names = [b"cat\\1.png", b"cat\\old\\2.png", b"dog\\3.png"]
    path = written(tmp_path / "a.zip", raw_zip(*(Member(name, png(seed)) for seed, name in enumerate(names))))
    assert members(path) == ["cat/1.png", "cat/old/2.png", "dog/3.png"]
    assert tags(path, str(tmp_path / "out")) == {"cat": 1, "dog": 1, "old": 1}


def test_a_backslash_is_a_character_where_a_name_has_a_slash(tmp_path):
    members_ = [Member(b"cat/a\\b.png", png(1)), Member(b"dog\\c.png", png(2))]
    assert tags(written(tmp_path / "a.zip", raw_zip(*members_)), str(tmp_path / "out")) == {"cat": 1, "a": 1}


def test_a_letter_that_ends_in_the_byte_of_a_backslash_parts_no_folder(tmp_path):
    path = written(tmp_path / "a.zip", older_zip(["能.png", "表紙.png", "ソファ.png", "十.png"], "cp932"))
    assert members(path) == sorted(["能.png", "表紙.png", "ソファ.png", "十.png"])
    assert tags(path, str(tmp_path / "out")) == {"a": 4}


def test_a_tar_may_have_backslashes_as_folders_as_well(tmp_path):
    path = written(tmp_path / "a.tar", older_tar(["cat\\1.png", "dog\\2.png"], "utf-8"))
    assert members(path) == ["cat/1.png", "dog/2.png"]


# --- the flag ---------------------------------------------------------------------------------------------


def test_an_encoding_that_is_named_is_that_of_every_archive(tmp_path):
    written(tmp_path / "in" / "a.zip", older_zip(["Őz/ű.png"], "cp852"))
    written(tmp_path / "in" / "b.tar", older_tar(["Ősz/ő.png"], "cp852"))
    assert tags(str(tmp_path / "in"), str(tmp_path / "out"), archive_encoding="cp852") == {"Ősz": 1, "Őz": 1}


def test_names_with_the_flag_stay_utf8_under_a_named_encoding(tmp_path):
    path = written(tmp_path / "a.zip", raw_zip(Member("猫/能.png".encode(), png(1), flags=UTF8)))
    assert members(path, archive_encoding="cp437") == ["猫/能.png"]


def test_names_that_are_no_text_in_it_are_reported_and_the_images_used(tmp_path):
    path = written(tmp_path / "a.zip", older_zip(["犬/ソファ.png", "a/b.png"], "cp932"))
    config = ProcessConfig(
        input_folder=path, output_folder=str(tmp_path / "out"), clip_model="builtin", archive_encoding="ascii"
    )
    done = process_dataset(config)
    assert done.embedding.images == 2
    (failure,) = done.embedding.failures
    assert (failure.code, failure.reason.partition(" (")[0]) == ("name-encoding", "1 name is no text in ascii")


@pytest.mark.parametrize("encoding", ["utf-16", "no such", "base64", "", "cp037", "idna", "unicode_escape"])
def test_what_is_no_encoding_of_names_is_refused_in_one_line(tmp_path, encoding, capsys):
    with pytest.raises(ImageTaggingError, match="no encoding") as raised:
        ProcessConfig(input_folder=str(tmp_path), archive_encoding=encoding)
    assert "\n" not in str(raised.value)
    for command, flag in (("process", "input_folder"), ("classify", "directory"), ("classify-zip", "directory")):
        assert cli.main([command, f"--{flag}={tmp_path}", f"--archive_encoding={encoding}"]) == 2
    with pytest.raises(ImageTaggingError, match="no encoding"):
        FileCache().add_folder_to_file_cache(tmp_path, tmp_path, archive_encoding=encoding)
    capsys.readouterr()


def test_stage_4_places_what_a_named_encoding_calls_the_members(tmp_path, trained):
    path = written(tmp_path / "a.zip", older_zip(["Őz/ű.png", "Őz/ő.png"], "cp852"))
    config = ClassifyConfig(
        directory=path, model=trained.models, output=tmp_path / "out", archives=True, archive_encoding="cp852"
    )
    done = classify_images(config)
    assert (done.embedding.images, done.place_failed) == (2, 0)
    assert {file.name for file in (tmp_path / "out" / "ovr-svm").rglob("*.png")} == {"ű.png", "ő.png"}


def test_an_address_of_a_named_encoding_is_found_without_it(tmp_path):
    names = ["Őz/ű.png", "Őz/ő.png"]
    path = written(tmp_path / "a.zip", zipped({"inner.zip": older_zip(names, "cp852")}))
    tags(path, str(tmp_path / "out"), archive_encoding="cp852")
    records = json.loads((tmp_path / "out" / "input-metadata.json").read_text(encoding="utf-8")).values()
    addresses = [ImageRef.of(record["address"]) for record in records]
    assert [ref.members[-1] for ref in addresses] == sorted(names)
    with closing(SourceReader()) as reader:
        assert {reader.read(ref) for ref in addresses} == {png(0), png(1)}
        assert {reader.size(ref) for ref in addresses} == {len(png(0)), len(png(1))}


@pytest.mark.parametrize(
    ("name", "earlier"),
    [("犬/表紙.png", "犬/表紙.png".encode("cp932").decode("cp437")), ("cat/1.png", "cat\\1.png")],
    ids=["code page", "backslash"],
)
def test_an_address_of_an_earlier_version_is_still_found(tmp_path, name, earlier):
    written_as = OLDER["cp932"] if name in OLDER["cp932"] else ["cat\\1.png", "dog\\2.png"]
    path = written(tmp_path / "a.zip", older_zip(written_as, "cp932"))
    with closing(SourceReader()) as reader:
        assert reader.read(ImageRef(path, (earlier,))) == reader.read(ImageRef(path, (name,)))


def test_a_member_that_is_not_there_is_not_found_by_another_spelling(tmp_path):
    path = written(tmp_path / "a.zip", older_zip(OLDER["cp932"], "cp932"))
    with closing(SourceReader()) as reader, pytest.raises(ImageTaggingError, match="no such member"):
        reader.read(ImageRef(path, ("犬/表.png",)))


def test_metadata_of_a_named_encoding_serves_a_run_without_it(tmp_path, trained):
    path = written(tmp_path / "a.zip", older_zip(OLDER["cp932"], "cp932"))
    tags(path, str(tmp_path / "out"), archive_encoding="cp1252")
    config = ClassifyConfig(
        directory=path,
        metadata_json=tmp_path / "out" / "input-metadata.json",
        model=trained.models,
        output=tmp_path / "sorted",
        archives=True,
    )
    done = classify_images(config)
    assert (done.embedding.computed, done.place_failed) == (0, 0)
