"""The command line: every documented flag in every documented spelling, help, defaults, exit codes."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
import typer.main

import image_tagging
from image_tagging import ClassifyConfig, ProcessConfig, SortConfig, TrainConfig, pipeline
from image_tagging.cli import app as cli
from image_tagging.cli import log as run_log
from image_tagging.cli import summaries
from image_tagging.errors import InputError

#: The flags of CONTRACT and README, with a value of each that is not its default.
FLAGS = {
    "process": {
        "input_folder": "in",
        "output": "there",
        "tagged_dataset": False,
        "clip_model": "builtin",
        "pretrained": "laion",
        "batch_size": 7,
        "num_threads": 2,
        "device": "cuda:1",
        "precision": "fp32",
        "clip_backend": "onnx",
        "metadata_format": "both",
        "tag_level": "top",
        "exclude": ("drafts/",),
        "max_megapixels": 20.5,
        "image_seconds": 2.0,
        "archive_encoding": "cp932",
        "manifest": "m.parquet",
        "runner": "ray",
        "ray_address": "auto",
        "num_gpus": 0.5,
        "shard_images": 64,
    },
    "train": {
        "metadata_json": "m.json",
        "tag_to_hash_json": "t.json",
        "output": "there",
        "test_per": 0.25,
        "background": ("b.parquet",),
        "verdicts": "v.jsonl",
        "threshold_for": "balanced",
        "prior": "text",
        "pretrained": "w.pt",
    },
    "classify": {
        "directory": "in",
        "metadata_json": "m.json",
        "output": "there",
        "model": "models",
        "output_bins": 5,
        "pretrained": "w.pt",
        "batch_size": 7,
        "num_threads": 2,
        "device": "cpu",
        "place": "hardlink",
        "placed": "tagged",
        "name_with_score": True,
        "results_format": "csv",
        "scores": 0.05,
        "exclude": ("drafts/",),
        "precision": "bf16",
        "clip_backend": "onnx",
        "max_megapixels": 500.0,
        "image_seconds": 90.0,
        "archive_encoding": "big5",
        "manifest": "m.parquet",
        "runner": "ray",
        "ray_address": "10.0.0.1:6379",
        "num_gpus": 1.0,
        "shard_images": 64,
    },
}
FLAGS["classify-zip"] = FLAGS["classify"]

#: Those of the whole job, and its two arguments.
SORT = {
    "output": "there",
    "clip_model": "builtin",
    "pretrained": "w.pt",
    "tag_level": "top",
    "metadata_format": "both",
    "test_per": 0.25,
    "verdicts": "v.jsonl",
    "threshold_for": "balanced",
    "prior": "text",
    "output_bins": 5,
    "place": "hardlink",
    "placed": "all",
    "name_with_score": False,
    "results_format": "csv",
    "scores": 0.05,
    "batch_size": 7,
    "num_threads": 2,
    "device": "cpu",
    "precision": "fp32",
    "clip_backend": "onnx",
    "exclude": ("drafts/",),
    "max_megapixels": 20.5,
    "image_seconds": 2.0,
    "archive_encoding": "cp932",
}

CONFIGS = {
    "process": ProcessConfig,
    "train": TrainConfig,
    "classify": ClassifyConfig,
    "classify-zip": ClassifyConfig,
}


@pytest.fixture
def parsed(monkeypatch, tmp_path):
    """``parsed(arguments)`` gives the config that the pipeline would be called with."""
    monkeypatch.chdir(tmp_path)
    calls = []
    for name in ("process_dataset", "train_tag_models", "classify_images"):
        monkeypatch.setattr(pipeline, name, lambda config, *_, **__: calls.append(config))
    monkeypatch.setattr(pipeline, "choose_encoder", lambda config: SimpleNamespace(is_news=False))
    for name in ("show_process", "show_train", "show_classify"):
        monkeypatch.setattr(summaries, name, lambda *_: None)

    def parse(*arguments):
        assert cli.main(list(arguments)) == 0
        (config,) = calls
        calls.clear()
        return config

    return parse


def spelt(flags, dash, joined):
    for name, value in flags.items():
        flag = f"--{name.replace('_', dash)}"
        text = str(value[0] if isinstance(value, tuple) else value)
        yield from [f"{flag}={text}"] if joined else [flag, text]


@pytest.mark.parametrize("joined", [False, True], ids=["space", "equals"])
@pytest.mark.parametrize("dash", ["_", "-"])
@pytest.mark.parametrize("command", FLAGS)
def test_every_documented_flag_in_every_spelling(parsed, command, dash, joined):
    config = parsed(command, *spelt(FLAGS[command], dash, joined))
    expected = dict(FLAGS[command])
    if command.startswith("classify"):
        expected["archives"] = command == "classify-zip"
    if command == "train":
        expected |= {"seed": 0, "no_verdicts": False}
    else:
        expected |= {"follow_links": False, "fresh": False, "retry_failures": False, "use_truncated": False}
    assert dataclasses.asdict(config) == expected
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    assert not [name for name, value in FLAGS[command].items() if value == defaults[name]]


@pytest.mark.parametrize("command", FLAGS)
def test_defaults_are_those_of_the_configs(parsed, command):
    required = {
        field.name: FLAGS[command][field.name]
        for field in dataclasses.fields(CONFIGS[command])
        if field.default is dataclasses.MISSING or field.name in {"input_folder", "directory"}  # unless --manifest is
    }
    archives = {"archives": True} if command == "classify-zip" else {}
    assert parsed(command, *spelt(required, "_", True)) == CONFIGS[command](**required, **archives)


@pytest.mark.parametrize("dash", ["_", "-"])
def test_list_takes_its_source_and_every_flag(monkeypatch, dash):
    calls = []
    monkeypatch.setattr(pipeline, "list_images", lambda config, _: calls.append(config) or sys.exit(0))
    flags = {"tag_level": "top", "exclude": ("drafts/",), "archive_encoding": "cp932", "shard_images": 64}
    flags["output"] = "m.parquet"
    assert cli.main(["list", "in", *spelt(flags, dash, joined=True), "--follow_links"]) == 0
    assert cli.main(["list", "in"]) == 0
    whole = pipeline.ListConfig(source="in", follow_links=True, **flags)
    assert calls == [whole, pipeline.ListConfig(source="in")]


@pytest.mark.parametrize("dash", ["_", "-"])
def test_sort_takes_its_arguments_and_every_flag(sorted_config, dash):
    config = sorted_config("sort", "examples", "mountain", *spelt(SORT, dash, joined=True))
    expected = {"examples": "examples", "mountain": "mountain", **SORT}
    expected |= dict.fromkeys(("follow_links", "fresh", "no_verdicts", "retry_failures", "use_truncated"), False)
    assert dataclasses.asdict(config) == expected
    assert sorted_config("sort", "e", "m") == SortConfig(examples="e", mountain="m")
    defaults = SortConfig(examples="e", mountain="m")
    assert not [name for name, value in SORT.items() if value == getattr(defaults, name)]


@pytest.fixture
def sorted_config(monkeypatch, tmp_path):
    """``sorted_config(arguments)`` gives the config that the whole job would be done by."""
    monkeypatch.chdir(tmp_path)
    calls = []

    def stop(config):
        calls.append(config)
        raise InputError("enough")

    monkeypatch.setattr(pipeline, "require_sortable", stop)

    def parse(*arguments):
        assert cli.main(list(arguments)) == 1
        return calls.pop()

    return parse


def test_the_stages_and_sort_mean_the_same_by_a_setting():
    whole = SortConfig(examples="e", mountain="m")
    for config in (ProcessConfig(input_folder="x"), TrainConfig(metadata_json="x", tag_to_hash_json="y")):
        shared = {field.name for field in dataclasses.fields(config)} & set(dataclasses.asdict(whole))
        shared -= {"output", "clip_model", "pretrained"}
        assert {name: getattr(config, name) for name in shared} == {name: getattr(whole, name) for name in shared}
    assert (ClassifyConfig(directory="x").placed, whole.placed, whole.output) == ("all", "tagged", "./sorted")


@pytest.mark.slow
def test_sort_says_its_encoder_first_and_ends_with_0(trained, tmp_path, command):
    done = command("sort", trained.images, trained.images, f"--output={tmp_path / 'o'}", "--clip_model=builtin")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Encoder builtin/learned-2, as --clip_model says.\n")
    assert "tags were distinguished from each other alone" in done.stdout
    assert (tmp_path / "o" / "image-tagging.log").read_text("utf-8").count("Encoder builtin") == 1


def test_the_former_name_of_the_output_folder_is_taken(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(
        pipeline, "process_dataset", lambda config, *_, **__: given.append(config.output) or sys.exit(0)
    )
    for flag in ("--output", "--output_folder", "--output-folder"):
        assert cli.main(["process", "--input_folder=in", f"{flag}={tmp_path / flag}"]) == 0
    assert given == [str(tmp_path / flag) for flag in ("--output", "--output_folder", "--output-folder")]


def test_defaults_are_the_documented_ones():
    stage1 = ProcessConfig(input_folder="x")
    assert (stage1.output_folder, stage1.tagged_dataset) == ("./output", True)
    assert (stage1.clip_model, stage1.pretrained) == (None, None)  # ViT-B-32/openai, unless the folder has another
    assert (stage1.batch_size, stage1.num_threads, stage1.device) == (32, 4, None)
    stage2 = TrainConfig(metadata_json="x", tag_to_hash_json="y")
    assert (stage2.output, stage2.test_per) == (".", None)  # a tenth, of tags of 30 images or more
    stage3 = ClassifyConfig(directory="x")
    assert (stage3.output, stage3.model, stage3.output_bins) == ("./output", "./output/models", 10)
    assert stage3.metadata_json is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("True", True), ("true", True), ("TRUE", True), ("False", False), ("false", False), ("fAlSe", False)],
)
def test_true_and_false_in_any_case(parsed, text, value):
    assert parsed("process", "--input_folder=x", f"--tagged_dataset={text}").tagged_dataset is value


def test_what_is_neither_true_nor_false_is_wrong_usage(capsys):
    assert cli.main(["process", "--input_folder=x", "--tagged_dataset=perhaps"]) == 2
    shown = capsys.readouterr().err
    assert "--tagged-dataset" in shown
    assert "'perhaps' is neither True nor False" in shown


@pytest.mark.parametrize("quotes", ["‘’", "“”", "''", '""'])
def test_quotes_copied_from_a_page_are_not_part_of_a_path(parsed, quotes):
    left, right = quotes
    config = parsed(
        "classify",
        "--directory",
        f"{left}./my images{right}",
        f"--model={left}m{right}",
        f"--output={left}out{right}",
        f"--metadata_json={left}it's.json{right}",
    )
    assert (config.directory, config.model, config.output) == ("./my images", "m", "out")
    assert config.metadata_json == "it's.json"


def test_a_path_that_has_quotes_is_left_alone(parsed, tmp_path):
    (tmp_path / "‘odd’").mkdir()
    assert parsed("classify", "--directory=‘odd’").directory == "‘odd’"
    assert parsed("classify", "--directory=it’s").directory == "it’s"


@pytest.mark.parametrize("flag", ["--directory", "--model", "--output", "--metadata_json"])
def test_an_empty_path_is_wrong_usage_and_not_the_present_folder(capsys, flag, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = {"--directory": "x", flag: ""}
    assert cli.main(["classify", *(f"{name}={value}" for name, value in arguments.items())]) == 2
    assert "the path is empty; give one" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["process"],
        ["process", "--input_folder=x", "--nonsense=1"],
        ["process", "--input_folder=x", "more"],
        ["process", "--input_folder=x", "--batch_size=0"],
        ["process", "--input_folder=x", "--num_threads=many"],
        ["process", "--input_folder=x", "--tag_level=middle"],
        *(["classify", "--directory=x", f"--exclude={pattern}"] for pattern in ("", " ", "#a", "!", "[z-a]", "a\\")),
        ["train", "--metadata_json=x"],
        ["train", "--metadata_json=x", "--tag_to_hash_json=y", "--test_per=1.5"],
        ["classify", "--directory=x", "--output_bins=0"],
        ["classify-zip", "--directory=x", "--output_bins=1001"],
        ["models", "x", "more"],
        ["models", ""],
    ],
)
def test_wrong_usage_is_exit_code_2(capsys, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    shown = capsys.readouterr()
    assert "Error: " in shown.err
    assert shown.out == ""
    assert not list(tmp_path.iterdir())


def shown_help(capsys, *arguments):
    assert cli.main([*arguments, "--help"]) == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", FLAGS)
def test_help_explains_every_flag_with_its_default(capsys, command):
    text = shown_help(capsys, command)
    options = re.split(r"(?<!--output,) (?=--[a-z])", text.partition("Options: ")[2])
    told = {option.split()[0][2:].strip(",").replace("-", "_"): option for option in options}
    assert set(told) - {"follow_links", "fresh", "no_verdicts", "retry_failures", "use_truncated"} == {
        *FLAGS[command],
        "version",
        "help",
    }
    for field in dataclasses.fields(CONFIGS[command]):
        if field.name not in told or field.default is False:
            continue
        if field.default is dataclasses.MISSING:
            assert "[required]" in told[field.name]
        elif field.default not in (None, ()):
            assert f"[default: {field.default}" in told[field.name], told[field.name]
        assert len(told[field.name].split()) > 5, told[field.name]
    by_itself = "[default: a GPU that PyTorch knows, else the CPU]"
    assert by_itself in told.get("device", by_itself)


def test_help_names_every_command(capsys):
    text = shown_help(capsys)
    commands = set(typer.main.get_command(cli.app).commands)
    assert commands >= {*FLAGS, "demo"}
    for command in commands:
        assert re.search(rf" {command} (The whole|Stage|Draw|List|Show|Set|Take|Find|Check|Write) ", text), command


def test_no_argument_shows_the_help(capsys):
    assert cli.main([]) in {0, 2}
    shown = capsys.readouterr()
    assert "classify-zip" in shown.out + shown.err


@pytest.mark.parametrize("command", [[], *([name] for name in typer.main.get_command(cli.app).commands)], ids=str)
def test_h_is_short_for_help(capsys, command):
    text = shown_help(capsys, *command)
    assert cli.main([*command, "-h"]) == 0
    assert " ".join(capsys.readouterr().out.split()) == text


def test_version_names_the_program_python_and_the_libraries(capsys):
    assert cli.main(["--version"]) == 0
    program, python, *libraries = capsys.readouterr().out.splitlines()
    assert program == f"image-tagging {image_tagging.__version__}"
    assert python.startswith(f"Python {platform.python_version()} on ")
    for name in ("Pillow", "numpy", "scikit-learn", "onnxruntime"):
        assert f"{name} {importlib.metadata.version(name)}" in libraries


def test_version_leaves_out_what_is_not_installed(capsys, monkeypatch):
    def version(name):
        if name == "numpy":
            return "1.2.3"
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["numpy 1.2.3"]


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["-h"], ["--version"], ["process", "--help"], ["classify", "--help"], ["models", "--help"]],
    ids=" ".join,
)
def test_help_and_version_load_nothing_heavy(arguments):
    program = (
        "import sys; from image_tagging.cli.app import main; code = main(sys.argv[1:]);"
        "heavy = {'numpy', 'sklearn', 'torch', 'PIL', 'cv2', 'scipy', 'sqlite3', 'orjson', 'onnxruntime'};"
        "heavy &= set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=False, capture_output=True, encoding="utf-8", timeout=600
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_the_four_stages_end_with_exit_code_0(trained, tmp_path, command):
    out = f"--output_folder={tmp_path}"
    done = command("process", f"--input_folder={trained.images}", out, "--clip_model", "builtin")
    assert (done.returncode, done.stderr) == (0, "")
    assert "24 pictures, 0 skipped" in done.stdout
    lists = tmp_path / "input-tag-to-image-hash-list.json"
    done = command(
        "train", f"--metadata_json={trained.metadata}", f"--tag-to-hash-json={lists}", f"--output={tmp_path}"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 tags, 24 pictures, encoder builtin/learned-2" in done.stdout
    done = command("classify", f"--directory={trained.images}", "--output", tmp_path, "--model", tmp_path / "models")
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 embeddings computed, all known before" in done.stdout
    archive = shutil.make_archive(str(tmp_path / "all"), "zip", trained.images)
    done = command("classify_zip", f"--directory={archive}", f"--output={tmp_path}", f"--model={tmp_path / 'models'}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "24 pictures, 1 archive, 0 skipped" in done.stdout


@pytest.mark.slow
def test_models_shows_a_table_or_one_model_in_words(trained, tmp_path, command):
    done = command("models", trained.models)
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 models of 3 tags, encoder builtin/learned-2" in done.stdout
    assert command("models", cwd=trained.output.parent).stdout == done.stdout  # ./output/models
    assert command("models", trained.models.parent).stdout == done.stdout
    model = trained.models / "model-ovr-svm-tag-tiles.pkl"
    done = command("models", model)
    assert (done.returncode, done.stderr) == (0, "")
    assert "images of the tag tiles; it is a support vector machine" in done.stdout
    done = command("models", "--tag=tiles", trained.models)
    assert (done.returncode, done.stdout.count("images of the tag tiles")) == (0, 2)


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["50", "40", "24"])
def test_tables_name_every_tag_on_narrow_terminals(trained, tmp_path, command, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    lists = trained.output / "input-tag-to-image-hash-list.json"
    metadata = trained.output / "input-metadata.json"
    done = command("train", f"--metadata_json={metadata}", f"--tag_to_hash_json={lists}", f"--output={tmp_path}")
    for table in (done.stdout, command("models", tmp_path / "models").stdout):
        first_words = [line.split()[0] for line in table.splitlines() if line.strip()]
        assert first_words[0] == "tag"
        assert set(json.loads(lists.read_text())) <= set(first_words)


@pytest.mark.slow
def test_models_that_are_not_there_or_cannot_be_used(trained, tmp_path, command):
    done = command("models", tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no tag model at" in done.stderr
    assert command("models", trained.models, "--tag=dragon").returncode == 1
    models = shutil.copytree(trained.models, tmp_path / "models")
    (models / "model-ovr-svm-tag-tiles.json").write_text("{", encoding="utf-8")
    done = command("models", models)
    assert (done.returncode, done.stderr) == (0, "")
    assert "model-ovr-svm-tag-tiles.json is not the card of a tag model" in done.stdout
    done = command("models", models / "model-ovr-svm-tag-tiles.pkl")
    assert (done.returncode, done.stdout) == (1, "")


def test_skipped_files_are_exit_code_0_and_in_the_log(trained, tmp_path, command):
    images = shutil.copytree(trained.images / "tiles", tmp_path / "in" / "tiles")
    for number in range(12):
        (images / f"broken-{number}.png").write_bytes(b"broken")
    done = command(
        "process", f"--input_folder={tmp_path / 'in'}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "8 pictures, 12 skipped" in done.stdout
    assert "… and 2 more" in done.stdout
    log = (tmp_path / "out" / run_log.LOG_NAME).read_text(encoding="utf-8")
    assert all(f"broken-{number}.png" in log for number in range(12))


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_names_that_the_screen_cannot_show_do_not_end_the_run(tmp_path, drawing, command, encoding):
    drawing(tmp_path / "in" / "猫" / "🐈.png", "sprites", 0)
    (tmp_path / "in" / "猫" / "broken 🐈.png").write_bytes(b"x")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    arguments = (f"--input_folder={tmp_path / 'in'}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin")
    done = command("process", *arguments, env=environment, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("猫" if encoding == "utf-8" else "\\u732b") in done.stdout
    done = command("process", f"--input_folder={tmp_path / '没有'}", *arguments[1:], env=environment, encoding=encoding)
    assert done.returncode == 1
    assert ("没有" if encoding == "utf-8" else "\\u6ca1\\u6709") in done.stderr
    assert command("process", "--help", env=environment, encoding=encoding).returncode == 0


#: Says when the encoder has its second batch, and waits there.
_WAITING = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may have switched it off
from image_tagging.__main__ import main
from image_tagging.encoders.builtin.encoder import BuiltinEncoder
real, calls = BuiltinEncoder.embed, []

def embed(self, batch):
    calls.append(1)
    if len(calls) == 2:
        print("ready", flush=True)
        for _ in range(1000):
            time.sleep(0.1)  # not long: a signal that comes just before a sleep does not end it
    return real(self, batch)

BuiltinEncoder.embed = embed
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_is_exit_code_130_and_what_was_done_is_kept(trained, tmp_path, command):
    arguments = [
        "process",
        f"--input_folder={trained.images}",
        f"--output_folder={tmp_path}",
        "--clip_model=builtin",
        "--batch_size=5",
    ]
    program = [sys.executable, "-c", _WAITING, *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as running:
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=600)
    assert running.returncode == 130
    assert told == ("image-tagging: interrupted. What was done so far is kept; run the same command again to go on.\n")
    assert not (tmp_path / "input-metadata.json").exists()
    done = command(*arguments)
    assert "19 embeddings computed" in done.stdout
    assert (tmp_path / "input-metadata.json").read_bytes() == trained.metadata.read_bytes()


def test_a_choice_that_is_none_is_wrong_usage(capsys):
    assert cli.main(["classify", "--directory", "x", "--place", "teleport"]) == 2
    assert "copy, hardlink, symlink, none" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("command", ["process", "classify"])
def test_failures_are_retried_on_request(parsed, command):
    source = "--input_folder" if command == "process" else "--directory"
    assert parsed(command, source, "x", "--retry_failures").retry_failures
    assert parsed(command, source, "x", "--use_truncated").use_truncated


def test_list_says_what_it_listed_and_what_comes_next(tmp_path, capsys):
    pytest.importorskip("pyarrow", reason="needs the parquet extra")
    (tmp_path / "in" / "cat").mkdir(parents=True)
    for name in ("1.png", "2.jpg", "notes"):
        (tmp_path / "in" / "cat" / name).write_bytes(b"12345")
    manifest = tmp_path / "new" / "m.parquet"
    assert cli.main(["list", str(tmp_path / "in"), f"--output={manifest}"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert re.match(
        r"Listed: 2 images \(10 bytes\), 1 shard in \d+\.\d s Not usable: 1 not-an-image; the first: ", said
    )
    assert said.endswith(f"Written {manifest} Next: image-tagging process --manifest {manifest}")
    assert cli.main(["list", str(tmp_path / "none")]) == 1
    assert "there is no folder or file at" in capsys.readouterr().err
