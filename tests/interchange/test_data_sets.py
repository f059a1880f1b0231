"""What the data sets hold, by the written forms; that their libraries read them is shown in tests/interop."""

from __future__ import annotations

import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest

from exported import ODD_TAGS, Pictures, PlainFolder, odd_pictures
from image_tagging.addresses import ImageRef
from image_tagging.interchange import MODEL, ExportedTag, ExportOptions, FolderFormat
from image_tagging.interchange.coco import CocoFormat
from image_tagging.interchange.data_set_images import stem_of, typed_first
from image_tagging.interchange.fifty_one import FiftyOneFormat
from image_tagging.interchange.image_folder import ImageFolderFormat, folder_names
from image_tagging.interchange.label_studio import LabelStudioFormat
from image_tagging.interchange.web_dataset import WebDatasetFormat

FORMATS = [ImageFolderFormat, WebDatasetFormat, CocoFormat, LabelStudioFormat, FiftyOneFormat]


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    return odd_pictures(tmp_path / "photos")


def _written(form: FolderFormat, pictures: Pictures, tmp_path: Path, name: str = "out") -> PlainFolder:
    folder = PlainFolder(tmp_path / name, tmp_path / "photos")
    form.write(pictures, folder)
    return folder


def _contents(folder: PlainFolder) -> dict[str, bytes]:
    files = (path for path in folder.root.rglob("*") if path.is_file())
    return {path.relative_to(folder.root).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("form", FORMATS)
def test_a_second_export_writes_the_same_bytes(form: type, pictures: Pictures, tmp_path: Path) -> None:
    first = _contents(_written(form(ExportOptions()), pictures, tmp_path, "first"))
    assert first == _contents(_written(form(ExportOptions()), pictures, tmp_path, "second"))


@pytest.mark.parametrize("form", FORMATS)
def test_all_names_and_texts_are_ascii(form: type, pictures: Pictures, tmp_path: Path) -> None:
    for name, content in _contents(_written(form(ExportOptions()), pictures, tmp_path)).items():
        assert name.isascii()
        assert not name.endswith((".json", ".jsonl")) or content.isascii()


@pytest.mark.parametrize("form", FORMATS)
def test_names_and_tags_that_are_no_text_are_written_as_text(form: type, tmp_path: Path) -> None:
    """Arrow refuses a whole file where JSON has the escape of a lone surrogate."""
    (plain, *_) = odd_pictures(tmp_path / "photos")
    odd = ImageRef(str(tmp_path / "photos" / "caf\udce9 \U0001f3f0.png"))
    tags = (ExportedTag("no\udce9", 1.0, MODEL),)
    folder = PlainFolder(tmp_path / "out", tmp_path / "photos")
    form(ExportOptions(place="none")).write(Pictures([replace(plain, files=(odd, *plain.files), tags=tags)]), folder)
    for name, content in _contents(folder).items():
        if name.endswith((".json", ".jsonl")):
            orjson.loads(content)  # it is as strict
            assert rb"caf\\udce9 \ud83c\udff0" in content or name == "labels.json"


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_that_is_gone_is_left_out_whole(form: type, pictures: Pictures, tmp_path: Path) -> None:
    gone = next(iter(pictures))
    for ref in gone.files:
        os.remove(ref.file)
    folder = _written(form(ExportOptions()), pictures, tmp_path)
    assert folder.unreadable == list(gone.files)
    assert not any(stem_of(gone).encode() in content for content in _contents(folder).values())


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_comes_from_another_of_its_files(form: type, pictures: Pictures, tmp_path: Path) -> None:
    twice = next(one for one in pictures if len(one.files) == 2)
    os.remove(twice.files[0].file)
    contents = _contents(_written(form(ExportOptions()), pictures, tmp_path))
    assert any(stem_of(twice).encode() in content for content in contents.values())


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_of_no_pictures_can_be_read(form: type, tmp_path: Path) -> None:
    for name, content in _contents(_written(form(ExportOptions()), Pictures([]), tmp_path)).items():
        assert not name.endswith(".json") or json.loads(content) is not None


@pytest.mark.parametrize("form", [ImageFolderFormat, CocoFormat, LabelStudioFormat, FiftyOneFormat])
def test_images_stay_where_they_are_on_request(form: type, pictures: Pictures, tmp_path: Path) -> None:
    contents = _contents(_written(form(ExportOptions(place="none")), pictures, tmp_path))
    assert {Path(name).suffix for name in contents} <= {".json", ".jsonl", ".xml"}


def test_links_lead_to_the_images(pictures: Pictures, tmp_path: Path) -> None:
    folder = _written(ImageFolderFormat(ExportOptions(place="hardlink")), pictures, tmp_path)
    rows = [json.loads(line) for line in (folder.root / "metadata.jsonl").read_bytes().splitlines()]
    for row, picture in zip(rows, typed_first(pictures)):
        assert os.path.samefile(folder.root / row["file_name"], picture.files[0].file)


def test_names_without_images_are_those_below_their_folder(pictures: Pictures, tmp_path: Path) -> None:
    folder = _written(ImageFolderFormat(ExportOptions(place="none")), pictures, tmp_path)
    rows = [json.loads(line) for line in (folder.root / "metadata.jsonl").read_bytes().splitlines()]
    assert all((tmp_path / "photos" / row["file_name"]).exists() for row in rows)


@pytest.mark.parametrize("tagged", [(), (3,), (0, 5), range(9)])
def test_a_picture_with_tags_comes_first(tagged: tuple[int, ...], pictures: Pictures) -> None:
    (*_, last) = (one for one in pictures if one.tags)
    tags = dict.fromkeys(tagged, last.tags)
    some = [replace(last, hash_id=f"{number:032x}", tags=tags.get(number, ())) for number in range(9)]
    ordered = list(typed_first(Pictures(some)))
    assert sorted(one.hash_id for one in ordered) == [one.hash_id for one in some]
    assert bool(ordered[0].tags) == bool(tagged)


def test_each_tag_has_a_folder_that_every_system_takes() -> None:
    names = folder_names([*ODD_TAGS, "x" * 400, "x" * 401, "", "trailing. ", "__test", "c:x", "tag .hidden", "nul.txt"])
    assert len({name.casefold() for name in names.values()}) == len(names)
    for name in names.values():
        assert len(name.encode()) <= 210
        assert not set('<>:"/\\|?*\n') & set(name)
        assert not name.startswith((".", "__"))
        assert not name.endswith((".", " "))
    assert names["café"] == "café"
    assert names["CON"] == "tag CON"
    assert names["nul.txt"] == "tag nul.txt"


def test_an_image_lies_in_the_folder_of_each_of_its_tags(pictures: Pictures, tmp_path: Path) -> None:
    folder = _written(ImageFolderFormat(ExportOptions(by_tag=True)), pictures, tmp_path)
    tags = json.loads((folder.root / "tags.json").read_bytes())
    for picture in pictures:
        found = {tags[path.parent.name] for path in folder.root.glob(f"images/*/{stem_of(picture)}*")}
        assert found == {tag.tag for tag in picture.tags}


def test_members_of_a_shard_have_no_time_and_no_owner(pictures: Pictures, tmp_path: Path) -> None:
    folder = _written(WebDatasetFormat(ExportOptions(shard_size=4)), pictures, tmp_path)
    with tarfile.open(folder.root / "shard-000000.tar") as tar:
        members = tar.getmembers()
    assert [member.name.partition(".")[0] for member in members[::2]] == [
        stem_of(one) for one in typed_first(pictures)
    ][:4]
    assert {(member.mtime, member.uid, member.uname) for member in members} == {(0, 0, "")}


def test_annotations_of_coco_hold_the_whole_image(pictures: Pictures, tmp_path: Path) -> None:
    folder = _written(CocoFormat(ExportOptions()), pictures, tmp_path)
    read = json.loads((folder.root / "annotations.json").read_bytes())
    assert [one["id"] for one in read["images"]] == list(range(1, 10))
    assert [one["id"] for one in read["annotations"]] == list(range(1, len(read["annotations"]) + 1))
    assert all(one["bbox"] == [0, 0, 12, 8] and one["area"] == 96 for one in read["annotations"])


def test_choices_of_label_studio_are_the_tags(pictures: Pictures, tmp_path: Path) -> None:
    folder = _written(LabelStudioFormat(ExportOptions()), pictures, tmp_path)
    tree = ElementTree.parse(folder.root / "labeling_config.xml")
    assert [choice.get("value") for choice in tree.iter("Choice")] == list(pictures.tags)


def test_a_task_has_the_score_of_its_least_probable_tag(pictures: Pictures, tmp_path: Path) -> None:
    folder = _written(LabelStudioFormat(ExportOptions()), pictures, tmp_path)
    for task, picture in zip(json.loads((folder.root / "tasks.json").read_bytes()), pictures):
        scores = [prediction["score"] for prediction in task["predictions"]]
        assert scores == ([min(tag.probability for tag in picture.tags)] if picture.tags else [])


def test_a_tag_that_xml_cannot_hold_is_still_one_choice(pictures: Pictures, tmp_path: Path) -> None:
    (picture, *_) = (one for one in pictures if one.tags)
    (tag, *_) = picture.tags
    odd = replace(picture, tags=(tag._replace(tag="bell\a"),))
    folder = _written(LabelStudioFormat(ExportOptions()), Pictures([odd]), tmp_path)
    choice = ElementTree.parse(folder.root / "labeling_config.xml").find(".//Choice")
    (task,) = json.loads((folder.root / "tasks.json").read_bytes())
    assert choice is not None
    assert task["predictions"][0]["result"][0]["value"]["choices"] == [choice.get("value")]
    assert task["data"]["tags"] == ["bell\a"]
