"""Shells complete commands, flags and the values that the program knows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from image_tagging.cli.completion import tags_of_models
from image_tagging.tag_models import model_names, model_stem
from shells import SHELLS, arguments_typed

#: The program under its own name, by which shells ask it.
PROGRAM = "import sys; sys.argv[0] = 'image-tagging'; from image_tagging.__main__ import main; sys.exit(main())"


def asked(**variables):
    """What the program answers a shell, which asks by variables of the environment."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **variables},
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )


def completed(line):
    """What bash is given for a line that ends where the cursor is."""
    words = line.split(" ")
    variables = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return asked(_IMAGE_TAGGING_COMPLETE="complete_bash", **variables).stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("image-tagging do", ["doctor"]),
        ("image-tagging sort --pla", ["--place", "--placed"]),
        ("image-tagging classify --place h", ["hardlink"]),
        ("image-tagging classify --clip-backend ", ["auto", "torch", "onnx"]),
        ("image-tagging export js", ["jsonl"]),
        ("image-tagging process --clip-model bu", ["builtin"]),
        ("image-tagging sort --threshold-for pre", ["precision="]),
        ("image-tagging threshold --output nowhere ", []),
        ('image-tagging threshold --output "" ', []),
        ('image-tagging models "" --tag ', []),
        ("image-tagging threshold cat ", ["auto", "f1", "balanced", "precision=", "recall="]),
    ],
)
def test_commands_flags_and_words_are_completed(line, words):
    assert completed(line) == words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_gets_a_script_that_it_can_read(shell, tmp_path):
    done = asked(_IMAGE_TAGGING_COMPLETE=f"source_{shell}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "image-tagging" in done.stdout
    if shutil.which(shell):
        (tmp_path / "script").write_text(done.stdout, encoding="utf-8")
        assert not subprocess.run([shell, "-n", tmp_path / "script"], check=False, capture_output=True).returncode


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
def test_completion_is_installed_for_the_shell_that_asks(tmp_path):
    command = f'"{sys.executable}" -c "{PROGRAM}" --install-completion bash'
    variables = {**os.environ, "HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        ["bash", "-c", command], env=variables, check=False, capture_output=True, encoding="utf-8", timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert "image-tagging.sh" in (tmp_path / ".bashrc").read_text(encoding="utf-8")


@pytest.fixture
def models(tmp_path):
    """The models of an output folder: of the tags cat, red bird and tree."""
    (tmp_path / "out" / "models").mkdir(parents=True)
    for tag in ("cat", "red bird", "tree"):
        for kind in ("ovr-svm", "ovr-logistic-regression"):
            (tmp_path / "out" / "models" / f"{model_stem(kind, tag)}.pkl").touch()
    return tmp_path / "out" / "models"


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_the_tab_key_completes_values(shell, models, tmp_path):
    typed = {
        "export tx\t --pla\thard\t": ["export", "txt", "--place", "hardlink"],
        "export txt --place=hard\t": ["export", "txt", "--place=hardlink"],
        "threshold --output out r\t au\t": ["threshold", "--output", "out", "red bird", "auto"],
        "threshold --output=out r\t": ["threshold", "--output=out", "red bird"],
        "forget --output out tr\t": ["forget", "--output", "out", "tree"],
        "models out/models --tag r\t": ["models", "out/models", "--tag", "red bird"],
        "models out/models --tag=r\t": ["models", "out/models", "--tag=red bird"],
        "models out --tag r\t": ["models", "out", "--tag", "red bird"],
        "search --output out tag:r\t": ["search", "--output", "out", "tag:red bird"],
        "search --output=out castle not tag:c\t": ["search", "--output=out", "castle", "not", "tag:cat"],
    }
    lines = [f"image-tagging {line}" for line in typed]
    assert arguments_typed(shell, lines, tmp_path) == list(typed.values())


def test_tags_are_those_that_the_names_of_models_say(models):
    for tag in ("100%", "a/b", "é", "con", "line\nend", "-x", "sur\udce9", "%41"):
        (models / f"{model_stem('ovr-svm', tag)}.pkl").touch()
    assert tags_of_models(models) == sorted({tag for _, tag in model_names(models)})


def test_a_model_that_a_person_named_leaves_the_others_completed(models):
    (models / "model-ovr-svm-tag-%ff.pkl").touch()
    assert tags_of_models(models) == ["%ff", "cat", "red bird", "tree"]
    assert completed(f"image-tagging threshold --output {models.parent} c") == ["cat"]


def test_the_home_folder_is_that_of_the_user(models, monkeypatch):
    monkeypatch.setenv("HOME", str(models.parent.parent))
    assert completed("image-tagging threshold --output ~/out c") == ["cat"]
    assert completed("image-tagging models ~/out/models --tag c") == ["cat"]


def test_completion_loads_no_array_and_no_database():
    program = PROGRAM.replace("sys.exit(main())", "main(); print(*sys.modules, file=sys.stderr)")
    words = {
        "COMP_WORDS": "image-tagging\nsearch\ntag\n:\nc",
        "COMP_CWORD": "4",
        "_IMAGE_TAGGING_COMPLETE": "complete_bash",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **words}, check=True, capture_output=True, encoding="utf-8"
    )
    assert not {"numpy", "sqlite3", "PIL", "onnxruntime"} & set(done.stderr.split())
