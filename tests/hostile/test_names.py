"""Names that strangers chose, of files, folders (tags) and members, break no screen, log, report or table."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
import unicodedata
import zipfile
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging import FileCache
from image_tagging.cli import app as cli
from image_tagging.cli import console
from image_tagging.datasets import read_embeddings
from image_tagging.exporters import read_results
from image_tagging.tag_models.names import quote_tag, unquote_tag
from image_tagging.text import escaped, marked

NAMES = {
    "escape sequences": "cat\x1b[2J\x1b]0;title\x07",
    "line ends": "cat\n2026-01-01 00:00:00,000 ERROR all is lost\r",
    "a forged line of a report": "cat\naccuracy: 1.0000",
    "right to left": "cat\u202egnp.exe",
    "line separators": "cat\u2028dog\u2029\x85",
    "a formula": "=cmd|' -C calc'!A0",
    "another formula": "@SUM(1+1)*cmd",
    "quotes": 'it\'s "a" `cat`',
    "SQL": "'; DROP TABLE stage1; --",
    "formats": "%s%n {0} {} ${HOME} %(name)s",
    "markup": "[red]cat[link=file:x]y :cat:[bold]",
    "an option": "--output=x",
    "a flag of Windows": "CON.aux",
    "spaces": "  cat  ",
    "escapes": "cat\\n\\x1b",
    "HTML": "<script>alert(1)&amp;",
    "no characters": "\u200b\u200e\ufeff",
    "long": "猫" * 65,
    "other spaces": "cat\u3000dog\u00a0",
}
#: What a terminal acts upon, or what ends a line or turns one round: none of it may reach a screen, a log or a report.
DANGEROUS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

pytestmark = [pytest.mark.skipif(os.name == "nt", reason="Windows forbids most of these names"), pytest.mark.slow]


@pytest.fixture(params=NAMES.values(), ids=NAMES)
def name(request):
    return request.param


@pytest.fixture
def images(drawing, tmp_path, name):
    """Two tags of images, one of them, and its images, of that name; with a broken image and a broken zip."""
    try:
        for number in range(6):
            drawing(tmp_path / "in" / name / f"{number}{name}.png", "sprites", number)
            drawing(tmp_path / "in" / "plain" / f"{number}.png", "tiles", number)
    except OSError as error:
        pytest.skip(f"this file system cannot hold the name: {error}")
    (tmp_path / "in" / name / f"broken{name}.png").write_bytes(b"broken")
    (tmp_path / "in" / name / f"broken{name}.zip").write_bytes(b"broken")
    return tmp_path / "in"


@pytest.fixture
def said(capsys):
    """``said(*arguments)`` runs a command that must succeed, and gives what it shows."""

    def run(*arguments):
        capsys.readouterr()
        code = cli.main([str(each) for each in arguments])
        shown = capsys.readouterr()
        assert (code, shown.err) == (0, "")
        assert not DANGEROUS.search(shown.out)
        return shown.out

    return run


def rows(path, query):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def test_a_name_on_its_way_through_all_stages(images, said, name, tmp_path):
    out = tmp_path / "out"
    shown = said("process", f"--input_folder={images}", f"--output_folder={out}", "--clip_model=builtin")
    assert marked(f"broken{name}.png") in shown
    assert "12 pictures, 1 archive, 2 skipped" in shown

    # The true name, in JSON and SQLite.
    records = json.loads((out / "input-metadata.json").read_text(encoding="utf-8")).values()
    assert sorted(each["file_name"] for each in records if name in each["image_tags"]) == sorted(
        f"{number}{name}.png" for number in range(6)
    )
    assert set(json.loads((out / "input-tag-to-image-hash-list.json").read_text(encoding="utf-8"))) == {name, "plain"}
    told = {path for (path,) in rows(out / "stage1.db", "SELECT file_path FROM stage1")}
    assert told == {str(path) for path in images.rglob("*.png") if "broken" not in path.name}

    # One line a message in the log, one line a key in the reports.
    log = (out / "image-tagging.log").read_text(encoding="utf-8")
    assert not DANGEROUS.search(log)
    assert [re.match(r"\d{4}-\d\d-\d\d [\d:,]+ WARNING skipped /", line) is not None for line in log.splitlines()] == (
        [True, True]
    )
    lists = out / "input-tag-to-image-hash-list.json"
    shown = said("train", f"--metadata_json={out / 'input-metadata.json'}", f"--tag_to_hash_json={lists}",
                 f"--output={out}")  # fmt: skip
    assert marked(name)[:6].strip() in shown  # it is folded where it is long
    reports = sorted((out / "reports").glob("*.txt"))
    assert len(reports) == 4
    for path in reports:
        text = path.read_text(encoding="utf-8")
        assert not DANGEROUS.search(text)
        keys = [line.partition(":")[0] for line in text.split("\n\n")[0].splitlines()]
        assert keys.count("tag") == keys.count("accuracy") == keys.count("model") == 1
    assert {escaped(name), "plain"} == {
        re.search("^tag: (.*)$", path.read_text(encoding="utf-8"), re.M)[1] for path in reports
    }
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in (out / "models").glob("*.json")]
    assert {card["tag"] for card in cards} == {name, "plain"}

    # Bins: below the output folder, under the tag as a folder can have it.
    said("classify", f"--directory={images}", f"--model={out / 'models'}", f"--output={out}")
    assert {path.name for path in (out / "ovr-svm").iterdir()} == {quote_tag(name), "plain"}
    assert unquote_tag(quote_tag(name)) == name
    placed = sorted(path.name for path in (out / "ovr-svm" / quote_tag(name)).glob("*/*"))
    assert placed == sorted(path.name for path in images.rglob("*.png") if "broken" not in path.name)
    scored = rows(out / "stage3.db", "SELECT DISTINCT tag_name FROM stage3")
    assert {tag for (tag,) in scored} == {name, "plain"}
    output = json.loads((out / "output.json").read_text(encoding="utf-8")).values()
    assert {score["tag_name"] for each in output for score in each["classifiers_output"]} == {name, "plain"}


def test_a_tag_whose_name_is_too_long_for_files_is_told_and_the_others_are_learned(drawing, said, tmp_path):
    for number in range(6):
        for tag, kind in (("x" * 250, "sprites"), ("plain", "tiles"), ("other", "maps")):
            drawing(tmp_path / "in" / tag / f"{number}.png", kind, number)
    out = tmp_path / "out"
    said("process", f"--input_folder={tmp_path / 'in'}", f"--output_folder={out}", "--clip_model=builtin")
    lists = out / "input-tag-to-image-hash-list.json"
    shown = said("train", f"--metadata_json={out / 'input-metadata.json'}", f"--tag_to_hash_json={lists}",
                 f"--output={out}")  # fmt: skip
    assert "xxx was not learned: its name is too long" in shown
    assert len(list((out / "models").glob("*.pkl"))) == 4


def test_a_list_of_models(said, name, tmp_path, capsys):
    (tmp_path / f"model-ovr-svm-tag-{quote_tag(name)}.pkl").touch()
    console.list_models(str(tmp_path))
    assert capsys.readouterr().out == f"model-type = ovr-svm, tag= {marked(name)}\n"


def test_a_name_inside_an_archive(drawing, said, name, tmp_path, trained):
    picture = drawing(tmp_path / "p.png", "sprites", 1).read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"{name}/{name}.png", picture)
        archive.writestr(f"{name}/broken{name}.png", b"broken")
    out = tmp_path / "out"
    shown = said("classify-zip", f"--directory={tmp_path / 'a.zip'}", f"--model={trained.models}", f"--output={out}")
    assert "1 picture, 1 archive, 1 skipped" in shown
    log = (out / "image-tagging.log").read_text(encoding="utf-8")
    assert log.count("\n") == 2  # what is skipped, and what is placed
    assert not DANGEROUS.search(log)
    ((path,),) = rows(out / "stage4.db", "SELECT DISTINCT file_path FROM stage4 WHERE tag_name IS NOT NULL")
    assert path == f"{tmp_path / 'a.zip'}/{name}/{name}.png"
    everything = [path for path in tmp_path.rglob("*") if path.suffix == ".png" and path.is_file()]
    assert len(everything) == 1 + len(rows(out / "stage4.db", "SELECT 1 FROM stage4 WHERE tag_name IS NOT NULL"))


def test_a_name_in_a_file_cache(images, name, tmp_path, caplog):
    FileCache().add_folder_to_file_cache(images, tmp_path / "out")
    names = {each for (each,) in rows(tmp_path / "out" / "file_cache.sqlite", "SELECT file_name FROM file_cache")}
    assert {f"{number}{name}.png" for number in range(6)} < names


def test_a_name_in_an_error(refused, name, tmp_path):
    message = refused("process", f"--input_folder={tmp_path / name}", f"--output_folder={tmp_path}",
                      "--clip_model=builtin")  # fmt: skip
    assert marked(name) in message
    assert not DANGEROUS.search(message)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets names be no text")
def test_folders_whose_names_are_no_text(drawing, said, tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/odd \xff\xfe")
    for number in range(6):
        for kind in ("sprites", "tiles"):
            os.makedirs(f"{odd}/in/{kind}", exist_ok=True)
            picture = drawing(tmp_path / "p.png", kind, number).read_bytes()
            with open(f"{odd}/in/{kind}/{number}.png", "wb") as file:
                file.write(picture)
    metadata, lists = f"{odd}/out/input-metadata.json", f"{odd}/out/input-tag-to-image-hash-list.json"
    for _ in range(2):  # the second run finds what the first remembers
        said("process", f"--input_folder={odd}/in", f"--output_folder={odd}/out", "--clip_model=builtin")
        said("train", f"--metadata_json={metadata}", f"--tag_to_hash_json={lists}", f"--output={odd}/out")
        said("classify", f"--directory={odd}/in", f"--metadata_json={metadata}", f"--model={odd}/out/models",
             f"--output={odd}/out")  # fmt: skip
    addresses = [image.address for image in read_embeddings(metadata)[1]]
    addresses += [ref for picture in read_results(f"{odd}/out/output.json") for ref in picture.addresses]
    assert len(addresses) == 2 * 12
    assert all(os.path.isfile(ref.file) for ref in addresses)
    with open(f"{odd}/out/reports/index.html", encoding="utf-8") as page:
        assert "data:image/png;base64," in page.read()
    FileCache().add_folder_to_file_cache(f"{odd}/in", f"{odd}/out")
    assert FileCache().get_random_image(f"{odd}/out/file_cache.sqlite")["file_type"] == ".png"


# Text that stays where it is put -----------------------------------------------------------------------------


@given(st.text(st.characters()))
def test_plain_text_is_one_line_that_moves_nothing(text):
    for plain in (marked(text), escaped(text)):
        assert len(plain.splitlines()) <= 1
        assert not {unicodedata.category(char) for char in plain if char not in "\u200c\u200d"} & {
            "Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp",
        }  # fmt: skip
        plain.encode("utf-8")
    assert len(marked(text)) == len(text)


@pytest.mark.parametrize("text", ["猫 🐈‍⬛", "می‌خواهم", "it's [red]%s{}", "a\u3000b\u00a0c", "é", ""])
def test_plain_text_of_any_script_is_left_alone(text):
    assert marked(text) == escaped(text) == text


def test_what_is_not_plain_can_be_looked_up():
    assert escaped("a\n\x1b\x85\u202e\ud800") == r"a\n\x1b\x85\u202e\ud800"
    assert marked("a\n\x1b\x85\u202e\ud800") == "a" + "\ufffd" * 5
