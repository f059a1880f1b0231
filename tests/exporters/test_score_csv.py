"""``output.csv``: a row per image file, a column per tag, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import pytest

from image_tagging.errors import OutputError
from image_tagging.exporters import has_csv, write_csv
from image_tagging.exporters.score_csv import require_csv_ours, spreadsheet_text
from image_tagging.pipeline import SortConfig, require_sortable
from samples import png, written

LR, SV = "ovr-logistic-regression", "ovr-svm"


def entry(paths, **scores):
    return {
        "file_path": paths[0],
        "file_paths": paths,
        "classifiers_output": [
            {"model_type": kind, "tag_name": tag, "tag_prob": probability, "tagged": False}
            for tag, probability in scores.items()
            for kind in (LR, SV)
        ],
    }


def models(*tags):
    return [SimpleNamespace(tag=tag, kind=kind, card=None) for tag in tags for kind in (LR, SV)]


def table(folder, *tags, has_others=False, **entries):
    (folder / "output.json").write_text(json.dumps({name: {"hash_id": name, **of} for name, of in entries.items()}))
    with open(write_csv(str(folder), models(*tags), has_others=has_others), newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_each_file_has_a_row_and_each_tag_a_column(tmp_path):
    rows = table(
        tmp_path,
        "dog",
        "cat",
        h1=entry(["/in/a.png", "/in/b.png"], cat=0.25, dog=1e-7),
        h2=entry(["/c.png"], cat=1.0, dog=0.1 + 0.2),
    )
    assert rows == [
        ["hash_id", "file_path", "cat", "dog"],
        ["h1", "/in/a.png", "0.25", "1e-07"],
        ["h1", "/in/b.png", "0.25", "1e-07"],
        ["h2", "/c.png", "1.0", "0.30000000000000004"],
    ]


def test_pictures_of_other_models_have_their_columns(tmp_path):
    rows = table(tmp_path, "cat", has_others=True, h1=entry(["/a"], cat=0.25), h2=entry(["/b"], owl=0.5))
    assert rows == [["hash_id", "file_path", "cat", "owl"], ["h1", "/a", "0.25", ""], ["h2", "/b", "", "0.5"]]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-_-", "@_@", "\t=1", " =1", "\r-1", "＝1", "＋_＋"])
def test_a_name_that_begins_like_a_formula_is_text(tmp_path, name):
    rows = table(tmp_path, name, h1=entry([name], **{name: 0.5}))
    assert rows == [["hash_id", "file_path", f"'{name}"], ["h1", f"'{name}", "0.5"]]


@pytest.mark.parametrize("name", ["/in/=1.png", "C:\\in\\-1.png", "a=b", "'=1", "1girl", "猫", ""])
def test_other_names_stay_as_they_are(name):
    assert spreadsheet_text(name) == name


@pytest.mark.parametrize("name", ['a "b", c', "a\nb", "a\rb", "a;b", "a\x1b[2J"])
def test_a_name_stays_in_its_cell(tmp_path, name):
    assert table(tmp_path, name, h1=entry([f"/{name}"], **{name: 0.5})) == [
        ["hash_id", "file_path", name],
        ["h1", f"/{name}", "0.5"],
    ]


def test_a_tag_that_is_no_text_is_spelt(tmp_path):
    assert table(tmp_path, "\udce9", h1=entry(["/a"], cat=0.5))[0] == ["hash_id", "file_path", "\\udce9"]


def test_a_table_of_others_is_left_as_it_is(tmp_path):
    (tmp_path / "output.csv").write_text("name,amount\n")
    assert not has_csv(str(tmp_path))
    for refused in (lambda: require_csv_ours(str(tmp_path)), lambda: table(tmp_path, "cat", h1=entry(["/a"], cat=0.5))):
        with pytest.raises(OutputError, match=r"output\.csv is not a file that this program wrote"):
            refused()
    assert (tmp_path / "output.csv").read_text() == "name,amount\n"


def test_a_table_that_a_spreadsheet_has_saved_is_ours(tmp_path):
    for text in ("hash_id,file_path,cat\n", '\ufeff"hash_id","file_path"\n'):
        (tmp_path / "output.csv").write_text(text, encoding="utf-8")
        assert has_csv(str(tmp_path))


@pytest.mark.slow
def test_a_run_writes_it_and_later_runs_keep_it_up_to_date(trained, tmp_path, command):
    shown = command(
        *("classify", f"--directory={trained.images / 'tiles'}", f"--model={trained.models}", f"--output={tmp_path}"),
        *("--results_format=csv", "--place=none"),
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert str(tmp_path / "output.csv") in shown.stdout
    lines = (tmp_path / "output.csv").read_text("utf-8").splitlines()
    assert lines[0] == '"hash_id","file_path","isometric","sprites","tiles"'
    assert len(lines) == 9
    command(
        "classify", f"--directory={trained.images}", f"--model={trained.models}", f"--output={tmp_path}", "--place=none"
    )
    assert len((tmp_path / "output.csv").read_text("utf-8").splitlines()) == 25


def test_the_whole_job_refuses_a_table_of_others_before_any_work(tmp_path):
    written(tmp_path / "examples" / "cat" / "1.png", png(1))
    written(tmp_path / "mountain" / "2.png", png(2))
    written(tmp_path / "out" / "output.csv", b"mine")
    config = SortConfig(
        examples=tmp_path / "examples", mountain=tmp_path / "mountain", output=tmp_path / "out", results_format="csv"
    )
    with pytest.raises(OutputError, match=r"output\.csv is not a file that this program wrote"):
        require_sortable(config)


@pytest.mark.slow
def test_a_run_that_may_not_write_it_does_no_work(trained, tmp_path, command):
    (tmp_path / "output.csv").write_text("mine")
    settings = (f"--directory={trained.images}", f"--model={trained.models}", f"--output={tmp_path}")
    shown = command("classify", *settings, "--results_format=csv")
    assert shown.returncode == 1
    assert "output.csv is not a file that this program wrote" in shown.stderr
    assert not (tmp_path / "output.json").exists()
    assert command("classify", *settings, "--place=none").returncode == 0
    assert (tmp_path / "output.csv").read_text() == "mine"
