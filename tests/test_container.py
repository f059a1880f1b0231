"""The Dockerfile: what it says, and (`make container`) that its lines run and the program works in what they make."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "container.md").read_text(encoding="utf-8")

#: What the image must trust to fetch what it installs, as this machine does.
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


def test_the_image_is_run_by_no_root():
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.M)
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE
    assert re.search(r'^ENTRYPOINT \["image-tagging"\]$', DOCKERFILE, re.M)


def test_every_build_argument_is_documented():
    assert set(re.findall(r"^ARG (\w+)=", DOCKERFILE, re.M)) == set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.M))


def test_what_is_copied_is_not_ignored():
    taken = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {word for line in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.M) for word in shlex.split(line)}
    assert copied == taken
    assert [name for name in copied if not (ROOT / name).exists()] == []


def run(*command, **options):
    words = [str(word) for word in command]
    return subprocess.run(words, check=False, capture_output=True, encoding="utf-8", timeout=1800, **options)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """``built(*arguments, volumes, user)`` runs the program in the image, whose base debootstrap made."""
    if os.environ.get("IMAGE_TAGGING_CONTAINER") != "1":
        pytest.skip("THE CONTAINER WAS NOT BUILT: it takes minutes and gigabytes; `make container` does it")
    for name in ("buildah", "debootstrap"):
        if shutil.which(name) is None:
            pytest.skip(f"THE CONTAINER WAS NOT BUILT: {name} is not here (apt-get install {name})")
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("THE CONTAINER WAS NOT BUILT: only root of Linux can make its base")
    folder = tmp_path_factory.mktemp("container")
    folder.chmod(0o755)
    include = "--include=python3,python3-venv,ca-certificates"
    made = run("debootstrap", "--variant=minbase", include, "bookworm", folder / "root")
    assert made.returncode == 0, made.stdout[-2000:]
    if Path("/", CERTIFICATES).exists():
        shutil.copy(Path("/", CERTIFICATES), folder / "root" / CERTIFICATES)
        (folder / "root" / "etc" / "pip.conf").write_text(f"[global]\ncert = /{CERTIFICATES}\n", encoding="utf-8")
    (folder / "Dockerfile").write_text("FROM scratch\nADD root/ /\n", encoding="utf-8")
    buildah = ["buildah", "--storage-driver=vfs", f"--root={folder / 'store'}", f"--runroot={folder / 'run'}"]
    base = run(*buildah, "build", "--isolation=chroot", "--tag=base", folder)
    assert base.returncode == 0, base.stderr[-2000:]
    arguments = ["--build-arg=BASE=localhost/base", "--build-arg=VERSION=1.2.3"]
    image = run(*buildah, "build", "--isolation=chroot", *arguments, "--tag=image-tagging", ROOT)
    assert image.returncode == 0, (image.stdout + image.stderr)[-3000:]
    container = run(*buildah, "from", "localhost/image-tagging").stdout.strip()

    def start(*arguments, volumes=(), user="10001:10001"):
        mounts = [f"--volume={volume}" for volume in volumes]
        return run(*buildah, "run", "--isolation=chroot", f"--user={user}", *mounts, container, "--", *arguments)

    yield start
    run(*buildah, "rm", "--all")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize("user", ["10001:10001", "4321:4321"])
def test_any_user_sorts_in_the_container(built, tmp_path_factory, drawing, user):
    folder = tmp_path_factory.mktemp("mounted")
    for kind in ("sprites", "tiles"):
        for number in range(6):
            drawing(folder / "photos" / "examples" / kind / f"{number}.png", kind, number)
            drawing(folder / "photos" / "mountain" / f"{kind} {number}.png", kind, 100 + number)
    (folder / "sorted").mkdir()
    os.chown(folder / "sorted", *map(int, user.split(":")))
    volumes = [f"{folder / 'photos'}:/photos:ro", f"{folder / 'sorted'}:/sorted"]
    job = [
        "image-tagging",
        "sort",
        "/photos/examples",
        "/photos/mountain",
        "--output",
        "/sorted",
        "--clip-model=builtin",
    ]
    done = built(*job, volumes=volumes, user=user)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "sorted" / "reports" / "index.html").exists()
    assert (folder / "sorted" / "output.json").stat().st_uid == int(user.split(":")[0])


@pytest.mark.slow
def test_the_container_says_its_version_and_writes_nothing_of_its_own(built):
    assert built("image-tagging", "--version").stdout.startswith("image-tagging 1.2.3\n")
    looked = built("sh", "-c", "find / -xdev -type d -writable -not -path '/proc/*' -not -path '/dev*' 2>/dev/null")
    assert set(looked.stdout.split()) <= {"/tmp", "/var/tmp", "/cache", "/work", "/run/lock"}
