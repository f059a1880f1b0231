"""The progress that a person sees: a bar on a terminal, a text in a notebook, lines elsewhere."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from fakes import MeanColours
from image_tagging import ProcessConfig, SortConfig, embed_images, process_dataset, sort_images
from image_tagging.errors import InputError
from image_tagging.pipeline import progress_bar, shown_progress
from image_tagging.pipeline.shown_progress import shown
from samples import drawn, ten_pictures


class Terminal(io.StringIO):
    def isatty(self):
        return True


def on_terminal(monkeypatch):
    """Put a terminal in place of standard error; call it in the test, since pytest replaces that after fixtures."""
    for name in ("NO_COLOR", "TERM", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    return stream


def test_true_draws_a_bar_on_a_terminal(monkeypatch):
    terminal = on_terminal(monkeypatch)
    embed_images([drawn(1), drawn(2)], MeanColours(), progress=True)
    assert "embedding" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()


def test_a_file_gets_lines_and_no_bar(monkeypatch):
    monkeypatch.setattr("sys.stderr", stream := io.StringIO())
    embed_images([drawn(1), drawn(2)], MeanColours(), batch_size=1, progress=True)
    assert stream.getvalue().splitlines() == ["embedding: 1 of 2, 0:00:00 left", "embedding: 2 of 2"]


def test_a_command_in_the_background_writes_a_line_every_two_minutes_and_none_before(monkeypatch):
    clock = SimpleNamespace(now=1000.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(shown_progress, "time", clock)
    monkeypatch.setattr("sys.stderr", stream := io.StringIO())
    written = []
    with progress_bar() as watch:
        for seconds in (0, 119, 120, 239, 241, 362):
            clock.now = 1000.0 + seconds
            watch("embedding", seconds, 482)
            written.append(len(stream.getvalue().splitlines()))
    assert written == [0, 0, 1, 1, 2, 3]
    assert stream.getvalue().splitlines()[1:] == [
        "embedding: 241 of 482, 0:04:01 left",
        "embedding: 362 of 482, 0:02:00 left",
    ]


def test_a_command_whose_terminal_has_a_bar_already_writes_nothing(monkeypatch):
    terminal = on_terminal(monkeypatch)
    monkeypatch.setattr(shown_progress, "_COMMAND_EVERY", 0.0)
    with shown(True) as first, progress_bar() as second:
        second("training", 3, 4)
        first("embedding", 1, 4)
    assert "training" not in terminal.getvalue()


@pytest.mark.parametrize(
    "stream", [None, object(), io.TextIOWrapper(io.BytesIO(), "ascii")], ids=["none", "bare", "ascii"]
)
def test_no_standard_error_is_no_error(monkeypatch, stream):
    monkeypatch.setattr("sys.stderr", stream)
    embed_images(drawn(1), MeanColours(), progress=True)


def test_a_closed_standard_error_is_no_error(monkeypatch):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr("sys.stderr", stream)
    embed_images(drawn(1), MeanColours(), progress=True)


def test_it_works_on_any_thread(monkeypatch):
    terminal = on_terminal(monkeypatch)
    results = []
    thread = threading.Thread(target=lambda: results.append(embed_images(drawn(1), MeanColours(), progress=True)))
    thread.start()
    thread.join()
    assert len(results[0]) == 1
    assert "embedding" in terminal.getvalue()


def test_a_second_bar_at_the_same_time_writes_lines(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with shown(True) as first:
        first("embedding", 1, 4)
        with shown(True) as second:
            second("training", 3, 4)
    assert "training: 3 of 4" in terminal.getvalue()
    with shown(True) as third:  # the terminal is free again
        third("embedding", 2, 4)
    assert "embedding: 2 of 4" not in terminal.getvalue()


def test_a_notebook_shows_one_text_that_changes(monkeypatch):
    texts = []
    monkeypatch.setattr(shown_progress, "_notebook", lambda: texts.append)
    with shown(True) as watch:
        watch("embedding", 1, 4)
        watch("embedding", 2, 4)
        watch("embedding", 4, 4)
        watch("writing the metadata", 0, None)
    assert texts == [
        "embedding |████████                      | 1 of 4, 0:00:00 left",
        f"embedding |{'█' * 30}| 4 of 4",
    ]


def test_what_is_no_progress_is_refused():
    with pytest.raises(InputError, match="progress is 'yes'; it must be True, False or a function"), shown("yes"):
        pass


def test_watch_and_progress_are_both_called(tmp_path, monkeypatch):
    told, also_told = [], []
    config = ProcessConfig(
        input_folder=ten_pictures(tmp_path / "in"), output=tmp_path / "out", clip_model="builtin", tagged_dataset=False
    )
    process_dataset(config, lambda *state: told.append(state), progress=lambda *state: also_told.append(state))
    assert told == also_told
    assert ("embedding", 10, 10) in told


@pytest.mark.slow
def test_the_whole_job_shows_one_bar(trained, tmp_path, monkeypatch):
    terminal = on_terminal(monkeypatch)
    sort_images(
        SortConfig(
            examples=trained.images, mountain=trained.images, output=tmp_path, clip_model="builtin", place="none"
        ),
        progress=True,
    )
    assert "100%" in terminal.getvalue()


NOTEBOOK = """
import sys
import nbclient, nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager

cells = [
    "import threading\\nimport numpy as np\\nfrom image_tagging import embed_images, load_tag_models",
    "pictures = [np.zeros((8, 8, 3), np.uint8)] * 3\\n_ = embed_images(pictures, progress=True)",
    "thread = threading.Thread(target=lambda: embed_images(pictures, progress=True))\\nthread.start()\\nthread.join()",
    f"load_tag_models({sys.argv[1]!r})",
]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
nbclient.NotebookClient(notebook, km=kernel, timeout=600).execute()
for cell in notebook.cells:
    for output in cell.outputs:
        print(output.get("text") or output["data"].get("text/html") or output["data"]["text/plain"])
"""


@pytest.mark.slow
def test_a_real_notebook_shows_the_bar_and_a_table(trained, tmp_path, monkeypatch):
    for name in ("nbclient", "nbformat", "ipykernel"):
        pytest.importorskip(name, reason=f"no notebook is run: {name} is not installed (dev extra)")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, str(trained.models)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    *bars, table = done.stdout.strip().split("\n")
    assert [bar for bar in bars if bar == f"embedding |{'█' * 30}| 3 of 3"] == bars
    assert len(bars) == 2
    assert "<td>sprites</td>" in table
