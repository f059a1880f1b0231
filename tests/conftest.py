"""What every test module may use: the shared real data, and small pictures drawn on the spot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from buckets import Bucket, FailingServer
    from image_tagging.pipeline import Review

if "PYTEST_XDIST_WORKER" in os.environ:
    # A process of tests per core: further threads for products of matrices would spin and wait for each other. The
    # libraries read this when they are loaded, so nothing above may load NumPy.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

# The same examples in every run: what fails here fails everywhere. `--hypothesis-profile=default` looks for others.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Spell what a test logged as text: pytest-xdist cannot send names that are no text to the process that reports."""
    outcome = yield
    report = outcome.get_result()
    report.sections = [(name, said.encode("utf-8", "backslashreplace").decode()) for name, said in report.sections]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Say how a process of tests ended that crashed: pytest-xdist tells only which test it ran."""
    if error:
        code = node.gateway._io.popen.wait(10)
        print(f"\nThe process {node.gateway.id} of tests ended with code {code} (of a signal: less than 0).")


@pytest.fixture(autouse=True, scope="session")
def _no_width_of_a_terminal() -> None:
    """Take away the width that a runner of tests gives its workers: without a terminal the screen has its own."""
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; tests that need it skip, and say so, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the shared real data is not here: {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def published(shared_data: Path) -> Path:
    """What the original's authors published: images, metadata, models, and what they score."""
    return shared_data / "published"


@pytest.fixture
def removed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder that is removed, as by another program."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    try:
        (tmp_path / "gone").rmdir()
    except OSError:
        pytest.skip("this system keeps a folder that a process is in")


def save_drawing(path: Path, kind: str, number: int) -> Path:
    """Write a small drawing, in true colour, so that no two of them share their pixels."""
    from image_tagging.demo import draw

    path.parent.mkdir(parents=True, exist_ok=True)
    picture = draw(kind, number).convert("RGB")
    picture.info.clear()  # nothing about transparency
    picture.save(path)
    return path


@pytest.fixture(scope="session")
def drawing() -> Callable[[Path, str, int], Path]:
    """``drawing(path, kind, number)`` writes a small drawing in the format of the suffix."""
    return save_drawing


@dataclass(frozen=True)
class Trained:
    """Stages 1 and 2 done: ``images`` holds a folder per tag, ``output`` what was made of it. Not to be written to."""

    images: Path
    output: Path

    @property
    def metadata(self) -> Path:
        return self.output / "input-metadata.json"

    @property
    def tag_lists(self) -> Path:
        return self.output / "input-tag-to-image-hash-list.json"

    @property
    def models(self) -> Path:
        return self.output / "models"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Three tags of eight drawings each, with two models a tag."""
    from image_tagging import ProcessConfig, TrainConfig, process_dataset, train_tag_models

    root = tmp_path_factory.mktemp("trained")
    made = Trained(root / "images", root / "output")
    for kind in ("isometric", "sprites", "tiles"):
        for number in range(8):
            save_drawing(made.images / kind / f"{kind}-{number}.png", kind, number)
    process_dataset(ProcessConfig(input_folder=str(made.images), output_folder=str(made.output), clip_model="builtin"))
    train_tag_models(
        TrainConfig(metadata_json=str(made.metadata), tag_to_hash_json=str(made.tag_lists), output=str(made.output))
    )
    return made


@pytest.fixture
def output(trained: Trained, tmp_path: Path) -> Path:
    """A copy of what was trained, which may be written to."""
    return shutil.copytree(trained.output, tmp_path / "out")


@pytest.fixture
def review(output: Path) -> Iterator[Review]:
    """The review of that copy."""
    from image_tagging.pipeline import Review

    opened = Review(str(output))
    yield opened
    opened.close()


#: What Chromium is called on the systems that have it.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium of this system, driven by Playwright; skips, and says so, where one of the two is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no test in a browser")
    command = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if command is None:
        pytest.skip("no chromium on this machine, so no page was tried in a browser: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """``command("classify", "--directory=…", cwd=…)`` runs the command line in a process of its own."""

    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "image_tagging", *map(str, arguments)],
            check=False,
            capture_output=True,
            timeout=600,
            **{"encoding": "utf-8", **options},
        )

    return run


MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
"""


@pytest.fixture(scope="session")
def measured():
    """``measured(*command)``: exit code, standard error, and MiB of memory that its largest process took (Linux)."""
    if sys.platform != "linux":
        pytest.skip("memory is measured on Linux")

    def run(*command: str) -> tuple[int, str, int]:
        # From a process of its own: what the system tells is the most of all children that a process ever had.
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *command], capture_output=True, encoding="utf-8", check=True, timeout=1200
        )
        code, mebibytes = map(int, done.stdout.split())
        return code, done.stderr, mebibytes

    return run


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """The port of a server of S3 in a process of its own; tests that need it skip where that is not installed."""
    from buckets import NEEDED, s3_server

    for name in NEEDED:
        pytest.importorskip(name)
    with s3_server() as port:
        yield port


@pytest.fixture
def bucket(s3_port: int, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, which the program reaches as it reaches one of a user."""
    from buckets import new_bucket, use_endpoint

    use_endpoint(monkeypatch, s3_port)
    return new_bucket(s3_port)


@pytest.fixture
def failing(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingServer]:
    """The server between the program and the bucket, which fails as it is told."""
    from buckets import FailingServer, use_endpoint, wait_less

    server = FailingServer(bucket.port)
    use_endpoint(monkeypatch, server.port)
    wait_less(monkeypatch)
    yield server
    server.close()
