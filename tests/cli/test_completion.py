"""Shells complete commands, flags and the words that flags take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

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
