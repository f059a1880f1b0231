"""The Dockerfile: what it says, and (`make container`) that its lines run and the program works in what they make."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from containers import NOBODY, RUNTIME, Containers, Limits, Volume, wait_for

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "container.md").read_text(encoding="utf-8")

#: What the image must trust to fetch what it installs, as this machine does.
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"

#: What Debian's smallest system lacks.
PACKAGES = ("python3", "python3-venv", "ca-certificates")

#: Bytes of the store and its journal when some 60 of the 132 embeddings of the run below are kept.
HALF = 900_000


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


def shell_lines(block):
    """Return the commands of a block of the page that is for a shell, without what follows as a comment."""
    return [line for line in block.replace("\\\n", " ").splitlines() if line]


SHELL = shell_lines(re.search(r"```sh\n(.*?)```", PAGE, re.S).group(1))
COMPOSE = re.search(r"```yaml\n(.*?)```", PAGE, re.S).group(1)


def flags(words):
    """Return the flags of ``docker run`` with their values, and the words from the image on."""
    found, rest = {}, list(words)
    while rest[0].startswith("--"):
        flag = rest.pop(0)
        found.setdefault(flag, []).extend([] if flag in {"--rm", "--read-only"} else [rest.pop(0)])
    return found, rest


def test_compose_says_what_docker_run_says():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not here: the file for Compose was not compared")
    described = yaml.safe_load(COMPOSE)
    service = described["services"]["sort"]
    given, words = flags(shlex.split(SHELL[1])[2:])
    assert [service["image"], *shlex.split(service["command"])] == words
    volumes = [volume.replace("image-tagging-cache:", "cache:") for volume in given["--volume"]]
    assert service["volumes"] == volumes
    assert list(described["volumes"]) == ["cache"]
    assert service["read_only"] is ("--read-only" in given)
    assert [service["tmpfs"]] == given["--tmpfs"]
    assert re.fullmatch(r"\d+:\d+", service["user"])
    assert service["stop_grace_period"] == f"{re.search('docker stop -t ([0-9]+)', PAGE).group(1)}s"


def test_compose_understands_the_file(tmp_path):
    (tmp_path / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    programs = [["docker", "compose"], ["docker-compose"]]
    usable = [each for each in programs if shutil.which(each[0]) and run(*each, "version").returncode == 0]
    if not usable:
        pytest.skip("THE FILE FOR COMPOSE WAS NOT CHECKED: Compose is not here (apt-get install docker-compose)")
    checked = run(*usable[0], "config", "--quiet", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr


def run(*command, **options):
    words = [str(word) for word in command]
    return subprocess.run(words, check=False, capture_output=True, encoding="utf-8", timeout=1800, **options)


class Builder:
    """Buildah with images of its own, in a folder that is removed with them."""

    def __init__(self, folder):
        self.folder = folder
        places = [f"--root={folder / 'store'}", f"--runroot={folder / 'run'}"]
        driver = "overlay" if run("buildah", "--storage-driver=overlay", *places, "info").returncode == 0 else "vfs"
        self._buildah = ["buildah", f"--storage-driver={driver}", *places]
        self._driver = driver

    def run(self, *words):
        done = run(*self._buildah, *words)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    def make_base(self):
        """Make a small Debian with Python, in place of the base that is pulled elsewhere."""
        root = self.folder / "root"
        made = run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm", root)
        assert made.returncode == 0, made.stdout[-2000:]
        if Path("/", CERTIFICATES).exists():
            shutil.copy(Path("/", CERTIFICATES), root / CERTIFICATES)
            (root / "etc" / "pip.conf").write_text(f"[global]\ncert = /{CERTIFICATES}\n", encoding="utf-8")
        (self.folder / "Dockerfile").write_text("FROM scratch\nADD root/ /\n", encoding="utf-8")
        self.run("build", "--isolation=chroot", "--tag=base", self.folder)
        shutil.rmtree(root)

    def containers(self, extras=""):
        """Build the Dockerfile, and return what runs containers of its image."""
        name = f"image-tagging-{extras or 'light'}"
        arguments = ["BASE=localhost/base", "VERSION=1.2.3", f"EXTRAS={extras}"]
        self.run("build", "--isolation=chroot", *[f"--build-arg={each}" for each in arguments], f"--tag={name}", ROOT)
        config = json.loads(self.run("inspect", "--type=image", f"localhost/{name}"))["OCIv1"]["config"]
        root = Path(self.run("mount", self.run("from", f"localhost/{name}").strip()).strip())
        (self.folder / name).mkdir()
        return Containers(root, config, self.folder / name)

    def podman(self):
        """Return the environment in which Podman, also by the name of docker, has these images."""
        (self.folder / "storage.conf").write_text(
            f'[storage]\ndriver="{self._driver}"\ngraphroot="{self.folder}/store"\nrunroot="{self.folder}/run"\n'
        )
        # Its own limit of open files is more than root may set on some virtual machines. Weights are not fetched.
        (self.folder / "containers.conf").write_text(
            '[containers]\ndefault_ulimits=[]\nenv=["HF_HUB_OFFLINE=1"]\n'
            f'[engine]\nruntime="{RUNTIME}"\ncgroup_manager="cgroupfs"\nevents_logger="none"\n'
            f'[network]\nnetwork_config_dir="{self.folder}/networks"\n'
        )
        docker = self.folder / "bin" / "docker"
        docker.parent.mkdir(exist_ok=True)
        docker.write_text('#!/bin/sh\nexec podman "$@"\n')
        docker.chmod(0o755)
        return {
            **os.environ,
            "PATH": f"{docker.parent}{os.pathsep}{os.environ['PATH']}",
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
        }

    def close(self):
        run(*self._buildah, "umount", "--all")
        run(*self._buildah, "rm", "--all")
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    if os.environ.get("IMAGE_TAGGING_CONTAINER") != "1":
        pytest.skip("THE CONTAINER WAS NOT BUILT: it takes minutes and gigabytes; `make container` does it")
    for name in ("buildah", "debootstrap", RUNTIME):
        if shutil.which(name) is None:
            pytest.skip(f"THE CONTAINER WAS NOT BUILT: {name} is not here (apt-get install {name})")
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("THE CONTAINER WAS NOT BUILT: only root of Linux can make its base")
    folder = tmp_path_factory.mktemp("container")
    folder.chmod(0o755)
    made = Builder(folder)
    try:
        made.make_base()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def light(builder):
    """Containers of the image as it is built by default."""
    with closing(builder.containers()) as containers:
        yield containers


@pytest.fixture(scope="module")
def with_review(builder):
    with closing(builder.containers("review")) as containers:
        yield containers


@pytest.fixture(scope="module")
def photos(tmp_path_factory, drawing):
    folder = tmp_path_factory.mktemp("photos")
    folder.chmod(0o755)
    for kind in ("sprites", "tiles"):
        for number in range(6):
            drawing(folder / "examples" / kind / f"{number}.png", kind, number)
        for number in range(60):
            drawing(folder / "mountain" / f"{kind} {number}.png", kind, 100 + number)
    return Volume(folder, "/photos", "ro")


@pytest.fixture
def new_output(tmp_path_factory):
    """``new_output(user)`` makes a folder that belongs to a user, to be mounted as ``/sorted``."""

    def make(user=NOBODY):
        folder = tmp_path_factory.mktemp("sorted")
        os.chown(folder, *map(int, user.split(":")))
        return Volume(folder, "/sorted")

    return make


SORT = ["sort", "/photos/examples", "/photos/mountain", "--output=/sorted", "--clip-model=builtin", "--batch-size=8"]
INTERRUPTED = "image-tagging: interrupted. What was done so far is kept; run the same command again to go on.\n"


def embeddings_in(output):
    """Return what the store knows: each embedding with its row, which is a new one where it is computed again."""
    with closing(sqlite3.connect(f"file:{output.source / 'image-tagging.store'}?mode=ro", uri=True)) as store:
        return set(store.execute("SELECT rowid, key, vector FROM embedding"))


def start_and_wait_for_half(containers, photos, output):
    """Start a run, and return when half of its embeddings are kept: the store is locked, but its size is seen."""

    def size():
        names = ("image-tagging.store", "image-tagging.store-wal")
        return sum((output.source / name).stat().st_size for name in names if (output.source / name).exists())

    running = containers.start(*SORT, volumes=[photos, output], limits=Limits(cpus=1))
    wait_for(lambda: size() > HALF or not running.is_running)
    return running


@pytest.mark.slow
@pytest.mark.parametrize("user", ["10001:10001", NOBODY])
def test_any_user_sorts_under_a_read_only_root(light, photos, new_output, user):
    output = new_output(user)
    done = light.run(*SORT, volumes=[photos, output], user=user)
    assert done.code == 0, done.screen
    assert (output.source / "reports" / "index.html").exists()
    assert (output.source / "output.json").stat().st_uid == int(user.split(":")[0])


@pytest.mark.slow
def test_what_is_tried_here_has_no_rights_and_nothing_to_write_to(light):
    shown = light.run("-c", "touch /work/new /cache/new /tmp/new; cat /proc/1/status", entrypoint=["sh"])
    assert shown.screen.count("Read-only file system") == 2
    status = dict(re.findall(r"^(\w+):\s+(.*)$", shown.screen, re.M))
    assert (status["NSpid"], status["Uid"].split()[0]) == ("1", NOBODY.split(":")[0])
    assert (status["CapEff"], status["NoNewPrivs"], status["Seccomp"]) == ("0000000000000000", "1", "2")


@pytest.mark.slow
def test_the_image_says_its_version_and_has_nothing_that_its_user_may_write(light):
    assert light.run("--version").screen.startswith("image-tagging 1.2.3\n")
    look = "find / -xdev -type d -writable -not -path '/proc/*' -not -path '/dev*' 2>/dev/null"
    looked = light.run("-c", look, entrypoint=["sh"], user="10001:10001", is_read_only=False)
    assert set(looked.screen.split()) <= {"/tmp", "/var/tmp", "/cache", "/work", "/run/lock"}


@pytest.mark.slow
def test_the_doctor_finds_nothing_in_the_way(light, new_output):
    done = light.run("doctor", "/tmp/out", limits=Limits(cpus=0.9))
    assert done.code == 0, done.screen
    assert re.search(
        rf"^ok\s+processors\s+1 of {os.cpu_count()} processors; it has the time of 0.9\s*$", done.screen, re.M
    )
    assert re.search(r"devices cpu \(1 core\)", done.screen)
    done = light.run("doctor", "/sorted", volumes=[new_output("0:0")])
    assert done.code == 1
    assert re.search(r"^problem\s+output\s+cannot write in /sorted \(Permission denied\)", done.screen, re.M)


@pytest.mark.slow
@pytest.mark.parametrize("output", ["/sorted", "/elsewhere"])
def test_an_output_folder_that_the_user_may_not_write_is_one_line(light, photos, new_output, output):
    done = light.run(*SORT, f"--output={output}", volumes=[photos, new_output("0:0")])
    said = [line for line in done.screen.splitlines() if not line.startswith("Encoder ")]
    assert (done.code, len(said)) == (1, 1), done.screen
    assert output in said[0]


@pytest.mark.slow
def test_photos_that_the_user_may_not_see_are_one_line(light, tmp_path, new_output):
    tmp_path.chmod(0o700)
    done = light.run(*SORT, volumes=[Volume(tmp_path, "/photos", "ro"), new_output()])
    assert (done.code, len(done.screen.splitlines())) == (1, 1), done.screen
    assert "/photos/examples cannot be looked at: Permission denied" in done.screen


@pytest.mark.slow
def test_docker_stop_keeps_what_is_done_and_the_same_command_goes_on(light, photos, new_output):
    output = new_output()
    running = start_and_wait_for_half(light, photos, output)
    running.stop()
    ended = running.wait(30)
    assert (ended.code, ended.screen.endswith(INTERRUPTED)) == (130, True), ended.screen
    kept = embeddings_in(output)
    assert len(kept) > 12
    again = light.run(*SORT, volumes=[photos, output])
    assert again.code == 0, again.screen
    assert kept < embeddings_in(output)
    assert f"{132 - len(kept)} embeddings computed" in again.screen


@pytest.mark.slow
def test_a_second_signal_ends_it_at_once(light, photos, new_output):
    output = new_output()
    running = start_and_wait_for_half(light, photos, output)
    running.slow_down()  # so that its own end would take half a minute
    running.stop()
    time.sleep(2.5)  # sooner it counts as the same signal
    assert running.is_running
    running.stop()
    ended = running.wait(10)
    assert (ended.code, INTERRUPTED in ended.screen) == (130, False)
    assert light.run(*SORT, volumes=[photos, output]).code == 0


def ask(address, host, path="/", cookie=""):
    """Ask as a browser that was sent to a published port: the ``Host`` is what its address bar says."""
    connection = http.client.HTTPConnection(address, 8765, timeout=60)
    headers = {"Host": host, "Accept": "text/html", **({"Cookie": cookie} if cookie else {})}
    with closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


@pytest.mark.slow
def test_the_review_answers_at_the_published_port_and_to_no_other_name(with_review, photos, new_output):
    output = new_output()
    done = with_review.run(*SORT, volumes=[photos, output])
    assert done.code == 0, done.screen
    words = review_line()
    running = with_review.start(*words, volumes=[photos, output])
    wait_for(lambda: "Open http" in running.screen or not running.is_running)
    address = running.plug_in()
    published, path = re.search(r"Open http://([^/]+)(/\S+)", running.screen).groups()
    assert published == "127.0.0.1:8765"
    status, headers, _ = ask(address, published, path)
    assert status == 303
    cookie = headers["set-cookie"].partition(";")[0]
    status, _, page = ask(address, published, cookie=cookie)
    assert (status, "sprites" in page) == (200, True)
    assert ask(address, published)[0] == 403
    for foreign in (f"{address}:8765", "evil.example:8765", "127.0.0.1:9000"):
        assert ask(address, foreign, path)[0] == ask(address, foreign, cookie=cookie)[0] == 403
    running.stop()
    assert running.wait(30).code == 130


@pytest.fixture
def desk(builder, light, photos, tmp_path):
    """Where a user of the page stands: a folder with ``photos`` and ``sorted``, and ``docker``, which is Podman."""
    del light  # its image is built
    for name in ("podman", "podman-compose"):
        if shutil.which(name) is None:
            pytest.skip(f"THE LINES OF THE PAGE WERE NOT RUN: {name} is not here (apt-get install {name} netavark)")
    builder.run("tag", "localhost/image-tagging-light", "localhost/image-tagging")
    (tmp_path / "photos").symlink_to(photos.source)
    (tmp_path / "sorted").mkdir()
    environment = builder.podman()

    def type_in(line):
        return run("sh", "-c", line, cwd=tmp_path, env=environment)

    yield type_in
    type_in("podman rm --all --force --volumes; podman network prune --force")


@pytest.mark.slow
def test_the_lines_of_the_page_run_as_they_are_written(desk, tmp_path):
    assert [line.split()[:2] for line in SHELL] == [["docker", word] for word in ("build", "run", "stop")]
    done = desk(SHELL[1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "sorted" / "reports" / "index.html").exists()
    (doctor,) = re.findall(r"^`(docker run .* doctor .*?)`", PAGE, re.M)
    assert "Nothing stands in the way of a run." in desk(doctor).stdout


@pytest.mark.slow
def test_docker_stop_ends_a_container_of_the_page(desk, tmp_path):
    started = desk(SHELL[1].replace("docker run --rm", "docker run --detach --name NAME"))
    assert started.returncode == 0, started.stderr
    wait_for((tmp_path / "sorted" / "image-tagging.store").exists)
    begun = time.monotonic()
    assert desk(SHELL[2]).returncode == 0
    assert time.monotonic() - begun < 25, "it was killed at the end of its time"
    assert desk("docker wait NAME").stdout == "130\n"
    assert desk("docker logs NAME").stderr.endswith(INTERRUPTED)


@pytest.mark.slow
def test_the_file_for_compose_runs(desk, tmp_path):
    (tmp_path / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    os.chown(tmp_path / "sorted", 1000, 1000)
    done = desk("podman-compose up --no-build; podman-compose down --volumes")
    assert (tmp_path / "sorted" / "reports" / "index.html").exists(), done.stdout + done.stderr
    assert (tmp_path / "sorted" / "output.json").stat().st_uid == 1000


def review_line():
    """Return what `docs/container.md` starts for the review, from the name of the image on."""
    (line,) = re.findall(r"^docker run [^`]*? image-tagging (review .*)$", PAGE.replace("\\\n", " "), re.M)
    return shlex.split(line, comments=True)
