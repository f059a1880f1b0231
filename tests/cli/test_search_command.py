"""The search at the command line, through a real shell: signs and ranges arrive as they were written."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging.cli import main

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell here")


def in_shell(line, cwd):
    command = f"{shlex.quote(sys.executable)} -m image_tagging search {line}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        ["sh", "-c", command], cwd=cwd, env=environment, check=False, capture_output=True, encoding="utf-8", timeout=120
    )


def found(line, cwd):
    done = in_shell(f"{line} --output out --json", cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_json_has_the_documented_keys_best_first(output, trained):
    records = found(f"{trained.images}/tiles/tiles-3.png --top 4", output.parent)
    assert [set(record) for record in records] == [{"hash_id", "file_path", "score"}] * 4
    assert records[0]["file_path"].endswith("tiles-3.png")
    assert [each["score"] for each in records] == sorted((each["score"] for each in records), reverse=True)


@pytest.mark.slow
def test_forms_that_no_shell_takes_arrive_as_written(output, trained):
    cwd = output.parent
    assert len(found("width:..64", cwd)) == len(found("'width<65'", cwd))
    assert len(found("path:tiles/*", cwd)) == 8
    assert len(found("not path:tiles/", cwd)) == 16
    picture = f"{trained.images}/tiles/tiles-3.png"
    least = found(f"-{picture} --top 50", cwd)  # a sign in front needs no --
    most = found(f"{picture} --top 50", cwd)
    assert [each["hash_id"] for each in least] == [each["hash_id"] for each in reversed(most)]


def test_words_with_a_sign_in_front_are_no_flags(output, capsys):
    assert main(["search", "-house", "--output", str(output)]) == 1
    assert "reads no text" in " ".join(capsys.readouterr().err.split())


def test_a_flag_that_is_misspelt_is_wrong_usage(output, capsys):
    assert main(["search", "castle", "--topp", "5", "--output", str(output)]) == 2
    assert "no flag --topp" in capsys.readouterr().err


def test_the_table_names_pictures_scores_and_how_to_go_on(output, trained, capsys):
    assert main(["search", "path:tiles/", f"{trained.images}/tiles/tiles-3.png", "--output", str(output)]) == 0
    screen = capsys.readouterr().out
    assert "tiles-3.png" in screen
    assert "1.000" in screen
    assert "8 pictures of 8 that pass the filters, of 24" in screen


def test_a_query_that_nothing_passes_says_so(output, capsys):
    assert main(["search", "width:..1", "--output", str(output)]) == 0
    assert "No picture passes the filters, of 24" in capsys.readouterr().out


def test_what_was_found_is_copied_into_a_new_folder(output, tmp_path, capsys):
    folder = tmp_path / "copies"
    assert main(["search", "path:tiles/", "--output", str(output), "--copy_to", str(folder)]) == 0
    assert len(list(folder.iterdir())) == 8
    assert "Copied 8 pictures" in capsys.readouterr().out
    assert main(["search", "path:tiles/", "--output", str(output), "--copy_to", str(folder)]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_what_was_found_is_shown_as_a_page_in_a_browser(output, tmp_path):
    opened = tmp_path / "opened"
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {shlex.quote(str(opened))}\n')
    script.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "BROWSER": f"{script} %s"}
    command = [sys.executable, "-m", "image_tagging", "search", "path:tiles/", "--output", str(output), "--open"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, encoding="utf-8", timeout=120)
    assert "The page: " in done.stdout
    assert opened.read_text() == (output / "search.html").as_uri()
    page = (output / "search.html").read_text("utf-8")
    assert page.count("<img src=") == 8
    assert "Search: path:tiles/" in page


def test_without_a_browser_the_page_is_there_all_the_same(output, monkeypatch, capsys):
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    assert main(["search", "path:tiles/", "--output", str(output), "--open", "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == 8
    assert "open " in err
    assert (output / "search.html").is_file()


def test_thumbnails_need_a_terminal(output, capsys):
    assert main(["search", "path:tiles/", "--output", str(output), "--thumbnails"]) == 1
    assert "--open" in capsys.readouterr().err
