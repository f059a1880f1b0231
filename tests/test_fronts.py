"""The documented commands and imports, from a checkout in which nothing is installed."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]

FRONTS = {
    "stage1/ImageDatasetProcessor.py": "process",
    "stage2/train.py": "train",
    "stage3/classify.py": "classify",
    "stage4/classify_zip.py": "classify-zip",
}

#: Takes away the installed package, wherever it is installed from, before a front is run or imported.
_UNINSTALL = """
import runpy, sys
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in str(finder)]
sys.path = [entry for entry in sys.path if not entry.endswith("src")]
try:
    import image_tagging
except ImportError:
    pass
else:
    sys.exit(77)
"""


@pytest.fixture(scope="module")
def bare_checkout(tmp_path_factory):
    """A copy of the checkout, so that its ``src`` can be found by its fronts alone."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("stage1", "stage2", "stage3", "stage4", "src"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(CHECKOUT / "cache_file.py", folder)
    return folder


def run(program, *arguments, cwd):
    return subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )


def run_bare(program, *arguments, cwd):
    done = run(["-c", _UNINSTALL + program], *arguments, cwd=cwd)
    if done.returncode == 77:
        pytest.skip("the package is installed in a way that cannot be taken away for a test")
    return done


def run_front(front, *arguments, cwd):
    program = "sys.argv = sys.argv[1:]; sys.path[0] = ''; runpy.run_path(sys.argv[0], run_name='__main__')"
    return run_bare(program, front, *arguments, cwd=cwd)


@pytest.mark.parametrize("front", FRONTS)
def test_a_front_is_its_command_in_a_bare_checkout(bare_checkout, front):
    done = run_front(f"./{front}", "--help", cwd=bare_checkout)
    assert (done.returncode, done.stderr) == (0, "")
    with_command = run(["-m", "image_tagging"], FRONTS[front], "--help", cwd=bare_checkout / "src")
    assert done.stdout.splitlines()[1:] == with_command.stdout.splitlines()[1:]


@pytest.mark.slow
def test_the_documented_commands_one_after_the_other(trained, tmp_path):
    """As the README has them: from the checkout, ``./stageN/….py``, with ``_`` in the flags."""
    out = tmp_path / "output"
    archive = shutil.make_archive(str(tmp_path / "images_directory"), "zip", trained.images)
    commands = [
        ["./stage1/ImageDatasetProcessor.py", f"--input_folder={trained.images}", "--clip_model=builtin"],
        [
            *("./stage1/ImageDatasetProcessor.py", f"--input_folder={trained.images}", "--clip_model=builtin"),
            "--tagged_dataset=False",
        ],
        [
            *("./stage2/train.py", "--metadata_json", f"{out}/input-metadata.json"),
            *("--tag_to_hash_json", f"{out}/input-tag-to-image-hash-list.json"),
        ],
        [
            *("./stage3/classify.py", "--metadata_json", f"{out}/input-metadata.json"),
            *("--directory", f"‘{trained.images}’", "--model", f"‘{out}/models’", "--output_bins", "10"),
        ],
        [
            *("./stage4/classify_zip.py", "--metadata_json", f"{out}/input-metadata.json"),
            *("--directory", f"‘{archive}’", "--model", f"‘{out}/models’"),
        ],
    ]
    for front, *arguments in commands:
        where = "--output_folder" if "stage1" in front else "--output"
        done = run([front], *arguments, f"{where}={out}", cwd=CHECKOUT)
        assert (done.returncode, done.stderr) == (0, ""), (front, done.stderr)
    names = {path.name for path in out.iterdir()}
    assert names >= {"input-metadata.json", "stage1.db", "models", "reports", "stage3.db", "stage4.db", "output.json"}
    assert (out / "clip-cache" / "images-metadata.json").is_file()
    assert len(json.loads((out / "output.json").read_text(encoding="utf-8"))) == 24


def test_the_readme_imports_work_from_a_bare_checkout(bare_checkout, trained, tmp_path):
    program = """
sys.path.insert(0, "")
from stage3.classify import classify_main, generate_model_path, list_models
from cache_file import FileCache
images, models, output = sys.argv[1:]
list_models(models)
path = generate_model_path(models, model_type="ovr-svm", tag_name="tiles")
classify_main(folder_path=images, output_dir=output, json_file_path=None, bins_number=10, model_path=path)
assert generate_model_path(models, model_type="ovr-svm", tag_name="nonsense") is None
assert FileCache.__name__ == "FileCache"
"""
    done = run_bare(program, trained.images, trained.models, tmp_path / "out", cwd=bare_checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "model-type = ovr-logistic-regression, tag= isometric"
    assert len(list((tmp_path / "out" / "ovr-svm" / "tiles").glob("*/*.png"))) == 24


def test_the_imports_work_from_the_checkout_root():
    done = run(["-c", "from stage3.classify import classify_main, list_models, generate_model_path"], cwd=CHECKOUT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("front", FRONTS)
def test_a_front_holds_no_function_of_its_own(front):
    tree = ast.parse((CHECKOUT / front).read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
