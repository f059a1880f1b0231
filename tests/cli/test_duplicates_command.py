"""What the command on repeats prints."""

import json
import shutil

import pytest

from image_tagging.cli import main


@pytest.fixture
def repeated(trained, tmp_path):
    """An output folder of two pictures, one of them in thirteen files."""
    from image_tagging import ProcessConfig, process_dataset

    for name in ("a.png", *(f"copies/{number:02}.png" for number in range(12))):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(trained.images / "tiles" / "tiles-3.png", tmp_path / "in" / name)
    shutil.copy(trained.images / "sprites" / "sprites-1.png", tmp_path / "in" / "b.png")
    config = ProcessConfig(input_folder=str(tmp_path / "in"), output_folder=str(tmp_path / "out"), clip_model="builtin")
    process_dataset(config)
    return tmp_path / "out"


def test_a_large_group_is_cut_on_the_screen_and_whole_as_json(repeated, capsys):
    assert main(["duplicates", str(repeated)]) == 0
    screen = capsys.readouterr().out
    assert "keep a.png: the first by path: the pixels are the same" in screen
    assert "copies/09.png" in screen
    assert "copies/10.png" not in screen
    assert "and 2 files more (--json has all)" in screen
    assert "1 group of repeats: 12 files of" in screen
    assert main(["duplicates", str(repeated), "--json"]) == 0
    (group,) = json.loads(capsys.readouterr().out)
    assert len(group["repeats"]) == 12
    assert group["kept"]["file_path"].endswith("a.png")


def test_top_is_how_many_groups_are_shown(output, capsys, monkeypatch):
    monkeypatch.setattr("image_tagging.pipeline.repeats.groups.near_duplicate_cosine", lambda encoder: 0.5)
    assert main(["duplicates", str(output), "--top", "1"]) == 0
    assert "shown: 1; more: --top" in capsys.readouterr().out


def test_a_folder_without_repeats_says_so(output, capsys):
    assert main(["duplicates", str(output)]) == 0
    assert "No picture of 24 repeats another." in capsys.readouterr().out
    assert main(["duplicates", str(output), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_what_is_no_output_folder_is_one_line(tmp_path, capsys):
    assert main(["duplicates", str(tmp_path)]) == 1
    assert "holds no image-tagging" in capsys.readouterr().err


def test_the_page_has_each_group_with_the_kept_picture_marked(repeated, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or False)
    assert main(["duplicates", str(repeated), "--open"]) == 0
    told = capsys.readouterr()
    page = repeated / "duplicates.html"
    assert opened == [page.as_uri()]
    assert str(page) in told.out
    assert "no browser could be started here" in told.err
    html = page.read_text(encoding="utf-8")
    assert html.count('class="marked"') == 1
    assert html.count("the same pixels") == 12
    assert "13 files: keep a.png, the first by path: the pixels are the same" in html
    before = page.read_bytes()
    assert main(["duplicates", str(repeated), "--page", str(page), "--json"]) == 0
    assert page.read_bytes() == before
    assert len(json.loads(capsys.readouterr().out)) == 1
    assert len(opened) == 1


def test_a_page_replaces_nothing_of_others(repeated, capsys):
    (repeated / "duplicates.html").write_text("mine")
    assert main(["duplicates", str(repeated), "--open"]) == 1
    assert "is not a file that this program wrote" in " ".join(capsys.readouterr().err.split())
    assert (repeated / "duplicates.html").read_text() == "mine"


def test_what_is_written_needs_a_place(repeated, capsys):
    assert main(["duplicates", str(repeated), "--script", "x.sh"]) == 2
    assert "go together" in capsys.readouterr().err
